/** Learning-rate schedules against Keras's documentation: its formulas in float64, and values worked out by hand. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Tf } from '../../../src/engine/engine.ts';
import { currentRate } from '../../../src/engine/train/optimizers/learning-rate.ts';
import { createOptimizer, learningRateOf } from '../../../src/engine/train/optimizers/optimizer.ts';
import { createSchedule, type ScheduleChoice } from '../../../src/engine/train/optimizers/schedules.ts';
import { testEngine } from './engine.ts';

let tf: Tf;
before(async () => {
  ({ tf } = await testEngine());
});

function rateAt(choice: ScheduleChoice, step: number): number {
  const schedule = createSchedule(choice);
  return tf.tidy(() => {
    const rate = schedule(tf, tf.scalar(step, 'int32'));
    assert.deepEqual([rate.dtype, rate.shape], ['float32', []]);
    return rate.dataSync()[0] ?? Number.NaN;
  });
}

/** Relative, with a floor for rates that end at 0. */
function assertNear(actual: number, expected: number, message: string): void {
  const tolerance = 2e-6 * Math.abs(expected) + 1e-8;
  assert.ok(Math.abs(actual - expected) <= tolerance, `${message}: ${actual} instead of ${expected}`);
}

const exponential = { initial_learning_rate: 0.1, decay_steps: 10, decay_rate: 0.5, staircase: false };
const cosine = {
  initial_learning_rate: 0.2,
  decay_steps: 8,
  alpha: 0.25,
  warmup_target: null,
  warmup_steps: 0,
};
const polynomial = {
  initial_learning_rate: 0.1,
  decay_steps: 10,
  end_learning_rate: 0.01,
  power: 1,
  cycle: false,
};
const inverse = { initial_learning_rate: 0.1, decay_steps: 1, decay_rate: 0.5, staircase: false };

/** Steps and their rates. */
const TABLE: Readonly<
  Record<string, { readonly choice: ScheduleChoice; readonly rates: readonly (readonly [number, number])[] }>
> = {
  'ExponentialDecay halves the rate every ten steps': {
    choice: { ExponentialDecay: exponential },
    rates: [
      [0, 0.1],
      [5, 0.0707106781],
      [10, 0.05],
      [25, 0.0176776695],
    ],
  },
  'ExponentialDecay in stairs': {
    choice: { ExponentialDecay: { ...exponential, staircase: true } },
    rates: [
      [9, 0.1],
      [10, 0.05],
      [19, 0.05],
      [25, 0.025],
    ],
  },
  'CosineDecay ends at its share, and stays there': {
    choice: { CosineDecay: cosine },
    rates: [
      [0, 0.2],
      [2, 0.1780330086],
      [4, 0.125],
      [8, 0.05],
      [100, 0.05],
    ],
  },
  'CosineDecay after a warm-up from 0': {
    choice: {
      CosineDecay: {
        initial_learning_rate: 0,
        decay_steps: 6,
        alpha: 0,
        warmup_target: 0.1,
        warmup_steps: 4,
      },
    },
    rates: [
      [0, 0],
      [1, 0.025],
      [3, 0.075],
      [4, 0.1],
      [6, 0.075],
      [7, 0.05],
      [8, 0.025],
      [10, 0],
      [50, 0],
    ],
  },
  "PiecewiseConstantDecay, the example of Keras's documentation": {
    choice: { PiecewiseConstantDecay: { boundaries: [100_000, 110_000], values: [1, 0.5, 0.1] } },
    rates: [
      [0, 1],
      [100_000, 1],
      [100_001, 0.5],
      [110_000, 0.5],
      [110_001, 0.1],
    ],
  },
  'PolynomialDecay along a square root': {
    choice: { PolynomialDecay: { ...polynomial, power: 0.5 } },
    rates: [
      [0, 0.1],
      [5, 0.0736396103],
      [10, 0.01],
      [20, 0.01],
    ],
  },
  'PolynomialDecay in cycles, each a multiple of the first': {
    choice: { PolynomialDecay: { ...polynomial, cycle: true } },
    rates: [
      [0, 0.1],
      [10, 0.01],
      [11, 0.0505],
      [15, 0.0325],
      [20, 0.01],
      [21, 0.037],
    ],
  },
  "InverseTimeDecay, the example of Keras's documentation": {
    choice: { InverseTimeDecay: inverse },
    rates: [
      [0, 0.1],
      [1, 0.0666666667],
      [2, 0.05],
      [10, 0.0166666667],
    ],
  },
  'InverseTimeDecay in stairs': {
    choice: { InverseTimeDecay: { ...inverse, decay_steps: 4, staircase: true } },
    rates: [
      [3, 0.1],
      [4, 0.0666666667],
      [7, 0.0666666667],
      [8, 0.05],
    ],
  },
};

