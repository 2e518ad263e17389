/** Reads regular files and nothing else: it does not follow links or wait for pipes. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { errorCode } from '../../../files/atomic.ts';
import { failure } from '../../../core/diagnostic.ts';
import { waysOut } from '../../../core/system.ts';
import { Unusable } from './skipped.ts';

/** The largest file that is read as an image, in bytes. */
export const FILE_LIMIT = 2 ** 26;

/** System errors that are not about the file, such as too many open files. */
const WANTING = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

/** @throws Unusable */
export async function readRegular(
  path: string,
  options: { readonly follow?: boolean } = {},
): Promise<Uint8Array> {
  return withRegular(
    path,
    async (file, size) => {
      if (size > FILE_LIMIT) throw tooLarge(size);
      return file.readFile();
    },
    options,
  );
}

/** The same, for threads that may wait. @throws Unusable */
export function readRegularSync(path: string, { follow }: { readonly follow: boolean }): Uint8Array {
  let file: number | undefined;
  try {
    file = openSync(path, flagsFor(follow));
    const info = fstatSync(file);
    if (!info.isFile()) throw new Unusable('special', 'is not a regular file');
    if (info.size > FILE_LIMIT) throw tooLarge(info.size);
    return readFileSync(file);
  } catch (error) {
    throw error instanceof Unusable ? error : unreadable(error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** The first bytes of a file. @throws Unusable */
export async function readHead(
  path: string,
  length: number,
  options: { readonly follow?: boolean } = {},
): Promise<Uint8Array> {
  return withRegular(
    path,
    async (file) => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
      return buffer.subarray(0, bytesRead);
    },
    options,
  );
}

/**
 * Opens a file that must be a regular one. The file may have become something else since its folder was listed.
 *
 * @throws Unusable
 */
export async function withRegular<Result>(
  path: string,
  work: (file: FileHandle, size: number) => Promise<Result>,
  { follow = false } = {},
): Promise<Result> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, flagsFor(follow));
    const info = await file.stat();
    if (!info.isFile()) throw new Unusable('special', 'is not a regular file');
    return await work(file, info.size);
  } catch (error) {
    throw error instanceof Unusable ? error : unreadable(error);
  } finally {
    await file?.close();
  }
}

/** Without these flags, opening a pipe without a writer would block. Windows has neither. */
function flagsFor(follow: boolean): number {
  return constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (follow ? 0 : (constants.O_NOFOLLOW ?? 0));
}

/** @returns why a file or folder is skipped, or an error that is not about it */
export function unreadable(error: unknown): unknown {
  const code = errorCode(error);
  if (WANTING.has(code))
    return failure(
      'stage-failed',
      `no more files can be opened (${code})`,
      waysOut(['raise the limit with `ulimit -n`', 'use fewer jobs']),
    );
  if (code === '') return error;
  if (code === 'ENOENT') return new Unusable('unreadable', 'vanished while it was read');
  if (code === 'ELOOP') return new Unusable('link', 'is a link, and links are not followed');
  return new Unusable('unreadable', `cannot be read (${code})`);
}

export function tooLarge(size: number): Unusable {
  return new Unusable('large', `has ${size} bytes, more than ${FILE_LIMIT}`);
}
