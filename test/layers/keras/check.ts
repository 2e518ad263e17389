/** Layers against the numbers that Keras gave: `layers.json`, which `make-layers.py` writes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type * as tfjs from '@tensorflow/tfjs';
import type { JsonObject } from '../../../src/core/json.ts';
import { packageRoot } from '../../../src/core/package-root.ts';
import type { Engine, Tf } from '../../../src/engine/engine.ts';
import { compile } from '../../../src/engine/program/compile.ts';
import type { Elements, Type } from '../../../src/engine/program/types.ts';
import { trace } from '../../../src/engine/trace/trace.ts';
import type { Executor } from '../../../src/engine/webassembly/executor.ts';
import { layerFactory } from '../../../src/layers/create.ts';
import { type LayerName, layerOf, type Shape } from '../../../src/layers/layer.ts';
import { inferLayer } from '../../../src/layers/infer-layer.ts';
import { layer, seedsOf } from '../specs.ts';
import { BATCH, numbers } from './numbers.ts';

export interface KerasCase {
  readonly layer: LayerName;
  readonly args: JsonObject;
  readonly input: Shape;
  readonly shape: Shape;
  readonly output: readonly number[];
  /** Where training is something else. */
  readonly training?: readonly number[];
  readonly moved?: Readonly<Record<string, readonly number[]>>;
  readonly penalty?: number;
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

export const kerasCases = JSON.parse(
  readFileSync(join(packageRoot, 'test/layers/keras/layers.json'), 'utf8'),
) as readonly KerasCase[];

/** Factor and offset of the numbers that fill a weight. */
const FILLING: Readonly<Record<string, readonly [number, number]>> = {
  kernel: [0.5, 0],
  bias: [0.3, 0],
  alpha: [0.2, 0.25],
  gamma: [0.5, 1],
  beta: [0.5, 0],
  moving_mean: [0.3, 0],
  moving_variance: [0.5, 1],
};

