/** Optimizers, schedules, losses and initializers against the numbers of Keras: see `test/layers/keras/README.md`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { Tensor } from '@tensorflow/tfjs';
import type { InitializerSpec } from '../../../src/schema/generated/settings.ts';
import { packageRoot } from '../../../src/core/package-root.ts';
import type { Tf } from '../../../src/engine/engine.ts';
import { lossOf, type LossChoice } from '../../../src/engine/train/losses.ts';
import { createOptimizer, type OptimizerChoice } from '../../../src/engine/train/optimizers/optimizer.ts';
import { createSchedule, type ScheduleChoice } from '../../../src/engine/train/optimizers/schedules.ts';
import { initialValues } from '../../../src/layers/initializers.ts';
import { testEngine } from './engine.ts';

interface LossCase {
  readonly loss: LossChoice;
  readonly output: number[];
  readonly value: number;
  readonly gradient: readonly number[];
}

const keras = JSON.parse(readFileSync(join(packageRoot, 'test/layers/keras/training.json'), 'utf8')) as {
  readonly start: number[];
  readonly gradients: readonly number[][];
  readonly target: number[];
  readonly shape: number[];
  readonly optimizers: readonly { optimizer: OptimizerChoice; steps: readonly number[][] }[];
  readonly schedules: readonly { schedule: ScheduleChoice; rates: readonly number[] }[];
  readonly losses: readonly LossCase[];
  readonly logits: LossCase;
  readonly initializers: readonly {
    initializer: InitializerSpec;
    mean: number;
    deviation: number;
    largest: number;
  }[];
};

let tf: Tf;
before(async () => {
  ({ tf } = await testEngine());
});

function assertNear(actual: ArrayLike<number>, wanted: readonly number[], tolerance: number): void {
  assert.equal(actual.length, wanted.length);
  for (const [index, value] of wanted.entries()) {
    const distance = Math.abs((actual[index] ?? Number.NaN) - value);
    assert.ok(
      distance <= tolerance * Math.max(1, Math.abs(value)),
      `${actual[index]}, but in Keras ${value}`,
    );
  }
}

for (const { optimizer: choice, steps } of keras.optimizers) {
  test(`steps of ${JSON.stringify(choice)}`, () => {
    // Two weights, each with half of the numbers.
    const halves = (all: readonly number[]) =>
      [all.slice(0, 2), all.slice(2)].map((half) => tf.tensor1d(half));
    const weights = halves(keras.start).map((half) => tf.variable(half));
    const optimizer = createOptimizer(tf, choice, weights);
    for (const [index, gradient] of keras.gradients.entries()) {
      optimizer.apply(halves(gradient), tf.scalar(index, 'int32'));
      const moved = weights.flatMap((weight) => [...weight.dataSync()]);
      assertNear(moved, steps[index] ?? [], 2e-6);
    }
    optimizer.dispose();
  });
}

test('learning rates of schedules', () => {
  for (const { schedule, rates } of keras.schedules) {
    const rate = createSchedule(schedule);
    const actual = rates.map((_, step) => rate(tf, tf.scalar(step, 'int32')).dataSync()[0] ?? Number.NaN);
    assertNear(actual, rates, 1e-7);
  }
});

test('losses and their gradients, from outputs and from logits', () => {
  const target = tf.tensor2d([keras.target]);
  const check = ({ loss, output, value, gradient }: LossCase, isLogits: boolean): void => {
    const compute = (x: Tensor) =>
      lossOf(loss)(tf, target, isLogits ? { values: x.sigmoid(), logits: x } : { values: x });
    const x = tf.tensor2d([output]);
    assertNear(compute(x).dataSync(), [value], 1e-6);
    assertNear(tf.grad(compute)(x).dataSync(), gradient, 1e-6);
  };
  for (const each of keras.losses) check(each, false);
  check(keras.logits, true);
});

test('initializers have the same mean and spread', () => {
  for (const { initializer, mean: wanted, deviation, largest } of keras.initializers) {
    const name = JSON.stringify(initializer);
    const values = initialValues(initializer, keras.shape, [1, 2]);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    assert.ok(Math.abs(spread - deviation) <= 0.02 * deviation, `${name} ${spread}, ${deviation}`);
    assert.ok(Math.abs(mean - wanted) <= 0.05 * deviation + 1e-6, `${name} ${mean}, ${wanted}`);
    // The largest of unbounded random numbers depends on chance.
    const limited = !/random_?normal|orthogonal|untruncated/i.test(name);
    const most = values.reduce((high, value) => Math.max(high, Math.abs(value)), 0);
    assert.ok(!limited || Math.abs(most - largest) <= 0.01 * largest, `${name} ${most}, ${largest}`);
  }
});
