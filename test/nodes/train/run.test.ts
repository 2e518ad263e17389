/** The `train` stage from its inputs to its files. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test, type TestContext } from 'node:test';
import { readImages } from '../../../src/formats/images.ts';
import type { TrainSettings } from '../../../src/schema/generated/settings.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { predictAll } from '../../../src/engine/train/predict.ts';
import { rowNumbers } from '../../../src/engine/train/samples.ts';
import type { Architecture } from '../../../src/layers/layer.ts';
import { loadModel } from '../../../src/layers/save.ts';
import type { InputArtifact, StageResult } from '../../../src/nodes/contract.ts';
import { evaluateNode } from '../../../src/nodes/evaluate/node.ts';
import { trainNode } from '../../../src/nodes/train/node.ts';
import { testEngine } from '../../engine/train/engine.ts';
import { layer } from '../../layers/specs.ts';
import { fakeContext, temporaryFolder, type FakeOptions } from '../context.ts';
import { architecture, contents, corrupted, imageStage, modelStage, squares, TRAIN } from './rig.ts';

let engine: Engine;
before(async () => {
  engine = await testEngine();
});

interface Outcome extends StageResult {
  readonly folder: string;
  readonly root: string;
  readonly inputs: Readonly<Record<string, InputArtifact>>;
  readonly reports: ReturnType<typeof fakeContext>['reports'];
}

async function prepare(t: TestContext): Promise<{ root: string; inputs: Record<string, InputArtifact> }> {
  const root = temporaryFolder(t);
  return {
    root,
    inputs: {
      model: await modelStage(engine, root),
      data: await imageStage(root, 'clean', { train: squares(100, 1), test: squares(20, 2) }),
    },
  };
}

async function train(
  t: TestContext,
  settings: Partial<TrainSettings> = {},
  options: FakeOptions & { readonly prepared?: Awaited<ReturnType<typeof prepare>> } = {},
): Promise<Outcome> {
  const { root, inputs } = options.prepared ?? (await prepare(t));
  const context = fakeContext(
    root,
    { ...TRAIN, ...settings },
    { stage: 'trained', inputs, engine: async () => engine, ...options },
  );
  const result = await trainNode.run(context);
  return { ...result, folder: context.folder, root, inputs, reports: context.reports };
}

function history({ folder }: Outcome): readonly Readonly<Record<string, number>>[] {
  const [head = '', ...lines] = readFileSync(join(folder, 'history.csv'), 'utf8').trimEnd().split('\n');
  const columns = head.split(',');
  return lines.map((line) =>
    Object.fromEntries(line.split(',').map((cell, index) => [columns[index] ?? '', Number(cell)])),
  );
}

const hasCode = (code: string) => (error: unknown) => {
  assert.ok(error instanceof Failure);
  assert.equal(error.diagnostics[0]?.code, code);
  return true;
};

test('training learns, and its models reconstruct as well as its history says', async (t) => {
  const held = engine.tf.memory().numTensors;
  const outcome = await train(t, { epochs: 12, metrics: ['mae'] });
  assert.equal(engine.tf.memory().numTensors, held, 'tensors are left behind');
  const rows = history(outcome);
  assert.deepEqual(Object.keys(rows[0] ?? {}), ['epoch', 'loss', 'val_loss', 'mae', 'val_mae']);
  assert.deepEqual(
    rows.map((row) => row['epoch']),
    Array.from({ length: 12 }, (_, index) => index + 1),
  );
  assert.ok((rows[11]?.['val_loss'] ?? 1) < 0.8 * (rows[0]?.['val_loss'] ?? 0), JSON.stringify(rows));
  assert.equal(outcome.metrics?.['val_loss'], rows[11]?.['val_loss']);
  const images = await readImages(outcome.inputs['data']?.folder ?? '', 'test');
  const model = await loadModel(engine.tf, join(outcome.folder, 'model', 'autoencoder'));
  const options = { batchSize: 7, signal: new AbortController().signal };
  const outputs = await predictAll(engine, model, images, rowNumbers(images.count), options);
  model.dispose();
  const squared = outputs.reduce(
    (sum, value, index) => sum + (value - (images.data[index] ?? 0) / 255) ** 2,
    0,
  );
  assert.ok(Math.abs(squared / outputs.length - (rows[11]?.['val_loss'] ?? 0)) < 1e-6);
  assert.equal(engine.tf.memory().numTensors, held);
});

test('a model without an axis of channels learns from gray images as one with it, in every mode', async (t) => {
  const flat: Architecture = {
    ...architecture,
    input_shape: [12, 12],
    decoder: [...architecture.decoder.slice(0, -1), layer('Reshape', { target_shape: [12, 12] })],
  };
  for (const compile of ['eager', 'xla'] as const) {
    const settings = { compile, preview: { rows: 1, columns: 2, every: 3, split: 'test' as const } };
    const { metrics } = await train(t, settings);
    const { root, inputs } = await prepare(t);
    const folder = join(root, 'flat');
    mkdirSync(folder);
    const model = await modelStage(engine, folder, flat);
    const other = await train(t, settings, { prepared: { root, inputs: { ...inputs, model } } });
    assert.deepEqual(other.metrics, metrics, compile);
  }
});

test('`evaluate` measures the cross-entropy that the training did, also of outputs that are rounded to 0 and 1', async (t) => {
  const adam = { learning_rate: 0.3, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, amsgrad: false };
  const outcome = await train(t, {
    loss: 'binary_crossentropy',
    metrics: ['mse'],
    optimizer: { Adam: adam },
  });
  const context = fakeContext(
    outcome.root,
    {
      type: 'evaluate',
      model: 'trained',
      data: 'clean',
      split: 'test',
      metrics: ['binary_crossentropy', 'mse'],
      batch_size: 7,
    } as const,
    {
      stage: 'quality',
      inputs: {
        model: { stage: 'trained', kind: 'trained-model', folder: outcome.folder },
        data: outcome.inputs['data'] ?? assert.fail(),
      },
      engine: async () => engine,
    },
  );
  const { metrics } = await evaluateNode.run(context);
  const { val_loss: entropy, val_mse: squared } = history(outcome).at(-1) ?? {};
  assert.ok(Math.abs((metrics?.['binary_crossentropy'] ?? 0) - (entropy ?? NaN)) < 1e-5 * (entropy ?? NaN));
  assert.ok(Math.abs((metrics?.['mse'] ?? 0) - (squared ?? NaN)) < 1e-6);
});

test('the same seed leaves the same files, bit for bit; another seed others', async (t) => {
  const settings: Partial<TrainSettings> = {
    epochs: 2,
    tensorboard: true,
    validation: 0.2,
    preview: { rows: 2, columns: 3, every: 1, split: 'test' },
  };
  const first = contents((await train(t, settings)).folder);
  assert.deepEqual(contents((await train(t, settings)).folder), first);
  const other = contents((await train(t, settings, { seed: 7 })).folder);
  assert.notEqual(other['/history.csv'], first['/history.csv']);
  assert.deepEqual(
    Object.keys(first).filter((path) => !/model|best/.test(path)),
    [
      '/history.csv',
      '/history.json',
      '/previews/epoch-001.png',
      '/previews/epoch-001.svg',
      '/previews/epoch-002.png',
      '/previews/epoch-002.svg',
      '/previews/inputs.png',
      '/previews/inputs.svg',
      '/tensorboard/train/events.out.tfevents.0.hourglass',
      '/tensorboard/validation/events.out.tfevents.0.hourglass',
      '/training.json',
    ],
  );
  assert.deepEqual(
    ['model', 'best'].flatMap((name) => Object.keys(first).filter((path) => path.startsWith(`/${name}/`)))
      .length,
    12,
  );
});

test('previews are made as often as requested, and always for the last epoch', async (t) => {
  const preview = { rows: 1, columns: 2, every: 2, split: 'train' } as const;
  const { folder, highlights } = await train(t, { epochs: 3, preview });
  const drawn = readdirSync(join(folder, 'previews')).filter((name) => name.endsWith('.png'));
  assert.deepEqual(drawn, ['epoch-002.png', 'epoch-003.png', 'inputs.png']);
  assert.deepEqual(highlights, ['previews/epoch-003.png', 'history.csv']);
});

test('shuffling changes the order', async (t) => {
  const settings: Partial<TrainSettings> = { epochs: 1, validation: 'none' };
  const straight = await train(t, { ...settings, shuffle: false });
  const shuffled = await train(t, settings);
  assert.notEqual(history(straight)[0]?.['loss'], history(shuffled)[0]?.['loss']);
});

test('a denoiser is trained on pairs', async (t) => {
  const prepared = await prepare(t);
  const noisy = await imageStage(prepared.root, 'noisy', {
    train: corrupted(squares(100, 1), 5),
    test: corrupted(squares(20, 2), 6),
  });
  const inputs = { model: prepared.inputs['model'], data: noisy, target: prepared.inputs['data'] };
  const settings = { data: 'noisy', target: 'clean', epochs: 10 };
  const outcome = await train(t, settings, { prepared: { root: prepared.root, inputs: inputs as never } });
  const rows = history(outcome);
  assert.ok((rows[9]?.['val_loss'] ?? 1) < (rows[0]?.['val_loss'] ?? 0));
});

test('pairs of different numbers are refused', async (t) => {
  const prepared = await prepare(t);
  const target = await imageStage(prepared.root, 'fewer', { train: squares(99, 1), test: squares(20, 2) });
  prepared.inputs['target'] = target;
  await assert.rejects(train(t, { target: 'fewer' }, { prepared }), hasCode('shape-mismatch'));
});

test('a share of the training images is validated on, and not trained on', async (t) => {
  const share = await train(t, { validation: 0.25, epochs: 1, batch_size: 1 });
  const whole = await train(t, { validation: 'none', epochs: 1, batch_size: 1 });
  assert.deepEqual(Object.keys(history(share)[0] ?? {}), ['epoch', 'loss', 'val_loss']);
  assert.deepEqual(Object.keys(history(whole)[0] ?? {}), ['epoch', 'loss']);
  await assert.rejects(train(t, { validation: 0.999 }), hasCode('bad-setting'));
});

test('early stopping ends training and restores the best weights', async (t) => {
  const settings: Partial<TrainSettings> = {
    epochs: 50,
    // Steps this large make the loss rise soon.
    optimizer: { SGD: { learning_rate: 200, momentum: 0.9, nesterov: false } },
    early_stopping: { monitor: 'val_loss', patience: 2, min_delta: 0, restore_best_weights: true },
  };
  const outcome = await train(t, settings);
  const losses = history(outcome).map((row) => row['val_loss'] ?? Number.NaN);
  const best = losses.indexOf(Math.min(...losses));
  assert.ok(losses.length < 50);
  assert.equal(losses.length, best + 3);
  assert.equal(outcome.metrics?.['val_loss'], losses[best]);
  assert.deepEqual([outcome.metrics?.['epochs'], outcome.metrics?.['best_epoch']], [losses.length, best + 1]);
  assert.deepEqual(contents(join(outcome.folder, 'model')), contents(join(outcome.folder, 'best')));
});

test('a loss that is not finite stops training before anything is saved, and names the epoch', async (t) => {
  const prepared = await prepare(t);
  const broken = corrupted(squares(100, 1), 5);
  broken.data[144 * 50] = Number.NaN;
  prepared.inputs['data'] = await imageStage(prepared.root, 'broken', { train: broken });
  const run = train(t, { validation: 'none' }, { prepared });
  await assert.rejects(run, (error) => {
    assert.match(String(error), /epoch 1/);
    return hasCode('not-finite')(error);
  });
  assert.deepEqual(readdirSync(join(prepared.root, 'trained')), []);
});

test('weights that are not finite are not saved either', async (t) => {
  const prepared = await prepare(t);
  // One step, after a loss that is still a number.
  prepared.inputs['data'] = await imageStage(prepared.root, 'few', { train: squares(4, 1) });
  const optimizer = { SGD: { learning_rate: Number.MAX_VALUE, momentum: 0, nesterov: false } };
  const run = train(t, { epochs: 1, validation: 'none', optimizer }, { prepared });
  await assert.rejects(run, hasCode('not-finite'));
  assert.deepEqual(readdirSync(join(prepared.root, 'trained')), []);
});

test('an abort ends training', async (t) => {
  const abort = new AbortController();
  const prepared = await prepare(t);
  const running = train(t, { epochs: 100_000 }, { prepared, signal: abort.signal });
  setTimeout(() => abort.abort(), 100);
  const held = engine.tf.memory().numTensors;
  await assert.rejects(running, hasCode('interrupted'));
  assert.ok(engine.tf.memory().numTensors <= held);
});

test('progress shows the state of training, and marks the ends of epochs', async (t) => {
  const { reports } = await train(t, { epochs: 2 });
  const ends = reports.filter(({ epochEnd }) => epochEnd === true);
  assert.deepEqual(
    ends.map(({ epoch, epochs, fraction }) => [epoch, epochs, fraction]),
    [
      [1, 2, 0.5],
      [2, 2, 1],
    ],
  );
  for (const { loss, validationLoss, samplesPerSecond, secondsLeft } of ends) {
    for (const number of [loss, validationLoss, samplesPerSecond, secondsLeft])
      assert.ok(Number.isFinite(number));
  }
});

test('images of another size than the model takes are refused', async (t) => {
  const prepared = await prepare(t);
  const { writeImageSet } = await import('../../../src/formats/images.ts');
  const folder = join(prepared.root, 'small');
  mkdirSync(folder);
  const images = { data: new Uint8Array(4), count: 1, shape: [2, 2, 1] as const, scale: 1, offset: 0 };
  await writeImageSet(folder, { shape: [2, 2, 1], range: [0, 1], splits: { train: images } });
  prepared.inputs['data'] = { stage: 'small', kind: 'images', folder };
  await assert.rejects(train(t, {}, { prepared }), hasCode('shape-mismatch'));
});
