/** The `evaluate` stage: what `check` finds, and what a run measures. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test, type TestContext } from 'node:test';
import type { EvaluateSettings } from '../../../src/schema/generated/settings.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import { namesOf } from '../../../src/formats/image-names.ts';
import { readCsv } from '../../../src/formats/csv.ts';
import { deriveSeed } from '../../../src/core/seed.ts';
import type { Finding, OutputDescription } from '../../../src/core/stage-type.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { ssim } from '../../../src/engine/train/ssim.ts';
import { buildAutoencoder, disposeAutoencoder } from '../../../src/layers/build.ts';
import { saveAutoencoder } from '../../../src/layers/save.ts';
import type { InputArtifact } from '../../../src/nodes/contract.ts';
import { evaluateNode } from '../../../src/nodes/evaluate/node.ts';
import { writeTables } from '../../../src/nodes/evaluate/tables.ts';
import { testEngine } from '../../engine/train/engine.ts';
import { fakeContext, temporaryFolder } from '../context.ts';
import { architecture, imageStage, SHAPE, squares } from '../train/rig.ts';

const SETTINGS: EvaluateSettings = {
  type: 'evaluate',
  model: 'trained',
  data: 'images',
  split: 'test',
  metrics: ['mse'],
  batch_size: 7,
};

type Trained = Extract<OutputDescription, { kind: 'trained-model' }>;
type Images = Extract<OutputDescription, { kind: 'images' }>;

const TRAINED: Trained = {
  kind: 'trained-model',
  inputShape: [28, 28, 1],
  latentShape: [8],
  outputShape: [28, 28, 1],
  data: 'noisy',
  target: 'clean',
  denoiser: true,
};
const IMAGES: Images = { kind: 'images', shape: [28, 28, 1], range: [0, 1], splits: ['train', 'test'] };

function analyze(
  settings: Partial<EvaluateSettings>,
  data: Partial<Images>,
  target?: Partial<Images>,
  model: Partial<Trained> = {},
): { readonly found: readonly string[]; readonly output: OutputDescription | undefined } {
  const findings: Finding[] = [];
  const output = evaluateNode.analyze({
    stage: 'quality',
    settings: { ...SETTINGS, ...settings },
    inputs: {
      model: { ...TRAINED, ...model },
      data: { ...IMAGES, ...data },
      ...(target === undefined ? {} : { target: { ...IMAGES, ...target } }),
    },
    references: { model: 'denoiser', data: 'images', ...(target === undefined ? {} : { target: 'clean' }) },
    report: (finding) => findings.push(finding),
  });
  return {
    output,
    found: findings.map(({ code, severity, at }) => `${severity ?? 'error'} ${code} ${at.join('.')}`),
  };
}

test('a denoiser that is evaluated on clean images is pointed out', () => {
  assert.deepEqual(analyze({}, {}, {}).found, ['warning clean-evaluation data']);
  assert.deepEqual(analyze({}, { corruptionOf: 'clean' }, {}).found, []);
  assert.deepEqual(analyze({}, {}, undefined, { denoiser: false }).found, []);
});

test('a denoiser that is compared with corrupted images is pointed out', () => {
  assert.deepEqual(analyze({}, { corruptionOf: 'clean' }).found, ['warning bad-setting data']);
});

test('an evaluation against corrupted images is reported for every model', () => {
  const plain = { denoiser: false };
  assert.deepEqual(analyze({}, {}, { corruptionOf: 'images' }, plain).found, ['warning bad-setting target']);
  assert.deepEqual(analyze({}, { corruptionOf: 'clean' }, { corruptionOf: 'clean' }, plain).found, [
    'warning bad-setting target',
  ]);
});

test('metrics that cannot be computed are found before anything runs', () => {
  const plain = { denoiser: false };
  const shape = [10, 28, 1] as const;
  const small = { ...plain, inputShape: shape, outputShape: shape };
  assert.deepEqual(analyze({ metrics: ['mse', 'ssim'] }, { shape }, undefined, small).found, [
    'error shape-mismatch metrics.1',
  ]);
  assert.deepEqual(
    analyze({ metrics: ['binary_crossentropy'] }, { range: [0, 255] }, undefined, plain).found,
    ['error loss-output-mismatch metrics.0'],
  );
  assert.deepEqual(analyze({}, { splits: ['train'] }, undefined, plain).found, ['error missing-split split']);
  assert.deepEqual(analyze({}, { shape: [14, 14, 1] }, undefined, plain).found, [
    'error shape-mismatch model',
  ]);
});

test('metrics are named by their split where there are several', () => {
  const names = (settings: Partial<EvaluateSettings>): unknown => {
    const { output } = analyze(settings, {}, undefined, { denoiser: false });
    return output?.kind === 'metrics' && output.names;
  };
  assert.deepEqual(names({ metrics: ['mse', 'psnr'] }), ['mse', 'psnr']);
  assert.deepEqual(names({ metrics: ['mse'], split: 'all' }), ['train_mse', 'test_mse']);
});

test('tables need classes, and metrics of single images', () => {
  const plain = { denoiser: false };
  const check = (settings: Partial<EvaluateSettings>, data: Partial<Images> = {}) =>
    analyze(settings, data, undefined, plain).found;
  assert.deepEqual(check({ by: ['image', 'class'] }), []);
  assert.deepEqual(check({ by: ['image', 'class'] }, { labeled: false }), ['error bad-setting by.1']);
  assert.deepEqual(check({ by: ['image'] }, { labeled: false }), []);
  assert.deepEqual(check({ by: ['image'], metrics: ['active_units'] }), ['error bad-setting by']);
});

let engine: Engine;
before(async () => {
  engine = await testEngine();
});

/** An untrained model in the place of a trained one. */
async function trainedStage(folder: string): Promise<InputArtifact> {
  const own = join(folder, 'trained');
  const models = buildAutoencoder(engine.tf, architecture, (purpose) => deriveSeed(1, 'trained', purpose));
  mkdirSync(own);
  await saveAutoencoder(models, join(own, 'model'));
  disposeAutoencoder(models);
  return { stage: 'trained', kind: 'trained-model', folder: own };
}

