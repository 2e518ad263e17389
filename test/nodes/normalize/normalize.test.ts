import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { toFloat32, type HeldImages } from '../../../src/formats/images.ts';
import type { MinmaxNormalizeSettings, NormalizeSettings } from '../../../src/schema/generated/settings.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import type { Finding, OutputDescription } from '../../../src/core/stage-type.ts';
import { normalizeNode } from '../../../src/nodes/normalize/node.ts';
import { runStep, type Set, type StepResult } from '../sets.ts';

const MINMAX: MinmaxNormalizeSettings = {
  type: 'normalize',
  data: 'all',
  method: 'minmax',
  from: null,
  to: [0, 1],
};
const STANDARD: NormalizeSettings = { type: 'normalize', data: 'all', method: 'standard' };

const images = (data: HeldImages['data'], scale = 1, offset = 0): HeldImages => ({
  data,
  count: data.length,
  shape: [1, 1, 1],
  scale,
  offset,
});

function run(t: TestContext, settings: NormalizeSettings, splits: Set['splits']): Promise<StepResult> {
  return runStep(t, normalizeNode, settings, { data: { shape: [1, 1, 1], range: [0, 255], splits } });
}

const intensities = (set: HeldImages | undefined): number[] => [...(set ? toFloat32(set) : [])];

test('the lowest and highest value of the training images become 0 and 1; bytes stay as they are stored', async (t) => {
  const train = images(Uint8Array.of(10, 60, 30));
  const { splits, record, metrics } = await run(t, MINMAX, { train, test: images(Uint8Array.of(0, 110)) });
  assert.deepEqual(splits.train?.data, train.data);
  assert.deepEqual(intensities(splits.train), [0, 1, Math.fround(0.4)]);
  assert.deepEqual(intensities(splits.test), [Math.fround(-0.2), 2]);
  assert.deepEqual(record.range, [Math.fround(-0.2), 2]);
  assert.deepEqual(metrics, { lowest: 10, highest: 60 });
});

test('a fixed range is mapped to another, also of floats and of images that were normalised before', async (t) => {
  const settings: NormalizeSettings = { ...MINMAX, from: [0, 255], to: [-1, 1] };
  const bytes = await run(t, settings, { train: images(Uint8Array.of(0, 255)) });
  assert.deepEqual(
    [intensities(bytes.splits.train), bytes.record.range],
    [
      [-1, 1],
      [-1, 1],
    ],
  );
  const floats = await run(t, { ...settings, from: [-2, 2] }, { test: images(Float32Array.of(-2, 1, 4)) });
  assert.deepEqual(intensities(floats.splits.test), [-1, 0.5, 2]);
  const again = await run(t, { ...settings, from: [1, 3] }, { train: images(Uint8Array.of(0, 2), 1, 1) });
  assert.deepEqual(intensities(again.splits.train), [-1, 1]);
});

test('mean and standard deviation of the training images become 0 and 1', async (t) => {
  // 1 to 5 have the mean 3 and the variance 2.
  const train = images(Float32Array.of(1, 2, 3, 4, 5), 10, 7);
  const { splits, metrics } = await run(t, STANDARD, { train, test: images(Float32Array.of(3), 10, 7) });
  assert.deepEqual(metrics, { mean: 37, standard_deviation: 10 * Math.SQRT2 });
  const values = intensities(splits.train);
  for (const [index, value] of values.entries())
    assert.ok(Math.abs(value - (index - 2) / Math.SQRT2) < 1e-6, String(values));
  assert.ok(Math.abs(intensities(splits.test)[0] ?? 1) < 1e-6);
});

test('images of one value have nothing to scale', async (t) => {
  for (const settings of [MINMAX, STANDARD]) {
    await assert.rejects(run(t, settings, { train: images(Uint8Array.of(9, 9)) }), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.diagnostics[0]?.code, 'bad-setting');
      return true;
    });
  }
});

type Images = Extract<OutputDescription, { kind: 'images' }>;

function analyze(
  settings: NormalizeSettings,
  data: Partial<Images> = {},
): readonly [Partial<Images>, unknown[]] {
  const findings: Finding[] = [];
  const described = normalizeNode.analyze({
    stage: 'scaled',
    settings,
    inputs: { data: { kind: 'images', splits: ['train'], range: [0, 255], ...data } },
    references: { data: 'all' },
    report: (finding) => void findings.push(finding),
  });
  assert.ok(described?.kind === 'images');
  return [described, findings.map(({ code, at }) => [code, ...at])];
}

test('the range is known before it runs where the settings or the training images say it', () => {
  const fixed: NormalizeSettings = { ...MINMAX, from: [0, 255], to: [-1, 1] };
  assert.deepEqual(analyze(fixed)[0].range, [-1, 1]);
  assert.deepEqual(analyze(MINMAX)[0].range, [0, 1]);
  assert.equal(analyze(MINMAX, { splits: ['train', 'test'] })[0].range, undefined);
  assert.equal(analyze(STANDARD)[0].range, undefined);
});

test('ranges the wrong way round, nothing to measure, and measuring noisy images are found before it runs', () => {
  assert.deepEqual(analyze({ ...MINMAX, from: [1, 0], to: [1, 1] })[1], [
    ['out-of-range', 'from'],
    ['out-of-range', 'to'],
  ]);
  assert.deepEqual(analyze(STANDARD, { splits: ['test'] })[1], [['missing-split', 'data']]);
  for (const settings of [MINMAX, STANDARD])
    assert.deepEqual(analyze(settings, { corruptionOf: 'clean' })[1], [['bad-setting', 'data']]);
  assert.deepEqual(analyze({ ...MINMAX, from: [0, 1] }, { corruptionOf: 'clean' })[1], []);
});
