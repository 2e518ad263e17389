/** Decodes several files in parallel. */
import { availableParallelism } from 'node:os';
import type { DecodedImage } from '../../../formats/decode.ts';
import type { PictureSettings } from './crop.ts';
import { decodeOne, decodeOptions } from './decode-one.ts';
import type { ImageFile } from './image-file.ts';
import { Unusable } from './skipped.ts';

/** With fewer files, starting threads takes longer than they save. */
const WORTH_THREADS = 200;

export interface DecodedFile {
  readonly name: string;
  readonly image: DecodedImage | Unusable;
}

/** Decodes files, in this thread or in others. */
interface Decoder {
  /** How many files to give it at a time. */
  readonly width: number;
  /** Whether it reads files by itself. */
  readonly readsFiles: boolean;
  /** @throws Unusable */
  decode(source: Uint8Array | NonNullable<ImageFile['onDisk']>): Promise<DecodedImage>;
  close(): Promise<void>;
}

/**
 * Decodes files in their order.
 *
 * @param count the number of files that exist, or are wanted
 * @param most the number of images still wanted: no more files than that are read
 */
export async function* decodeFiles(
  files: AsyncIterable<ImageFile> | Iterable<ImageFile>,
  settings: PictureSettings,
  { count, most }: { readonly count: number; readonly most: () => number },
): AsyncGenerator<DecodedFile> {
  const decoder = await startDecoder(settings, count);
  const pending: Promise<DecodedFile>[] = [];
  try {
    for await (const { name, read, onDisk } of files) {
      // Archives are streams: a file must be read before the next one is requested.
      const source = decoder.readsFiles && onDisk !== undefined ? onDisk : await read().catch(unusable);
      const image =
        source instanceof Unusable ? Promise.resolve(source) : decoder.decode(source).catch(unusable);
      const file = image.then((result) => ({ name, image: result }));
      // An error is thrown when this file is yielded.
      file.catch(() => undefined);
      pending.push(file);
      while (pending.length >= Math.min(decoder.width, most())) {
        const first = pending.shift();
        if (first === undefined) break;
        yield await first;
      }
    }
    for (const file of pending) yield await file;
  } finally {
    await decoder.close();
    await Promise.allSettled(pending);
  }
}

async function startDecoder(settings: PictureSettings, count: number): Promise<Decoder> {
  const options = decodeOptions(settings);
  if (count >= WORTH_THREADS) {
    const { DecodeThreads } = await import('./decode-threads.ts');
    const threads = DecodeThreads.start(options);
    if (threads !== undefined) return threads;
  }
  return {
    width: 2 * availableParallelism(),
    readsFiles: false,
    decode: async (source) => decodeOne(source as Uint8Array, options),
    close: () => Promise.resolve(),
  };
}

function unusable(error: unknown): Unusable {
  if (error instanceof Unusable) return error;
  throw error;
}
