/** What compiled training does besides giving the right numbers. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type * as tfjs from '@tensorflow/tfjs';
import { Failure } from '../../../src/core/diagnostic.ts';
import { nativeBackend } from '../../../src/engine/tensorflow/addon.ts';
import type { Engine, Tf } from '../../../src/engine/engine.ts';
import { ProgramError } from '../../../src/engine/program/types.ts';
import { traceStep } from '../../../src/engine/train/compiled.ts';
import { rowNumbers } from '../../../src/engine/train/samples.ts';
import { readVariables } from '../../../src/engine/train/state.ts';
import { createTrainer, type CompileChoice } from '../../../src/engine/choose-trainer.ts';
import { buildAutoencoder, disposeAutoencoder } from '../../../src/layers/build.ts';
import type { Architecture } from '../../../src/layers/layer.ts';
import { layer, seedsOf } from '../../layers/specs.ts';
import {
  BATCH,
  bytes,
  COUNT,
  executorOfTests,
  gentle,
  nativeEngine,
  start,
  trainAndMeasure,
  work,
} from './rig.ts';

let engine: Engine;
let tf: Tf;
before(async () => {
  engine = await nativeEngine();
  ({ tf } = engine);
});

const dense: Architecture = {
  input_shape: [6],
  encoder: [layer('Dense', { units: 4, activation: 'relu' }), layer('Dropout', { rate: 0.2 })],
  decoder: [layer('Dense', { units: 6, activation: 'sigmoid' })],
};

test('two runs are equal bit for bit', async () => {
  const [one, other] = [
    await trainAndMeasure(engine, dense, 'xla'),
    await trainAndMeasure(engine, dense, 'xla'),
  ];
  assert.deepEqual(one, other);
});

test('an epoch that is interrupted keeps the steps that were taken', async () => {
  const count = 400_000;
  const x = bytes([6], count);
  const { trainer, dispose } = start(engine, dense, 'xla', { data: { x, y: x } });
  const controller = new AbortController();
  const seen: number[] = [];
  const epoch = trainer.trainEpoch(rowNumbers(count), {
    signal: controller.signal,
    onProgress: ({ samples, total, loss }) => {
      assert.equal(total, count);
      assert.ok(Number.isFinite(loss));
      seen.push(samples);
      controller.abort();
    },
  });
  await assert.rejects(
    epoch,
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'interrupted',
  );
  const [step] = await readVariables(trainer.state.filter(({ name }) => name === 'step'));
  assert.equal(step?.data[0], (seen[0] ?? 0) / BATCH);
  dispose();
});

test('a loss that is not finite ends the epoch, and is returned', async () => {
  const wild = { SGD: { learning_rate: 1e30, momentum: 0, nesterov: false } };
  const linear: Architecture = {
    input_shape: [6],
    encoder: [layer('Dense', { units: 4 })],
    decoder: [layer('Dense', { units: 6 })],
  };
  const { trainer, dispose } = start(engine, linear, 'xla', { optimizer: wild });
  const { loss } = await trainer.trainEpoch(rowNumbers(COUNT), work);
  assert.ok(!Number.isFinite(loss));
  dispose();
});

test('a hundred thousand steps leave no tensor behind', async () => {
  const { trainer, dispose } = start(engine, dense, 'xla', {});
  const rows = new Int32Array(20_000 * BATCH).map((_, index) => index % COUNT);
  const x = bytes([6]);
  const held = { x, y: x };
  const counts: (readonly number[])[] = [];
  for (let epoch = 0; epoch < 5; epoch++) {
    await trainer.trainEpoch(rows, work);
    await trainer.evaluate(held, rowNumbers(COUNT), work);
    counts.push([tf.memory().numTensors, tensorsOfTensorFlow()]);
  }
  assert.deepEqual(new Set(counts.map(String)).size, 1, counts.join('; '));
  dispose();
});

/** The tensors that the addon holds, ours and tfjs's. */
function tensorsOfTensorFlow(): number {
  const { binding } = nativeBackend(tf) as unknown as { binding: { getNumOfTensors(): number } };
  return binding.getNumOfTensors();
}

test('nothing is left when a trainer is disposed of', async () => {
  await trainAndMeasure(engine, dense, 'xla');
  const earlier = [tf.memory().numTensors, tensorsOfTensorFlow()];
  await trainAndMeasure(engine, dense, 'xla');
  assert.deepEqual([tf.memory().numTensors, tensorsOfTensorFlow()], earlier);
});

