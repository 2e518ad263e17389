/** Encodes pixels as PNG, with bytes that depend only on the pixels. */
import { constants, crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** PNG's colour types by the number of channels. */
const COLOR_TYPES = { 1: 0, 3: 2 } as const;
const FILTER_SUB = 1;
const FILTER_UP = 2;

export interface Bitmap {
  readonly width: number;
  readonly height: number;
  /** Grey, or red, green and blue. */
  readonly channels: 1 | 3;
  /** Row-major [height, width, channels]. */
  readonly pixels: Uint8Array;
}

/**
 * Writes a PNG of eight bits per channel.
 *
 * zlib's matches depend on the processor's instructions and the release, except with its run-length strategy, which compares
 * only with the previous byte. That costs little here: a line that repeats the one above, as with enlarged pixels, is stored
 * as differences from it, hence as one run of zeros; any other line as differences from the pixel on the left.
 */
export function encodePng({ width, height, channels, pixels }: Bitmap): Buffer {
  const stride = width * channels;
  const filtered = new Uint8Array(height * (stride + 1));
  for (let row = 0; row < height; row++) {
    const line = pixels.subarray(row * stride, (row + 1) * stride);
    const above = pixels.subarray((row - 1) * stride, row * stride);
    const out = filtered.subarray(row * (stride + 1), (row + 1) * (stride + 1));
    if (row > 0 && Buffer.compare(line, above) === 0) {
      out[0] = FILTER_UP;
      continue;
    }
    out[0] = FILTER_SUB;
    for (let index = 0; index < stride; index++) {
      out[index + 1] = (line[index] ?? 0) - (index < channels ? 0 : (line[index - channels] ?? 0));
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  header[9] = COLOR_TYPES[channels];
  const data = deflateSync(filtered, { level: 9, strategy: constants.Z_RLE });
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

/** Length, type, data, and a checksum of type and data. */
function chunk(type: string, data: Uint8Array): Buffer {
  const out = Buffer.alloc(data.length + 12);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, 'latin1');
  out.set(data, 8);
  out.writeUInt32BE(crc32(out.subarray(4, data.length + 8)), data.length + 8);
  return out;
}
