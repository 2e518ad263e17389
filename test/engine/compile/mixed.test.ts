/** Products in bfloat16: near the numbers of float32, and not the same. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Engine } from '../../../src/engine/engine.ts';
import { rowNumbers } from '../../../src/engine/train/samples.ts';
import type { Precision } from '../../../src/engine/train/trainer.ts';
import type { Architecture } from '../../../src/layers/layer.ts';
import { layer } from '../../layers/specs.ts';
import { bytes, COUNT, nativeEngine, start, trainAndMeasure, work, type Outcome } from './rig.ts';

let engine: Engine;
before(async () => {
  engine = await nativeEngine();
});

const relu = { kernel_size: 3, padding: 'same', activation: 'relu' } as const;

/** Convolutions wide and thin, with strides and without, and products of matrices between them. */
const convolutional: Architecture = {
  input_shape: [8, 8, 1],
  encoder: [
    layer('Conv2D', { ...relu, filters: 8, strides: 2 }),
    'BatchNormalization',
    layer('Dropout', { rate: 0.1 }),
    'Flatten',
    layer('Dense', { units: 4 }),
  ],
  decoder: [
    layer('Dense', { units: 128, activation: 'relu' }),
    layer('Reshape', { target_shape: [4, 4, 8] }),
    layer('Conv2DTranspose', { ...relu, filters: 8, strides: 2 }),
    layer('Conv2D', { ...relu, filters: 8 }),
    layer('Conv2DTranspose', { ...relu, filters: 1, activation: 'sigmoid' }),
  ],
};

const dense: Architecture = {
  input_shape: [12],
  encoder: [layer('Dense', { units: 6, activation: 'relu', kernel_regularizer: { l1: 1e-4, l2: 1e-3 } })],
  decoder: [layer('Dense', { units: 12, activation: 'sigmoid' })],
};

const optimizer = {
  Adam: { learning_rate: 0.005, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, amsgrad: false },
} as const;

function lossesOf({ measures }: Outcome): readonly number[] {
  return measures.map(({ loss }) => loss);
}

for (const [name, architecture] of Object.entries({ convolutional, dense })) {
  test(`a ${name} model learns as it does in float32`, async () => {
    const settings = { optimizer };
    const full = lossesOf(await trainAndMeasure(engine, architecture, 'graph', settings));
    const mixed = lossesOf(
      await trainAndMeasure(engine, architecture, 'graph', { ...settings, precision: 'mixed' }),
    );
    assert.notDeepEqual(mixed, full);
    for (const [index, loss] of mixed.entries()) {
      const wanted = full[index] ?? Number.NaN;
      assert.ok(Math.abs(loss - wanted) < 0.01 * wanted, `measure ${index}: ${loss}, in float32 ${wanted}`);
    }
    assert.ok((mixed[3] ?? Infinity) < (mixed[0] ?? 0));
    const again = lossesOf(
      await trainAndMeasure(engine, architecture, 'graph', { ...settings, precision: 'mixed' }),
    );
    assert.deepEqual(again, mixed);
  });
}

test('what is measured is measured in float32', async () => {
  const x = bytes(convolutional.input_shape);
  const measure = async (precision: Precision): Promise<number> => {
    const { trainer, dispose } = start(engine, convolutional, 'graph', { precision });
    const { loss } = await trainer.evaluate({ x, y: x }, rowNumbers(COUNT), work);
    dispose();
    return loss;
  };
  assert.equal(await measure('mixed'), await measure('float32'));
});
