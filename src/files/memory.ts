/** How much memory there is for a process. */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';

/** What a word at the end of a size means, in bytes. */
const UNITS = { '': 1, kb: 2 ** 10, mb: 2 ** 20, gb: 2 ** 30 } as const;

/**
 * Bytes that this process may use: `HOURGLASS_MEMORY`, such as `2GB`, if it is set, and otherwise what the system has left, within
 * the limit of the process's control group. What the system keeps of files in case they are read again counts as left.
 */
export function availableMemory(): number {
  const setting = memorySetting(process.env['HOURGLASS_MEMORY']);
  if (setting !== undefined) return setting;
  const limit = process.constrainedMemory();
  if (limit === 0 || limit >= totalmem()) return process.availableMemory();
  return Math.min(limit, process.availableMemory() + keptOfFiles());
}

/** Undefined for what is no size. */
export function memorySetting(text: string | undefined): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([kmg]b)?$/i.exec(text?.trim() ?? '') ?? [];
  if (number === undefined) return undefined;
  const factor = UNITS[(unit ?? '').toLowerCase() as keyof typeof UNITS];
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
