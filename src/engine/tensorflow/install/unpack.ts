/** Extracts the needed files from a wheel, which is a zip file: TensorFlow's libraries, and the headers for the addon. */
import { createWriteStream } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import yauzl from 'yauzl';
import { errorCode, fileFailure, makeFolder } from '../../../files/atomic.ts';
import { failure } from '../../../core/diagnostic.ts';
import type { WheelPin } from '../pins.ts';
import type { InstallProgress } from './command.ts';

/** Headers of TensorFlow's C interface, of XLA's for custom calls, and what they include: 1 % of the wheel's headers. */
const HEADER =
  /^tensorflow\/(include\/(?:tensorflow\/c|tensorflow\/core\/platform|tsl\/c|tsl\/platform|xla\/tsl\/c|xla\/ffi\/api)\/[\w/.-]+\.h)$/;

/** The most bytes that are extracted from a wheel. */
const SIZE_LIMIT = 2 ** 31;

/** Which members of a wheel are extracted. */
export interface Selection {
  /** What the wheel contains, for messages. */
  readonly title: string;
  /** Where a member goes, below the folder; undefined if it is not needed. */
  readonly target: (member: string) => string | undefined;
  /** Targets that must exist. */
  readonly required: readonly string[];
}

/**
 * Streams the libraries and `include/` of a wheel of TensorFlow into a folder; the rest of it is not read.
 *
 * @throws Failure `engine-install-failed` if it is not a wheel of TensorFlow; `disk-full`; `interrupted`
 */
export function unpackWheel(
  wheel: string,
  folder: string,
  { title, libraries }: WheelPin,
  onProgress: InstallProgress,
  signal: AbortSignal,
): Promise<void> {
  const target = (member: string): string | undefined =>
    libraries.find((name) => member === `tensorflow/${name}`) ?? HEADER.exec(member)?.[1];
  return unpackMembers(wheel, folder, { title, target, required: libraries }, onProgress, signal);
}

/**
 * Streams some members of a wheel into a folder.
 *
 * @throws Failure `engine-install-failed` if it is a different wheel; `disk-full`; `interrupted`
 */
export async function unpackMembers(
  wheel: string,
  folder: string,
  selection: Selection,
  onProgress: InstallProgress,
  signal: AbortSignal,
): Promise<void> {
  const notAWheel = (why: string): Error =>
    failure('engine-install-failed', `\`${wheel}\` is not a wheel of ${selection.title}: ${why}`);
  const archive = await open(wheel, notAWheel);
  try {
    const members = await listMembers(archive, selection);
    const total = members.reduce((sum, { entry }) => sum + entry.uncompressedSize, 0);
    if (total > SIZE_LIMIT) throw notAWheel('it contains more than 2 GiB of libraries');
    for (const file of selection.required) {
      if (!members.some(({ target }) => target === file)) throw notAWheel(`it has no \`${file}\``);
    }
    let done = 0;
    for (const { entry, target } of members) {
      const path = join(folder, target);
      await makeFolder(dirname(path));
      const stream = await openMember(archive, entry);
      stream.on('data', (chunk: Buffer) => {
        done += chunk.length;
        onProgress('unpacking the libraries', done / total);
      });
      await pipeline(stream, createWriteStream(path), { signal });
    }
  } catch (error) {
    if (signal.aborted) throw failure('interrupted', `stopped while unpacking ${selection.title}`);
    // Errors of yauzl about damaged files have no code, those of zlib about damaged data have their own.
    if (error instanceof Error && error.name === 'Error' && /^(?:Z_|$)/.test(errorCode(error))) {
      throw notAWheel(error.message);
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

function listMembers(archive: yauzl.ZipFile, selection: Selection): Promise<readonly Member[]> {
  return new Promise((resolve, reject) => {
    const members: Member[] = [];
    archive.on('entry', (entry: yauzl.Entry) => {
      const target = selection.target(entry.fileName);
      if (target !== undefined) members.push({ entry, target });
      archive.readEntry();
    });
    archive.on('end', () => resolve(members));
    archive.on('error', reject);
    archive.readEntry();
  });
}

function open(wheel: string, notAWheel: (why: string) => Error): Promise<yauzl.ZipFile> {
  return new Promise((resolve, reject) => {
    yauzl.open(wheel, { lazyEntries: true, autoClose: false }, (error, archive) => {
      if (error === null) resolve(archive);
      else reject(notAWheel(error.message));
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
