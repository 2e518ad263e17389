/** Atomic writing: a file appears complete or not at all. */
import { randomBytes } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { chmod, mkdir, open, stat, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Failure, failure } from '../core/diagnostic.ts';
import { temporaryVariable, waysOut } from '../core/system.ts';
import { mayBeInUse, move, remove } from './in-use.ts';

const isWindows = process.platform === 'win32';

/**
 * Writes a file under a temporary name in the same folder, syncs it to disk and renames it. Readers see either the old content or
 * the new. After this returns, the file survives a power cut.
 *
 * @throws Failure `disk-full` or `output-not-writable`; the old file is then intact
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`);
  try {
    await makeFolder(folder);
    await (await writeNew(temporary, typeof data === 'string' ? Buffer.from(data) : data)).close();
    await move(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    await remove(temporary).catch(() => undefined);
    throw fileFailure(error, path);
  }
}

/** Temporary names of `writeFileAtomic`, which a killed process leaves behind. */
export const TEMPORARY = /^\..+\.\d+\.[0-9a-f]{8}\.tmp$/;

/**
 * Creates a folder and its missing parents, and syncs their names to disk. Unlike Node's `mkdir`, it reports which folder cannot
 * be created, and why.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path).catch(async (error: unknown) => {
      if (errorCode(error) !== 'ENOENT' || dirname(path) === path) throw error;
      await makeFolder(dirname(path));
      await mkdir(path);
    });
  } catch (error) {
    // Another process may have created it.
    if ((await stat(path).catch(() => undefined))?.isDirectory() === true) return;
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Creates a new file, syncs it to disk and returns it open. Removes the file if it cannot be written completely. */
export async function writeNew(path: string, data: Uint8Array): Promise<FileHandle> {
  const file = await open(path, 'wx');
  try {
    await writeWhole(file, data, 0);
    await file.sync();
    return file;
  } catch (error) {
    await file.close().catch(() => undefined);
    await remove(path).catch(() => undefined);
    throw error;
  }
}

/**
 * Writes all bytes. On a full disk, a single call may write only some of them without an error.
 *
 * @param position of the first byte in the file; null for its present end, or for a file without positions
 */
export async function writeWhole(file: FileHandle, data: Uint8Array, position: number | null): Promise<void> {
  for (let offset = 0; offset < data.length;) {
    const length = Math.min(data.length - offset, CHUNK);
    const { bytesWritten } = await file.write(
      data,
      offset,
      length,
      position === null ? null : position + offset,
    );
    if (bytesWritten === 0) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC' });
    offset += bytesWritten;
  }
}

/** Bytes written by one call: systems accept at most 2 GiB. */
const CHUNK = 1 << 26;

/** Syncs a file that other code wrote to disk. */
export async function syncFile(path: string): Promise<void> {
  await sync(isWindows ? await openToSync(path) : await open(path, 'r'));
}

