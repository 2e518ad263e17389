/** How much memory there is for a process. */

/** What a word at the end of a size means, in bytes. */
const UNITS = { '': 1, kb: 2 ** 10, mb: 2 ** 20, gb: 2 ** 30 } as const;

/**
 * Bytes that this process may use: `HOURGLASS_MEMORY`, such as `2GB`, if it is set, and otherwise what the system has left, within
 * the limit of the process's control group.
 */
export function availableMemory(): number {
  return memorySetting(process.env['HOURGLASS_MEMORY']) ?? process.availableMemory();
}

/** Undefined for what is no size. */
export function memorySetting(text: string | undefined): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([kmg]b)?$/i.exec(text?.trim() ?? '') ?? [];
  if (number === undefined) return undefined;
  const factor = UNITS[(unit ?? '').toLowerCase() as keyof typeof UNITS];
  return Math.floor(Number(number) * factor);
}
