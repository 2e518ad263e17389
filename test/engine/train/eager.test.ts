/** The eager trainer on small models. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { NamedArray } from '../../../src/formats/safetensors.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import { Philox, permutation } from '../../../src/core/philox.ts';
import type { Tf } from '../../../src/engine/engine.ts';
import { eagerTrainer } from '../../../src/engine/train/eager.ts';
import { predictAll } from '../../../src/engine/train/predict.ts';
import { gatherRows, rowNumbers, type Samples } from '../../../src/engine/train/samples.ts';
import { readVariables, writeVariables } from '../../../src/engine/train/state.ts';
import type {
  EpochProgress,
  Trainer,
  TrainerOptions,
  WorkOptions,
} from '../../../src/engine/train/trainer.ts';
import type { Architecture } from '../../../src/layers/layer.ts';
import { buildAutoencoder, disposeAutoencoder } from '../../../src/layers/build.ts';
import { layer } from '../../layers/specs.ts';
import { testEngine } from './engine.ts';

let tf: Tf;
before(async () => {
  ({ tf } = await testEngine());
});

const work: WorkOptions = { signal: new AbortController().signal };

/** Bytes that represent intensities from 0 to 1. */
function images(count: number, seed = 1): Samples {
  const values = new Float32Array(count * 16);
  new Philox([seed, 0]).uniform(values);
  return {
    data: Uint8Array.from(values, (value) => value * 256),
    count,
    shape: [4, 4, 1],
    scale: 1 / 255,
    offset: 0,
  };
}

const dense: Architecture = {
  input_shape: [4, 4, 1],
  encoder: [layer('Flatten'), layer('Dense', { units: 3, activation: 'tanh' })],
  decoder: [
    layer('Dense', { units: 16, activation: 'sigmoid' }),
    layer('Reshape', { target_shape: [4, 4, 1] }),
  ],
};

/** Has everything that a step may change besides its weights. */
const eventful: Architecture = {
  input_shape: [4, 4, 1],
  encoder: [
    layer('Conv2D', { filters: 2, kernel_size: 3, padding: 'same' }),
    layer('BatchNormalization'),
    layer('ReLU'),
    layer('Dropout', { rate: 0.25 }),
    layer('Flatten'),
    layer('Dense', { units: 3, kernel_regularizer: { l1: 0, l2: 0.01 } }),
  ],
  decoder: dense.decoder,
};

interface Rig {
  readonly trainer: Trainer;
  dispose(): void;
}

function rig(architecture: Architecture, options: Partial<TrainerOptions> = {}): Rig {
  const models = buildAutoencoder(tf, architecture, (purpose) => [purpose.length, 5]);
  const x = images(10);
  const trainer = eagerTrainer(tf, {
    model: models.autoencoder,
    step: models.step,
    optimizer: { Adam: { learning_rate: 0.01, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, amsgrad: false } },
    loss: 'mse',
    metrics: [],
    data: { x, y: x },
    batchSize: 4,
    ...options,
  });
  return {
    trainer,
    dispose() {
      trainer.dispose();
      disposeAutoencoder(models);
    },
  };
}

async function valueOf(trainer: Trainer, part: string): Promise<NamedArray> {
  const found = trainer.state.find(({ name }) => name.includes(part));
  assert.ok(found !== undefined, part);
  const [saved] = await readVariables([found]);
  assert.ok(saved !== undefined);
  return saved;
}

test('training lowers the loss', async () => {
  const { trainer, dispose } = rig(dense);
  const first = await trainer.trainEpoch(rowNumbers(10), work);
  let last = first;
  for (let epoch = 0; epoch < 30; epoch++) last = await trainer.trainEpoch(rowNumbers(10), work);
  assert.ok(last.loss < first.loss * 0.9, `${first.loss} -> ${last.loss}`);
  dispose();
});

