/** One step of training as tensor operations. The eager trainer runs it batch by batch; the compiler traces it. */
import type { LayersModel, Scalar, Tensor, Variable } from '@tensorflow/tfjs';
import type { Tf } from '../engine.ts';
import { forwardWithLogits, type Forward } from './forward.ts';
import { losses, type Outputs } from './losses.ts';
import { addFreshNoise } from './noise.ts';
import { createOptimizer } from './optimizers/optimizer.ts';
import type { Samples } from './samples.ts';
import type { NamedVariable } from './state.ts';
import type { TrainerOptions } from './trainer.ts';

export interface TrainingStep {
  /** The model's weights, trainable or not. */
  readonly weights: readonly NamedVariable[];
  /** All that a step reads and changes: weights, the optimizer's variables, the number of the step. */
  readonly state: readonly NamedVariable[];
  /**
   * Trains on one batch. Whatever differs between two steps comes from the arguments and the state: no number of JavaScript
   * does, so that a trace of one step holds for all.
   *
   * @param x [rows, ...shape], before noise that is drawn at each step
   * @param y [rows, ...shape]; `x` itself where the model should reproduce its input
   * @returns the loss with the penalties, before the change of the weights, then each metric: [1 + metrics]
   */
  trainBatch(x: Tensor, y: Tensor): Tensor;
  /** Measures one batch as `trainBatch` does; Dropout and similar layers are inactive, and nothing changes. */
  evaluateBatch(x: Tensor, y: Tensor): Tensor;
  /** Frees the optimizer's variables. */
  dispose(): void;
}

/** What a step depends on. Of the data, only the noise: a step is given its batches. */
export type StepOptions = Pick<TrainerOptions, 'model' | 'step' | 'optimizer' | 'loss' | 'metrics'> & {
  readonly data: { readonly x: Pick<Samples, 'noise'> };
};

export function trainingStep(tf: Tf, options: StepOptions): TrainingStep {
  const { model, step } = options;
  const { noise } = options.data.x;
  const weights = weightsOf(tf, model);
  const trainable = model.trainableWeights.map((weight) => variableOf(tf, weight.read()));
  const optimizer = createOptimizer(tf, options.optimizer, trainable);
  const forward = forwardWithLogits(tf, model);
  return {
    weights,
    state: [
      ...weights.map(({ name, variable }) => ({ name: `weights/${name}`, variable })),
      ...optimizer.variables.map(({ name, variable }) => ({ name: `optimizer/${name}`, variable })),
      { name: 'step', variable: step },
    ],
    trainBatch: (x, y) =>
      tf.tidy(() => {
        const input = noise === undefined ? x : addFreshNoise(tf, x, noise, step);
        const target = x === y ? input : y;
        const { values, gradients } = differentiate(tf, { ...options, forward }, trainable, input, target);
        optimizer.apply(gradients, step);
        step.assign(step.add(tf.scalar(1, 'int32')));
        return values;
      }),
    evaluateBatch: (x, y) => tf.tidy(() => measureBatch(tf, options, y, forward(x, false)).values),
    dispose: () => optimizer.dispose(),
  };
}

/** A model's weights, by names that are the same in every process. */
export function weightsOf(tf: Tf, { weights }: LayersModel): readonly NamedVariable[] {
  return weights.map((weight, index) => ({
    name: `${index}/${weight.originalName}`,
    variable: variableOf(tf, weight.read()),
  }));
}

function variableOf(tf: Tf, value: Tensor | undefined): Variable {
  // The types of tfjs-layers hide that a weight's value is its variable.
  if (value instanceof tf.Variable) return value;
  throw new TypeError('a weight of the model is not a variable');
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
  outputs: Outputs,
): BatchMeasure {
  const total = penalties(model).reduce<Scalar>(
    (sum, penalty) => sum.add(penalty),
    losses[loss](tf, target, outputs),
  );
  const values = tf.stack([total, ...metrics.map((metric) => losses[metric](tf, target, outputs))]);
  return { total, values };
}

function penalties(model: LayersModel): readonly Scalar[] {
  return model.calculateLosses();
}

/** The measures of a batch before the step, and the gradients of the loss by the weights. */
function differentiate(
  tf: Tf,
  options: Pick<TrainerOptions, 'model' | 'loss' | 'metrics'> & { readonly forward: Forward },
  trainable: readonly Variable[],
  input: Tensor,
  target: Tensor,
): { readonly values: Tensor; readonly gradients: readonly (Tensor | undefined)[] } {
  let values: Tensor | undefined;
  const { grads } = tf.variableGrads(() => {
    const measured = measureBatch(tf, options, target, options.forward(input, true));
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
