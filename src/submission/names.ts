/** Checks the names of files in an archive: they must be unambiguous on every system. */
import { isDeviceName } from '../core/file-name.ts';

const LONGEST_PART = 128;
const LONGEST_NAME = 400;
const DEEPEST = 16;

/** Control and formatting characters, lone surrogates, unassigned characters, and characters with a meaning on Windows. */
const FORBIDDEN = /[\p{C}\p{Zl}\p{Zp}<>:"|?*\\]/u;

/** The problem of a name, as the end of a sentence "the name …"; undefined if it is valid. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (Buffer.byteLength(name) > LONGEST_NAME) return `has more than ${LONGEST_NAME} bytes`;
  if (name.startsWith('/')) return 'is absolute';
  if (FORBIDDEN.test(name)) return 'has a character that some systems do not allow';
  if (name !== name.normalize('NFC')) return 'is not in Unicode form NFC';
  const parts = name.split('/');
  if (parts.length > DEEPEST) return `is more than ${DEEPEST} folders deep`;
  for (const part of parts) {
    if (part === '' || part === '.' || part === '..') return 'has an empty part, `.` or `..`';
    if (Buffer.byteLength(part) > LONGEST_PART) return `has a part of more than ${LONGEST_PART} bytes`;
    if (/^ |[ .]$/.test(part)) return 'has a part that starts with a space, or ends with a space or dot';
    if (isDeviceName(part)) return 'is a device name on Windows';
  }
  return undefined;
}

/** Two names that are the same file on some system, or a file that is also a folder of another; undefined if there are none. */
export function twins(names: readonly string[]): readonly [string, string] | undefined {
  const files = new Map<string, string>();
  for (const name of names) {
    const key = folded(name);
    const other = files.get(key);
    if (other !== undefined) return [other, name];
    files.set(key, name);
  }
  // Each folder must have only one spelling, and must not also be a file.
  const folders = new Map<string, string>();
  for (const name of names) {
    for (let end = name.indexOf('/'); end !== -1; end = name.indexOf('/', end + 1)) {
      const folder = name.slice(0, end);
      const key = folded(folder);
      const file = files.get(key);
      if (file !== undefined) return [file, name];
      const other = folders.get(key);
      if (other !== undefined && other !== folder) return [other, folder];
      folders.set(key, folder);
    }
  }
  return undefined;
}

/** A key that is equal for names that differ only in case or compatible characters. */
function folded(name: string): string {
  return name.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}
