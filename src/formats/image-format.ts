/** Recognises image formats by their first bytes. */

/** Bytes of a file that `formatOf` examines. */
export const HEAD_BYTES = 512;

const SIGNATURES: readonly (readonly [format: string, at: number, bytes: string])[] = [
  ['PNG', 0, '\x89PNG\r\n\x1a\n'],
  ['JPEG', 0, '\xff\xd8'],
  ['GIF', 0, 'GIF8'],
  ['WebP', 8, 'WEBP'],
  ['TIFF', 0, 'II*\0'],
  ['TIFF', 0, 'MM\0*'],
  ['TIFF', 0, 'II+\0'],
  ['TIFF', 0, 'MM\0+'],
  ['AVIF', 4, 'ftypavi'],
  ['HEIF', 4, 'ftyphe'],
  ['HEIF', 4, 'ftypmif1'],
  ['HEIF', 4, 'ftypmsf1'],
  ['JPEG 2000', 4, 'jP  '],
  ['JPEG XL', 4, 'JXL '],
  ['JPEG XL', 0, '\xff\x0a'],
  ['Photoshop', 0, '8BPS'],
  ['OpenEXR', 0, 'v/1\x01'],
  ['icon', 0, '\0\0\x01\0'],
];

/**
 * The format of an image file, such as `PNG` or `WebP`; undefined if the format is unknown.
 *
 * @param head its first bytes, all or the first `HEAD_BYTES`
 */
export function formatOf(head: Uint8Array): string | undefined {
  const text = latin1(head);
  const found = SIGNATURES.find(([, at, bytes]) => text.startsWith(bytes, at));
  if (found !== undefined) return found[0];
  // A bitmap has four zero bytes after its length; text can also begin with these two letters.
  if (text.startsWith('BM') && text.startsWith('\0\0\0\0', 6)) return 'BMP';
  if (/^P[1-7]\s/.test(text)) return 'PNM';
  return /^(?:\xef\xbb\xbf)?\s*</.test(text) && /<(?:!DOCTYPE\s+)?svg[\s>]/.test(text) ? 'SVG' : undefined;
}

/** Formats that are decoded. libvips reads many more, but each is an attack surface. */
export const DECODED_FORMATS: readonly string[] = ['PNG', 'JPEG', 'BMP', 'GIF', 'WebP', 'TIFF'];

/** File names of images in these formats. */
export const DECODED_NAME = /\.(?:png|jpe?g|bmp|gif|webp|tiff?)$/i;

/** The formats as a phrase: `PNG, JPEG, … and TIFF`. */
export function decodedFormats(): string {
  return `${DECODED_FORMATS.slice(0, -1).join(', ')} and ${DECODED_FORMATS.at(-1)}`;
}

function latin1(head: Uint8Array): string {
  return Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, HEAD_BYTES)).toString('latin1');
}
