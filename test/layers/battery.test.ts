/** Every kind of layer: the pure rule against what tfjs builds and computes, and one step of training. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type * as tfjs from '@tensorflow/tfjs';
import * as fc from 'fast-check';
import type { LayerSpec } from '../../src/schema/generated/settings.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Tf } from '../../src/engine/engine.ts';
import { loadEngine } from '../../src/engine/load.ts';
import { quantizationLoss, quantizerLayer } from '../../src/engine/train/quantizer.ts';
import { layerFactory } from '../../src/layers/create.ts';
import { layerOf, type Shape } from '../../src/layers/layer.ts';
import { inferLayer } from '../../src/layers/infer-layer.ts';
import { type PlacedLayer, parametersOf } from '../../src/layers/shapes.ts';
import { battery, image } from './cases.ts';
import { layer, seedsOf, singleLayerNames } from './specs.ts';

let tf: Tf;
before(async () => {
  ({ tf } = await loadEngine({ choice: 'portable', threads: 1 }));
});

function place(spec: LayerSpec, input: Shape): PlacedLayer {
  const found = layerOf(spec);
  const inferred = inferLayer(found, {
    input,
    giver: 'the input is',
    report: ({ message }) => assert.fail(message),
  });
  assert.ok(inferred);
  return { layer: found, label: 'tested', input, ...inferred };
}

interface Built {
  readonly model: tfjs.LayersModel;
  readonly step: tfjs.Variable;
}

function build(placed: PlacedLayer): Built {
  const step = tf.variable(tf.scalar(0, 'int32'), false);
  const create = layerFactory(tf, { seeds: seedsOf(1), step });
  const input = tf.input({ shape: [...placed.input], name: 'input' });
  const output = create(placed).apply(input) as tfjs.SymbolicTensor;
  const model = tf.model({ inputs: input, outputs: output });
  // Something between 0 and 1 for each weight: zeros would hide its effect.
  for (const weight of model.weights) {
    weight.write(tf.randomUniform(weight.shape as number[], 0.1, 0.9, 'float32', 7));
  }
  return { model, step };
}

/** The numbers that do not depend on what the model has computed before. */
function weightValues(model: tfjs.LayersModel): number[][] {
  return model.trainableWeights.map((weight) => [...weight.read().dataSync()]);
}

test('the battery has every layer of the language that stands alone', () => {
  assert.deepEqual(Object.keys(battery).sort(), [...singleLayerNames].sort());
});

for (const name of singleLayerNames) {
  for (const [args, input] of battery[name]) {
    test(`${name} ${JSON.stringify(args)} on ${input.join('x')}`, () => {
      const placed = place(layer(name, args), input);
      const { model } = build(placed);
      const batch = tf.randomUniform([3, ...input], -1, 1, 'float32', 3);
      const output = model.predict(batch) as tfjs.Tensor;
      assert.deepEqual(output.shape, [3, ...placed.output]);
      assert.deepEqual(model.outputShape, [null, ...placed.output]);
      assert.deepEqual(
        model.weights.map(({ originalName, shape }) => [originalName, shape]),
        placed.weights.map((weight) => [`tested/${weight.name}`, weight.shape]),
      );
      assert.equal(model.countParams(), parametersOf(placed.weights));
      assert.deepEqual(
        model.trainableWeights.map(({ originalName }) => originalName),
        placed.weights.filter(({ trainable }) => trainable).map((weight) => `tested/${weight.name}`),
      );
      assert.ok([...output.dataSync()].every(Number.isFinite));

      const before = weightValues(model);
      const variables = model.trainableWeights.map((weight) => weight.read() as tfjs.Variable);
      if (variables.length === 0) {
        // Then the gradient must reach the layers before it.
        const gradient = tf.grad((x) => (model.apply(x, { training: true }) as tfjs.Tensor).square().sum())(
          batch,
        );
        assert.ok([...gradient.dataSync()].every(Number.isFinite));
        return;
      }
      const optimizer = tf.train.sgd(0.01);
      optimizer.minimize(
        () => {
          const trained = model.apply(batch, { training: true }) as tfjs.Tensor;
          const loss = trained.sub(0.3).square().mean().asScalar();
          // Codes get no gradient from what comes after them.
          const quantizer = quantizerLayer(model);
          return quantizer === undefined
            ? loss
            : loss.add<tfjs.Scalar>(quantizationLoss(tf, quantizer.quantize(batch), 0));
        },
        false,
        variables,
      );
      const after = weightValues(model);
      for (const [index, values] of after.entries()) {
        assert.ok(values.every(Number.isFinite));
        assert.notDeepEqual(values, before[index]);
      }
    });
  }
}

