/** What the header of a JPEG file says, read without a decoder: decoding a small file takes hardly longer than asking libvips. */

export interface JpegHeader {
  readonly height: number;
  readonly width: number;
  /** 1 for gray, 3 for colours, 4 for inks. */
  readonly components: number;
  /** Bits of a value. */
  readonly depth: number;
  /** Whether each value is in one piece of data, as in all but progressive and rare kinds. */
  readonly isBaseline: boolean;
  /** Whether there is EXIF data, which may say that the photo is to be turned. */
  readonly hasExif: boolean;
}

/** Segments that begin with the size of the image: all from C0 to CF but tables of codes and two that are reserved. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

/** @returns undefined where the bytes are not those of a JPEG file, or end before the size */
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
    // `Exif`, in the segment of applications that is the first but one.
    if (marker === 0xe1 && view.getUint32(at + 4) === 0x45786966) hasExif = true;
    at += 2 + length;
  }
  return undefined;
}
