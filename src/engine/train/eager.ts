/** The trainer that calls TensorFlow op by op: it serves every backend and every layer. */
import type { LayersModel, Scalar, Tensor, Variable } from '@tensorflow/tfjs';
import type { Tf } from '../engine.ts';
import { losses, type LossName } from './losses.ts';
import { createOptimizer } from './optimizers/optimizer.ts';
import { Pace } from './pace.ts';
import { batchesOf, batchTensor, forward } from './predict.ts';
import type { SamplePair } from './samples.ts';
import type { NamedVariable } from './state.ts';
import type { Measured, Trainer, TrainerOptions, WorkOptions } from './trainer.ts';

/**
 * Makes an eager trainer. The data stays where it is, in JavaScript: copying one batch into a tensor takes a small part of
 * the time of its step, and bytes need a quarter of the memory that tensors of them would.
 */
export function eagerTrainer(tf: Tf, options: TrainerOptions): Trainer {
  const { model, step } = options;
  const weights = model.weights.map(({ originalName }, index) => ({
    name: `${index}/${originalName}`,
    variable: variableOf(tf, model.weights[index]?.read()),
  }));
  const trainable = model.trainableWeights.map((weight) => variableOf(tf, weight.read()));
  const optimizer = createOptimizer(tf, options.optimizer, trainable);
  const state: NamedVariable[] = [
    ...weights.map(({ name, variable }) => ({ name: `weights/${name}`, variable })),
    ...optimizer.variables.map(({ name, variable }) => ({ name: `optimizer/${name}`, variable })),
    { name: 'step', variable: step },
  ];
  const takeStep = (rows: Int32Array): Tensor =>
    tf.tidy(() => {
      const { values, gradients } = differentiate(tf, options, trainable, rows);
      optimizer.apply(gradients, step);
      step.assign(step.add(tf.scalar(1, 'int32')));
      return values;
    });
  const measure = (data: SamplePair, rows: Int32Array): Tensor =>
    tf.tidy(() => {
      const [x, y] = batchTensors(tf, data, rows);
      return measureBatch(tf, options, y, forward(model, x, false)).values;
    });
  return {
    weights,
    state,
    trainEpoch: (order, work) => runBatches(options, order, takeStep, work),
    evaluate: (data, rows, work) => runBatches(options, rows, (batch) => measure(data, batch), work),
    dispose: () => optimizer.dispose(),
  };
}

function variableOf(tf: Tf, value: Tensor | undefined): Variable {
  // The types of tfjs-layers hide that a weight's value is its variable.
  if (value instanceof tf.Variable) return value;
  throw new TypeError('a weight of the model is not a variable');
}

function batchTensors(tf: Tf, { x, y }: SamplePair, rows: Int32Array): readonly [Tensor, Tensor] {
  const input = batchTensor(tf, x, rows);
  return [input, x === y ? input : batchTensor(tf, y, rows)];
}

interface BatchMeasure {
  /** What is minimised: the loss with the penalties of regularizers. */
  readonly total: Scalar;
  /** `total`, then each metric. */
  readonly values: Tensor;
}

function measureBatch(
  tf: Tf,
  { model, loss, metrics }: Pick<TrainerOptions, 'model' | 'loss' | 'metrics'>,
  target: Tensor,
  output: Tensor,
): BatchMeasure {
  const total = penalties(model).reduce<Scalar>(
    (sum, penalty) => sum.add(penalty),
    losses[loss](tf, target, output),
  );
  const values = tf.stack([total, ...metrics.map((metric) => losses[metric](tf, target, output))]);
  return { total, values };
}

function penalties(model: LayersModel): readonly Scalar[] {
  return model.calculateLosses();
}

/** The measures of a batch before the step, and the gradients of the loss by the weights. */
function differentiate(
  tf: Tf,
  options: Pick<TrainerOptions, 'model' | 'loss' | 'metrics' | 'data'>,
  trainable: readonly Variable[],
  rows: Int32Array,
): { readonly values: Tensor; readonly gradients: readonly (Tensor | undefined)[] } {
  const [x, y] = batchTensors(tf, options.data, rows);
  let values: Tensor | undefined;
  const { grads } = tf.variableGrads(() => {
    const measured = measureBatch(tf, options, y, forward(options.model, x, true));
    values = tf.keep(measured.values);
    return measured.total;
  }, [...trainable]);
  if (values === undefined) throw new TypeError('no loss was computed');
  const kept = values;
  // A clone belongs to the tidy around the step, as all else does.
  const result = kept.clone();
  kept.dispose();
  return { values: result, gradients: trainable.map(({ name }) => grads[name]) };
}

/** Runs batches one after the other, and takes the mean of their measures, weighed by their rows, in float64. */
async function runBatches(
  { loss, metrics, batchSize }: Pick<TrainerOptions, 'loss' | 'metrics' | 'batchSize'>,
  rows: Int32Array,
  run: (batch: Int32Array) => Tensor,
  { signal, onProgress }: WorkOptions,
): Promise<Measured> {
  if (rows.length === 0) throw new RangeError(`${loss} of no samples`);
  const pace = new Pace(signal);
  const sums = new Float64Array(1 + metrics.length);
  let done = 0;
  const means = (): Measured =>
    measured(
      metrics,
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

function measured(metrics: readonly LossName[], values: Float64Array): Measured {
  return {
    loss: values[0] ?? Number.NaN,
    ...Object.fromEntries(metrics.map((metric, index) => [metric, values[index + 1] ?? Number.NaN])),
  };
}
