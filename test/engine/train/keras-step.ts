/** One step of training of a small model, on each engine and in each mode, to be compared with the same step in Keras. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../src/core/package-root.ts';
import { createTrainer } from '../../../src/engine/choose-trainer.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { loadEngine } from '../../../src/engine/load.ts';
import { rowNumbers, type Samples } from '../../../src/engine/train/samples.ts';
import type { Measured, TrainerOptions } from '../../../src/engine/train/trainer.ts';
import { disposeAutoencoder, type TrainableAutoencoder } from '../../../src/layers/build.ts';
import { numbers } from '../../layers/keras/numbers.ts';
import { testEngine } from './engine.ts';

export const [PIXELS, BATCH] = [6, 2];

/** Engines by name, and whether they compile. */
export const modes = [
  ['usual', 'auto'],
  ['usual', 'eager'],
  ['portable', 'auto'],
] as const;

const engines = new Map<string, Promise<Engine>>();

export async function engineOf(name: 'usual' | 'portable'): Promise<Engine> {
  const known =
    engines.get(name) ?? (name === 'usual' ? testEngine() : loadEngine({ choice: 'portable', threads: 1 }));
  engines.set(name, known);
  return known;
}

/** The output of a script in `test/layers/keras/`. */
export function written(name: string): unknown {
  return JSON.parse(readFileSync(join(packageRoot, 'test/layers/keras', name), 'utf8'));
}

/** Fills weights as the scripts do. */
export function fill({ tf }: Engine, { autoencoder }: TrainableAutoencoder): void {
  for (const [index, weight] of autoencoder.weights.entries())
    tf.tidy(() => void weight.write(numbers(tf, weight.shape as number[], index)));
}

export function images({ tf }: Engine, count = BATCH): Samples {
  const data = tf.tidy(() => numbers(tf, [count, PIXELS], 3).add(1).div(2).dataSync<'float32'>().slice());
  return { data, count, shape: [PIXELS], scale: 1, offset: 0 };
}

export function assertNear(actual: ArrayLike<number>, wanted: readonly number[], what: string): void {
  assert.equal(actual.length, wanted.length, what);
  for (const [index, value] of wanted.entries()) {
    const distance = Math.abs((actual[index] ?? Number.NaN) - value);
    assert.ok(distance <= 2e-5 * Math.max(1, Math.abs(value)), `${what}: ${actual[index]}, not ${value}`);
  }
}

const sgd = { SGD: { learning_rate: 1, momentum: 0, nesterov: false } } as const;

export interface KerasStep {
  /** The parts of the loss, by the names of the measures. */
  readonly losses: Readonly<Partial<Record<keyof Measured, number>>>;
  /** Of each weight. */
  readonly gradients: readonly (readonly number[])[];
}

/** Trains for one step of gradient descent, compares it with Keras's, and disposes of the models. */
export async function compareStep(
  engine: Engine,
  models: TrainableAutoencoder,
  choice: 'auto' | 'eager',
  options: Pick<TrainerOptions, 'loss' | 'metrics'> & Partial<TrainerOptions>,
  wanted: KerasStep,
  count = BATCH,
): Promise<void> {
  const x = images(engine, count);
  const before = models.autoencoder.weights.map((weight) => weight.read().dataSync<'float32'>().slice());
  const { trainer, fallbackReason } = createTrainer(
    engine,
    {
      ...{ model: models.autoencoder, step: models.step, optimizer: sgd },
      ...{ data: { x, y: x }, batchSize: count },
      ...options,
    },
    choice,
  );
  assert.equal(fallbackReason, undefined);
  const signal = new AbortController().signal;
  assert.deepEqual(trainer.measures, [...Object.keys(wanted.losses), ...options.metrics]);
  const validated = await trainer.evaluate({ x, y: x }, rowNumbers(count), { signal });
  const trained = await trainer.trainEpoch(rowNumbers(count), { signal });
  for (const measured of [validated, trained])
    for (const [name, value] of Object.entries(wanted.losses))
      assertNear([measured[name as keyof Measured] ?? NaN], [value], name);
  for (const [index, weight] of models.autoencoder.weights.entries()) {
    const after = weight.read().dataSync<'float32'>();
    const moved = (before[index] ?? []).map((value, place) => value - (after[place] ?? NaN));
    assertNear(moved, wanted.gradients[index] ?? [], `the gradient of ${weight.originalName}`);
  }
  trainer.dispose();
  disposeAutoencoder(models);
}
