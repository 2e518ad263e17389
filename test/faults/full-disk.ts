/** On a disk of 128 KB: fills it to each page, and commits (`node full-disk.js FOLDER`, a fresh file system). */
import { rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../src/core/diagnostic.ts';
import { commit, look, type Sight } from './commit.ts';

export interface FullDisk {
  /** Pages that were free before the commit. */
  readonly free: number;
  /** The diagnostic's code; `done` if there was room enough. */
  readonly printed: string;
  readonly sight: Sight;
  readonly next: Sight;
}

const [folder = ''] = process.argv.slice(2);
const filler = join(folder, 'filler');
const results: FullDisk[] = [];
for (let free = 0; free < 20; free++) {
  await commit(folder, 'old');
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(filler, Buffer.alloc(bavail * bsize));
  truncateSync(filler, Math.max(0, bavail - free) * bsize);
  let printed = 'done';
  try {
    await commit(folder, 'new');
  } catch (error) {
    printed = error instanceof Failure ? String(error.diagnostics[0]?.code) : `a bug: ${String(error)}`;
  }
  const sight = await look(folder);
  rmSync(filler);
  await commit(folder, 'new');
  results.push({ free, printed, sight, next: await look(folder) });
  for (const name of ['.hourglass', 'outputs']) rmSync(join(folder, name), { recursive: true });
}
process.stdout.write(JSON.stringify(results));