for (const [name, { choice, rates }] of Object.entries(TABLE)) {
  test(name, () => {
    const held = tf.memory().numTensors;
    for (const [step, rate] of rates) assertNear(rateAt(choice, step), rate, `step ${step}`);
    assert.equal(tf.memory().numTensors, held);
  });
}

/** The formulas of Keras's documentation. */
function reference(choice: ScheduleChoice, step: number): number {
  if ('ExponentialDecay' in choice) {
    const { initial_learning_rate, decay_steps, decay_rate, staircase } = choice.ExponentialDecay;
    const exponent = step / decay_steps;
    return initial_learning_rate * decay_rate ** (staircase ? Math.floor(exponent) : exponent);
  }
  if ('InverseTimeDecay' in choice) {
    const { initial_learning_rate, decay_steps, decay_rate, staircase } = choice.InverseTimeDecay;
    const share = step / decay_steps;
    return initial_learning_rate / (1 + decay_rate * (staircase ? Math.floor(share) : share));
  }
  if ('CosineDecay' in choice) {
    const { initial_learning_rate, decay_steps, alpha, warmup_target, warmup_steps } = choice.CosineDecay;
    if (warmup_target !== null && step < warmup_steps) {
      return initial_learning_rate + ((warmup_target - initial_learning_rate) * step) / warmup_steps;
    }
    const since = Math.min(step - (warmup_target === null ? 0 : warmup_steps), decay_steps);
    const wave = 0.5 * (1 + Math.cos((Math.PI * since) / decay_steps));
    return (warmup_target ?? initial_learning_rate) * ((1 - alpha) * wave + alpha);
  }
  if ('PolynomialDecay' in choice) {
    const { initial_learning_rate, decay_steps, end_learning_rate, power, cycle } = choice.PolynomialDecay;
    const end = cycle ? decay_steps * Math.max(1, Math.ceil(step / decay_steps)) : decay_steps;
    const share = Math.min(step, end) / end;
    return (initial_learning_rate - end_learning_rate) * (1 - share) ** power + end_learning_rate;
  }
  const { boundaries, values } = choice.PiecewiseConstantDecay;
  const index = boundaries.findIndex((boundary) => step <= boundary);
  return values.at(index) ?? Number.NaN;
}

/** 49 and 41 are not powers of 2, so their reciprocals are rounded. */
const CHOICES: readonly ScheduleChoice[] = [49, 41, 1, 600].flatMap((decay_steps): ScheduleChoice[] => [
  { ExponentialDecay: { ...exponential, decay_steps, decay_rate: 0.96 } },
  { ExponentialDecay: { ...exponential, decay_steps, decay_rate: 0.96, staircase: true } },
  { ExponentialDecay: { ...exponential, decay_steps: decay_steps + 500, decay_rate: 0.7 } },
  { InverseTimeDecay: { ...inverse, decay_steps } },
  { InverseTimeDecay: { ...inverse, decay_steps, decay_rate: 3, staircase: true } },
  { CosineDecay: { ...cosine, decay_steps } },
  { CosineDecay: { ...cosine, decay_steps, alpha: 0 } },
  { CosineDecay: { ...cosine, decay_steps, warmup_target: 0.5, warmup_steps: 37 } },
  { CosineDecay: { ...cosine, decay_steps, warmup_target: 0.05, warmup_steps: 1 } },
  { PolynomialDecay: { ...polynomial, decay_steps } },
  { PolynomialDecay: { ...polynomial, decay_steps, power: 2, cycle: true } },
  { PolynomialDecay: { ...polynomial, decay_steps, end_learning_rate: 0.3, cycle: true } },
  { PiecewiseConstantDecay: { boundaries: [0, decay_steps, decay_steps + 1], values: [0.1, 0.3, 0, 0.2] } },
  { PiecewiseConstantDecay: { boundaries: [decay_steps], values: [0.1, 0.01] } },
]);

