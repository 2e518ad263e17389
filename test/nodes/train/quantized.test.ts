/** A quantised autoencoder through its stages: what `check` finds, what a training writes, warns of and measures. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test, type TestContext } from 'node:test';
import type {
  EvaluateSettings,
  FigureSettings,
  SampleSettings,
  TrainSettings,
} from '../../../src/schema/generated/settings.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import type { Finding, OutputDescription } from '../../../src/core/stage-type.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import type { Architecture } from '../../../src/layers/layer.ts';
import { loadModel, loadQuantized } from '../../../src/layers/save.ts';
import { evaluateNode } from '../../../src/nodes/evaluate/node.ts';
import { figureNode } from '../../../src/nodes/figure/node.ts';
import { modelNode } from '../../../src/nodes/model/node.ts';
import { sampleNode } from '../../../src/nodes/sample/node.ts';
import { inspectTrained } from '../../../src/nodes/train/inspect.ts';
import { trainNode } from '../../../src/nodes/train/node.ts';
import { testEngine } from '../../engine/train/engine.ts';
import { layer } from '../../layers/specs.ts';
import { fakeContext, temporaryFolder } from '../context.ts';
import { imageStage, modelStage, SHAPE, squares, TRAIN } from './rig.ts';

/** Nine vectors of two values for each image. */
const quantized = (codes: number): Architecture => ({
  input_shape: [...SHAPE],
  encoder: [
    'Flatten',
    layer('Dense', { units: 18 }),
    layer('Reshape', { target_shape: [3, 3, 2] }),
    layer('VectorQuantizer', { codes, embeddings_initializer: 'he_normal' }),
  ],
  decoder: [
    'Flatten',
    layer('Dense', { units: 144, activation: 'sigmoid' }),
    layer('Reshape', { target_shape: [...SHAPE] }),
  ],
});

const EVALUATE: EvaluateSettings = {
  type: 'evaluate',
  model: 'trained',
  data: 'clean',
  split: 'test',
  metrics: ['mse', 'perplexity'],
  batch_size: 7,
};

let engine: Engine;
before(async () => {
  engine = await testEngine();
});

async function train(
  t: TestContext,
  codes: number,
  settings: Partial<TrainSettings>,
  architecture = quantized(codes),
) {
  const root = temporaryFolder(t);
  const inputs = {
    model: await modelStage(engine, root, architecture),
    data: await imageStage(root, 'clean', { train: squares(100, 1), test: squares(20, 2) }),
  };
  const full: TrainSettings = { ...TRAIN, compile: 'eager', ...settings };
  const options = { stage: 'trained', inputs, engine: async () => engine };
  const context = fakeContext(root, full, options);
  const { metrics = {} } = await trainNode.run(context);
  const trained = { stage: 'trained', kind: 'trained-model', folder: context.folder } as const;
  return { root, inputs, settings: full, metrics, logs: context.logs, folder: context.folder, trained };
}

test('a training writes the parts of its loss, and its codes are measured again', async (t) => {
  const held = engine.tf.memory().numTensors;
  const { root, inputs, settings, metrics, folder, trained, logs } = await train(t, 8, {
    divide_by_variance: true,
  });
  const names = ['loss', 'reconstruction', 'vq', 'perplexity'].flatMap((name) => [name, `val_${name}`]);
  const [columns, ...lines] = readFileSync(join(folder, 'history.csv'), 'utf8').trim().split('\n');
  assert.deepEqual(columns?.split(','), ['epoch', ...names]);
  for (const line of lines) {
    const [, loss = NaN, , reconstruction = NaN, , vq = NaN, , perplexity = NaN] = line
      .split(',')
      .map(Number);
    assert.ok(Math.abs(loss - reconstruction - vq) < 1e-5);
    assert.ok(perplexity >= 1 && perplexity <= 8);
  }
  assert.ok(logs.some((text) => text.includes('of 8 codes are used')));

  const options = { inputs: { ...inputs, trained }, engine: async () => engine };
  const inspection = { stage: 'trained', train: settings, seed: 0 };
  const inspected = await inspectTrained(
    fakeContext(root, { ...inspection }, { ...options, stage: 'inspection' }),
  );
  for (const name of ['val_loss', 'val_vq', 'val_perplexity'])
    assert.ok(Math.abs((inspected.metrics?.[name] ?? NaN) / (metrics[name] ?? NaN) - 1) < 1e-5, name);

  const given = { ...options, stage: 'quality', inputs: { model: trained, data: inputs.data } };
  const { metrics: measured = {} } = await evaluateNode.run(fakeContext(root, EVALUATE, given));
  assert.deepEqual(Object.keys(measured), EVALUATE.metrics);
  // Over all test images, not over the batches of a validation.
  assert.ok((measured['perplexity'] ?? NaN) >= (metrics['val_perplexity'] ?? NaN) - 1e-6);
  // The reconstruction is a share of the variance: of the training images, not of the test images.
  const share = (measured['mse'] ?? NaN) / (metrics['val_reconstruction'] ?? NaN);
  const pixels = Array.from(squares(100, 1).data);
  const mean = pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
  const variance = pixels.reduce((sum, value) => sum + (value - mean) ** 2, 0) / pixels.length / 255 ** 2;
  assert.ok(Math.abs(share / variance - 1) < 1e-3, `${share}, not ${variance}`);
  assert.equal(engine.tf.memory().numTensors, held, 'tensors are left behind');
});

