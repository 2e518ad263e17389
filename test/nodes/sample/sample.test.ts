/** The `sample` stage: what `check` finds, and what a run samples. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, test, type TestContext } from 'node:test';
import { readImages, readImageSet, type HeldImages } from '../../../src/formats/images.ts';
import { NormalNumbers } from '../../../src/formats/normal-numbers.ts';
import type { SampleSettings } from '../../../src/schema/generated/settings.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import { deriveSeed } from '../../../src/core/seed.ts';
import type { Finding, OutputDescription } from '../../../src/core/stage-type.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { predictAll } from '../../../src/engine/train/predict.ts';
import { rowNumbers } from '../../../src/engine/train/samples.ts';
import { buildAutoencoder, disposeAutoencoder } from '../../../src/layers/build.ts';
import type { Architecture } from '../../../src/layers/layer.ts';
import { loadModel, saveAutoencoder } from '../../../src/layers/save.ts';
import { sampleNode } from '../../../src/nodes/sample/node.ts';
import { testEngine } from '../../engine/train/engine.ts';
import { layer } from '../../layers/specs.ts';
import { fakeContext, temporaryFolder } from '../context.ts';
import { architecture, imageStage, SHAPE, squares } from '../train/rig.ts';

const SETTINGS: SampleSettings = { type: 'sample', model: 'trained', from: 'prior', count: 5, batch_size: 7 };

const vae: Architecture = {
  ...architecture,
  encoder: ['Flatten', layer('Variational', { units: 3 })],
};

type Trained = Extract<OutputDescription, { kind: 'trained-model' }>;
type Images = Extract<OutputDescription, { kind: 'images' }>;

function analyze(settings: Partial<SampleSettings>, model: Partial<Trained> = {}, data?: Partial<Images>) {
  const findings: Finding[] = [];
  const output = sampleNode.analyze({
    stage: 'samples',
    settings: { ...SETTINGS, ...settings },
    inputs: {
      model: {
        kind: 'trained-model',
        ...{ inputShape: SHAPE, latentShape: [3], outputShape: SHAPE },
        ...{ data: 'clean', target: 'clean', denoiser: false, variational: true },
        ...model,
      },
      ...(data === undefined
        ? {}
        : { data: { kind: 'images', shape: SHAPE, range: [0, 1], splits: ['train', 'test'], ...data } }),
    },
    references: { model: 'trained', ...(data === undefined ? {} : { data: 'clean' }) },
    report: (finding) => findings.push(finding),
  });
  return {
    output,
    found: findings.map(({ code, severity, at }) => `${severity ?? 'error'} ${code} ${at.join('.')}`),
  };
}

test('samples are images of the size that the model gives', () => {
  assert.deepEqual(analyze({}), {
    found: [],
    output: {
      kind: 'images',
      shape: SHAPE,
      splits: ['test'],
      labeled: false,
      chosen: { counts: { test: 5 }, divisions: [] },
    },
  });
  const { output } = analyze(
    { from: 'posterior', count: 30 },
    {},
    {
      labeled: true,
      chosen: { counts: { test: 20 }, divisions: [] },
    },
  );
  assert.ok(output?.kind === 'images' && output.labeled === true && output.chosen?.counts?.test === 20);
});

test('settings that do not go together, and models that cannot be sampled, are found', () => {
  assert.deepEqual(analyze({}, { variational: false }).found, ['error bad-setting from']);
  assert.deepEqual(analyze({ from: 'posterior' }, { variational: false }, {}).found, [
    'error bad-setting from',
  ]);
  assert.deepEqual(analyze({ from: 'mixture' }, { variational: false }, {}).found, []);
  assert.deepEqual(analyze({ from: 'mixture' }).found, ['error missing-key from']);
  assert.deepEqual(analyze({ from: 'mixture' }, { latentShape: [7, 7, 64] }, {}).found, [
    'error out-of-range from',
  ]);
  assert.deepEqual(analyze({ split: 'test', components: 3 }, {}, {}).found, [
    'error bad-setting data',
    'error bad-setting split',
    'error bad-setting components',
  ]);
  assert.deepEqual(analyze({ from: 'posterior' }, {}, { splits: ['train'] }).found, [
    'error missing-split data',
  ]);
  assert.deepEqual(analyze({ from: 'mixture' }, {}, { shape: [9, 9, 1] }).found, [
    'error shape-mismatch model',
  ]);
  const counted = (train: number): Partial<Images> => ({ chosen: { counts: { train }, divisions: [] } });
  assert.deepEqual(analyze({ from: 'mixture', components: 9 }, {}, counted(9)).found, []);
  assert.deepEqual(analyze({ from: 'mixture', components: 9 }, {}, counted(8)).found, [
    'error bad-setting components',
  ]);
  const conditional = { classes: 3 };
  const zeros = { classes: [{ label: 0 }] };
  assert.deepEqual(analyze({ from: 'mixture', label: 1 }, conditional, zeros).found, [
    'error bad-setting label',
  ]);
  assert.deepEqual(analyze({ from: 'mixture', label: 0 }, conditional, zeros).found, []);
  assert.deepEqual(analyze({}, { outputShape: [144] }).found, ['error shape-mismatch model']);
});

let engine: Engine;
before(async () => {
  engine = await testEngine();
});

async function draw(t: TestContext, settings: Partial<SampleSettings>, of: Architecture = vae) {
  const root = temporaryFolder(t);
  const own = join(root, 'trained');
  mkdirSync(own);
  const models = buildAutoencoder(engine.tf, of, (purpose) => deriveSeed(1, 'trained', purpose));
  await saveAutoencoder(models, join(own, 'model'));
  disposeAutoencoder(models);
  const data = await imageStage(root, 'clean', { train: squares(60, 1), test: squares(20, 2) });
  const given = { ...SETTINGS, ...settings };
  const inputs = {
    model: { stage: 'trained', kind: 'trained-model', folder: own } as const,
    ...(given.from === 'prior' ? {} : { data }),
  };
  const context = fakeContext(root, given, { stage: 'samples', inputs, engine: async () => engine });
  const held = engine.tf.memory().numTensors;
  await sampleNode.run(context);
  assert.equal(engine.tf.memory().numTensors, held, 'tensors are left behind');
  const record = await readImageSet(context.folder);
  return { record, images: await readImages(context.folder, 'test'), own, seed: context.seed };
}

function firstOf({ data }: HeldImages, count: number): readonly number[] {
  return [...data.subarray(0, count * 144)];
}

test('samples of the prior are decoded normal numbers; a larger count begins with the same images', async (t) => {
  const { record, images, own, seed } = await draw(t, {});
  assert.deepEqual(record.shape, SHAPE);
  assert.deepEqual(record.splits.train, undefined);
  assert.equal(images.count, 5);
  assert.deepEqual(record.range, [Math.min(...images.data), Math.max(...images.data)]);
  const decoder = await loadModel(engine.tf, join(own, 'model', 'decoder'));
  const latents = new NormalNumbers(seed('prior'), 5, 3);
  const outputs = await predictAll(
    engine,
    decoder,
    { data: latents.read(0, 15), count: 5, shape: [3], scale: 1, offset: 0 },
    rowNumbers(5),
    { batchSize: 5, signal: new AbortController().signal },
  );
  decoder.dispose();
  outputs.forEach((value, index) => assert.ok(Math.abs(value - Number(images.data[index])) < 1e-6));
  const more = await draw(t, { count: 9, batch_size: 2 });
  const [few, many] = [firstOf(images, 5), firstOf(more.images, 5)];
  few.forEach((value, index) => assert.ok(Math.abs(value - (many[index] ?? NaN)) < 1e-6));
});

test('samples of posteriors keep the labels of their images, and those of a mixture have none', async (t) => {
  const posterior = await draw(t, { from: 'posterior', count: 50 });
  assert.equal(posterior.images.count, 20);
  assert.deepEqual(
    [...(posterior.images.labels ?? [])],
    Array.from({ length: 20 }, () => 3),
  );
  const mixture = await draw(t, { from: 'mixture', components: 2 });
  assert.equal(mixture.images.count, 5);
  assert.equal(mixture.images.labels, undefined);
  assert.equal(new Set(firstOf(mixture.images, 5)).size > 144, true);
  // Also of a model that has no prior.
  const plain = await draw(t, { from: 'mixture', components: 2 }, architecture);
  assert.equal(plain.images.count, 5);
  await assert.rejects(
    draw(t, {}, architecture),
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'bad-setting',
  );
});
