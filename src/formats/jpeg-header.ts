/** Reads the header of a JPEG file without a decoder: querying libvips takes almost as long as decoding a small file. */

export interface JpegHeader {
  readonly height: number;
  readonly width: number;
  /** 1 for gray, 3 for colour, 4 for CMYK. */
  readonly components: number;
  /** Bits per value. */
  readonly depth: number;
  /** Whether the file is a baseline JPEG: not progressive or of another rare kind. */
  readonly isBaseline: boolean;
  /** Whether there is EXIF data, which may specify a rotation. */
  readonly hasExif: boolean;
}

/** Segments that begin with the size of the image: C0 to CF, except code tables and two reserved markers. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

/** @returns undefined if the bytes are not a JPEG file, or end before the size */
export function jpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return undefined;
  let hasExif = false;
  let at = 2;
  while (at + 10 <= view.byteLength && view.getUint8(at) === 0xff) {
    const marker = view.getUint8(at + 1);
    const length = view.getUint16(at + 2);
    if (isFrame(marker)) {
      return {
        height: view.getUint16(at + 5),
        width: view.getUint16(at + 7),
        components: view.getUint8(at + 9),
        depth: view.getUint8(at + 4),
        isBaseline: marker === 0xc0 || marker === 0xc1,
        hasExif,
      };
    }
    // `Exif`, in an APP1 segment.
    if (marker === 0xe1 && view.getUint32(at + 4) === 0x45786966) hasExif = true;
    at += 2 + length;
  }
  return undefined;
}
