import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { ImageArray } from '../../../src/formats/images.ts';
import type { BinarizeSettings } from '../../../src/schema/generated/settings.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import { binarizeNode } from '../../../src/nodes/binarize/node.ts';
import { problemsOf, rig } from '../../rig.ts';
import { runStep, type StepResult } from '../sets.ts';

/** As many images as share a stretch, and one more. */
const COUNT = 1001;

/** Images of four values: 0, a quarter, three quarters and 1, as bytes of the given scale. */
function images(own: Partial<ImageArray> = {}): ImageArray {
  const data = Uint8Array.from({ length: COUNT * 4 }, (_, index) => [0, 1, 3, 4][index % 4] ?? 0);
  return { data, count: COUNT, shape: [2, 2, 1], scale: 0.25, offset: 0, ...own };
}

function binarize(
  t: TestContext,
  own: Partial<BinarizeSettings> = {},
  train: ImageArray = images(),
): Promise<StepResult> {
  const settings: BinarizeSettings = { type: 'binarize', data: 'data', method: 'sample', seed: 0, ...own };
  const { scale, offset } = train;
  const set = {
    shape: train.shape,
    range: [offset, offset + 4 * scale] as const,
    splits: { train, test: train },
  };
  return runStep(t, binarizeNode, settings, { data: set });
}

/** What is found before anything runs. */
function analyzed(
  own: Partial<BinarizeSettings>,
  range: readonly [number, number] | undefined = [0, 1],
): readonly string[] {
  const problems: string[] = [];
  binarizeNode.analyze({
    stage: 'binary',
    settings: { type: 'binarize', data: 'data', method: 'sample', seed: 0, ...own },
    inputs: { data: { kind: 'images', splits: ['train'], range } },
    references: { data: 'data' },
    report: ({ code, at }) => problems.push(`${code} ${at.join('.')}`),
  });
  return problems;
}

/** The share of ones at each of the four places. */
function shares({ splits }: StepResult, split: 'train' | 'test' = 'train'): readonly number[] {
  const data = Array.from(splits[split]?.data ?? []);
  return [0, 1, 2, 3].map((place) => {
    const own = data.filter((_, index) => index % 4 === place);
    return own.reduce((sum, value) => sum + value, 0) / own.length;
  });
}

test('a value is the probability of 1: 0 and 1 are certain', async (t) => {
  const result = await binarize(t);
  const [none, quarter = 0, most = 0, all] = shares(result);
  assert.deepEqual([none, all], [0, 1]);
  // Five standard deviations of the mean of a thousand samples.
  assert.ok(Math.abs(quarter - 0.25) < 0.07 && Math.abs(most - 0.75) < 0.07, `${quarter}, ${most}`);
  const { train } = result.splits;
  assert.ok(train?.data instanceof Uint8Array);
  assert.deepEqual([train.scale, train.offset, result.record.range], [1, 0, [0, 1]]);
});

test('the same seed gives the same images, another seed and another split others', async (t) => {
  const [first, again, other] = [await binarize(t), await binarize(t), await binarize(t, { seed: 1 })];
  assert.deepEqual(first.splits, again.splits);
  assert.notDeepEqual(first.splits.train?.data, other.splits.train?.data);
  assert.notDeepEqual(first.splits.train?.data, first.splits.test?.data);
});

test('with a threshold, higher values become 1, whatever their range', async (t) => {
  assert.deepEqual(shares(await binarize(t, { method: 'threshold' })), [0, 0, 1, 1]);
  assert.deepEqual(shares(await binarize(t, { method: 'threshold', threshold: 0.75 })), [0, 0, 0, 1]);
  const shifted = images({ scale: 1, offset: -2 });
  assert.deepEqual(
    shares(await binarize(t, { method: 'threshold', threshold: -1.5 }, shifted)),
    [0, 1, 1, 1],
  );
});

test('a threshold that makes all values equal is refused, as soon as the range is known', async (t) => {
  for (const threshold of [1, 2, -0.1]) {
    await assert.rejects(binarize(t, { method: 'threshold', threshold }), (error: unknown) => {
      assert.ok(error instanceof Failure);
      assert.deepEqual(error.diagnostics[0]?.at, ['threshold']);
      return true;
    });
    assert.deepEqual(analyzed({ method: 'threshold', threshold }), ['out-of-range threshold']);
  }
  assert.deepEqual(analyzed({ method: 'threshold', threshold: 0 }), []);
  assert.deepEqual(analyzed({ method: 'threshold' }), []);
  assert.deepEqual(analyzed({ method: 'threshold', threshold: 9 }, [0, 255]), []);
});

test('values that are no probabilities are refused', async (t) => {
  for (const wrong of [images({ scale: 1 }), images({ offset: -0.5 })])
    await assert.rejects(binarize(t, {}, wrong), (error: unknown) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.diagnostics[0]?.code, 'bad-setting');
      return true;
    });
});

test('check finds images that are not from 0 to 1, and a threshold without effect', async (t) => {
  const rigged = rig(t);
  const text = (normalize: string, settings: string): string => `name: binary
stages:
  mnist: { type: dataset, source: mnist, normalize: ${normalize} }
  binary: { type: binarize, data: mnist, ${settings} }
`;
  for (const [normalize, settings, place] of [
    ['none', 'method: sample', 'data'],
    ['minmax', 'method: sample, threshold: 0.2', 'threshold'],
  ] as const) {
    rigged.write('binary.yaml', text(normalize, settings));
    const { code, json } = await rigged.runJson(['check', 'binary.yaml']);
    assert.equal(code, 2);
    const line = `  binary: { type: binarize, data: mnist, ${settings} }`;
    const [problem] = problemsOf(json);
    assert.deepEqual([problem?.code, problem?.line], ['bad-setting', 4]);
    assert.ok((problem?.column ?? 0) > line.indexOf(`${place}:`), place);
  }
  rigged.write('binary.yaml', text('none', 'method: threshold, threshold: 127'));
  assert.equal((await rigged.run(['check', 'binary.yaml'])).code, 0);
});