async function evaluate(
  t: TestContext,
  settings: Partial<EvaluateSettings>,
  labels?: Int32Array | 'none',
): Promise<{
  readonly metrics: Readonly<Record<string, number>>;
  readonly folder: string;
}> {
  const root = temporaryFolder(t);
  const { labels: own, ...unlabelled } = squares(10, 2);
  const inputs = {
    model: await trainedStage(root),
    data: await imageStage(root, 'images', {
      train: squares(20, 1),
      test: labels === 'none' ? unlabelled : { ...unlabelled, labels: labels ?? own },
    }),
  };
  const held = engine.tf.memory().numTensors;
  const context = fakeContext(root, { ...SETTINGS, ...settings }, { inputs, engine: async () => engine });
  const { metrics = {} } = await evaluateNode.run(context);
  assert.equal(engine.tf.memory().numTensors, held);
  return { metrics, folder: context.folder };
}

test('a run measures what its analysis announced, with any batch size', async (t) => {
  const metrics = ['mse', 'mae', 'binary_crossentropy', 'psnr', 'ssim'] as const;
  const all = await evaluate(t, { metrics, split: 'all' });
  assert.deepEqual(
    Object.keys(all.metrics),
    ['train', 'test'].flatMap((split) => metrics.map((metric) => `${split}_${metric}`)),
  );
  assert.deepEqual(JSON.parse(readFileSync(join(all.folder, 'metrics.json'), 'utf8')), all.metrics);
  const { metrics: whole } = await evaluate(t, { metrics, batch_size: 64 });
  for (const metric of metrics) {
    assert.ok(Math.abs((whole[metric] ?? 0) - (all.metrics[`test_${metric}`] ?? 1)) < 1e-6);
  }
});

test('the numbers are those of the outputs of the model', async (t) => {
  const { metrics } = await evaluate(t, { metrics: ['ssim', 'mse'] });
  const models = buildAutoencoder(engine.tf, architecture, (purpose) => deriveSeed(1, 'trained', purpose));
  const images = squares(10, 2);
  const input = Float32Array.from(images.data, (value) => value / 255);
  const outputs = engine.tf.tidy(() => {
    const result = models.autoencoder.predict(engine.tf.tensor(input, [10, ...SHAPE]));
    assert.ok(!Array.isArray(result));
    return Float32Array.from(result.dataSync());
  });
  disposeAutoencoder(models);
  const part = (values: Float32Array, index: number): Float32Array =>
    values.subarray(index * 144, (index + 1) * 144);
  const similarities = Array.from({ length: 10 }, (_, index) =>
    ssim(part(input, index), part(outputs, index), SHAPE, 1),
  );
  assert.ok(
    Math.abs((metrics['ssim'] ?? 0) - similarities.reduce((sum, value) => sum + value, 0) / 10) < 1e-6,
  );
  const squared = outputs.reduce((sum, value, index) => sum + (value - (input[index] ?? 0)) ** 2, 0);
  assert.ok(Math.abs((metrics['mse'] ?? 0) - squared / outputs.length) < 1e-6);
});

