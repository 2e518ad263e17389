/** tfjs's own `fit` as an engine of the benchmark: `tfjs.js <task>`. */
import type { Optimizer } from '@tensorflow/tfjs';
import { readFileSync } from 'node:fs';
import type { JsonObject } from '../../src/core/json.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { loadNative, prepareEnvironment } from '../../src/engine/tensorflow/addon.ts';
import { readEngineRecord } from '../../src/engine/tensorflow/location.ts';
import { serve, type Task, type TaskLayer } from './protocol.ts';

const task = JSON.parse(process.argv[2] ?? '') as Task;
const record = await readEngineRecord();
if (record === undefined) throw new Error('TensorFlow is not installed');
prepareEnvironment(task.threads);
// Without the kernels and gradients that Hourglass adds.
const { tf } = await loadNative(record.addon);

type SavedModel = Parameters<typeof tf.models.modelFromJSON>[0];

const LOSSES = {
  binary_crossentropy: 'binaryCrossentropy',
  mse: 'meanSquaredError',
  mae: 'meanAbsoluteError',
} as const;

/** tfjs reads layers in Keras's saved format. Both use Keras's default initializers. */
function savedLayer({ name, args }: TaskLayer, index: number): JsonObject {
  const given = Object.entries(args).filter(
    ([key, value]) => value !== null && !/_(initializer|regularizer)$/.test(key),
  );
  const { negative_slope: alpha, ...config } = Object.fromEntries(given);
  return {
    class_name: name,
    config: {
      name: `layer_${index}`,
      ...config,
      ...(alpha === undefined ? {} : { alpha }),
      ...(index === 0 ? { batch_input_shape: [null, ...task.architecture.input_shape] } : {}),
    },
  };
}

/** Adam replaces optimizers that tfjs does not have. */
function optimizerOf(): { readonly optimizer: Optimizer; readonly note?: string } {
  const { optimizer } = task;
  if ('SGD' in optimizer) {
    const { momentum, nesterov } = optimizer.SGD;
    return { optimizer: tf.train.momentum(0.01, momentum, nesterov) };
  }
  if ('RMSprop' in optimizer) return { optimizer: tf.train.rmsprop(0.001, optimizer.RMSprop.rho) };
  const [name = ''] = Object.keys(optimizer);
  const note = `tfjs-node has no ${name}: Adam stands in for it.`;
  return { optimizer: tf.train.adam(0.001), ...(name === 'Adam' ? {} : { note }) };
}

const topology = { class_name: 'Sequential', config: { layers: task.layers.map(savedLayer) } };
// Its types only allow lists that may be changed.
const model = await tf.models.modelFromJSON({ modelTopology: topology } as unknown as SavedModel);
const { optimizer, note } = optimizerOf();
model.compile({ optimizer, loss: LOSSES[task.loss] });

// A step takes 20 to 50 ms: a sixth of the others' stretch is long enough.
const steps = Math.ceil(task.steps / 6);
const rows = Math.min(steps * task.batch, task.rows);
const shape = [...task.architecture.input_shape];
const bytes = readFileSync(task.images).subarray(0, rows * sizeOf(shape));
const clean = tf.tensor(
  Float32Array.from(bytes, (byte) => byte / 255),
  [rows, ...shape],
);
const given =
  task.data === 'noisy' ? clean.add(tf.randomNormal(clean.shape, 0.5, 0.5)).clipByValue(0, 1) : clean;

const versions = { tfjs: tf.version_core };
await serve({ versions, ...(note === undefined ? {} : { note }) }, async () => {
  const { history } = await model.fit(given, clean, {
    batchSize: task.batch,
    epochs: 1,
    verbose: 0,
    yieldEvery: 'never',
  });
  const [loss] = history['loss'] ?? [];
  return { steps: Math.ceil(rows / task.batch), loss: typeof loss === 'number' ? loss : Number.NaN };
});
