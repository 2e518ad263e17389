/** The cross-entropy from logits in all modes: loss and gradient against float64, where sigmoids have long saturated. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { LayerSpec } from '../../../src/schema/generated/settings.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { rowNumbers } from '../../../src/engine/train/samples.ts';
import { readVariables } from '../../../src/engine/train/state.ts';
import type { Architecture } from '../../../src/layers/layer.ts';
import { layer } from '../../layers/specs.ts';
import { entropy, LOGITS, sigmoid } from '../train/logits.ts';
import { BATCH, bytes, COUNT, nativeEngine, start, trainAndMeasure, assertAgree, work } from './rig.ts';

let engine: Engine;
before(async () => {
  engine = await nativeEngine();
});

const SIZE = LOGITS.length;
const MODES = ['eager', 'xla', 'webassembly'] as const;

/** How a decoder can end in a sigmoid whose logits are a bias. */
const ENDS: readonly (readonly LayerSpec[])[] = [
  [layer('Dense', { units: SIZE, activation: 'sigmoid', name: 'last' })],
  [
    layer('Dense', { units: SIZE, name: 'last' }),
    layer('Activation', { activation: 'sigmoid' }),
    layer('Reshape', { target_shape: [1, SIZE] }),
    'Flatten',
  ],
];

for (const [index, end] of ENDS.entries()) {
  for (const mode of MODES) {
    test(`${mode}, end ${index + 1}: a step goes along the gradient, however far`, async () => {
      const { tf } = engine;
      const architecture: Architecture = {
        input_shape: [SIZE],
        encoder: [layer('Dense', { units: 2, activation: 'relu' })],
        decoder: end,
      };
      const data = bytes([SIZE]);
      const rate = 2 ** 10;
      const { trainer, dispose } = start(engine, architecture, mode, {
        loss: 'binary_crossentropy',
        metrics: ['binary_crossentropy', 'mse'],
        optimizer: { SGD: { learning_rate: rate, momentum: 0, nesterov: false } },
        data: { x: data, y: data },
      });
      const variable = (name: string) => {
        const found = trainer.weights.find((weight) => weight.name.endsWith(`last/${name}`));
        assert.ok(found !== undefined);
        return found;
      };
      tf.tidy(() => {
        variable('kernel').variable.assign(tf.zeros([2, SIZE]));
        variable('bias').variable.assign(tf.tensor1d([...LOGITS]));
      });
      const target = (row: number, column: number): number => (data.data[row * SIZE + column] ?? 0) / 255;
      const means = (rows: number, of: (x: number, y: number) => number): readonly number[] =>
        LOGITS.map(
          (x, column) =>
            Array.from({ length: rows }, (_, row) => of(x, target(row, column))).reduce((a, b) => a + b, 0) /
            rows,
        );
      const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

      const measured = await trainer.evaluate({ x: data, y: data }, rowNumbers(COUNT), work);
      const wanted = mean(means(COUNT, entropy));
      assert.ok(Math.abs(measured.loss - wanted) < 1e-5 * wanted, `${measured.loss}, not ${wanted}`);
      assert.equal(measured.binary_crossentropy, measured.loss);
      const squared = mean(means(COUNT, (x, y) => (sigmoid(x) - y) ** 2));
      assert.ok(Math.abs((measured.mse ?? Number.NaN) - squared) < 1e-5);

      const trained = await trainer.trainEpoch(rowNumbers(BATCH), work);
      const first = mean(means(BATCH, entropy));
      assert.ok(Math.abs(trained.loss - first) < 1e-5 * first, `${trained.loss}, not ${first}`);
      const [bias] = await readVariables([variable('bias')]);
      const slopes = means(BATCH, (x, y) => sigmoid(x) - y);
      for (const [column, x] of LOGITS.entries()) {
        const after = x - (rate / SIZE) * (slopes[column] ?? 0);
        const close = 1e-4 + 1e-6 * Math.abs(x);
        assert.ok(
          Math.abs((bias?.data[column] ?? Number.NaN) - after) < close,
          `${bias?.data[column]}, not ${after}`,
        );
      }
      dispose();
    });
  }
}

test('layers that move logits train in the same way in all modes', async () => {
  const architecture: Architecture = {
    input_shape: [6, 6, 1],
    encoder: [layer('Conv2D', { filters: 2, kernel_size: 3, padding: 'same', activation: 'relu' })],
    decoder: [
      layer('Conv2DTranspose', { filters: 1, kernel_size: 3, padding: 'same', activation: 'sigmoid' }),
      layer('ZeroPadding2D', { padding: 1 }),
      layer('Cropping2D', {
        cropping: [
          [0, 2],
          [1, 1],
        ],
      }),
      'Flatten',
      layer('Reshape', { target_shape: [6, 6, 1] }),
    ],
  };
  const settings = { loss: 'binary_crossentropy', metrics: ['mse', 'binary_crossentropy'] } as const;
  const eager = await trainAndMeasure(engine, architecture, 'eager', settings);
  assertAgree(await trainAndMeasure(engine, architecture, 'xla', settings), eager);
});
