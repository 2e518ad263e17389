/** Quantised latents: a step against Keras's numbers, in every mode; which code is chosen; how often codes are used. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Tensor } from '@tensorflow/tfjs';
import * as fc from 'fast-check';
import type { Engine } from '../../../src/engine/engine.ts';
import { CodeCounts, trainedChooser } from '../../../src/engine/train/code-counts.ts';
import { quantize, quantizerLayer } from '../../../src/engine/train/quantizer.ts';
import { computeRows } from '../../../src/engine/train/rows.ts';
import { rowNumbers, type Samples } from '../../../src/engine/train/samples.ts';
import {
  buildAutoencoder,
  disposeAutoencoder,
  type TrainableAutoencoder,
} from '../../../src/layers/build.ts';
import { layer, seedsOf } from '../../layers/specs.ts';
import { assertNear, compareStep, engineOf, fill, images, modes, PIXELS, written } from './keras-step.ts';

/** See `test/layers/keras/make-quantized.py`. */
const keras = written('quantized.json') as {
  readonly commitment: number;
  readonly variance: number;
  readonly scale: number;
  readonly loss: number;
  readonly reconstruction: number;
  readonly vq: number;
  readonly perplexity: number;
  readonly gradients: readonly (readonly number[])[];
};

const [SIZE, VECTORS, CODES] = [2, 3, 5];

/** The model with the weights of the script. */
function kerasModel(engine: Engine): TrainableAutoencoder {
  const models = buildAutoencoder(
    engine.tf,
    {
      input_shape: [PIXELS],
      encoder: [
        layer('Dense', { units: SIZE * VECTORS, activation: 'tanh' }),
        layer('Reshape', { target_shape: [VECTORS, SIZE] }),
        layer('VectorQuantizer', { codes: CODES, commitment: keras.commitment }),
      ],
      decoder: ['Flatten', layer('Dense', { units: PIXELS, activation: 'sigmoid' })],
    },
    seedsOf(1),
  );
  fill(engine, models);
  const [codes = assert.fail()] = quantizerLayer(models.encoder)?.weights ?? [];
  engine.tf.tidy(() => void codes.write(codes.read().mul(keras.scale)));
  return models;
}

for (const [name, choice] of modes)
  test(`a step on the ${name} engine, \`${choice}\``, async () => {
    const engine = await engineOf(name);
    const { variance, loss, reconstruction, vq, perplexity, gradients } = keras;
    const options = { loss: 'mse', variance, metrics: ['mae'] } as const;
    const losses = { loss, reconstruction, vq, perplexity };
    await compareStep(engine, kerasModel(engine), choice, options, { losses, gradients });
  });

test('codes are counted in training and in programs alike', async () => {
  const signal = new AbortController().signal;
  for (const name of ['usual', 'portable'] as const) {
    const engine = await engineOf(name);
    const models = kerasModel(engine);
    const chooser = trainedChooser(engine.tf, models.encoder) ?? assert.fail();
    const x = images(engine);
    const counts = await CodeCounts.of(engine, chooser, x, rowNumbers(x.count), { batchSize: 1, signal });
    assertNear([counts.perplexity], [keras.perplexity], 'the perplexity');
    assert.equal(counts.codes, CODES);
    assert.ok(counts.used >= counts.perplexity && counts.used <= CODES);
    disposeAutoencoder(models);
  }
});

/** Multiples of 1/4 are exact in float32, and often equally near. */
const coordinate = fc.integer({ min: -6, max: 6 }).map((value) => value / 4);
const table = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 2, max: 6 }), fc.integer({ min: 1, max: 7 }))
  .chain(([size, codes, rows]) => {
    const vectors = (count: number) =>
      fc.array(fc.array(coordinate, { minLength: size, maxLength: size }), {
        minLength: count,
        maxLength: count,
      });
    return fc.record({ codebook: vectors(codes), given: vectors(rows) });
  });

test('the nearest code is chosen on every engine, and of equally near ones the first', async () => {
  const all = [await engineOf('usual'), await engineOf('portable')];
  const signal = new AbortController().signal;
  const check = async (
    engine: Engine,
    codebook: readonly number[][],
    given: readonly number[][],
  ): Promise<void> => {
    const { tf } = engine;
    const size = codebook[0]?.length ?? 0;
    const codes = tf.variable(tf.tensor(codebook.flat(), [codebook.length, size]), false);
    const samples: Samples = {
      ...{ data: Float32Array.from(given.flat()), count: given.length, shape: [size] },
      ...{ scale: 1, offset: 0 },
    };
    const work = {
      samples: [samples],
      state: [{ name: 'codes', variable: codes }],
      compute: ([x]: readonly Tensor[]) => {
        const { choice, nearest } = quantize(tf, x ?? assert.fail(), codes);
        return [choice, nearest];
      },
    };
    for await (const { results } of computeRows(engine, work, rowNumbers(given.length), {
      batchSize: given.length,
      signal,
    })) {
      const wanted = given.map((vector) => {
        const distances = codebook.map((code) =>
          code.reduce((sum, value, axis) => sum + (value - (vector[axis] ?? 0)) ** 2, 0),
        );
        return distances.indexOf(Math.min(...distances));
      });
      const choices = wanted.flatMap((code) => codebook.map((_, index) => Number(index === code)));
      assert.deepEqual([...(results[0] ?? [])], choices);
      assert.deepEqual(
        [...(results[1] ?? [])].map(Math.abs),
        wanted.flatMap((code) => codebook[code] ?? []).map(Math.abs),
      );
    }
    codes.dispose();
  };
  await fc.assert(
    fc.asyncProperty(table, async ({ codebook, given }) => {
      for (const engine of all) await check(engine, codebook, given);
    }),
    { numRuns: 40 },
  );
});