test('the codes of a conditional model are counted with the labels of the images', async (t) => {
  const codes = layer('VectorQuantizer', { codes: 4, embeddings_initializer: 'he_normal' });
  const { encoder, decoder, ...rest } = quantized(4);
  const { root, inputs, metrics, logs, trained } = await train(
    t,
    4,
    { epochs: 1 },
    {
      ...rest,
      ...{ condition: 'labels', classes: 4 },
      encoder: [...encoder.slice(0, 2), codes],
      decoder: decoder.slice(1),
    },
  );
  assert.ok(logs.some((text) => text.includes('of 4 codes are used')));
  const options = { inputs: { model: trained, data: inputs.data }, engine: async () => engine };
  const settings = { ...EVALUATE, batch_size: TRAIN.batch_size };
  const context = fakeContext(root, settings, { ...options, stage: 'quality' });
  const { metrics: measured = {} } = await evaluateNode.run(context);
  const perplexity = measured['perplexity'] ?? NaN;
  assert.ok(perplexity >= (metrics['val_perplexity'] ?? NaN) - 1e-6 && perplexity <= 4, `${perplexity}`);
});

test('a saved encoder gives codes, and tells which layer has them', async (t) => {
  const { folder } = await modelStage(engine, temporaryFolder(t), quantized(4));
  const { tf } = engine;
  const encoder = await loadModel(tf, join(folder, 'encoder'));
  const parts = (await loadQuantized(tf, folder)) ?? assert.fail();
  tf.tidy(() => {
    const x = tf.randomUniform([5, ...SHAPE], 0, 1, 'float32', 3);
    const [output, choices] = [encoder, parts.choices].map((model) => {
      const tensor = model.predict(x);
      return Array.isArray(tensor) ? assert.fail() : tensor;
    });
    assert.deepEqual(output?.shape, [5, 3, 3, 2]);
    assert.deepEqual(choices?.shape, [5, 3, 3, 4]);
    assert.deepEqual([...(choices?.max(3).dataSync() ?? [])], Array(45).fill(1));
    assert.deepEqual([...(choices?.sum(3).dataSync() ?? [])], Array(45).fill(1));
    const vectors = new Set(
      Array.from({ length: 45 }, (_, at) =>
        output
          ?.dataSync()
          .slice(2 * at, 2 * at + 2)
          .join(),
      ),
    );
    assert.ok(vectors.size > 1 && vectors.size <= 4);
  });
  encoder.dispose();
  parts.dispose();
  const file = join(folder, 'encoder', 'model.json');
  const text = readFileSync(file, 'utf8');
  const label = '"quantizer": "vector_quantizer"';
  assert.ok(text.includes(label));
  // Python would read it as an integer, too large for TensorFlow.
  assert.doesNotMatch(text, /\d{16}(?![\d.e])/);
  for (const other of [
    '"quantizer": "dense"',
    '"quantizer": 3',
    '"variational": "dense", "quantizer": "dense"',
    '"codes": "dense"',
  ]) {
    writeFileSync(file, text.replace(label, other));
    await assert.rejects(loadQuantized(tf, folder), Failure, other);
  }
  const plain = await modelStage(engine, temporaryFolder(t));
  assert.equal(await loadQuantized(tf, plain.folder), undefined);
});

test('dead codes are pointed out, and targets without variance refused', async (t) => {
  const many = await train(t, 300, { epochs: 1 });
  assert.ok(many.logs.some((text) => text.includes('dead')));
  const root = temporaryFolder(t);
  const images = squares(30, 1);
  const inputs = {
    model: await modelStage(engine, root, quantized(4)),
    data: await imageStage(root, 'clean', { train: { ...images, data: images.data.fill(9) }, test: images }),
  };
  const settings = { ...TRAIN, divide_by_variance: true };
  const context = fakeContext(root, settings, { stage: 'trained', inputs, engine: async () => engine });
  await assert.rejects(
    async () => trainNode.run(context),
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'bad-setting',
  );
});

