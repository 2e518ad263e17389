import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  readImages,
  readImageSet,
  readResample,
  writeImageSet,
  type ImageArray,
} from '../../../src/artifacts/images.ts';
import type { NoiseSettings } from '../../../src/config/generated/settings.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import type { Finding } from '../../../src/core/stage-type.ts';
import { readMnist } from '../../../src/nodes/dataset/mnist.ts';
import { noiseNode } from '../../../src/nodes/noise/node.ts';
import { fakeContext, temporaryFolder, type FakeOptions } from '../context.ts';

const NOISE: NoiseSettings = {
  type: 'noise',
  data: 'clean',
  kind: 'gaussian',
  mean: 0.5,
  stddev: 0.5,
  clip: [0, 1],
  resample: false,
};

const COUNT = 1000;

/** Runs the node on the first test images of MNIST, as both splits. */
async function corrupt(
  t: TestContext,
  settings: Partial<NoiseSettings> = {},
  options: FakeOptions = {},
): Promise<{
  train: ImageArray;
  test: ImageArray;
  folder: string;
  metrics: Readonly<Record<string, number>>;
}> {
  const folder = temporaryFolder(t);
  const clean = join(folder, 'clean');
  mkdirSync(clean);
  const { data } = await readMnist('test', 'images');
  const images: ImageArray = {
    data: data.subarray(0, COUNT * 784),
    count: COUNT,
    shape: [28, 28, 1],
    scale: 1 / 255,
    offset: 0,
    labels: new Uint8Array(COUNT).fill(1),
  };
  await writeImageSet(clean, { shape: [28, 28, 1], range: [0, 1], splits: { train: images, test: images } });
  const context = fakeContext(
    folder,
    { ...NOISE, ...settings },
    { inputs: { data: { stage: 'clean', kind: 'images', folder: clean } }, ...options },
  );
  const { metrics } = await noiseNode.run(context);
  return {
    train: await readImages(context.folder, 'train'),
    test: await readImages(context.folder, 'test'),
    folder: context.folder,
    metrics: metrics ?? {},
  };
}

test('noise of the coursework is as far from the clean images as published', async (t) => {
  const { metrics, test: images, folder } = await corrupt(t);
  // 0.329 over all test images; the first thousand are a sample.
  assert.ok(Math.abs((metrics['test_mse'] ?? 0) - 0.329) < 0.005, JSON.stringify(metrics));
  assert.ok(images.data.every((value) => value >= 0 && value <= 1));
  assert.deepEqual((await readImageSet(folder)).range, [0, 1]);
  assert.equal(images.labels?.[0], 1);
});

test('without clipping the noise has the mean and the deviation that were asked', async (t) => {
  const { metrics, folder } = await corrupt(t, { clip: null, mean: -0.25, stddev: 0.3 });
  assert.ok(Math.abs((metrics['test_mse'] ?? 0) - (0.25 ** 2 + 0.3 ** 2)) < 0.002);
  const { range } = await readImageSet(folder);
  assert.ok(range[0] < -1 && range[1] > 1);
});

test('the same seed gives the same bits; another seed, stage or split gives others', async (t) => {
  const first = await corrupt(t);
  const again = await corrupt(t);
  assert.deepEqual(again.test.data, first.test.data);
  assert.notDeepEqual(first.train.data, first.test.data);
  assert.notDeepEqual((await corrupt(t, {}, { seed: 1 })).test.data, first.test.data);
  assert.notDeepEqual((await corrupt(t, {}, { stage: 'other' })).test.data, first.test.data);
});

test('Ctrl-C stops it', async (t) => {
  await assert.rejects(corrupt(t, {}, { signal: AbortSignal.abort() }), (error) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.diagnostics[0]?.code, 'interrupted');
    return true;
  });
});

test('its images are a corruption of the clean ones, also through several noises', () => {
  const findings: Finding[] = [];
  const analyze = (settings: NoiseSettings, corruptionOf?: string): unknown =>
    noiseNode.analyze({
      stage: 'noisy',
      settings,
      inputs: {
        data: { kind: 'images', splits: ['train'], ...(corruptionOf === undefined ? {} : { corruptionOf }) },
      },
      references: { data: 'mnist' },
      report: (finding) => findings.push(finding),
    });
  assert.deepEqual(analyze(NOISE), {
    kind: 'images',
    splits: ['train'],
    range: [0, 1],
    corruptionOf: 'mnist',
  });
  assert.deepEqual(analyze({ ...NOISE, clip: null }, 'first'), {
    kind: 'images',
    splits: ['train'],
    corruptionOf: 'first',
  });
  assert.deepEqual(findings, []);
  analyze({ ...NOISE, clip: [1, 0] });
  assert.deepEqual(
    findings.map(({ code, at }) => [code, at]),
    [['out-of-range', ['clip']]],
  );
});

test('noise to be drawn afresh leaves the clean images beside those that are drawn once', async (t) => {
  const once = await corrupt(t);
  assert.equal(await readResample(once.folder), undefined);
  const afresh = await corrupt(t, { resample: true });
  assert.deepEqual(afresh.train.data, once.train.data);
  const resample = await readResample(afresh.folder);
  const { data } = await readMnist('test', 'images');
  assert.deepEqual(resample?.noise, { mean: 0.5, stddev: 0.5, clip: [0, 1] });
  assert.ok(resample.clean.data.every((value, index) => value === data[index]));
  assert.equal(resample.clean.scale, 1 / 255);
});
