/**
 * Reading files that may not exist. "Missing" and "unreadable" are different results: code that removes unreferenced files must
 * not treat a file that could not be opened as one that does not exist.
 */
import type { Dirent } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { errorCode, limitFailure, systemFailure } from './atomic.ts';

/** The name does not exist or is not valid, or something of another kind has the name or a part of its path. */
const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG']);

/**
 * The text of a file; undefined if it does not exist.
 *
 * @throws Failure `io-failed` or `system-limit` if it exists, or may exist, but cannot be read
 */
export async function readPresent(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: unknown) => absent(error, undefined));
}

/**
 * Names in a folder; none if it does not exist.
 *
 * @throws Failure `io-failed` or `system-limit` if it exists, or may exist, but cannot be read
 */
export async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: unknown) => absent(error, []));
}

/**
 * The entries of a folder; none if it does not exist, or if this user has no permission to read it.
 *
 * @throws Failure `io-failed` or `system-limit` if it cannot be read for another reason
 */
export async function visibleEntries(folder: string): Promise<readonly Dirent[]> {
  return readdir(folder, { withFileTypes: true }).catch((error: unknown) =>
    ['EACCES', 'EPERM'].includes(errorCode(error)) ? [] : absent(error, []),
  );
}

/**
 * What was read, or undefined if the file cannot be read. Having too many open files is an error: it does not mean that this file
 * is damaged.
 *
 * @throws Failure `system-limit`
 */
export async function ifReadable<Value>(reading: Promise<Value>): Promise<Value | undefined> {
  return reading.catch((error: unknown) => {
    const limit = limitFailure(error);
    if (limit !== undefined) throw limit;
    return undefined;
  });
}

function absent<Value>(error: unknown, value: Value): Value {
  if (ABSENT.has(errorCode(error))) return value;
  throw systemFailure(error);
}
