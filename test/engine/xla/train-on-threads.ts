/** `node train-on-threads.js N`: trains by XLA on N threads, which TensorFlow takes once a process, and prints all bits. */
import { loadEngine } from '../../../src/engine/load.ts';
import { rowNumbers } from '../../../src/engine/train/samples.ts';
import { readVariables } from '../../../src/engine/train/state.ts';
import type { Architecture } from '../../../src/layers/layer.ts';
import { layer } from '../../layers/specs.ts';
import { bytes, start, work } from './rig.ts';

const engine = await loadEngine({ choice: 'native', threads: Number(process.argv[2]) });

const architecture: Architecture = {
  input_shape: [12, 14, 3],
  encoder: [
    layer('Conv2D', { filters: 17, kernel_size: 3, padding: 'same', activation: 'relu' }),
    'BatchNormalization',
    'MaxPooling2D',
    'Flatten',
    layer('Dropout', { rate: 0.2 }),
    layer('Dense', { units: 70, activation: 'tanh' }),
    'LayerNormalization',
    layer('GroupNormalization', { groups: 7 }),
  ],
  decoder: [
    layer('Dense', { units: 504, activation: 'sigmoid' }),
    layer('Reshape', { target_shape: [12, 14, 3] }),
  ],
};

const x = bytes(architecture.input_shape, 64);
const { trainer } = start(engine, architecture, 'xla', {
  ...{ data: { x, y: x }, batchSize: 16, loss: 'binary_crossentropy' },
  optimizer: { Nadam: { learning_rate: 0.002, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 } },
});
const measured = await trainer.trainEpoch(rowNumbers(64), work);
const state = (await readVariables(trainer.state)).map(({ name, data }) => ({
  name,
  bits: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
}));
process.stdout.write(JSON.stringify({ measured, state }));
