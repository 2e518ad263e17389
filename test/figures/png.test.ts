import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import { encodePng } from '../../src/figures/png.ts';

const bitmaps = fc
  .record({
    width: fc.integer({ min: 1, max: 12 }),
    height: fc.integer({ min: 1, max: 12 }),
    channels: fc.constantFrom(1 as const, 3 as const),
    seed: fc.infiniteStream(fc.integer({ min: 0, max: 255 })),
    repeat: fc.boolean(),
  })
  .map(({ width, height, channels, seed, repeat }) => {
    const line = width * channels;
    const pixels = Uint8Array.from({ length: height * line }, () => seed.next().value);
    // Lines that repeat the one above are encoded in another way.
    if (repeat)
      for (let row = 1; row < height; row += 2) pixels.copyWithin(row * line, (row - 1) * line, row * line);
    return { width, height, channels, pixels };
  });

test('another decoder reads back every pixel', async () => {
  await fc.assert(
    fc.asyncProperty(bitmaps, async (bitmap) => {
      const image = sharp(encodePng(bitmap));
      const { width, height, channels } = await image.metadata();
      assert.deepEqual([width, height, channels], [bitmap.width, bitmap.height, bitmap.channels]);
      const space = bitmap.channels === 1 ? 'b-w' : 'srgb';
      const decoded = await image.toColourspace(space).raw().toBuffer();
      assert.deepEqual(new Uint8Array(decoded), bitmap.pixels);
    }),
    { numRuns: 100 },
  );
});

test('enlarged pixels are stored in little space', () => {
  const size = 280;
  const noise = (x: number, y: number) => (Math.imul(x * 28 + y + 1, 2654435761) >>> 24) & 255;
  const pixels = Uint8Array.from({ length: size * size }, (_, index) =>
    noise(Math.floor((index % size) / 10), Math.floor(index / size / 10)),
  );
  assert.ok(encodePng({ width: size, height: size, channels: 1, pixels }).length < pixels.length / 10);
});
