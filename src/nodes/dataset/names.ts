/** Names of files and classes: how they are read, ordered and shown. */
import { isUtf8 } from 'node:buffer';
import { isSteering } from '../../core/text.ts';

/** A name as the system stores it, which may be any bytes. Bytes that are not UTF-8 are written as `\xe9`. */
export function readName(bytes: Buffer): { readonly name: string; readonly valid: boolean } {
  if (isUtf8(bytes)) return { name: bytes.toString('utf8'), valid: true };
  const parts = [...bytes].map((byte) =>
    byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`,
  );
  return { name: parts.join(''), valid: false };
}

/** What systems and tools leave in folders, in lower case. */
const SYSTEM_NAMES = new Set([
  '__macosx',
  '__pycache__',
  '$recycle.bin',
  '@eadir',
  '@recycle',
  '#recycle',
  'desktop.ini',
  'ehthumbs.db',
  'found.000',
  'icon\r',
  'lost+found',
  'recycler',
  'system volume information',
  'thumbs.db',
]);

/** Whether a file or folder is hidden or belongs to the system. */
export function isSystemName(name: string): boolean {
  return name.startsWith('.') || SYSTEM_NAMES.has(name.toLowerCase());
}

/** A name for a message: on one line, without characters that steer a terminal, at most 80 characters. */
export function shownName(name: string): string {
  const characters = [...name].flatMap((character) => [
    ...(isSteering(character) ? escaped(character) : character),
  ]);
  if (characters.length <= 80) return characters.join('');
  return `${characters.slice(0, 40).join('')}…${characters.slice(-39).join('')}`;
}

function escaped(character: string): string {
  const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
  return short ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** Compares by code points, as Python's `sorted` does. */
export function compareNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Names of classes, each once, in the order of their labels: by value if all are whole numbers, else by code points. */
export function classOrder(names: Iterable<string>): readonly string[] {
  const all = [...new Set(names)].sort(compareNames);
  return all.every((name) => /^\d{1,15}$/.test(name)) ? all.sort((a, b) => Number(a) - Number(b)) : all;
}

/** Whether the labels of a table are numbers, not class names. `np.savetxt` writes 2 as `2.000e+00`. */
export function areNumbers(labels: readonly string[]): boolean {
  const isNumber = (label: string): boolean =>
    /^\d+(?:\.\d*)?(?:e[-+]?\d+)?$/i.test(label) && Number.isInteger(Number(label)) && Number(label) < 1e9;
  return labels.every(isNumber);
}

/** Groups of names that differ only in case or in how accents are stored. */
export function lookAlikes(names: readonly string[]): readonly (readonly string[])[] {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const key = name.normalize('NFC').toLowerCase().trim();
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}
