/** Output files named by the user. Devices, named pipes and links are written to, not replaced. */
import { access, constants, open, readlink, realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { failure, Failure } from '../core/diagnostic.ts';
import { errorCode, fileFailure, writeFileAtomic, writeWhole } from '../files/atomic.ts';

/** Where to write: a file that is replaced atomically, or a device or pipe. */
interface Place {
  readonly path: string;
  readonly kind: 'file' | 'stream';
}

/** Names of files that this process has open. */
const DESCRIPTOR = /^\/(?:dev\/(?:stdin|stdout|stderr|fd\/\d+)|proc\/[^/]+\/fd\/\d+)$/;

/**
 * Checks that a file can be written, before any work is done.
 *
 * @throws Failure `output-not-writable` for a folder, a file in a folder that does not exist, or one that may not be written
 */
export async function checkTarget(path: string): Promise<void> {
  await placeOf(path);
}

/**
 * Writes a file atomically. A link is followed and its target replaced. Data for a device or a named pipe is written directly.
 *
 * @throws Failure `disk-full` or `output-not-writable`
 */
export async function writeTarget(path: string, data: string | Uint8Array): Promise<void> {
  const place = await placeOf(path);
  if (place.kind === 'file') return writeFileAtomic(place.path, data);
  try {
    // No O_CREAT: if the device or pipe no longer exists, no file must be created in its place.
    const file = await open(place.path, constants.O_WRONLY | constants.O_APPEND);
    try {
      const bytes = typeof data === 'string' ? Buffer.from(data) : data;
      // Devices and pipes have no positions.
      await writeWhole(file, bytes, null);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw refusal(error, path);
  }
}

async function placeOf(path: string): Promise<Place> {
  const absolute = resolve(path);
  if (DESCRIPTOR.test(absolute)) return { path: absolute, kind: 'stream' };
  try {
    const info = await found(absolute);
    if (info?.isDirectory() === true) {
      throw failure('output-not-writable', `\`${path}\` is a folder`, 'name a file in it');
    }
    if (info !== undefined && !info.isFile()) return { path: absolute, kind: 'stream' };
    const target = info === undefined ? await endOfLinks(absolute) : await realpath(absolute);
    if (info !== undefined) await access(target, constants.W_OK);
    const folder = dirname(target);
    if ((await found(folder)) === undefined) {
      throw failure('output-not-writable', `there is no folder \`${dirname(path)}\``, 'make it first');
    }
    return { path: target, kind: 'file' };
  } catch (error) {
    throw refusal(error, path);
  }
}

async function found(path: string): Promise<Awaited<ReturnType<typeof stat>> | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The target of a link that does not exist yet. */
async function endOfLinks(path: string): Promise<string> {
  let end = path;
  // `stat` has already followed these links, so there is no cycle.
  for (;;) {
    const next = await readlink(end).catch(() => undefined);
    if (next === undefined) return end;
    end = resolve(dirname(end), next);
  }
}

function refusal(error: unknown, path: string): unknown {
  const known = fileFailure(error, path);
  if (!(known instanceof Failure) || error instanceof Failure) return known;
  const [diagnostic] = known.diagnostics;
  if (diagnostic?.code !== 'output-not-writable') return known;
  return failure('output-not-writable', diagnostic.message, 'check its permissions, or name another file');
}
