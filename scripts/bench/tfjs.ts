/** tfjs's own `fit` as an engine of the benchmark: `tfjs.js <task>`. It has no Nadam: Adam stands in for it. */
import { readFileSync } from 'node:fs';
import { loadNative, prepareEnvironment } from '../../src/engine/addon.ts';
import { readEngineRecord } from '../../src/engine/location.ts';
import { serve, type Task } from './protocol.ts';

const task = JSON.parse(process.argv[2] ?? '') as Task;
const record = await readEngineRecord();
if (record === undefined) throw new Error('TensorFlow is not installed');
prepareEnvironment(task.threads);
// Without the kernels and gradients that Hourglass adds.
const { tf } = await loadNative(record.addon);
const { layers } = tf;

const model = tf.sequential();
const conv = (filters: number, strides: number) =>
  ({ filters, strides, kernelSize: 3, padding: 'same', activation: 'relu' }) as const;
if (task.model === 'dense') {
  const sizes = [512, 256, 128, 64, task.latent, 64, 128, 256, 512];
  sizes.forEach((units, index) => {
    const input = index === 0 ? { inputShape: [784] } : {};
    model.add(layers.dense({ units, activation: index === 4 ? 'linear' : 'relu', ...input }));
    if (task.dropout > 0 && index !== 4) model.add(layers.dropout({ rate: task.dropout }));
  });
  model.add(layers.dense({ units: 784, activation: 'sigmoid' }));
} else {
  model.add(layers.conv2d({ ...conv(32, 2), inputShape: [28, 28, 1] }));
  model.add(layers.conv2d(conv(64, 2)));
  model.add(layers.flatten());
  model.add(layers.dense({ units: task.latent }));
  const [shape, stride] = task.model === 'conv' ? [[28, 28, 1], 1] : [[7, 7, 64], 2];
  model.add(layers.dense({ units: shape.reduce((product, length) => product * length, 1) }));
  model.add(layers.reshape({ targetShape: shape }));
  model.add(layers.conv2dTranspose(conv(64, stride)));
  model.add(layers.conv2dTranspose(conv(32, stride)));
  model.add(layers.conv2dTranspose({ ...conv(1, 1), activation: 'sigmoid' }));
}
model.compile({
  optimizer: tf.train.adam(0.001),
  loss: task.model === 'dense' ? 'binaryCrossentropy' : 'meanSquaredError',
});

// A step takes 20 to 50 ms: a sixth of the others' stretch is long enough.
const steps = Math.ceil(task.steps / 6);
const rows = Math.min(steps * task.batch, 60_000);
const values = Float32Array.from(readFileSync(task.images).subarray(0, rows * 784), (byte) => byte / 255);
const clean = tf.tensor(values, task.model === 'dense' ? [rows, 784] : [rows, 28, 28, 1]);
const given =
  task.model === 'dense' ? clean : clean.add(tf.randomNormal(clean.shape, 0.5, 0.5)).clipByValue(0, 1);

await serve({ tfjs: tf.version['tfjs-core'] ?? '' }, async () => {
  const { history } = await model.fit(given, clean, {
    batchSize: task.batch,
    epochs: 1,
    verbose: 0,
    yieldEvery: 'never',
  });
  const [loss] = history['loss'] ?? [];
  return { steps: Math.ceil(rows / task.batch), loss: typeof loss === 'number' ? loss : Number.NaN };
});
