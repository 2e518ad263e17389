/**
 * Shapes that fill no vector and no tile, batches of one and last batches of one: compiled and op by op, the same numbers. A few
 * that have many at once; `scripts/fuzz-models.ts` draws any number of others.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sizeOf } from '../../../src/core/shape.ts';
import type { Shape } from '../../../src/layers/layer.ts';
import type { LayerSpec } from '../../../src/schema/generated/settings.ts';
import { layer } from '../../layers/specs.ts';
import { assertAgree, bytes, nativeEngine, trainAndMeasure, type Settings } from './rig.ts';

const engine = await nativeEngine();

interface Case {
  readonly input: Shape;
  readonly batchSize: number;
  /** Samples; after the whole batches is one of 1, where a batch has more. */
  readonly count: number;
  readonly layers: readonly LayerSpec[];
  readonly settings?: Settings;
}

const rmsprop = { learning_rate: 0.002, rho: 0.9, momentum: 0.5, epsilon: 1e-7, centered: true };

const cases: Readonly<Record<string, Case>> = {
  '33 images of 7x9x3, strides, 65 channels': {
    ...{ input: [7, 9, 3], batchSize: 33, count: 34 },
    layers: [
      layer('Conv2D', {
        filters: 65,
        kernel_size: [7, 4],
        strides: [2, 3],
        padding: 'same',
        activation: 'relu',
      }),
      layer('AveragePooling2D', { pool_size: 3, strides: 1, padding: 'same' }),
      'BatchNormalization',
      layer('Conv2DTranspose', { filters: 3, kernel_size: 5, strides: [3, 2], activation: 'elu' }),
      layer('MaxPooling2D', { pool_size: [2, 3], strides: [3, 1] }),
    ],
  },
  '2 images of 5x5x17, dilations, 130 channels': {
    ...{ input: [5, 5, 17], batchSize: 2, count: 5 },
    layers: [
      layer('Conv2D', {
        filters: 130,
        kernel_size: 3,
        dilation_rate: 2,
        padding: 'same',
        activation: 'gelu',
      }),
      layer('MaxPooling2D', { pool_size: 3, strides: 2, padding: 'same' }),
      layer('UpSampling2D', { size: [3, 2], interpolation: 'bilinear' }),
      layer('LayerNormalization', { axis: 2 }),
      'GlobalAveragePooling2D',
      layer('Dense', { units: 1 }),
    ],
    settings: { loss: 'binary_crossentropy' },
  },
  '1 image of 1x1x130': {
    ...{ input: [1, 1, 130], batchSize: 1, count: 3 },
    layers: [
      layer('Conv2D', { filters: 17, kernel_size: 6, padding: 'same' }),
      layer('UpSampling2D', { size: 3 }),
      layer('Conv2DTranspose', {
        filters: 1,
        kernel_size: 2,
        strides: 3,
        padding: 'valid',
        activation: 'tanh',
      }),
      layer('BatchNormalization', { axis: 1 }),
      'Flatten',
      layer('Dense', { units: 1000, activation: 'relu' }),
    ],
  },
  '31 vectors of 4097': {
    ...{ input: [4097], batchSize: 31, count: 32 },
    layers: [layer('Dense', { units: 3, activation: 'selu' })],
    settings: { loss: 'mae', optimizer: { RMSprop: rmsprop } },
  },
};

for (const [name, { input, batchSize, count, layers, settings }] of Object.entries(cases)) {
  test(name, async () => {
    const architecture = {
      input_shape: [...input],
      encoder: layers,
      decoder: [
        'Flatten' as const,
        layer('Dense', { units: sizeOf(input), activation: 'sigmoid' }),
        layer('Reshape', { target_shape: [...input] }),
      ],
    };
    const x = bytes(input, count);
    const given: Settings = { batchSize, data: { x, y: x }, ...settings };
    const eager = await trainAndMeasure(engine, architecture, 'eager', given, { epochs: 2 });
    assert.ok(eager.measures.every(({ loss }) => Number.isFinite(loss)));
    for (const mode of ['xla', 'webassembly'] as const)
      assertAgree(await trainAndMeasure(engine, architecture, mode, given, { epochs: 2 }), eager);
  });
}