test('the metrics of each image and class go to tables, with the standard errors of their means', async (t) => {
  const labels = Int32Array.from([2, 0, 0, 2, 2, 1, 0, 2, 0, 0]);
  const metrics = ['mse', 'mean_activation', 'active_share'] as const;
  const { metrics: found, folder } = await evaluate(t, { metrics, by: ['class', 'image'] }, labels);
  const names = ['mse_standard_error', 'mean_activation_standard_error', 'active_share_standard_error'];
  assert.deepEqual(Object.keys(found), [...metrics, ...names]);
  assert.deepEqual(JSON.parse(readFileSync(join(folder, 'metrics.json'), 'utf8')), found);
  const read = (file: string): readonly (readonly string[])[] =>
    (readCsv(readFileSync(join(folder, file), 'utf8')) ?? []).map(({ cells }) => cells);
  const [head, ...images] = read('images.csv');
  assert.deepEqual(head, ['image', 'class', ...metrics]);
  assert.deepEqual(
    images.map(([image, label]) => [Number(image), Number(label)]),
    [...labels].map((label, image) => [image, label]),
  );
  const [columns = [], ...classes] = read('classes.csv');
  assert.deepEqual(
    classes.map(([label, count]) => `${label} ${count}`),
    ['0 5', '1 1', '2 4', 'all 10'],
  );
  for (const [index, metric] of metrics.entries()) {
    const values = images.map((cells) => Number(cells[2 + index]));
    for (const row of classes) {
      const own = values.filter((_, image) => row[0] === 'all' || String(labels[image]) === row[0]);
      const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
      const variance = own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (own.length - 1);
      assert.ok(Math.abs(Number(row[columns.indexOf(metric)]) - mean) < 1e-12);
      const error = row[columns.indexOf(`${metric}_standard_error`)] ?? '';
      // One image has none.
      if (own.length === 1) assert.equal(error, '');
      else assert.ok(Math.abs(Number(error) - Math.sqrt(variance / own.length)) < 1e-12);
      if (row[0] === 'all') {
        assert.ok(Math.abs((found[metric] ?? NaN) - mean) < 1e-12);
        assert.equal(found[`${metric}_standard_error`], Number(error));
      }
    }
  }
  await assert.rejects(evaluate(t, { by: ['class'] }, 'none'), Failure);
});

test('the row of all images has a name that no class has', async (t) => {
  const folder = temporaryFolder(t);
  const images = { count: 3, labels: Int32Array.from([0, 1, 0]), names: namesOf('some', 3) };
  const rowsFor = async (classes: readonly string[]): Promise<readonly (string | undefined)[]> => {
    const measured = {
      split: 'test',
      images: { ...images, classes },
      values: new Map([['mse', new Float64Array(3)]]),
    };
    await writeTables({ settings: { ...SETTINGS, by: ['class'] }, folder }, [{ ...measured, split: 'test' }]);
    const [, ...rows] = readCsv(readFileSync(join(folder, 'classes.csv'), 'utf8')) ?? [];
    return rows.map(({ cells }) => cells[0]);
  };
  assert.deepEqual(await rowsFor(['one', 'two']), ['one', 'two', 'all']);
  assert.deepEqual(await rowsFor(['all', 'none']), ['all', 'none', '(all)']);
  assert.deepEqual(await rowsFor(['(all)', 'all']), ['(all)', 'all', '((all))']);
});

test('the activation of codes is that of the outputs of the encoder', async (t) => {
  const { metrics } = await evaluate(t, { metrics: ['mean_activation', 'active_share'] });
  const models = buildAutoencoder(engine.tf, architecture, (purpose) => deriveSeed(1, 'trained', purpose));
  const codes = engine.tf.tidy(() => {
    const input = Float32Array.from(squares(10, 2).data, (value) => value / 255);
    const result = models.encoder.predict(engine.tf.tensor(input, [10, ...SHAPE]));
    assert.ok(!Array.isArray(result));
    return Float32Array.from(result.dataSync());
  });
  disposeAutoencoder(models);
  const mean = codes.reduce((sum, value) => sum + value, 0) / codes.length;
  assert.ok(mean !== 0 && Math.abs((metrics['mean_activation'] ?? NaN) - mean) < 1e-6);
  const active = codes.filter((value) => value !== 0).length / codes.length;
  assert.ok(Math.abs((metrics['active_share'] ?? NaN) - active) < 1e-9);
});