test('an epoch takes each row once, and its mean counts rows, not batches', async () => {
  // Without a learning rate, the epoch's mean is that of an evaluation.
  const still = { SGD: { learning_rate: 0, momentum: 0, nesterov: false } };
  const x = images(10);
  const { trainer, dispose } = rig(dense, { optimizer: still, metrics: ['mae'], data: { x, y: x } });
  const trained = await trainer.trainEpoch(permutation([3, 4], 10), work);
  const evaluated = await trainer.evaluate({ x, y: x }, rowNumbers(10), work);
  assert.deepEqual(Object.keys(trained), ['loss', 'mae']);
  assert.ok(Math.abs(trained.loss - evaluated.loss) < 1e-7);
  assert.ok(Math.abs((trained.mae ?? 0) - (evaluated.mae ?? 1)) < 1e-7);
  assert.deepEqual([...(await valueOf(trainer, 'step')).data], [3], '4 + 4 + 2 rows');
  dispose();
});

test('an order may leave rows out', async () => {
  const still = { SGD: { learning_rate: 0, momentum: 0, nesterov: false } };
  const x = images(10);
  const { trainer, dispose } = rig(dense, { optimizer: still, data: { x, y: x } });
  const rows = Int32Array.of(7, 2, 9);
  const trained = await trainer.trainEpoch(rows, work);
  const evaluated = await trainer.evaluate({ x, y: x }, rows, work);
  assert.ok(Math.abs(trained.loss - evaluated.loss) < 1e-7);
  dispose();
});

test('a batch is trained on as one step along the gradient of its mean loss', async () => {
  const x = images(4);
  const rate = 0.5;
  const { trainer, dispose } = rig(dense, {
    optimizer: { SGD: { learning_rate: rate, momentum: 0, nesterov: false } },
    data: { x, y: x },
  });
  const bias = trainer.weights.find(({ name }) => name.endsWith('dense_1/bias'));
  assert.ok(bias !== undefined);
  const lossAt = async (shift: number): Promise<number> => {
    const values = Float32Array.from({ length: 16 }, (_, index) => (index === 5 ? shift : 0));
    tf.tidy(() => bias.variable.assign(tf.tensor1d(values)));
    return (await trainer.evaluate({ x, y: x }, rowNumbers(4), work)).loss;
  };
  const slope = ((await lossAt(0.05)) - (await lossAt(-0.05))) / 0.1;
  await lossAt(0);
  await trainer.trainEpoch(rowNumbers(4), work);
  const [saved] = await readVariables([bias]);
  assert.ok(Math.abs((saved?.data[5] ?? 0) + rate * slope) < 1e-5);
  dispose();
});

test('batch normalization moves its averages while training only; penalties count, metrics are without', async () => {
  const x = images(10);
  const { trainer, dispose } = rig(eventful, { metrics: ['mse'], data: { x, y: x } });
  const before = await valueOf(trainer, 'moving_mean');
  const evaluated = await trainer.evaluate({ x, y: x }, rowNumbers(10), work);
  assert.ok(evaluated.loss > (evaluated.mse ?? Number.NaN));
  assert.deepEqual(await valueOf(trainer, 'moving_mean'), before);
  await trainer.trainEpoch(rowNumbers(10), work);
  assert.notDeepEqual(await valueOf(trainer, 'moving_mean'), before);
  dispose();
});

test('two trainings from the same seeds are equal bit for bit', async () => {
  const results = [];
  for (let run = 0; run < 2; run++) {
    const { trainer, dispose } = rig(eventful);
    const losses = [];
    for (let epoch = 1; epoch <= 3; epoch++) {
      losses.push(await trainer.trainEpoch(permutation([epoch, 1], 10), work));
    }
    results.push({ losses, state: await readVariables(trainer.state) });
    dispose();
  }
  assert.deepEqual(results[0], results[1]);
});

test('training resumes from its state alone', async () => {
  const whole = rig(eventful);
  await whole.trainer.trainEpoch(rowNumbers(10), work);
  const saved = await readVariables(whole.trainer.state);
  const resumed = rig(eventful);
  writeVariables(tf, resumed.trainer.state, saved);
  for (const { trainer } of [whole, resumed]) await trainer.trainEpoch(permutation([1, 1], 10), work);
  assert.deepEqual(await readVariables(resumed.trainer.state), await readVariables(whole.trainer.state));
  whole.dispose();
  resumed.dispose();
});

