/** Layers against the numbers that Keras gave: `layers.json`, which `make-layers.py` writes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type * as tfjs from '@tensorflow/tfjs';
import type { JsonObject } from '../../../src/core/json.ts';
import { packageRoot } from '../../../src/core/package-root.ts';
import type { Tf } from '../../../src/engine/engine.ts';
import { layerFactory } from '../../../src/layers/create.ts';
import { type LayerName, layerOf, type Shape } from '../../../src/layers/layer.ts';
import { inferLayer } from '../../../src/layers/shapes.ts';
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

/** One test for each case. */
export function testLayers(engine: () => Tf): void {
  for (const wanted of kerasCases) {
    const { layer: name, args, input } = wanted;
    test(`${name} ${JSON.stringify(args)} on ${input.join('x')}`, () => {
      const tf = engine();
      tf.engine().startScope();
      try {
        compare(tf, wanted);
      } finally {
        tf.engine().endScope();
      }
    });
  }
}

function compare(tf: Tf, wanted: KerasCase): void {
  const isRandom = wanted.layer === 'Dropout' || wanted.layer === 'GaussianNoise';
  const model = build(tf, wanted);
  const x = numbers(tf, [BATCH, ...wanted.input], 3);
  const output = model.predict(x) as tfjs.Tensor;
  assert.deepEqual(output.shape, [BATCH, ...wanted.shape]);
  assertNear(output.dataSync(), wanted.output, 'the output');

  const forward = (input: tfjs.Tensor): tfjs.Tensor =>
    model.apply(input, { training: !isRandom }) as tfjs.Tensor;
  const before = model.nonTrainableWeights.map((weight) => weight.read().clone());
  assertNear(forward(x).dataSync(), wanted.training ?? wanted.output, 'the output in training');
  for (const weight of model.nonTrainableWeights) {
    const name = weightName(weight);
    assertNear(weight.read().dataSync(), wanted.moved?.[name] ?? [], name);
  }
  model.nonTrainableWeights.forEach((weight, index) => {
    const value = before[index];
    if (value !== undefined) weight.write(value);
  });

  const penalty = (): tfjs.Scalar =>
    model.calculateLosses().reduce<tfjs.Scalar>((sum, each) => sum.add(each), tf.scalar(0));
  assertNear(penalty().dataSync(), [wanted.penalty ?? 0], 'the penalty');
  const total = (input: tfjs.Tensor): tfjs.Scalar => {
    const trained = forward(input);
    return trained
      .mul(numbers(tf, trained.shape, 5))
      .sum()
      .add<tfjs.Scalar>(penalty());
  };
  assertNear(tf.grad(total)(x).dataSync(), wanted.gradients['input'] ?? [], 'the gradient of the input');
  const variables = model.trainableWeights.map((weight) => weight.read() as tfjs.Variable);
  if (variables.length === 0) return;
  const { grads } = tf.variableGrads(() => total(x), variables);
  for (const [index, weight] of model.trainableWeights.entries()) {
    const gradient = grads[variables[index]?.name ?? ''];
    assert.ok(gradient);
    const name = weightName(weight);
    assertNear(gradient.dataSync(), wanted.gradients[name] ?? [], `the gradient of ${name}`);
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
