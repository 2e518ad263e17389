/** Each optimizer against the formulas of Keras's documentation, written down once more in float64. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import fc from 'fast-check';
import type { Tf } from '../../../src/engine/engine.ts';
import { createOptimizer, type OptimizerChoice } from '../../../src/engine/train/optimizers/optimizer.ts';
import { readVariables, writeVariables } from '../../../src/engine/train/state.ts';
import { testEngine } from './engine.ts';

let tf: Tf;
before(async () => {
  ({ tf } = await testEngine());
});

/** One number of a weight: from its value, its gradient and the step (from 1) to its next value. */
type Reference = (weight: number, gradient: number, step: number) => number;

const START = [1.5, -0.7, 0.02, 3];
const CENTRE = [0.5, 0.25, -1, 2.9];
const STEPS = 20;

/** The gradient of a quartic and a ripple: neither constant nor of one sign. */
function gradientOf(weight: number, index: number): number {
  const distance = weight - (CENTRE[index] ?? 0);
  return 4 * distance ** 3 + distance + 0.3 * Math.sin(40 * weight);
}

function adamReference(
  { rate, decay = 0, amsgrad = false }: { rate: number; decay?: number; amsgrad?: boolean },
  beta1 = 0.9,
  beta2 = 0.999,
): Reference {
  let m = 0;
  let v = 0;
  let largest = 0;
  return (weight, gradient, step) => {
    m = beta1 * m + (1 - beta1) * gradient;
    v = beta2 * v + (1 - beta2) * gradient ** 2;
    largest = Math.max(largest, v);
    const alpha = (rate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
    return weight - rate * decay * weight - (alpha * m) / (Math.sqrt(amsgrad ? largest : v) + 1e-7);
  };
}

function rmspropReference(rate: number, momentum: number, centered: boolean): Reference {
  let v = 0;
  let average = 0;
  let total = 0;
  return (weight, gradient) => {
    v = 0.9 * v + 0.1 * gradient ** 2;
    average = 0.9 * average + 0.1 * gradient;
    const denominator = Math.sqrt(v - (centered ? average ** 2 : 0) + 1e-7);
    total = momentum * total + (rate * gradient) / denominator;
    return weight - total;
  };
}

function sgdReference(rate: number, momentum: number, nesterov: boolean): Reference {
  let velocity = 0;
  return (weight, gradient) => {
    velocity = momentum * velocity - rate * gradient;
    return weight + (nesterov ? momentum * velocity - rate * gradient : velocity);
  };
}

function nadamReference(rate: number): Reference {
  const u = (step: number): number => 0.9 * (1 - 0.5 * 0.96 ** step);
  let m = 0;
  let v = 0;
  let product = 1;
  return (weight, gradient, step) => {
    product *= u(step);
    m = 0.9 * m + 0.1 * gradient;
    v = 0.999 * v + 0.001 * gradient ** 2;
    const ahead =
      (u(step + 1) * m) / (1 - product * u(step + 1)) + ((1 - u(step)) * gradient) / (1 - product);
    return weight - (rate * ahead) / (Math.sqrt(v / (1 - 0.999 ** step)) + 1e-7);
  };
}

function adamaxReference(rate: number): Reference {
  let m = 0;
  let norm = 0;
  return (weight, gradient, step) => {
    m = 0.9 * m + 0.1 * gradient;
    norm = Math.max(0.999 * norm, Math.abs(gradient));
    return weight - (rate / (1 - 0.9 ** step)) * (m / (norm + 1e-7));
  };
}

function adagradReference(rate: number): Reference {
  let sum = 0.1;
  return (weight, gradient) => {
    sum += gradient ** 2;
    return weight - (rate * gradient) / Math.sqrt(sum + 1e-7);
  };
}

function adadeltaReference(rate: number): Reference {
  let squares = 0;
  let steps = 0;
  return (weight, gradient) => {
    squares = 0.95 * squares + 0.05 * gradient ** 2;
    const step = (gradient * Math.sqrt(steps + 1e-7)) / Math.sqrt(squares + 1e-7);
    steps = 0.95 * steps + 0.05 * step ** 2;
    return weight - rate * step;
  };
}

const adam = { learning_rate: 0.05, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, amsgrad: false };
const rmsprop = { learning_rate: 0.02, rho: 0.9, momentum: 0, epsilon: 1e-7, centered: false };
const simple = { learning_rate: 0.05, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 };

const CASES: Readonly<
  Record<string, { readonly choice: OptimizerChoice; readonly reference: () => Reference }>
> = {
  SGD: {
    choice: { SGD: { learning_rate: 0.01, momentum: 0, nesterov: false } },
    reference: () => sgdReference(0.01, 0, false),
  },
  'SGD with momentum': {
    choice: { SGD: { learning_rate: 0.01, momentum: 0.8, nesterov: false } },
    reference: () => sgdReference(0.01, 0.8, false),
  },
  'SGD with Nesterov momentum': {
    choice: { SGD: { learning_rate: 0.01, momentum: 0.8, nesterov: true } },
    reference: () => sgdReference(0.01, 0.8, true),
  },
  RMSprop: { choice: { RMSprop: rmsprop }, reference: () => rmspropReference(0.02, 0, false) },
  'RMSprop with momentum, centered': {
    choice: { RMSprop: { ...rmsprop, momentum: 0.5, centered: true } },
    reference: () => rmspropReference(0.02, 0.5, true),
  },
  Adam: { choice: { Adam: adam }, reference: () => adamReference({ rate: 0.05 }) },
  AMSGrad: {
    choice: { Adam: { ...adam, beta_2: 0.5, amsgrad: true } },
    reference: () => adamReference({ rate: 0.05, amsgrad: true }, 0.9, 0.5),
  },
  AdamW: {
    choice: { AdamW: { ...adam, weight_decay: 0.1 } },
    reference: () => adamReference({ rate: 0.05, decay: 0.1 }),
  },
  Nadam: { choice: { Nadam: simple }, reference: () => nadamReference(0.05) },
  Adamax: { choice: { Adamax: simple }, reference: () => adamaxReference(0.05) },
  Adagrad: {
    choice: { Adagrad: { learning_rate: 0.1, initial_accumulator_value: 0.1, epsilon: 1e-7 } },
    reference: () => adagradReference(0.1),
  },
  Adadelta: {
    choice: { Adadelta: { learning_rate: 5, rho: 0.95, epsilon: 1e-7 } },
    reference: () => adadeltaReference(5),
  },
  'SGD with weight decay': {
    choice: { SGD: { learning_rate: 0.01, momentum: 0.8, nesterov: false, weight_decay: 0.5 } },
    reference: () => {
      const plain = sgdReference(0.01, 0.8, false);
      return (weight, gradient, step) => plain(weight * (1 - 0.01 * 0.5), gradient, step);
    },
  },
  'SGD with clipped values': {
    choice: { SGD: { learning_rate: 0.01, momentum: 0.8, nesterov: false, clipvalue: 2 } },
    reference: () => {
      const plain = sgdReference(0.01, 0.8, false);
      return (weight, gradient, step) => plain(weight, Math.max(-2, Math.min(2, gradient)), step);
    },
  },
};

/** A weight of four numbers, an optimizer, and a step counter, driven by hand. */
function rig(choice: OptimizerChoice) {
  const weight = tf.tidy(() => tf.variable(tf.tensor1d(START)));
  const step = tf.tidy(() => tf.variable(tf.scalar(0, 'int32'), false));
  const optimizer = createOptimizer(tf, choice, [weight]);
  return {
    weight,
    step,
    optimizer,
    /** Takes one step, and gives the gradient that it was taken along. */
    takeStep(): Float32Array {
      const gradient = Float32Array.from(weight.dataSync(), gradientOf);
      tf.tidy(() => {
        optimizer.apply([tf.tensor1d(gradient)], step);
        step.assign(step.add(tf.scalar(1, 'int32')));
      });
      return gradient;
    },
    dispose(): void {
      optimizer.dispose();
      tf.dispose([weight, step]);
    },
  };
}

for (const [name, { choice, reference }] of Object.entries(CASES)) {
  test(`${name} moves weights as its formula says`, () => {
    const held = tf.memory().numTensors;
    const run = rig(choice);
    const references = START.map(reference);
    let expected = START.slice();
    for (let step = 1; step <= STEPS; step++) {
      // Both follow the same gradients: those of the float64 weights would drift apart through the ripple.
      const gradient = run.takeStep();
      expected = expected.map(
        (weight, index) => references[index]?.(weight, gradient[index] ?? 0, step) ?? 0,
      );
      for (const [index, weight] of run.weight.dataSync().entries()) {
        const wanted = expected[index] ?? 0;
        assert.ok(Math.abs(weight - wanted) < 2e-5, `step ${step}: ${weight} instead of ${wanted}`);
      }
    }
    run.dispose();
    assert.equal(tf.memory().numTensors, held);
  });

  test(`${name} resumes from its variables alone`, async () => {
    const first = rig(choice);
    for (let step = 0; step < 3; step++) first.takeStep();
    const variables = (item: typeof first) => [
      ...item.optimizer.variables,
      { name: 'weight', variable: item.weight },
      { name: 'step', variable: item.step },
    ];
    const saved = await readVariables(variables(first));
    const second = rig(choice);
    writeVariables(tf, variables(second), saved);
    for (let step = 0; step < 3; step++) {
      first.takeStep();
      second.takeStep();
    }
    assert.deepEqual(await readVariables(variables(second)), await readVariables(variables(first)));
    first.dispose();
    second.dispose();
  });
}

test('a learning rate that is changed between two steps takes effect', () => {
  const run = rig({ SGD: { learning_rate: 0.5, momentum: 0, nesterov: false } });
  const rate = run.optimizer.variables.find(({ name }) => name === 'learning_rate')?.variable;
  tf.tidy(() => rate?.assign(tf.scalar(0)));
  run.takeStep();
  assert.deepEqual([...run.weight.dataSync()], [...Float32Array.from(START)]);
  run.dispose();
});

test('a weight without a gradient stays as it is', () => {
  const run = rig({ Adam: adam });
  run.optimizer.apply([undefined], run.step);
  assert.deepEqual([...run.weight.dataSync()], [...Float32Array.from(START)]);
  run.dispose();
});

test('saved values of other variables are refused, and nothing is written', async () => {
  const run = rig({ Adam: adam });
  const other = rig({ Adamax: simple });
  run.takeStep();
  const before = await readVariables(run.optimizer.variables);
  const saved = await readVariables(other.optimizer.variables);
  assert.throws(() => writeVariables(tf, run.optimizer.variables, saved), TypeError);
  assert.throws(() => writeVariables(tf, run.optimizer.variables, before.slice(1)), TypeError);
  assert.deepEqual(await readVariables(run.optimizer.variables), before);
  run.dispose();
  other.dispose();
});

test('clipped norms keep the direction of a gradient, and one below the limit to the bit', () => {
  const still = { learning_rate: 1, momentum: 0, nesterov: false };
  const steps = (choice: OptimizerChoice, gradients: readonly number[][]): number[][] => {
    const weights = gradients.map(({ length }) => tf.variable(tf.zeros([length])));
    const optimizer = createOptimizer(tf, choice, weights);
    optimizer.apply(
      gradients.map((gradient) => tf.tensor1d(gradient)),
      tf.scalar(0, 'int32'),
    );
    return weights.map((weight) => [...weight.dataSync()].map((value) => -value));
  };
  const near = (actual: readonly number[], wanted: readonly number[]): void =>
    wanted.forEach((value, index) => assert.ok(Math.abs((actual[index] ?? NaN) - value) < 1e-5));
  const numbers = fc.array(
    fc.integer({ min: -72, max: 72 }).map((value) => value / 8),
    { minLength: 1, maxLength: 5 },
  );
  const norm = (values: readonly number[]): number => Math.hypot(...values);
  fc.assert(
    fc.property(numbers, numbers, fc.double({ min: 0.1, max: 20, noNaN: true }), (one, other, limit) => {
      const whole = norm([...one, ...other]);
      const shared = steps({ SGD: { ...still, global_clipnorm: limit } }, [one, other]).flat();
      const scale = Math.min(1, limit / whole);
      near(
        shared,
        [...one, ...other].map((value) => (whole === 0 ? 0 : value * scale)),
      );
      const [own = []] = steps({ SGD: { ...still, clipnorm: limit } }, [one, other]);
      near(
        own,
        one.map((value) => value * Math.min(1, limit / Math.max(norm(one), 1e-30))),
      );
      if (norm(one) < 0.99 * limit) assert.ok(own.every((value, index) => value === (one[index] ?? 0)));
    }),
    { numRuns: 30 },
  );
});
