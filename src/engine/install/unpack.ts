/** Takes the libraries and the headers that the addon needs out of a wheel, which is a zip file. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import yauzl from 'yauzl';
import { errorCode, fileFailure } from '../../files/atomic.ts';
import { failure } from '../../core/diagnostic.ts';
import type { WheelPin } from '../pins.ts';
import type { InstallProgress } from './command.ts';

/** Headers of TensorFlow's C interface, of XLA's for custom calls, and what they include: 1 % of the wheel's headers. */
const HEADER =
  /^tensorflow\/(include\/(?:tensorflow\/c|tensorflow\/core\/platform|tsl\/c|tsl\/platform|xla\/tsl\/c|xla\/ffi\/api)\/[\w/.-]+\.h)$/;

/** Bytes that are taken from a wheel at most. */
const SIZE_LIMIT = 2 ** 31;

/**
 * Streams the libraries and `include/` of a wheel into a folder; nothing else of it is read.
 *
 * @throws Failure `engine-install-failed` if it is no wheel of TensorFlow; `disk-full`; `interrupted`
 */
export async function unpackWheel(
  wheel: string,
  folder: string,
  pin: WheelPin,
  onProgress: InstallProgress,
  signal: AbortSignal,
): Promise<void> {
  const archive = await open(wheel);
  try {
    const members = await listMembers(archive, pin);
    const total = members.reduce((sum, { entry }) => sum + entry.uncompressedSize, 0);
    if (total > SIZE_LIMIT) throw notAWheel(wheel, 'it holds more than 2 GiB of libraries');
    for (const library of pin.libraries) {
      if (!members.some(({ target }) => target === library))
        throw notAWheel(wheel, `it has no \`${library}\``);
    }
    let done = 0;
    for (const { entry, target } of members) {
      const path = join(folder, target);
      await mkdir(dirname(path), { recursive: true });
      const stream = await openMember(archive, entry);
      stream.on('data', (chunk: Buffer) => {
        done += chunk.length;
        onProgress('unpacking the libraries', done / total);
      });
      await pipeline(stream, createWriteStream(path), { signal });
    }
  } catch (error) {
    if (signal.aborted) throw failure('interrupted', 'stopped while unpacking TensorFlow');
    // What yauzl says of a damaged file has no code, what zlib says of damaged data has its own.
    if (error instanceof Error && error.name === 'Error' && /^(?:Z_|$)/.test(errorCode(error))) {
      throw notAWheel(wheel, error.message);
    }
    throw fileFailure(error, folder);
  } finally {
    archive.close();
  }
}

interface Member {
  readonly entry: yauzl.Entry;
  /** Path below the engine's folder. */
  readonly target: string;
}

function listMembers(archive: yauzl.ZipFile, pin: WheelPin): Promise<readonly Member[]> {
  return new Promise((resolve, reject) => {
    const members: Member[] = [];
    archive.on('entry', (entry: yauzl.Entry) => {
      const library = pin.libraries.find((name) => entry.fileName === `tensorflow/${name}`);
      const target = library ?? HEADER.exec(entry.fileName)?.[1];
      if (target !== undefined) members.push({ entry, target });
      archive.readEntry();
    });
    archive.on('end', () => resolve(members));
    archive.on('error', reject);
    archive.readEntry();
  });
}

function open(wheel: string): Promise<yauzl.ZipFile> {
  return new Promise((resolve, reject) => {
    yauzl.open(wheel, { lazyEntries: true, autoClose: false }, (error, archive) => {
      if (error === null) resolve(archive);
      else reject(notAWheel(wheel, error.message));
    });
  });
}

function openMember(archive: yauzl.ZipFile, entry: yauzl.Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    archive.openReadStream(entry, (error, stream) => {
      if (error === null) resolve(stream);
      else reject(error);
    });
  });
}

function notAWheel(wheel: string, why: string): Error {
  return failure('engine-install-failed', `\`${wheel}\` is not a wheel of TensorFlow: ${why}`);
}
