import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  readImages,
  readImageSet,
  readResample,
  writeImageSet,
  type HeldImages,
} from '../../../src/formats/images.ts';
import type { GaussianNoiseSettings, NoiseSettings } from '../../../src/schema/generated/settings.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import type { Finding } from '../../../src/core/stage-type.ts';
import { readMnist } from '../../../src/nodes/dataset/sources/mnist.ts';
import { blurImages } from '../../../src/nodes/noise/blur.ts';
import { noiseNode } from '../../../src/nodes/noise/node.ts';
import { fakeContext, temporaryFolder, type FakeOptions } from '../context.ts';

const NOISE: GaussianNoiseSettings = {
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
  settings: Partial<GaussianNoiseSettings> = {},
  options: FakeOptions = {},
): Promise<Corrupted> {
  return corruptBy(t, { ...NOISE, ...settings }, options);
}

interface Corrupted {
  train: HeldImages;
  test: HeldImages;
  folder: string;
  metrics: Readonly<Record<string, number>>;
}

async function corruptBy(
  t: TestContext,
  settings: NoiseSettings,
  options: FakeOptions = {},
  count = COUNT,
): Promise<Corrupted> {
  const folder = temporaryFolder(t);
  const clean = join(folder, 'clean');
  mkdirSync(clean);
  const { data } = await readMnist('test', 'images');
  const images: HeldImages = {
    data: data.subarray(0, count * 784),
    count: count,
    shape: [28, 28, 1],
    scale: 1 / 255,
    offset: 0,
    labels: new Uint8Array(count).fill(1),
  };
  await writeImageSet(clean, { shape: [28, 28, 1], range: [0, 1], splits: { train: images, test: images } });
  const context = fakeContext(folder, settings, {
    inputs: { data: { stage: 'clean', kind: 'images', folder: clean } },
    ...options,
  });
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
    noiseOn: ['mnist'],
  });
  assert.deepEqual(analyze({ ...NOISE, clip: null }, 'first'), {
    kind: 'images',
    splits: ['train'],
    corruptionOf: 'first',
    noiseOn: ['mnist'],
  });
  assert.deepEqual(findings, []);
  analyze({ ...NOISE, clip: [1, 0] });
  assert.deepEqual(
    findings.map(({ code, at }) => [code, at]),
    [['out-of-range', ['clip']]],
  );
});

test('with `resample`, the clean images are stored beside one noisy set', async (t) => {
  const once = await corrupt(t);
  assert.equal(await readResample(once.folder), undefined);
  const afresh = await corrupt(t, { resample: true });
  assert.deepEqual(afresh.train.data, once.train.data);
  const resample = await readResample(afresh.folder);
  const { data } = await readMnist('test', 'images');
  assert.deepEqual(resample?.noise, { mean: 0.5, stddev: 0.5, clip: [0, 1] });
  assert.deepEqual(resample.clean.data, Uint8Array.from(data).subarray(0, resample.clean.data.length));
  assert.equal(resample.clean.scale, 1 / 255);
});

const COMMON = { type: 'noise', data: 'clean', clip: null } as const;
const KINDS: readonly NoiseSettings[] = [
  { ...NOISE, clip: null },
  { ...COMMON, kind: 'salt_and_pepper', amount: 0.2, salt_vs_pepper: 0.25 },
  { ...COMMON, kind: 'masking', amount: 0.3, value: 0 },
  { ...COMMON, kind: 'speckle', mean: 0.1, stddev: 0.4 },
  { ...COMMON, kind: 'poisson', peak: 20 },
  { ...COMMON, kind: 'occlusion', size: [8, 6], count: 2, value: -1 },
  { ...COMMON, kind: 'blur', sigma: 1.5 },
];

test('every kind gives the same bits for the same seed, and stays in the range it announces', async (t) => {
  for (const settings of KINDS) {
    const first = await corruptBy(t, settings, {}, 100);
    const again = await corruptBy(t, settings, {}, 100);
    assert.deepEqual(again.test.data, first.test.data, settings.kind);
    const other = await corruptBy(t, settings, { seed: 1 }, 100);
    assert.equal(Buffer.compare(bytesOf(other.test), bytesOf(first.test)) === 0, settings.kind === 'blur');
    const [low, high] = (await readImageSet(first.folder)).range.map(Math.fround);
    assert.ok(
      first.test.data.every((value) => value >= (low ?? NaN) && value <= (high ?? NaN)),
      settings.kind,
    );
  }
});

function bytesOf({ data }: HeldImages): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Share of the values of the corrupted images that a rule counts. */
async function share(
  images: HeldImages,
  counts: (noisy: number, clean: number) => boolean,
  among: (clean: number) => boolean = () => true,
): Promise<number> {
  const { data } = await readMnist('test', 'images');
  let [found, all] = [0, 0];
  images.data.forEach((value, index) => {
    const clean = Math.fround((data[index] ?? 0) / 255);
    if (!among(clean)) return;
    all += 1;
    if (counts(value, clean)) found += 1;
  });
  return found / all;
}

