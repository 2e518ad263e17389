/** Computations for many rows with TensorFlow: by a program, and each row by itself. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { Failure } from '../../../src/core/diagnostic.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { predictAll } from '../../../src/engine/train/predict.ts';
import { MIN_COMPILED_ROWS } from '../../../src/engine/train/rows.ts';
import { rowNumbers } from '../../../src/engine/train/samples.ts';
import {
  buildAutoencoder,
  disposeAutoencoder,
  type TrainableAutoencoder,
} from '../../../src/layers/build.ts';
import { layer, seedsOf } from '../../layers/specs.ts';
import { bytes, nativeEngine, work } from './rig.ts';

const COUNT = MIN_COMPILED_ROWS + 5;

let engine: Engine;
let models: TrainableAutoencoder;
before(async () => {
  engine = await nativeEngine();
  models = buildAutoencoder(
    engine.tf,
    {
      input_shape: [5, 3, 1],
      encoder: [
        layer('Conv2D', { filters: 3, kernel_size: 3, padding: 'same', activation: 'elu' }),
        'BatchNormalization',
        'Flatten',
        layer('Dense', { units: 7, activation: 'tanh' }),
      ],
      decoder: [
        layer('Dense', { units: 15, activation: 'sigmoid' }),
        layer('Reshape', { target_shape: [5, 3, 1] }),
      ],
    },
    seedsOf(1),
  );
});

const images = bytes([5, 3, 1], COUNT);

/** Does something where a program cannot be written for TensorFlow to load it. */
async function withoutLoading<Result>(act: () => Promise<Result>): Promise<Result> {
  const { TMPDIR: before } = process.env;
  process.env['TMPDIR'] = '/nonexistent';
  try {
    return await act();
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
}

function predict(rows: Int32Array, batchSize: number): Promise<Float32Array> {
  return predictAll(engine, models.autoencoder, images, rows, { batchSize, signal: work.signal });
}

test('many rows are computed by a program, few op by op; both agree, and nothing is left', async () => {
  const rows = rowNumbers(COUNT);
  const held = engine.tf.memory().numTensors;
  await assert.rejects(
    withoutLoading(() => predict(rows, 32)),
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'output-not-writable',
  );
  const few = await withoutLoading(() => predict(rows.subarray(0, 100), 32));
  const all = await predict(rows, 32);
  assert.equal(all.length, COUNT * 15);
  for (const [index, value] of few.entries()) assert.ok(Math.abs(value - (all[index] ?? Number.NaN)) < 1e-6);
  // An equal program is loaded already.
  assert.deepEqual(await withoutLoading(() => predict(rows, 32)), all);
  assert.equal(engine.tf.memory().numTensors, held);
});

test('a row has the same bits in batches of any size and at any position', async () => {
  const all = await predict(rowNumbers(COUNT), 32);
  assert.deepEqual(await predict(rowNumbers(COUNT), 50), all);
  const reversed = await predict(rowNumbers(COUNT).reverse(), 1000);
  for (let row = 0; row < COUNT; row++) {
    const other = (COUNT - 1 - row) * 15;
    assert.deepEqual(reversed.subarray(other, other + 15), all.subarray(row * 15, (row + 1) * 15));
  }
  disposeAutoencoder(models);
});
