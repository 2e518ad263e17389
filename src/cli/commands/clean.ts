import { lstat, readdir } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { withSlashes } from '../../core/path.ts';
import { fileFailure } from '../../files/atomic.ts';
import { foreignIn, removeExcept } from '../../artifacts/foreign.ts';
import { collectGarbage, shownIn, type LockedRuns, type Tally } from '../../artifacts/garbage-collection.ts';
import { workspacesBeside, workspacesIn } from '../../artifacts/workspace.ts';
import { failure } from '../../core/diagnostic.ts';
import { storeOf } from '../../run/plan.ts';
import { lockOutputs } from '../../sweep/slurm/held.ts';
import { EXIT } from '../exit.ts';
import { formatBytes, formatPlural } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { otherOutputs, outputsName } from './outputs.ts';

export interface CleanOptions {
  /** Names of pipelines, or their files. */
  readonly pipelines: readonly string[];
  readonly outputs: string;
  readonly all: boolean;
  readonly cache: boolean;
  readonly dryRun: boolean;
}

interface Removed {
  readonly name: string;
  /** Bytes that are freed. Most artifacts are hard links to files in the cache, which stay there. */
  readonly bytes: number;
  /** The user's own files and folders, which are kept; paths are relative to the outputs. */
  readonly kept: readonly string[];
}

/** `hourglass clean` */
export async function clean(terminal: Terminal, options: CleanOptions): Promise<number> {
  const outputs = resolve(options.outputs);
  const store = storeOf(outputs);
  const present = (await workspacesIn(outputs)).map(({ folder }) => basename(folder));
  if (options.pipelines.length === 0 && !options.all && !options.cache) {
    throw failure(
      'usage',
      'nothing to clean was given',
      `name pipelines (${present.join(', ') || 'there are none'}), \`--all\` or \`--cache\``,
    );
  }
  const named: string[] = [];
  for (const pipeline of options.pipelines)
    named.push(present.includes(pipeline) ? pipeline : known(await outputsName(pipeline), present));
  const names = options.all ? present : [...new Set(named)];
  // Outputs are not removed during a run, and results that the run has stored but not yet linked count as used.
  const locks = options.dryRun ? undefined : await lockOutputs(outputs, options.cache ? 'all' : names);
  let removed: readonly Removed[];
  let unused: Tally | undefined;
  try {
    removed = await removeOutputs(outputs, names, locks);
    if (options.cache) {
      const gone = names.map((name) => join(outputs, name));
      const remaining = (await workspacesBeside(store.folder)).filter(
        ({ folder }) => !gone.some((path) => folder === path || folder.startsWith(`${path}${sep}`)),
      );
      const shown = await shownIn(remaining);
      const check = locks === undefined ? {} : { check: locks.check };
      unused = (await collectGarbage(store, { shown, maxBytes: 0, dryRun: options.dryRun, ...check }))
        .removed;
    }
  } finally {
    await locks?.release();
  }
  if (terminal.options.json) {
    const status = options.dryRun ? 'planned' : 'done';
    terminal.result(JSON.stringify({ status, outputs: removed, cache: unused }, null, 2));
    return EXIT.done;
  }
  const verb = options.dryRun ? 'would remove' : 'removed';
  for (const { name, bytes, kept } of removed) {
    terminal.result(`${verb} ${withSlashes(join(options.outputs, name))}, ${formatBytes(bytes)}`);
    for (const path of kept) terminal.result(`  kept ${withSlashes(path)}, which Hourglass did not write`);
  }
  if (unused !== undefined) {
    const results = unused.entries === 0 ? 'no results' : formatPlural(unused.entries, 'result');
    terminal.result(`${verb} ${results} from the cache, ${formatBytes(unused.bytes)}`);
  }
  if (options.all && removed.length === 0) terminal.result(`${options.outputs} has no outputs of a pipeline`);
  return EXIT.done;
}

/** A name below `outputs`, never a path. */
function known(name: string, present: readonly string[]): string {
  if (present.includes(name)) return name;
  throw failure('no-run', `there are no outputs of a pipeline \`${name}\``, otherOutputs(name, present));
}

/** @param locks absent if nothing is to be removed */
async function removeOutputs(
  outputs: string,
  names: readonly string[],
  locks: LockedRuns | undefined,
): Promise<readonly Removed[]> {
  const removed: Removed[] = [];
  for (const name of names) {
    const folder = join(outputs, name);
    const kept = await foreignIn(folder);
    removed.push({ name, bytes: await ownBytes(folder), kept });
    if (locks === undefined) continue;
    await locks.check();
    await removeExcept(folder, kept).catch((error: unknown) => {
      throw fileFailure(error, folder);
    });
  }
  return removed;
}

/** Bytes that are freed when a folder is removed. */
async function ownBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const path of await readdir(folder, { recursive: true }).catch(() => [])) {
    const found = await lstat(join(folder, path)).catch(() => undefined);
    if (found?.isFile() && found.nlink === 1) bytes += found.size;
  }
  return bytes;
}
