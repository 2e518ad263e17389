import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import type { HeldImages } from '../../../src/formats/images.ts';
import { resizer } from '../../../src/formats/resample.ts';
import type { ResizeSettings } from '../../../src/schema/generated/settings.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import type { ImageShape } from '../../../src/core/stage-type.ts';
import { resizeNode } from '../../../src/nodes/resize/node.ts';
import { runStep, type StepResult } from '../sets.ts';

const settings = (height: number, width: number): ResizeSettings => ({
  type: 'resize',
  data: 'all',
  size: [height, width],
});

function run(
  t: TestContext,
  data: HeldImages['data'],
  shape: ImageShape,
  size: readonly [number, number],
  signal = new AbortController().signal,
): Promise<StepResult> {
  const count = data.length / (shape[0] * shape[1] * shape[2]);
  const train: HeldImages = {
    data,
    count,
    shape,
    scale: 0.5,
    offset: 1,
    labels: new Uint8Array(count).fill(3),
  };
  const set = { shape, range: [0, 128] as const, splits: { train } };
  return runStep(t, resizeNode, settings(...size), { data: set }, { signal });
}

test('each image of bytes and of floats gets the size, and keeps its scale and label', async (t) => {
  const bytes = Uint8Array.of(0, 100, 200, 50, 10, 10, 10, 10);
  const { splits, record } = await run(t, bytes, [2, 2, 1], [1, 1]);
  // The mean 87.5 is rounded.
  assert.deepEqual(splits.train?.data, Uint8Array.of(88, 10));
  assert.deepEqual([record.shape, record.range, record.scale, record.offset], [[1, 1, 1], [0, 128], 0.5, 1]);
  assert.deepEqual(splits.train?.labels, Uint8Array.of(3, 3));
  const floats = await run(t, Float32Array.from(bytes), [2, 2, 1], [1, 1]);
  assert.deepEqual(floats.splits.train?.data, Float32Array.of(87.5, 10));
});

test('weights are those of a triangle', () => {
  // To half the length: distances of 0.5 and 1.5 pixels give 3/8 and 1/8.
  const half = resizer([1, 8, 1], [1, 4])(Float32Array.of(0, 0, 0, 8, 0, 0, 0, 0));
  assert.deepEqual([...half].slice(1, 3), [3, 1]);
  // To twice the length: new centres are at a quarter of the distance.
  assert.deepEqual([...resizer([1, 2, 1], [1, 4])(Float32Array.of(0, 4))], [0, 1, 3, 4]);
  assert.deepEqual([...resizer([2, 1, 1], [4, 1])(Float32Array.of(0, 4))], [0, 1, 3, 4]);
  // Channels do not mix.
  assert.deepEqual([...resizer([1, 2, 2], [1, 1])(Float32Array.of(0, 10, 4, 20))], [2, 15]);
});

test('the same size changes nothing, one value stays that value, and none leaves the range', () => {
  const side = fc.integer({ min: 1, max: 9 });
  fc.assert(
    fc.property(
      side,
      side,
      side,
      side,
      fc.integer({ min: 1, max: 3 }),
      fc.nat(255),
      (h, w, rows, columns, channels, value) => {
        const image = Uint8Array.from({ length: h * w * channels }, (_, index) => (index * 37 + value) % 256);
        assert.deepEqual([...resizer([h, w, channels], [h, w])(image)], [...image]);
        const flat = resizer([h, w, channels], [rows, columns])(new Uint8Array(image.length).fill(value));
        assert.equal(flat.length, rows * columns * channels);
        assert.ok(flat.every((one) => Math.abs(one - value) < 1e-9));
        const [low, high] = [Math.min(...image), Math.max(...image)];
        const other = resizer([h, w, channels], [rows, columns])(image);
        assert.ok(other.every((one) => one >= low - 1e-9 && one <= high + 1e-9));
      },
    ),
  );
});

const hasCode = (code: string) => (error: unknown) => {
  assert.ok(error instanceof Failure, String(error));
  assert.equal(error.diagnostics[0]?.code, code);
  return true;
};

test('Ctrl-C stops it', async (t) => {
  await assert.rejects(
    run(t, new Uint8Array(2), [1, 1, 1], [2, 2], AbortSignal.abort()),
    hasCode('interrupted'),
  );
});

test('the new shape is known before it runs, where the old one is', () => {
  const describe = (shape?: ImageShape): unknown => {
    const described = resizeNode.analyze({
      stage: 'small',
      settings: settings(4, 6),
      inputs: { data: { kind: 'images', splits: ['train'], range: [0, 1], ...(shape ? { shape } : {}) } },
      references: { data: 'all' },
      report: () => assert.fail('nothing is wrong'),
    });
    assert.ok(described?.kind === 'images');
    return [described.shape, described.range];
  };
  assert.deepEqual(describe([28, 28, 3]), [
    [4, 6, 3],
    [0, 1],
  ]);
  assert.deepEqual(describe(), [undefined, [0, 1]]);
});
