/** Decodes several files at the same time. */
import { availableParallelism } from 'node:os';
import { decodeImage, type DecodedImage } from '../../../formats/decode.ts';
import { Failure } from '../../../core/diagnostic.ts';
import { problemOfBytes } from './content.ts';
import type { PictureSettings } from './crop.ts';
import type { ImageFile } from './image-file.ts';
import { Unusable } from './skipped.ts';

/** Files that are read or decoded at the same time: enough that no processor waits for a file. */
const WIDTH = 2 * availableParallelism() + 2;

export interface DecodedFile {
  readonly name: string;
  readonly image: DecodedImage | Unusable;
}

/**
 * Decodes files in their order.
 *
 * @param most how many more images are wanted at present: no more files are read
 */
export async function* decodeFiles(
  files: AsyncIterable<ImageFile> | Iterable<ImageFile>,
  settings: PictureSettings,
  most: () => number,
): AsyncGenerator<DecodedFile> {
  const pending: Promise<DecodedFile>[] = [];
  try {
    for await (const { name, read } of files) {
      // Archives are streams: a file is read before the next one is asked for.
      const bytes = await read().catch(unusable);
      const file = decode(bytes, settings).then((image) => ({ name, image }));
      // What goes wrong is thrown when it is this file's turn.
      file.catch(() => undefined);
      pending.push(file);
      while (pending.length >= Math.min(WIDTH, most())) {
        const first = pending.shift();
        if (first === undefined) break;
        yield await first;
      }
    }
    for (const file of pending) yield await file;
  } finally {
    await Promise.allSettled(pending);
  }
}

async function decode(
  bytes: Uint8Array | Unusable,
  { crop, color, background, size, resize }: PictureSettings,
): Promise<DecodedImage | Unusable> {
  if (bytes instanceof Unusable) return bytes;
  const problem = problemOfBytes(bytes);
  if (problem !== undefined) return problem;
  try {
    return await decodeImage(bytes, {
      crop,
      size: size ?? resize ?? null,
      color,
      ...(background === undefined ? {} : { background }),
    });
  } catch (error) {
    if (error instanceof Failure) return new Unusable('damaged', error.message);
    throw error;
  }
}

function unusable(error: unknown): Unusable {
  if (error instanceof Unusable) return error;
  throw error;
}