const near = (value: number, expected: number, tolerance: number): void =>
  assert.ok(Math.abs(value - expected) < tolerance, `${value} instead of ${expected}`);
const isGray = (clean: number): boolean => clean > 0.1 && clean < 0.9;

test('salt and pepper come in the shares that were asked', async (t) => {
  const { test: images } = await corruptBy(t, {
    ...COMMON,
    kind: 'salt_and_pepper',
    amount: 0.2,
    salt_vs_pepper: 0.25,
  });
  near(await share(images, (noisy) => noisy === 1, isGray), 0.05, 0.005);
  near(await share(images, (noisy) => noisy === 0, isGray), 0.15, 0.005);
  near(await share(images, (noisy, clean) => Math.abs(noisy - clean) < 1e-6, isGray), 0.8, 0.005);
});

test('masking hides its share of values', async (t) => {
  const { test: images } = await corruptBy(t, { ...COMMON, kind: 'masking', amount: 0.3, value: 0.5 });
  near(await share(images, (noisy) => noisy === 0.5, isGray), 0.3, 0.01);
  near(await share(images, (noisy) => noisy === 0), 0.7 * 0.81, 0.02);
});

test('speckle leaves black black, and has the mean and the deviation that were asked', async (t) => {
  const { test: images, metrics } = await corruptBy(t, {
    ...COMMON,
    kind: 'speckle',
    mean: 0.1,
    stddev: 0.4,
  });
  assert.equal(
    await share(
      images,
      (noisy) => noisy !== 0,
      (clean) => clean === 0,
    ),
    0,
  );
  const { data } = await readMnist('test', 'images');
  let squares = 0;
  for (let index = 0; index < images.data.length; index++) squares += ((data[index] ?? 0) / 255) ** 2;
  near(metrics['test_mse'] ?? 0, (squares / images.data.length) * (0.1 ** 2 + 0.4 ** 2), 0.001);
});

test('photons have the mean and the variance of their intensity', async (t) => {
  const peak = 20;
  const { test: images } = await corruptBy(t, { ...COMMON, kind: 'poisson', peak });
  const { data } = await readMnist('test', 'images');
  const counts = [...images.data].filter((_, index) => data[index] === 255).map((value) => value * peak);
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length;
  near(mean, peak, 0.5);
  near(variance, peak, 2);
  assert.ok(counts.every((count) => Math.abs(count - Math.round(count)) < 1e-5));
});

test('each image has its rectangles, wholly inside and not all at one place', async (t) => {
  const { test: images } = await corruptBy(t, {
    ...COMMON,
    kind: 'occlusion',
    size: [8, 6],
    count: 1,
    value: -1,
  });
  const places = new Set<number>();
  for (let start = 0; start < images.data.length; start += 784) {
    const hidden = [...images.data.subarray(start, start + 784).keys()].filter(
      (pixel) => images.data[start + pixel] === -1,
    );
    const [first = 0] = hidden;
    assert.equal(hidden.length, 48);
    assert.equal(hidden.at(-1), first + 7 * 28 + 5);
    places.add(first);
  }
  assert.ok(places.size > 200);
});

test("blurring equals SciPy's", () => {
  const image = new Float32Array(30);
  image[8] = 1;
  image[29] = 0.5;
  const blurred = new Float32Array(30);
  blurImages(blurred, image, [5, 6, 1], 0.8);
  // scipy.ndimage.gaussian_filter(image, 0.8, mode='nearest', truncate=4.0)
  const expected = [
    [0.0050024, 0.0521258, 0.1138532, 0.0521258, 0.0050024, 0.0001006],
    [0.0109262, 0.1138532, 0.2486783, 0.1138581, 0.0109814, 0.0003849],
    [0.0050024, 0.0521258, 0.1138581, 0.0523756, 0.0078036, 0.0084749],
    [0.0004801, 0.0050024, 0.0109814, 0.0078036, 0.0318957, 0.0939249],
    [9.7e-6, 0.0001006, 0.0003849, 0.0084749, 0.0939249, 0.2807541],
  ].flat();
  expected.forEach((value, index) => near(blurred[index] ?? 0, value, 1e-6));
});

test('noise that its images cannot have is reported before anything runs', () => {
  const codes = (settings: NoiseSettings, range: readonly [number, number]): unknown => {
    const findings: Finding[] = [];
    noiseNode.analyze({
      stage: 'noisy',
      settings,
      inputs: { data: { kind: 'images', splits: ['train'], shape: [28, 28, 1], range } },
      references: { data: 'mnist' },
      report: (finding) => findings.push(finding),
    });
    return findings.map(({ code, at }) => [code, ...at]);
  };
  assert.deepEqual(codes({ ...COMMON, kind: 'poisson', peak: 20 }, [-1, 1]), [['bad-setting', 'kind']]);
  assert.deepEqual(codes({ ...COMMON, kind: 'poisson', peak: 20 }, [0, 1]), []);
  const occlusion: NoiseSettings = { ...COMMON, kind: 'occlusion', size: [29, 2], count: 1, value: 0 };
  assert.deepEqual(codes(occlusion, [0, 1]), [['out-of-range', 'size']]);
});