test('no tensor is left behind', async () => {
  const held = tf.memory().numTensors;
  const x = images(10);
  const { trainer, dispose } = rig(eventful, { data: { x, y: images(10, 2) } });
  await trainer.trainEpoch(rowNumbers(10), work);
  const afterOne = tf.memory().numTensors;
  await trainer.trainEpoch(rowNumbers(10), work);
  await trainer.evaluate({ x, y: x }, rowNumbers(10), work);
  assert.equal(tf.memory().numTensors, afterOne);
  dispose();
  assert.equal(tf.memory().numTensors, held);
});

test('a loss that is not finite ends the epoch', async () => {
  const x = { ...images(10), data: new Float32Array(160).fill(0.5), scale: 1 };
  x.data[16 * 4] = Number.NaN;
  const { trainer, dispose } = rig(dense, { data: { x, y: x } });
  const { loss } = await trainer.trainEpoch(rowNumbers(10), work);
  assert.ok(Number.isNaN(loss));
  assert.deepEqual([...(await valueOf(trainer, 'step')).data], [2], 'the third batch was not trained on');
  dispose();
});

/** Far more steps than a test has time for: only an abort ends it. */
const ENDLESS = Int32Array.from({ length: 1_000_000 }, (_, index) => index % 10);

const interrupted = (error: unknown): boolean =>
  error instanceof Failure && error.diagnostics[0]?.code === 'interrupted';

test('an abort ends the epoch before its next batch', async () => {
  const abort = new AbortController();
  const { trainer, dispose } = rig(dense);
  const epoch = trainer.trainEpoch(rowNumbers(10), { signal: abort.signal });
  abort.abort();
  await assert.rejects(epoch, interrupted);
  assert.ok(((await valueOf(trainer, 'step')).data[0] ?? 3) < 3);
  dispose();
});

test('long epochs let the event loop turn', async () => {
  const abort = new AbortController();
  const { trainer, dispose } = rig(dense);
  setTimeout(() => abort.abort(), 1);
  await assert.rejects(trainer.trainEpoch(ENDLESS, { signal: abort.signal }), interrupted);
  dispose();
});

test('long epochs report how far they are', async () => {
  const abort = new AbortController();
  const { trainer, dispose } = rig(dense);
  const seen: EpochProgress[] = [];
  const onProgress = (progress: EpochProgress): void => {
    seen.push(progress);
    if (seen.length === 2) abort.abort();
  };
  await assert.rejects(trainer.trainEpoch(ENDLESS, { signal: abort.signal, onProgress }), interrupted);
  const [first, second] = seen;
  assert.ok(first !== undefined && second !== undefined);
  assert.ok(first.samples > 0 && first.samples < second.samples && second.total === ENDLESS.length);
  assert.ok(Number.isFinite(second.loss));
  dispose();
});

test('predictions do not depend on the batch size, and follow the order of the rows', async () => {
  const models = buildAutoencoder(tf, dense, (purpose) => [purpose.length, 5]);
  const x = images(7);
  const options = { signal: work.signal, batchSize: 3 };
  const held = tf.memory().numTensors;
  const all = await predictAll({ tf }, models.autoencoder, x, rowNumbers(7), options);
  const one = await predictAll({ tf }, models.autoencoder, x, Int32Array.of(5), options);
  assert.equal(tf.memory().numTensors, held);
  assert.equal(all.length, 7 * 16);
  for (const [index, value] of one.entries()) assert.ok(Math.abs(value - (all[5 * 16 + index] ?? 0)) < 1e-6);
  disposeAutoencoder(models);
});

test('rows are gathered as intensities', () => {
  const samples: Samples = {
    data: Uint8Array.of(0, 255, 51, 102),
    count: 2,
    shape: [2],
    scale: 2 / 255,
    offset: -1,
  };
  assert.deepEqual(
    gatherRows(samples, Int32Array.of(1, 0, 1)),
    Float32Array.of(-0.6, -0.2, -1, 1, -0.6, -0.2),
  );
  assert.throws(() => gatherRows(samples, Int32Array.of(2)), RangeError);
});
