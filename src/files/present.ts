/**
 * Reading what may not be there. "Not there" and "cannot be looked at" differ: whoever removes what nothing refers to must not
 * take a file that the system did not let it open for one that does not exist.
 */
import type { Dirent } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { errorCode, limitFailure, systemFailure } from './atomic.ts';

/** No such name, or no name at all; or something else has it, or a part of its path. */
const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG']);

/**
 * The text of a file; undefined if there is no such file.
 *
 * @throws Failure `io-failed` or `system-limit` if it is there, or may be, and cannot be read
 */
export async function readPresent(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: unknown) => absent(error, undefined));
}

/**
 * Names in a folder; none if there is no such folder.
 *
 * @throws Failure `io-failed` or `system-limit` if it is there, or may be, and cannot be read
 */
export async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: unknown) => absent(error, []));
}

/**
 * What is in a folder; nothing if there is no such folder, or if it is somebody else's, and closed to this user.
 *
 * @throws Failure `io-failed` or `system-limit` for whatever else keeps it from being read
 */
export async function visibleEntries(folder: string): Promise<readonly Dirent[]> {
  return readdir(folder, { withFileTypes: true }).catch((error: unknown) =>
    ['EACCES', 'EPERM'].includes(errorCode(error)) ? [] : absent(error, []),
  );
}

/**
 * What was read, or undefined if the file does not let itself be read. A file is not damaged because this process has too many
 * open.
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
