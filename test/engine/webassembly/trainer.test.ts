/** Trainers and predictions on one executor: what they share, what they free, and what a run that ends early leaves. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Failure, failure, type DiagnosticCode } from '../../../src/core/diagnostic.ts';
import { permutation } from '../../../src/core/philox.ts';
import { compiledTrainer } from '../../../src/engine/train/compiled.ts';
import { predictAll, predictBatches } from '../../../src/engine/train/predict.ts';
import { rowNumbers } from '../../../src/engine/train/samples.ts';
import { readVariables, writeVariables } from '../../../src/engine/train/state.ts';
import type { TrainerOptions } from '../../../src/engine/train/trainer.ts';
import { Executor } from '../../../src/engine/webassembly/executor.ts';
import { webAssemblyTarget } from '../../../src/engine/webassembly/target.ts';
import { buildAutoencoder, disposeAutoencoder } from '../../../src/layers/build.ts';
import type { Architecture } from '../../../src/layers/layer.ts';
import { layer, seedsOf } from '../../layers/specs.ts';
import { testEngine } from '../train/engine.ts';
import { BATCH, bytes, COUNT, gentle, work } from '../xla/rig.ts';

const { tf } = await testEngine();

/** Refuses to take data, where a test has it do so. */
class Hesitant extends Executor {
  /** Uploads until the next one fails. */
  left = Infinity;

  override upload(data: Uint8Array | Float32Array): number {
    if (this.left-- <= 0) throw failure('model-too-large', 'no more');
    return super.upload(data);
  }
}

const executor = new Hesitant({ threads: 1 });
after(() => executor.dispose());

const dense: Architecture = {
  input_shape: [6],
  encoder: [layer('Dense', { units: 4, activation: 'relu' })],
  decoder: [layer('Dense', { units: 6, activation: 'sigmoid' })],
};

const x = bytes([6]);
const rows = rowNumbers(COUNT);

function start(settings: Partial<TrainerOptions> = {}, own: Executor = executor) {
  const models = buildAutoencoder(tf, dense, seedsOf(1));
  const options: TrainerOptions = {
    ...{ model: models.autoencoder, step: models.step, optimizer: gentle, loss: 'mse', metrics: [] },
    ...{ data: { x, y: x }, batchSize: BATCH },
    ...settings,
  };
  const trainer = compiledTrainer(tf, options, webAssemblyTarget(tf, own));
  return {
    trainer,
    model: models.autoencoder,
    dispose() {
      trainer.dispose();
      disposeAutoencoder(models);
    },
  };
}

const held = (): readonly number[] => [tf.memory().numTensors, executor.instance.heldBytes];

const isFailure = (code: DiagnosticCode) => (error: unknown) =>
  error instanceof Failure && error.diagnostics[0]?.code === code;

const predict = { batchSize: BATCH, signal: work.signal };

test('two trainers at the same time train like each alone; freeing one leaves the other; in the end everything is free', async () => {
  // Kernels keep what memory they take the first time.
  const alone = start();
  const wanted = [await alone.trainer.trainEpoch(rows, work), await alone.trainer.trainEpoch(rows, work)];
  const state = await readVariables(alone.trainer.state);
  const outputs = await predictAll({ tf, executor }, alone.model, x, rows, predict);
  alone.dispose();
  const before = held();
  const [one, other] = [start(), start()];
  const first = await Promise.all([one.trainer.trainEpoch(rows, work), other.trainer.trainEpoch(rows, work)]);
  one.dispose();
  const second = await other.trainer.trainEpoch(rows, work);
  assert.deepEqual([...first, second], [wanted[0], wanted[0], wanted[1]]);
  assert.deepEqual(await readVariables(other.trainer.state), state);
  assert.deepEqual(await predictAll({ tf, executor }, other.model, x, rows, predict), outputs);
  other.dispose();
  assert.deepEqual(held(), before);
});

test('variables that are written between two runs are used by the next', async () => {
  const { trainer, dispose } = start();
  const begin = await readVariables(trainer.state);
  const first = await trainer.trainEpoch(rows, work);
  writeVariables(tf, trainer.state, begin);
  assert.deepEqual(await trainer.trainEpoch(rows, work), first);
  dispose();
});