test('a set smaller than a batch is trained on, and validated', async () => {
  const x = bytes([6], BATCH - 1);
  const pair = { x, y: x };
  const { trainer, dispose } = start(engine, dense, 'xla', { data: pair });
  assert.ok(Number.isFinite((await trainer.trainEpoch(rowNumbers(3), work)).loss));
  assert.ok(Number.isFinite((await trainer.evaluate(pair, rowNumbers(3), work)).loss));
  dispose();
});

function traced(run: (x: tfjs.Tensor) => tfjs.Tensor): void {
  traceStep(tf, { samples: [bytes([6])], state: [], batchSize: BATCH, work: (x) => tf.tidy(() => run(x)) });
}

test('a step that uses random numbers, counters or values in JavaScript is refused', () => {
  let count = 0;
  const steps: readonly ((x: tfjs.Tensor) => tfjs.Tensor)[] = [
    (x) => x.mul(Math.random()).mean().reshape([1]),
    (x) => x.mul(count++).mean().reshape([1]),
    (x) =>
      x
        .mul(x.sum().dataSync()[0] ?? 0)
        .mean()
        .reshape([1]),
    (x) => tf.randomUniform([4, 6]).add(x).mean().reshape([1]),
  ];
  const earlier = tf.memory().numTensors;
  for (const step of steps) assert.throws(() => traced(step), ProgramError);
  assert.equal(tf.memory().numTensors, earlier);
});

interface Choice {
  readonly architecture?: Architecture;
  readonly choice: CompileChoice;
  readonly kind?: 'native' | 'portable';
  readonly kernels?: boolean;
}

function chosen({ architecture = dense, choice, kind = 'native', kernels = engine.kernels }: Choice): {
  readonly mode: string;
  readonly fallbackReason?: string;
} {
  const models = buildAutoencoder(tf, architecture, seedsOf(1));
  const x = bytes(architecture.input_shape);
  const { trainer, ...made } = createTrainer(
    { tf, kernels, ...(kind === 'portable' ? { executor: executorOfTests() } : {}) },
    {
      model: models.autoencoder,
      step: models.step,
      optimizer: gentle,
      loss: 'mse',
      metrics: [],
      data: { x, y: x },
      batchSize: BATCH,
    },
    choice,
  );
  trainer.dispose();
  disposeAutoencoder(models);
  return made;
}

test('training is compiled where it can be, unless another mode is chosen', () => {
  assert.deepEqual(chosen({ choice: 'auto' }), { mode: 'xla' });
  assert.deepEqual(chosen({ choice: 'eager' }), { mode: 'eager' });
  assert.deepEqual(chosen({ choice: 'auto', kind: 'portable' }), { mode: 'webassembly' });
});

test('a mode that the engine does not have is reported', () => {
  for (const [engineOf, mode] of [
    [{ kind: 'portable' }, 'webassembly'],
    [{ kernels: false }, 'eager'],
  ] as const) {
    const { fallbackReason, ...made } = chosen({ choice: 'xla', ...engineOf });
    assert.deepEqual(made, { mode });
    assert.ok(fallbackReason !== undefined);
  }
});

test('a missing temporary folder is reported, and does not change the mode', () => {
  const { TMPDIR: before } = process.env;
  process.env['TMPDIR'] = '/nonexistent';
  try {
    assert.throws(
      // A program that is compiled already needs no folder.
      () =>
        chosen({
          choice: 'xla',
          architecture: { ...dense, input_shape: [7], decoder: [layer('Dense', { units: 7 })] },
        }),
      (error) => error instanceof Failure && error.diagnostics[0]?.code === 'output-not-writable',
    );
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
});

test('what XLA refuses runs eagerly', () => {
  const backend = nativeBackend(tf);
  const { binding } = backend;
  const runSavedModel: typeof binding.runSavedModel = () => {
    throw new Error('no XLA_CPU_JIT here');
  };
  try {
    Object.assign(backend, { binding: Object.create(binding, { runSavedModel: { value: runSavedModel } }) });
    const { mode, fallbackReason } = chosen({ choice: 'auto' });
    assert.equal(mode, 'eager');
    assert.match(fallbackReason ?? '', /XLA.*XLA_CPU_JIT/);
  } finally {
    Object.assign(backend, { binding });
  }
});
