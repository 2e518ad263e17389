/** A training on 1, 2 and 4 threads: the same bits, each time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { compiledTrainer } from '../../../src/engine/train/compiled.ts';
import { predictAll } from '../../../src/engine/train/predict.ts';
import { rowNumbers } from '../../../src/engine/train/samples.ts';
import { readVariables } from '../../../src/engine/train/state.ts';
import { Executor } from '../../../src/engine/webassembly/executor.ts';
import { webAssemblyTarget } from '../../../src/engine/webassembly/target.ts';
import { buildAutoencoder, disposeAutoencoder } from '../../../src/layers/build.ts';
import type { Architecture } from '../../../src/layers/layer.ts';
import { layer, seedsOf } from '../../layers/specs.ts';
import { testEngine } from '../train/engine.ts';
import { bytes, work } from '../xla/rig.ts';

const { tf } = await testEngine();

/** Kernels of all kinds, with enough work for four threads, and layers that draw. */
const architecture: Architecture = {
  input_shape: [16, 18, 3],
  encoder: [
    layer('Conv2D', { filters: 17, kernel_size: 3, padding: 'same', activation: 'relu' }),
    'MaxPooling2D',
    layer('Conv2D', { filters: 8, kernel_size: 5, strides: 2, padding: 'same' }),
    'BatchNormalization',
    layer('GaussianNoise', { stddev: 0.1 }),
    layer('UpSampling2D', { interpolation: 'bilinear' }),
    layer('AveragePooling2D', { pool_size: 3, strides: 1, padding: 'same' }),
    'Flatten',
    layer('Dropout', { rate: 0.2 }),
    layer('Dense', { units: 70, activation: 'gelu' }),
    'LayerNormalization',
    layer('GroupNormalization', { groups: 10 }),
  ],
  decoder: [
    layer('Dense', { units: 864, activation: 'sigmoid' }),
    layer('Reshape', { target_shape: [16, 18, 3] }),
  ],
};

const COUNT = 33 + 33 + 5;

async function outcome(threads: number) {
  const executor = new Executor({ threads });
  while (executor.instance.exports.serving() < threads - 1) await sleep(2);
  const models = buildAutoencoder(tf, architecture, seedsOf(1));
  const x = bytes(architecture.input_shape, COUNT);
  const adam = { learning_rate: 0.002, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, amsgrad: false };
  const trainer = compiledTrainer(
    tf,
    {
      ...{ model: models.autoencoder, step: models.step, optimizer: { Adam: adam } },
      ...{ loss: 'binary_crossentropy', metrics: ['mse'], data: { x, y: x }, batchSize: 33 },
    },
    webAssemblyTarget(tf, executor),
  );
  const rows = rowNumbers(COUNT);
  const measured = [
    await trainer.trainEpoch(rows, work),
    await trainer.trainEpoch(rows, work),
    await trainer.evaluate({ x, y: x }, rows, work),
  ];
  const state = await readVariables(trainer.state);
  const predict = { batchSize: 33, signal: work.signal };
  const outputs = await predictAll({ tf, executor }, models.autoencoder, x, rows, predict);
  trainer.dispose();
  disposeAutoencoder(models);
  await executor.dispose();
  return { measured, state, outputs };
}

test('a training has the same bits on 1, 2 and 4 threads, and again', async () => {
  const alone = await outcome(1);
  for (const threads of [1, 2, 4]) assert.deepEqual(await outcome(threads), alone, `${threads} threads`);
});