function found(run: (report: (finding: Finding) => void) => void): readonly string[] {
  const findings: string[] = [];
  run(({ code, at }) => findings.push(`${code} ${at.join('.')}`));
  return findings;
}

const MODEL: OutputDescription = {
  kind: 'model',
  inputShape: SHAPE,
  latentShape: [3, 3, 2],
  outputShape: SHAPE,
  outputActivation: 'sigmoid',
};
const IMAGES: OutputDescription = { kind: 'images', shape: SHAPE, range: [0, 1], splits: ['train', 'test'] };
const TRAINED: OutputDescription = {
  ...{ kind: 'trained-model', inputShape: SHAPE, latentShape: [3, 3, 2], outputShape: SHAPE },
  ...{ data: 'clean', target: 'clean', denoiser: false, loss: 'mse' },
};

test('codes in the wrong place are found', () => {
  const { encoder, decoder } = quantized(4);
  const check = (layers: Architecture['encoder'], others = decoder): readonly string[] =>
    found((report) =>
      modelNode.analyze({
        stage: 'vq',
        settings: { type: 'model', input_shape: [...SHAPE], encoder: layers, decoder: others },
        ...{ inputs: {}, references: {}, report },
      }),
    );
  const codes = layer('VectorQuantizer', { codes: 4 });
  assert.deepEqual(check(encoder), []);
  assert.deepEqual(check(['Flatten', codes]), []);
  assert.deepEqual(check([...encoder, 'Flatten']), ['bad-setting encoder.3']);
  assert.deepEqual(check(['Flatten', codes, layer('Variational', { units: 2 })]), ['bad-setting encoder.1']);
  assert.deepEqual(check(encoder, [codes, ...decoder]), ['bad-setting decoder.0']);
  assert.deepEqual(check(['Flatten', layer('VectorQuantizer', { codes: 2 ** 24 })]), [
    'out-of-range encoder.1',
  ]);
});

test('a division by the variance, and `kl`, are for some models only', () => {
  const check = (settings: Partial<TrainSettings>, model: Partial<typeof MODEL>): readonly string[] =>
    found((report) =>
      trainNode.analyze({
        stage: 'trained',
        settings: { ...TRAIN, ...settings },
        inputs: { model: { ...MODEL, ...model } as OutputDescription, data: IMAGES },
        references: { model: 'vq', data: 'clean' },
        report,
      }),
    );
  const codes = { quantized: true, variational: false };
  const divided = { divide_by_variance: true };
  assert.deepEqual(check(divided, codes), []);
  assert.deepEqual(check(divided, {}), []);
  assert.deepEqual(check(divided, { quantized: false }), ['bad-setting divide_by_variance']);
  assert.deepEqual(check({ divide_by_variance: false }, { quantized: false }), []);
  assert.deepEqual(check({ ...divided, loss: 'mae' }, codes), ['bad-setting divide_by_variance']);
  const kl = { weight: 1, warmup_epochs: 0, free_bits: 0 };
  assert.deepEqual(check({ kl }, codes), ['bad-setting kl']);
});

test('codes are measured by their perplexity, and neither sampled nor traversed', () => {
  const analyze = <Settings>(
    node: { analyze: (context: Parameters<typeof evaluateNode.analyze>[0]) => unknown },
    settings: Settings,
    isQuantized: boolean,
  ): readonly string[] =>
    found((report) =>
      node.analyze({
        stage: 'tested',
        settings: settings as never,
        inputs: { model: { ...TRAINED, quantized: isQuantized, variational: false }, data: IMAGES },
        references: { model: 'trained', data: 'clean' },
        report,
      }),
    );
  assert.deepEqual(analyze(evaluateNode, EVALUATE, true), []);
  assert.deepEqual(analyze(evaluateNode, EVALUATE, false), ['bad-setting metrics.1']);
  assert.deepEqual(analyze(evaluateNode, { ...EVALUATE, metrics: ['kl'] }, true), ['bad-setting metrics.0']);
  const sample = {
    type: 'sample',
    model: 'trained',
    from: 'mixture',
    data: 'clean',
    count: 4,
    batch_size: 4,
  };
  assert.deepEqual(analyze(sampleNode as never, sample as unknown as SampleSettings, true), [
    'bad-setting model',
  ]);
  assert.deepEqual(analyze(sampleNode as never, sample as unknown as SampleSettings, false), []);
  for (const kind of ['traversal', 'manifold']) {
    const figure = {
      type: 'figure',
      kind,
      model: 'trained',
      data: 'clean',
      split: 'test',
      rows: 2,
      columns: 3,
    };
    const findings = analyze(figureNode as never, figure as unknown as FigureSettings, true);
    assert.deepEqual(findings, ['bad-setting model'], kind);
  }
});
