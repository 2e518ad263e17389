/** The trainer that calls TensorFlow op by op: it supports every backend and every layer. */
import type { Tensor } from '@tensorflow/tfjs';
import type { Tf } from '../engine.ts';
import { classesOf, labelSamples } from './condition.ts';
import type { MeasureName } from './measures.ts';
import { Pace } from './pace.ts';
import { batchesOf, batchTensor, type SamplePair } from './samples.ts';
import { trainingStep, type TrainingStep } from './step.ts';
import type { Measured, Trainer, TrainerOptions, WorkOptions } from './trainer.ts';

/**
 * Makes an eager trainer. The data stays where it is, in JavaScript: copying one batch into a tensor takes a small part of
 * the time of its step, and bytes need a quarter of the memory that tensors of them would.
 */
export function eagerTrainer(tf: Tf, options: TrainerOptions, step = trainingStep(tf, options)): Trainer {
  const classes = classesOf(options.model);
  const run =
    (data: SamplePair, work: TrainingStep['trainBatch']) =>
    (rows: Int32Array): Tensor =>
      tf.tidy(() => {
        const [x, y] = batchTensors(tf, data, rows);
        return classes === undefined ? work(x, y) : work(x, y, batchTensor(tf, labelSamples(data.x), rows));
      });
  const { measures } = step;
  return {
    measures,
    weights: step.weights,
    state: step.state,
    trainEpoch: (order, work) =>
      runBatches({ ...options, measures }, order, run(options.data, step.trainBatch), work),
    evaluate: (data, rows, work) =>
      runBatches({ ...options, measures }, rows, run(data, step.evaluateBatch), work),
    dispose: () => step.dispose(),
  };
}

/** The rows of a batch: one tensor for both if they are the same samples. */
function batchTensors(tf: Tf, { x, y }: SamplePair, rows: Int32Array): readonly [Tensor, Tensor] {
  const input = batchTensor(tf, x, rows);
  return [input, x === y ? input : batchTensor(tf, y, rows)];
}

/** Runs batches one after the other, and takes the mean of their measures, weighted by their rows, in float64. */
async function runBatches(
  { loss, measures, batchSize }: Pick<TrainerOptions, 'loss' | 'batchSize'> & Pick<Trainer, 'measures'>,
  rows: Int32Array,
  run: (batch: Int32Array) => Tensor,
  { signal, onProgress }: WorkOptions,
): Promise<Measured> {
  if (rows.length === 0) throw new RangeError(`${loss} of no samples`);
  const pace = new Pace(signal);
  const sums = new Float64Array(measures.length);
  let done = 0;
  const means = (): Measured =>
    measured(
      measures,
      sums.map((sum) => sum / done),
    );
  for (const batch of batchesOf(rows, batchSize)) {
    await pace.next();
    const tensor = run(batch);
    const values = await tensor.data();
    tensor.dispose();
    for (let index = 0; index < sums.length; index++) {
      sums[index] = (sums[index] ?? 0) + (values[index] ?? Number.NaN) * batch.length;
    }
    done += batch.length;
    const { loss: mean } = means();
    if (!Number.isFinite(mean)) break;
    if (pace.due()) onProgress?.({ samples: done, total: rows.length, loss: mean });
  }
  return means();
}

/** The means of a run under their names. */
export function measured(measures: readonly MeasureName[], values: Float64Array): Measured {
  return {
    loss: Number.NaN,
    ...Object.fromEntries(measures.map((name, index) => [name, values[index] ?? Number.NaN])),
  };
}
