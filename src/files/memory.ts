/** How much memory a process may use. */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { failure } from '../core/diagnostic.ts';

/** The letters after a size, in bytes. */
const UNITS = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 } as const;

/**
 * Bytes that this process may use: `HOURGLASS_MEMORY`, such as `2GB`, if it is set; otherwise the system's free memory, within
 * the limit of the process's control group. The page cache counts as free.
 *
 * @throws Failure `bad-setting` if `HOURGLASS_MEMORY` is not a size
 */
export function availableMemory(): number {
  const setting = process.env['HOURGLASS_MEMORY'] ?? '';
  if (setting !== '') return memorySetting(setting);
  const limit = process.constrainedMemory();
  if (limit === 0 || limit >= totalmem()) return process.availableMemory();
  return Math.min(limit, process.availableMemory() + keptOfFiles());
}

/** Data that would take more than this share of the memory stays on disk. */
const HELD_SHARE = 1 / 4;

/** Maximum bytes of an array in memory, however much memory is available. */
const LARGEST_HELD = 2 ** 31;

/** Maximum bytes of data held in memory: larger data stays on disk and is read in pieces. */
export function mostHeld(memory = availableMemory()): number {
  return Math.min(memory * HELD_SHARE, LARGEST_HELD);
}

/** Bytes of a size such as `2GB`, `2GiB` or `2g`, which are the same. @throws Failure `bad-setting` for anything else */
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

/** Page cache of this process's control group, in bytes, from Linux's `memory.stat`. */
function keptOfFiles(): number {
  const groups = textOf('/proc/self/cgroup').split('\n');
  // Version 2 has one group for all resources, version 1 one for memory. In a container, its own group is the root.
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
