/** Pixels of a PNG, as another decoder than our own reads them. */
import sharp from 'sharp';

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** As stored: 1 for grey, 3 for colour. */
  readonly channels: number;
  /** Red, green and blue of one pixel. */
  at(x: number, y: number): readonly number[];
}

export async function decodePng(png: Uint8Array): Promise<Pixels> {
  const image = sharp(png);
  const { channels } = await image.metadata();
  const { data, info } = await image.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  return {
    width,
    height,
    channels,
    at: (x, y) => [...data.subarray((y * width + x) * 3, (y * width + x + 1) * 3)],
  };
}
