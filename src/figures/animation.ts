/** Figures one after the other, as an animated GIF. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { loadSharp } from '../formats/sharp.ts';
import { renderPixels, type Figure } from './figure.ts';

/**
 * Draws figures at 1x, each with its own 256 colours.
 *
 * @param frames at least one; smaller ones are at the top left of a white area as large as the largest
 * @param delays milliseconds for each
 * @param onFrame called with the number of frames drawn
 */
export async function encodeAnimation(
  frames: readonly Figure[],
  delays: readonly number[],
  onFrame: (done: number) => void,
): Promise<Buffer> {
  const width = Math.max(...frames.map((frame) => frame.width));
  const height = Math.max(...frames.map((frame) => frame.height));
  const size = width * height * 3;
  const pixels = Buffer.alloc(frames.length * size, 255);
  for (const [index, frame] of frames.entries()) {
    const drawn = renderPixels(frame, 1);
    for (let row = 0; row < drawn.height; row++) {
      for (let column = 0; column < drawn.width; column++) {
        const from = (row * drawn.width + column) * 4;
        const to = index * size + (row * width + column) * 3;
        for (let channel = 0; channel < 3; channel++)
          pixels[to + channel] = drawn.pixels[from + channel] ?? 255;
      }
    }
    onFrame(index + 1);
    await nextTurn();
  }
  const raw = { width, height: height * frames.length, channels: 3, pageHeight: height } as const;
  const sharp = await loadSharp();
  return sharp(pixels, { raw })
    .gif({ delay: [...delays], loop: 0, dither: 0, reuse: false, interPaletteMaxError: 0 })
    .toBuffer();
}