test('rules and tfjs agree on any convolution, pooling and transposed convolution', () => {
  const side = fc.integer({ min: 1, max: 9 });
  const pair = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }));
  const padding = fc.constantFrom('same', 'valid');
  const window = fc.record({ size: pair, strides: pair, padding });
  const kind = fc.constantFrom('Conv2D', 'Conv2DTranspose', 'MaxPooling2D', 'AveragePooling2D');
  fc.assert(
    fc.property(kind, side, side, window, (name, height, width, { size, strides, padding: mode }) => {
      const sizes: JsonObject = name.startsWith('Conv')
        ? { filters: 2, kernel_size: size }
        : { pool_size: size };
      const spec = layer(name, { ...sizes, strides, padding: mode });
      let refused = false;
      const inferred = inferLayer(layerOf(spec), {
        input: [height, width, 1],
        giver: '',
        report: () => {
          refused = true;
        },
      });
      const reach = name === 'Conv2DTranspose' || mode === 'same' ? [1, 1] : size;
      assert.equal(refused, (reach[0] ?? 1) > height || (reach[1] ?? 1) > width);
      if (inferred === undefined) return;
      const found = layerOf(spec);
      tf.tidy(() => {
        const { model } = build({ layer: found, label: 'tested', input: [height, width, 1], ...inferred });
        const output = model.predict(tf.ones([1, height, width, 1])) as tfjs.Tensor;
        assert.deepEqual(output.shape, [1, ...inferred.output]);
        assert.equal(model.countParams(), parametersOf(inferred.weights));
      });
    }),
    { numRuns: 150 },
  );
});

test('training and inference agree for layers without random numbers and statistics', () => {
  for (const name of ['Conv2D', 'LayerNormalization', 'GroupNormalization'] as const) {
    for (const [args, input] of battery[name]) {
      const { model } = build(place(layer(name, args), input));
      const batch = tf.randomUniform([2, ...input], -1, 1, 'float32', 5);
      const trained = (model.apply(batch, { training: true }) as tfjs.Tensor).dataSync();
      assertNear([[...trained]], [[...(model.predict(batch) as tfjs.Tensor).dataSync()]]);
    }
  }
});

test('batch normalization trains as tfjs does it, and moves its statistics as far', () => {
  const batch = tf.randomUniform([4, ...image], -1, 3, 'float32', 5);
  const run = (train: (model: tfjs.LayersModel, own: tfjs.layers.Layer) => tfjs.Tensor): number[][] => {
    const { model } = build(place(layer('BatchNormalization', { momentum: 0.9 }), image));
    const [, own] = model.layers;
    assert.ok(own);
    const output = train(model, own);
    return [output, ...own.weights.map((weight) => weight.read())].map((tensor) => [...tensor.dataSync()]);
  };
  const ours = run((model) => model.apply(batch, { training: true }) as tfjs.Tensor);
  const theirs = run((_model, own) => {
    const plain = tf.layers.batchNormalization({ momentum: 0.9 });
    plain.build([null, ...image]);
    plain.setWeights(own.getWeights());
    const output = plain.apply(batch, { training: true }) as tfjs.Tensor;
    own.setWeights(plain.getWeights());
    return output;
  });
  assertNear(ours, theirs);
});

test('normalization without scale or center is that with factors of 1 and offsets of 0', () => {
  const batch = tf.randomUniform([4, ...image], -1, 3, 'float32', 5);
  for (const name of ['BatchNormalization', 'LayerNormalization'] as const) {
    const run = (args: JsonObject): number[][] => {
      const { model } = build(place(layer(name, args), image));
      for (const weight of model.weights) {
        weight.write(tf.fill(weight.shape as number[], weight.originalName.endsWith('gamma') ? 1 : 0));
      }
      const trained = model.apply(batch, { training: true }) as tfjs.Tensor;
      const statistics = model.nonTrainableWeights.map((weight) => [...weight.read().dataSync()]);
      return [[...trained.dataSync()], ...statistics];
    };
    const full = run({});
    assertNear(run({ scale: false }), full);
    assertNear(run({ center: false }), full);
    assertNear(run({ scale: false, center: false }), full);
  }
});

function assertNear(actual: readonly number[][], expected: readonly number[][]): void {
  assert.equal(actual.length, expected.length);
  for (const [index, values] of actual.entries()) {
    assert.equal(values.length, expected[index]?.length);
    for (const [position, value] of values.entries()) {
      assert.ok(Math.abs(value - (expected[index]?.[position] ?? NaN)) < 1e-4);
    }
  }
}