function weightName({ originalName }: tfjs.LayerVariable): string {
  return originalName.replace(/^.*\//, '');
}

export function build(tf: Tf, { layer: name, args, input }: KerasCase): tfjs.LayersModel {
  const found = layerOf(layer(name, args));
  const inferred = inferLayer(found, {
    input,
    giver: 'the input is',
    report: ({ message }) => assert.fail(message),
  });
  assert.ok(inferred);
  const step = tf.variable(tf.scalar(0, 'int32'), false);
  const create = layerFactory(tf, { seeds: seedsOf(1), step });
  const start = tf.input({ shape: [...input], name: 'input' });
  const output = create({ layer: found, label: 'tested', input, ...inferred }).apply(start);
  const model = tf.model({ inputs: start, outputs: output as tfjs.SymbolicTensor });
  for (const weight of model.weights) {
    const weightOf = weightName(weight);
    const [factor, offset] = FILLING[weightOf] ?? [Number.NaN, 0];
    const values = numbers(tf, weight.shape as number[], weightOf.length);
    weight.write(values.mul(factor).add(offset));
  }
  return model;
}

/** One test for each case: by TensorFlow's operations, or by programs where there is an executor. */
export function testLayers(engine: () => Pick<Engine, 'tf' | 'executor'>): void {
  for (const wanted of kerasCases) {
    const { layer: name, args, input } = wanted;
    test(`${name} ${JSON.stringify(args)} on ${input.join('x')}`, () => {
      const { tf, executor } = engine();
      tf.engine().startScope();
      try {
        compare(tf, wanted, executor === undefined ? byOperations(tf) : byProgram(tf, executor));
      } finally {
        tf.engine().endScope();
      }
    });
  }
}

type Compute = (x: tfjs.Tensor) => readonly tfjs.Tensor[];

/** Computes, returns the new weights, and restores the old ones. */
type Evaluate = (
  model: tfjs.LayersModel,
  x: tfjs.Tensor,
  compute: Compute,
) => { readonly results: readonly Elements[]; readonly weights: readonly Elements[] };

function byOperations(tf: Tf): Evaluate {
  return (model, x, compute) => {
    const before = model.weights.map((weight) => weight.read().clone());
    const results = tf.tidy(() => [...compute(x)]).map((tensor) => tensor.dataSync<'float32'>());
    const weights = model.weights.map((weight) => weight.read().dataSync<'float32'>().slice());
    model.weights.forEach((weight, index) => weight.write(before[index] ?? weight.read()));
    return { results, weights };
  };
}

function byProgram(tf: Tf, executor: Executor): Evaluate {
  return (model, x, compute) => {
    const variables = model.weights.map((weight, index) => {
      const variable = weight.read();
      assert.ok(variable instanceof tf.Variable);
      return { name: `w${index}`, variable };
    });
    const type: Type = { dtype: 'float32', shape: x.shape };
    const program = trace(tf, {
      inputs: [{ name: 'x', type }],
      variables,
      run: ([input]) => compute(input ?? x),
    });
    const loaded = executor.load(compile(program));
    try {
      loaded.write('x', x.dataSync<'float32'>());
      for (const { name, variable } of variables) loaded.write(name, variable.dataSync<'float32'>());
      loaded.run({ steps: 1 });
      return { results: loaded.results(), weights: variables.map(({ name }) => loaded.read(name)) };
    } finally {
      loaded.dispose();
    }
  };
}

function compare(tf: Tf, wanted: KerasCase, evaluate: Evaluate): void {
  const isRandom = ['Dropout', 'SpatialDropout2D', 'GaussianNoise', 'Variational'].includes(wanted.layer);
  const model = build(tf, wanted);
  const x = numbers(tf, [BATCH, ...wanted.input], 3);
  const near = (values: Elements | undefined, numbersOfKeras: readonly number[], what: string): void =>
    assertNear(values ?? [], numbersOfKeras, what);
  const inference = evaluate(model, x, (input) => {
    const output = model.apply(input, { training: false }) as tfjs.Tensor;
    assert.deepEqual(output.shape, [BATCH, ...wanted.shape]);
    return [output];
  });
  near(inference.results[0], wanted.output, 'the output');

  const forward = (input: tfjs.Tensor): tfjs.Tensor =>
    model.apply(input, { training: !isRandom }) as tfjs.Tensor;
  const training = evaluate(model, x, (input) => [forward(input)]);
  near(training.results[0], wanted.training ?? wanted.output, 'the output in training');
  for (const [index, weight] of model.weights.entries()) {
    if (!model.nonTrainableWeights.includes(weight)) continue;
    const name = weightName(weight);
    near(training.weights[index], wanted.moved?.[name] ?? [], name);
  }

  const penalty = (): tfjs.Scalar =>
    model.calculateLosses().reduce<tfjs.Scalar>((sum, each) => sum.add(each), tf.scalar(0));
  near(evaluate(model, x, () => [penalty()]).results[0], [wanted.penalty ?? 0], 'the penalty');
  const total = (input: tfjs.Tensor): tfjs.Scalar => {
    const trained = forward(input);
    return trained
      .mul(numbers(tf, trained.shape, 5))
      .sum()
      .add<tfjs.Scalar>(penalty());
  };
  const byInput = evaluate(model, x, (input) => [tf.grad(total)(input)]);
  near(byInput.results[0], wanted.gradients['input'] ?? [], 'the gradient of the input');
  const variables = model.trainableWeights.map((weight) => weight.read() as tfjs.Variable);
  if (variables.length === 0) return;
  const byWeights = evaluate(model, x, (input) => {
    const { grads } = tf.variableGrads(() => total(input), variables);
    return variables.map(({ name }) => grads[name] ?? assert.fail(`no gradient of ${name}`));
  });
  for (const [index, weight] of model.trainableWeights.entries()) {
    const name = weightName(weight);
    near(byWeights.results[index], wanted.gradients[name] ?? [], `the gradient of ${name}`);
  }
}

/** Of the size of the largest number. */
const TOLERANCE = 1e-5;

export function assertNear(values: ArrayLike<number>, wanted: readonly number[], what: string): void {
  assert.equal(values.length, wanted.length, what);
  const size = Math.max(1, ...wanted.map(Math.abs));
  for (const [index, value] of Array.from(values).entries()) {
    const other = wanted[index] ?? Number.NaN;
    const distance = Math.abs(value - other);
    assert.ok(distance <= TOLERANCE * size, `${what} has ${value} at ${index}, but in Keras ${other}`);
  }
}