async function sync(file: FileHandle): Promise<void> {
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Windows syncs only files that are open for writing, so a read-only file is made writable while it is opened. */
async function openToSync(path: string): Promise<FileHandle> {
  const { mode } = await stat(path);
  if ((mode & 0o200) !== 0) return open(path, 'r+');
  await chmod(path, 0o666);
  try {
    return await open(path, 'r+');
  } finally {
    await chmod(path, 0o444);
  }
}

/** Syncs the names in a folder to disk, where the platform supports this. */
export async function syncFolder(path: string): Promise<void> {
  try {
    await sync(await open(path, 'r'));
  } catch (error) {
    // Windows cannot open folders, and some network file systems refuse to sync them.
    if (!['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP'].includes(errorCode(error))) throw error;
  }
}

/** The `code` of a system error, or an empty text. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Errors of writing a file where a folder has the name, or the reverse. */
const IN_THE_WAY: ReadonlySet<string> = new Set(['EEXIST', 'ENOTDIR', 'EISDIR', 'ENOTEMPTY']);

/**
 * Turns a system error of writing `path` into a diagnostic; other errors are returned unchanged.
 *
 * @param elsewhere how to write to another place
 */
export function fileFailure(
  error: unknown,
  path: string,
  elsewhere = 'choose another with `--outputs`',
): unknown {
  if (error instanceof Failure) return error;
  const limit = limitFailure(error, path);
  if (limit !== undefined) return limit;
  switch (errorCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return failure(
        'disk-full',
        `the disk is full: \`${path}\` could not be written`,
        'free some space (`hourglass cache gc --max-size 2GB` removes results that were not used for a long time), then run the same command again',
      );
    default:
      return isSystemError(error)
        ? failure(
            'output-not-writable',
            `\`${path}\` cannot be written (${errorCode(error)})`,
            IN_THE_WAY.has(errorCode(error))
              ? 'a file is in the place of a folder, or a folder in the place of a file: move it away'
              : errorCode(error) === 'ENAMETOOLONG'
                ? `the name is too long: ${elsewhere}`
                : mayBeInUse(error)
                  ? 'close the programs that have it open, such as an editor or a viewer; if there are none, check its permissions'
                  : `check the permissions of the folder, or ${elsewhere}`,
          )
        : error;
  }
}

/**
 * Turns any error of a system call into a diagnostic that names the file as the error does, for code that cannot know what was
 * being done. Other errors are returned unchanged.
 */
export function systemFailure(error: unknown): unknown {
  if (error instanceof Failure) return error;
  if (isOutOfMemory(error)) return memoryFailure();
  // Node reports these for a module that it cannot open. Missing modules of plugins are reported where plugins are loaded.
  if (['ERR_MODULE_NOT_FOUND', 'ERR_WORKER_INIT_FAILED'].includes(errorCode(error))) {
    return failure(
      'system-limit',
      'a part of Hourglass cannot be loaded',
      waysOut(['raise the limit of open files with `ulimit -n`', 'install Hourglass again']),
    );
  }
  if (!isSystemError(error)) return error;
  const code = errorCode(error);
  const path = 'path' in error && typeof error.path === 'string' ? error.path : undefined;
  const limit = limitFailure(error, path);
  if (limit !== undefined) return limit;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  const temporary = tmpdir();
  const isTemporary = [temporary, realTemporary()].some(
    (folder) => path !== undefined && isOurs(path, folder),
  );
  if (isFull && (path === undefined || isTemporary)) {
    return failure(
      'disk-full',
      `the disk of the temporary folder \`${temporary}\` is full`,
      `free some space, or set \`${temporaryVariable()}\` to a folder with more room`,
    );
  }
  if (isFull) return fileFailure(error, path ?? '');
  if (isTemporary) {
    return failure(
      'output-not-writable',
      `the temporary folder \`${temporary}\` cannot be used (${code})`,
      `set \`${temporaryVariable()}\` to an existing folder that is writable`,
    );
  }
  return failure(
    'io-failed',
    `${path === undefined ? 'a file' : `\`${path}\``} cannot be read or written (${code})`,
    mayBeInUse(error)
      ? 'close the programs that have it open; if there are none, check its permissions'
      : 'check its permissions, and the disk that it is on',
  );
}

/** Whether a path is the temporary folder, or one that Hourglass creates in it: a user's project may be there, too. */
function isOurs(path: string, folder: string): boolean {
  return path === folder || path.startsWith(join(folder, 'hourglass-'));
}

/** Whether memory ran out, as JavaScript and WebAssembly report it. */
function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && /\bout of memory\b|\ballocation failed\b/i.test(error.message);
}

function memoryFailure(code?: string): Failure {
  return failure(
    'system-limit',
    `the system has no more memory or processes for this${code === undefined ? '' : ` (${code})`}`,
    waysOut([
      'close other programs',
      'raise the limits with `ulimit -u` and `ulimit -v`',
      'do less in parallel (`--jobs 1`)',
    ]),
  );
}

/** The diagnostic of a limit of the system or the shell, which does not depend on the file; undefined for other errors. */
export function limitFailure(error: unknown, path?: string): Failure | undefined {
  const code = errorCode(error);
  switch (code) {
    case 'EMFILE':
    case 'ENFILE':
      return failure(
        'system-limit',
        `no more files can be opened (${code})`,
        waysOut(['raise the limit with `ulimit -n`', 'do less in parallel (`--jobs 1`)']),
      );
    case 'EFBIG':
      return failure(
        'system-limit',
        `${path === undefined ? 'a file' : `\`${path}\``} would exceed the maximum file size (${code})`,
        waysOut(['raise the limit with `ulimit -f`', 'use a disk that takes larger files']),
      );
    case 'EAGAIN':
    case 'ENOMEM':
      return memoryFailure(code);
    default:
      // Node names only the call, not a file.
      return code === 'ENOENT' && error instanceof Error && /\buv_cwd\b/.test(error.message)
        ? failure(
            'file-not-found',
            'the folder in which this command was started no longer exists',
            'change to another folder with `cd`',
          )
        : undefined;
  }
}

/** The temporary folder with links resolved. */
function realTemporary(): string {
  try {
    return realpathSync(tmpdir());
  } catch {
    return tmpdir();
  }
}

/** Whether the system refused a call; other errors with a code are bugs. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error && errorCode(error) !== '';
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
