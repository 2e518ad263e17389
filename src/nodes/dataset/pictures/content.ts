/** Whether a file is an image in a supported format. */
import {
  DECODED_FORMATS,
  DECODED_NAME,
  decodedFormats,
  formatOf,
  HEAD_BYTES,
} from '../../../formats/image-format.ts';
import { Unusable } from './skipped.ts';

/** Other extensions of images. The name decides where the content does not. */
const OTHER_IMAGE_NAME =
  /^[^.]+$|\.(?:jpe|jfif|jfi|pjpeg|pjp|apng|dib|hei[cf]s?|avif|svgz?|ico|jp2|j2k|jxl|p[bgnp]m|tga|psd|exr|hdr|dds|pcx|cr2|nef|arw|dng)$/i;

const BACKUP_NAME = /~$|\.(?:bak|orig|old|te?mp|part|partial|crdownload|download)$/i;

/**
 * Why a regular file is not a readable image, judged by its name and first bytes.
 *
 * @param readHead reads up to so many bytes; called only if the name does not decide
 */
export async function problemOf(
  name: string,
  readHead: (length: number) => Promise<Uint8Array>,
): Promise<Unusable | undefined> {
  if (DECODED_NAME.test(name)) return undefined;
  if (BACKUP_NAME.test(name)) return new Unusable('backup', 'is named like a backup or a partial copy');
  const mayBeImage = OTHER_IMAGE_NAME.test(name);
  try {
    const head = await readHead(HEAD_BYTES);
    const format = formatOf(head);
    if (format !== undefined) return DECODED_FORMATS.includes(format) ? undefined : otherFormat(format);
    if (!mayBeImage) return new Unusable('foreign', 'is not an image');
    if (head.length === 0) return new Unusable('empty', 'is empty');
    return name.includes('.')
      ? new Unusable('format', `is not in a supported format: ${decodedFormats()}`)
      : new Unusable('foreign', 'is not an image');
  } catch (error) {
    if (error instanceof Unusable) return error;
    throw error;
  }
}

/** Why a file cannot be decoded, as far as its first bytes show. */
export function problemOfBytes(bytes: Uint8Array): Unusable | undefined {
  if (bytes.length === 0) return new Unusable('empty', 'is empty');
  const format = formatOf(bytes);
  if (format === undefined) return new Unusable('damaged', 'is not an image in a supported format');
  return DECODED_FORMATS.includes(format) ? undefined : otherFormat(format);
}

function otherFormat(format: string): Unusable {
  return new Unusable('format', `has the format ${format}; ${decodedFormats()} are supported`);
}
