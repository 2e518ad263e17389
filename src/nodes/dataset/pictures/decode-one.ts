/** Decodes one file, in any thread. */
import { decodeImage, type DecodedImage, type DecodeOptions } from '../../../formats/decode.ts';
import { Failure } from '../../../core/diagnostic.ts';
import { problemOfBytes } from './content.ts';
import type { PictureSettings } from './crop.ts';
import { Unusable } from './skipped.ts';

export function decodeOptions({ crop, color, background, size, resize }: PictureSettings): DecodeOptions {
  return {
    crop,
    size: size ?? resize ?? null,
    color,
    ...(background === undefined ? {} : { background }),
  };
}

/** @throws Unusable */
export async function decodeOne(bytes: Uint8Array, options: DecodeOptions): Promise<DecodedImage> {
  const problem = problemOfBytes(bytes);
  if (problem !== undefined) throw problem;
  try {
    return await decodeImage(bytes, options);
  } catch (error) {
    const isOfFile = error instanceof Failure && error.diagnostics[0]?.code === 'data-corrupt';
    throw isOfFile ? new Unusable('damaged', error.message) : error;
  }
}