test('an epoch that is interrupted keeps the steps that were taken', async () => {
  const count = 40_000;
  const many = bytes([6], count);
  const { trainer, dispose } = start({ data: { x: many, y: many } });
  const controller = new AbortController();
  const stop = setTimeout(() => controller.abort(), 1);
  const epoch = trainer.trainEpoch(rowNumbers(count), { signal: controller.signal });
  await assert.rejects(epoch, isFailure('interrupted'));
  clearTimeout(stop);
  const [reached] = await readVariables(trainer.state.filter(({ name }) => name === 'step'));
  const steps = reached?.data[0] ?? 0;
  const whole = start({ data: { x: many, y: many } });
  if (steps > 0) await whole.trainer.trainEpoch(rowNumbers(steps * BATCH), work);
  assert.deepEqual(await readVariables(trainer.state), await readVariables(whole.trainer.state));
  dispose();
  whole.dispose();
});

test('a call that fails leaves the variables as they were before the run, and the next run as good', async () => {
  const { trainer, dispose } = start();
  const before = await readVariables(trainer.state);
  // The first call takes one step.
  executor.left = 1;
  await assert.rejects(trainer.trainEpoch(rows, work), isFailure('model-too-large'));
  executor.left = Infinity;
  assert.deepEqual(await readVariables(trainer.state), before);
  const measured = await trainer.trainEpoch(rows, work);
  const other = start();
  assert.deepEqual(await other.trainer.trainEpoch(rows, work), measured);
  dispose();
  other.dispose();
});

test('data that is too large to stay in the memory trains and measures as other data', async () => {
  const y = { ...bytes([6], COUNT, 2), scale: 1, offset: -0.5 };
  const other = { ...y, data: Float32Array.from(y.data, (value) => value / 300) };
  // A quarter of this is less than the data.
  const narrow = new Executor({ threads: 1, memoryLimit: 4 * x.data.byteLength });
  const outcomes = [];
  for (const own of [executor, narrow]) {
    const { trainer, dispose } = start({ data: { x, y: other }, metrics: ['mae'] }, own);
    const order = permutation([3, 1], COUNT);
    const measures = [await trainer.trainEpoch(order, work), await trainer.trainEpoch(order, work)];
    measures.push(await trainer.evaluate({ x, y: other }, rows, work));
    outcomes.push({ measures, state: await readVariables(trainer.state) });
    dispose();
  }
  assert.deepEqual(outcomes[1], outcomes[0]);
  await narrow.dispose();
});

test('missing rows, and no rows, are refused', async () => {
  const { trainer, model, dispose } = start();
  const pair = { x, y: x };
  const before = held();
  for (const wrong of [Int32Array.of(), Int32Array.of(0, 1, 2, COUNT), Int32Array.of(-1)]) {
    await assert.rejects(trainer.trainEpoch(wrong, work), RangeError);
    await assert.rejects(trainer.evaluate(pair, wrong, work), RangeError);
    if (wrong.length > 0)
      await assert.rejects(predictAll({ tf, executor }, model, x, wrong, predict), RangeError);
  }
  assert.deepEqual(
    await predictAll({ tf, executor }, model, x, Int32Array.of(), predict),
    new Float32Array(),
  );
  assert.deepEqual(held(), before);
  dispose();
});

test('a prediction that is left early, or fails, frees its memory', async () => {
  const { model, dispose } = start();
  const engine = { tf, executor };
  // More than one call takes: rows may be named again.
  const many = Int32Array.from({ length: 200_000 }, (_, index) => index % COUNT);
  await predictAll(engine, model, x, many, predict);
  const before = held();
  for await (const { outputs } of predictBatches(engine, model, x, many, predict)) {
    assert.ok(outputs.length < 6 * many.length, `${outputs.length}`);
    break;
  }
  assert.deepEqual(held(), before);
  const stopped = predictAll(engine, model, x, rows, { ...predict, signal: AbortSignal.abort() });
  await assert.rejects(stopped, isFailure('interrupted'));
  executor.left = 1;
  await assert.rejects(predictAll(engine, model, x, many, predict), isFailure('model-too-large'));
  executor.left = Infinity;
  assert.deepEqual(held(), before);
  dispose();
});
