/** A Wasserstein autoencoder through its stages: what `check` finds, what a training writes, and that its prior can be sampled. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test, type TestContext } from 'node:test';
import type { SampleSettings, TrainSettings } from '../../../src/schema/generated/settings.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import type { Finding, OutputDescription } from '../../../src/core/stage-type.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { readImageSet } from '../../../src/formats/images.ts';
import type { Architecture } from '../../../src/layers/layer.ts';
import { sampleNode } from '../../../src/nodes/sample/node.ts';
import { inspectTrained } from '../../../src/nodes/train/inspect.ts';
import { trainNode } from '../../../src/nodes/train/node.ts';
import { testEngine } from '../../engine/train/engine.ts';
import { layer } from '../../layers/specs.ts';
import { fakeContext, temporaryFolder } from '../context.ts';
import { imageStage, modelStage, SHAPE, squares, TRAIN } from './rig.ts';

const wae: Architecture = {
  input_shape: [...SHAPE],
  encoder: ['Flatten', layer('Dense', { units: 8, activation: 'relu' }), layer('Dense', { units: 3 })],
  decoder: [
    layer('Dense', { units: 144, activation: 'sigmoid' }),
    layer('Reshape', { target_shape: [...SHAPE] }),
  ],
};

const MMD = { MMD: { weight: 10, kernel: 'imq' } } as const;

const SAMPLE: SampleSettings = { type: 'sample', model: 'trained', from: 'prior', count: 6, batch_size: 4 };

let engine: Engine;
before(async () => {
  engine = await testEngine();
});

async function train(t: TestContext, settings: Partial<TrainSettings>, count = 100) {
  const root = temporaryFolder(t);
  const inputs = {
    model: await modelStage(engine, root, wae),
    data: await imageStage(root, 'clean', { train: squares(count, 1), test: squares(20, 2) }),
  };
  const full: TrainSettings = { ...TRAIN, compile: 'eager', ...settings };
  const options = { stage: 'trained', inputs, engine: async () => engine };
  const context = fakeContext(root, full, options);
  const { metrics = {} } = await trainNode.run(context);
  const trained = { stage: 'trained', kind: 'trained-model', folder: context.folder } as const;
  return { root, inputs, settings: full, metrics, folder: context.folder, trained };
}

test('a training writes the parts of its loss, is measured again, and its prior is sampled', async (t) => {
  const held = engine.tf.memory().numTensors;
  const one = await train(t, { latent_regularizer: MMD });
  const { root, inputs, settings, metrics, folder, trained } = one;
  const [columns, ...lines] = readFileSync(join(folder, 'history.csv'), 'utf8').trim().split('\n');
  const names = ['loss', 'reconstruction', 'mmd'].flatMap((name) => [name, `val_${name}`]);
  assert.deepEqual(columns?.split(','), ['epoch', ...names]);
  for (const line of lines) {
    const [, loss = NaN, held = NaN, own = NaN, other = NaN, mmd = NaN, far = NaN] = line
      .split(',')
      .map(Number);
    assert.ok(Math.abs(loss - own - 10 * mmd) < 1e-3 && Math.abs(held - other - 10 * far) < 1e-3);
  }
  const options = { inputs: { ...inputs, trained }, engine: async () => engine };
  const inspection = { stage: 'trained', train: settings, seed: 0 };
  const inspected = await inspectTrained(
    fakeContext(root, { ...inspection }, { ...options, stage: 'inspection' }),
  );
  for (const name of ['val_loss', 'val_mmd'])
    assert.ok(Math.abs((inspected.metrics?.[name] ?? NaN) / (metrics[name] ?? NaN) - 1) < 1e-4, name);

  const given = { stage: 'samples', inputs: { model: trained }, engine: async () => engine };
  const context = fakeContext(root, SAMPLE, given);
  await sampleNode.run(context);
  const drawn = await readImageSet(context.folder);
  assert.equal(drawn.splits.test?.count, 6);
  assert.equal(engine.tf.memory().numTensors, held, 'tensors are left behind');

  const again = await train(t, { latent_regularizer: MMD });
  const file = 'model/autoencoder/weights.bin';
  assert.deepEqual(readFileSync(join(again.folder, file)), readFileSync(join(folder, file)));
  const heavier = await train(t, { latent_regularizer: { MMD: { weight: 1000, kernel: 'rbf' } } });
  assert.ok((heavier.metrics['val_mmd'] ?? NaN) < (metrics['val_mmd'] ?? NaN));
});

test('without a penalty, a prior is not sampled; a batch of one image is refused', async (t) => {
  const plain = await train(t, { epochs: 1 });
  const given = { stage: 'samples', inputs: { model: plain.trained }, engine: async () => engine };
  const refused = (error: unknown) =>
    error instanceof Failure && error.diagnostics[0]?.code === 'bad-setting';
  await assert.rejects(async () => sampleNode.run(fakeContext(plain.root, SAMPLE, given)), refused);
  await assert.rejects(train(t, { latent_regularizer: MMD, batch_size: 33 }), refused);
  await train(t, { latent_regularizer: MMD, batch_size: 33, epochs: 1 }, 99);
});

function found(run: (report: (finding: Finding) => void) => void): readonly string[] {
  const findings: string[] = [];
  run(({ code, severity, at }) => findings.push(`${severity ?? 'error'} ${code} ${at.join('.')}`));
  return findings;
}

const SHAPES = { inputShape: SHAPE, latentShape: [3], outputShape: SHAPE };
const MODEL: OutputDescription = { kind: 'model', ...SHAPES, outputActivation: 'sigmoid' };
const TRAINED: OutputDescription = {
  ...{ kind: 'trained-model', ...SHAPES, data: 'clean', target: 'clean', denoiser: false },
};
const IMAGES: OutputDescription = { kind: 'images', shape: SHAPE, range: [0, 1], splits: ['train', 'test'] };

test('a penalty is for flat latents of plain numbers, and for batches of two images', () => {
  const check = (
    settings: Partial<TrainSettings>,
    model: Partial<typeof MODEL> = {},
    counts?: { readonly train: number; readonly test: number },
  ): readonly string[] =>
    found((report) =>
      trainNode.analyze({
        stage: 'trained',
        settings: { ...TRAIN, latent_regularizer: MMD, ...settings },
        inputs: {
          model: { ...MODEL, variational: false, quantized: false, ...model } as OutputDescription,
          data: { ...IMAGES, ...(counts === undefined ? {} : { chosen: { counts, divisions: [] } }) },
        },
        references: { model: 'wae', data: 'clean' },
        report,
      }),
    );
  assert.deepEqual(check({}), []);
  for (const model of [{ variational: true }, { quantized: true }, { latentShape: [3, 3, 2] }])
    assert.deepEqual(check({}, model), ['error bad-setting latent_regularizer'], JSON.stringify(model));
  assert.deepEqual(check({ batch_size: 1 }), ['error bad-setting batch_size']);
  const lone = ['error bad-setting batch_size'];
  assert.deepEqual(check({ batch_size: 33 }, {}, { train: 100, test: 66 }), lone);
  assert.deepEqual(check({ batch_size: 33 }, {}, { train: 99, test: 67 }), lone);
  assert.deepEqual(check({ batch_size: 33 }, {}, { train: 99, test: 66 }), []);
  assert.deepEqual(check({ batch_size: 33, validation: 'none' }, {}, { train: 99, test: 67 }), []);
  assert.deepEqual(check({ batch_size: 30, validation: 0.09 }, {}, { train: 100, test: 60 }), lone);
});

test('`sample` draws from the prior of such a model, and from no posterior', () => {
  const check = (settings: Partial<SampleSettings>, regularized: boolean): readonly string[] =>
    found((report) =>
      sampleNode.analyze({
        stage: 'samples',
        settings: { ...SAMPLE, ...settings },
        inputs: { model: { ...TRAINED, variational: false, regularized } as OutputDescription, data: IMAGES },
        references:
          settings.from === 'posterior' ? { model: 'trained', data: 'clean' } : { model: 'trained' },
        report,
      }),
    );
  assert.deepEqual(check({}, true), []);
  assert.deepEqual(check({}, false), ['error bad-setting from']);
  assert.deepEqual(check({ from: 'posterior' }, true), ['error bad-setting from']);
});
