/** How much memory there is for a process. */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { failure } from '../core/diagnostic.ts';

/** What a letter behind a size means, in bytes. */
const UNITS = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 } as const;

/**
 * Bytes that this process may use: `HOURGLASS_MEMORY`, such as `2GB`, if it is set, and otherwise what the system has left, within
 * the limit of the process's control group. What the system keeps of files in case they are read again counts as left.
 *
 * @throws Failure `bad-setting` if `HOURGLASS_MEMORY` is no size
 */
export function availableMemory(): number {
  const setting = process.env['HOURGLASS_MEMORY'] ?? '';
  if (setting !== '') return memorySetting(setting);
  const limit = process.constrainedMemory();
  if (limit === 0 || limit >= totalmem()) return process.availableMemory();
  return Math.min(limit, process.availableMemory() + keptOfFiles());
}

/** Data that takes more than this share of the memory stays on the disk. */
const HELD_SHARE = 1 / 4;

/** No array in memory is larger, however much memory there is. */
const LARGEST_HELD = 2 ** 31;

/** Bytes of data that are held in memory: more stays on the disk, and is read in pieces. */
export function mostHeld(memory = availableMemory()): number {
  return Math.min(memory * HELD_SHARE, LARGEST_HELD);
}

/** Bytes of a size such as `2GB`, `2GiB` or `2g`, which are the same. @throws Failure `bad-setting` for what is no size */
export function memorySetting(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])i?b?)?$/i.exec(text.trim()) ?? [];
  if (number === undefined) {
    throw failure(
      'bad-setting',
      `\`HOURGLASS_MEMORY\` is \`${text}\`, which is not a size`,
      'write a number of bytes, or one with a unit, such as `8GB`',
    );
  }
  const factor = UNITS[unit.toLowerCase() as keyof typeof UNITS];
  return Math.floor(Number(number) * factor);
}

/** Bytes of files that the control group of this process has in memory, as Linux counts them in `memory.stat`. */
function keptOfFiles(): number {
  const groups = textOf('/proc/self/cgroup').split('\n');
  // Version 2 has one group for all; version 1 one for memory. In a container, its own group is the root.
  const folders = groups.flatMap((line) => {
    const [, controllers, path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === '') return [join('/sys/fs/cgroup', path), '/sys/fs/cgroup'];
    const isMemory = controllers?.split(',').includes('memory') === true;
    return isMemory ? [join('/sys/fs/cgroup/memory', path), '/sys/fs/cgroup/memory'] : [];
  });
  for (const folder of folders) {
    const kept = [...textOf(join(folder, 'memory.stat')).matchAll(/^(?:total_)?(?:in)?active_file (\d+)$/gm)];
    if (kept.length === 0) continue;
    const totals = kept.filter(([line]) => line.startsWith('total_'));
    return (totals.length > 0 ? totals : kept).reduce((sum, [, bytes]) => sum + Number(bytes), 0);
  }
  return 0;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
