import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { encodeAnimation } from '../../src/figures/animation.ts';
import type { Figure } from '../../src/figures/figure.ts';
import { svgDocument } from '../../src/figures/svg.ts';

function plain(color: string, width: number, height: number): Figure {
  const rect = `<rect width="${width}" height="${height}" fill="${color}"/>`;
  return { svg: svgDocument(width, height, color, [rect]), width, height };
}

test('frames follow one another with their delays; smaller ones are on white', async () => {
  const frames = [plain('#d00000', 40, 30), plain('#0000d0', 20, 30)];
  const counted: number[] = [];
  const gif = await encodeAnimation(frames, [120, 700], (done) => counted.push(done));
  assert.deepEqual(counted, [1, 2]);
  const { pages, delay, width, pageHeight, loop } = await sharp(gif, { animated: true }).metadata();
  assert.deepEqual(
    { pages, delay, width, pageHeight, loop },
    { pages: 2, delay: [120, 700], width: 40, pageHeight: 30, loop: 0 },
  );
  const colorAt = async (page: number, x: number): Promise<number[]> => {
    const { data, info } = await sharp(gif, { page })
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    return [...data.subarray((15 * info.width + x) * 3, (15 * info.width + x) * 3 + 3)];
  };
  assert.deepEqual(await colorAt(0, 10), [0xd0, 0, 0]);
  assert.deepEqual(await colorAt(1, 10), [0, 0, 0xd0]);
  assert.deepEqual(await colorAt(1, 30), [255, 255, 255]);
  assert.deepEqual(
    await encodeAnimation(frames, [120, 700], () => undefined),
    gif,
    'the same bytes each time',
  );
});