test('every schedule follows its formula at every step', () => {
  for (const choice of CHOICES) {
    const schedule = createSchedule(choice);
    const steps = [...Array(130).keys(), 599, 600, 601, 1199, 1200, 1201, 100_000];
    const rates = tf.tidy(() =>
      tf.stack(steps.map((step) => schedule(tf, tf.scalar(step, 'int32')))).dataSync(),
    );
    for (const [index, step] of steps.entries()) {
      assertNear(
        rates[index] ?? Number.NaN,
        reference(choice, step),
        `${JSON.stringify(choice)}, step ${step}`,
      );
    }
  }
});

test('ends, boundaries and stairs are right beyond the integers that a float32 represents', () => {
  const far = 2 ** 24;
  const values = [0.5, 0.25];
  const piecewise: ScheduleChoice = { PiecewiseConstantDecay: { boundaries: [far], values } };
  const smooth: ScheduleChoice = { CosineDecay: { ...cosine, decay_steps: 2 ** 30 } };
  assertNear(rateAt(smooth, 2 ** 29 + 1), 0.125, 'half a wave');
  assert.deepEqual([rateAt(piecewise, far), rateAt(piecewise, far + 1)], values);
  const stairs: ScheduleChoice = {
    ExponentialDecay: { ...exponential, initial_learning_rate: 0.5, decay_steps: far + 1, staircase: true },
  };
  assert.deepEqual([rateAt(stairs, far), rateAt(stairs, far + 1)], values);
  const cycle: ScheduleChoice = { PolynomialDecay: { ...polynomial, decay_steps: far + 1, cycle: true } };
  assertNear(rateAt(cycle, far + 1), 0.01, 'the end of a cycle');
  assertNear(rateAt(cycle, far + 2), 0.055, 'the begin of the next');
});

test('values that do not fit the boundaries are refused', () => {
  assert.throws(
    () => createSchedule({ PiecewiseConstantDecay: { boundaries: [1], values: [1] } }),
    RangeError,
  );
});

test('an optimizer with a schedule takes each step at its rate, and remembers none', () => {
  const learning_rate = { PiecewiseConstantDecay: { boundaries: [0, 1], values: [1, 0.5, 0.25] } };
  const weight = tf.tidy(() => tf.variable(tf.tensor1d([10])));
  const choice = { SGD: { learning_rate, momentum: 0, nesterov: false } };
  const optimizer = createOptimizer(tf, choice, [weight]);
  assert.equal(learningRateOf(choice), learning_rate);
  assert.deepEqual(optimizer.variables, []);
  const seen = [0, 1, 2, 3].map((step) => {
    tf.tidy(() => optimizer.apply([tf.tensor1d([1])], tf.scalar(step, 'int32')));
    return weight.dataSync()[0];
  });
  assert.deepEqual(seen, [9, 8.5, 8.25, 8]);
  optimizer.dispose();
  weight.dispose();
});

test('the rate of the last step is read from the number of steps', async () => {
  const variable = tf.tidy(() => tf.variable(tf.scalar(0, 'int32'), false));
  const held = tf.memory().numTensors;
  const { read, set } = currentRate(tf, { InverseTimeDecay: inverse }, [{ name: 'step', variable }]);
  assert.equal(set, undefined);
  assertNear(await read(), 0.1, 'before the first step');
  tf.tidy(() => variable.assign(tf.scalar(1, 'int32')));
  assertNear(await read(), 0.1, 'after the first step');
  tf.tidy(() => variable.assign(tf.scalar(3, 'int32')));
  assertNear(await read(), 0.05, 'after the third step');
  assert.equal(tf.memory().numTensors, held);
  variable.dispose();
});

test('a constant rate is read from its variable, and can be set', async () => {
  const weight = tf.tidy(() => tf.variable(tf.tensor1d([10])));
  const optimizer = createOptimizer(tf, { SGD: { learning_rate: 0.5, momentum: 0, nesterov: false } }, [
    weight,
  ]);
  const state = optimizer.variables.map(({ name, variable }) => ({ name: `optimizer/${name}`, variable }));
  const { read, set } = currentRate(tf, 0.5, state);
  assert.equal(await read(), 0.5);
  set?.(0.125);
  assert.equal(await read(), 0.125);
  tf.tidy(() => optimizer.apply([tf.tensor1d([8])], tf.scalar(0, 'int32')));
  assert.deepEqual([...weight.dataSync()], [9]);
  optimizer.dispose();
  weight.dispose();
});
