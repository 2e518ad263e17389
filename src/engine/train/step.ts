/** One step of training as tensor operations. The eager trainer runs it batch by batch; the compiler traces it. */
import type { LayersModel, Scalar, Tensor, Variable } from '@tensorflow/tfjs';
import type { Tf } from '../engine.ts';
import { classesOf, conditioned, type ModelInput } from './condition.ts';
import { forwardWithActivity } from './activity.ts';
import { forwardWithLogits } from './forward.ts';
import { losses, type Outputs } from './losses.ts';
import { forwardWithPrior } from './mmd.ts';
import { addFreshNoise } from './noise.ts';
import { createOptimizer } from './optimizers/optimizer.ts';
import { forwardOfWeightedSamples } from './importance.ts';
import { repeatRows } from './repeat-rows.ts';
import { lossParts, type LatentOutputs, type LossOptions } from './loss-parts.ts';
import { measuresOf, type LossKind, type MeasureName } from './measures.ts';
import type { Samples } from './samples.ts';
import type { NamedVariable } from './state.ts';
import type { TrainerOptions } from './trainer.ts';
import { forwardOfCodes, quantizerLayer } from './quantizer.ts';
import { forwardOfSamples, PLAIN_KL, variationalLayer } from './variational.ts';

export interface TrainingStep {
  /** The measures of a batch, in the order of the values. */
  readonly measures: readonly MeasureName[];
  /** The model's weights, trainable or not. */
  readonly weights: readonly NamedVariable[];
  /** Everything that a step reads and changes: weights, the optimizer's variables, a changing weight of `kl`, the step's number. */
  readonly state: readonly NamedVariable[];
  /**
   * Trains on one batch. Everything that differs between two steps comes from the arguments and the state, never from a
   * number of JavaScript, so a trace of one step is valid for all.
   *
   * @param x [rows, ...shape], before the noise of the step
   * @param y [rows, ...shape]; `x` itself where the model should reproduce its input
   * @param labels [rows, 1], for a conditional model
   * @returns the measures before the weights change: [measures]
   */
  trainBatch(x: Tensor, y: Tensor, labels?: Tensor): Tensor;
  /**
   * Measures one batch as `trainBatch` does; Dropout and similar layers are inactive, and nothing changes. Variational
   * latents use the same random numbers for each batch.
   */
  evaluateBatch(x: Tensor, y: Tensor, labels?: Tensor): Tensor;
  /** Frees the optimizer's variables. */
  dispose(): void;
}

/** What a step depends on. Of the data, that is only the noise: batches are arguments. */
export type StepOptions = Pick<
  TrainerOptions,
  'model' | 'step' | 'optimizer' | 'loss' | 'kl' | 'variance' | 'mmd' | 'metrics'
> & {
  readonly data: { readonly x: Pick<Samples, 'noise'> };
};

export function trainingStep(tf: Tf, options: StepOptions): TrainingStep {
  const { model, step } = options;
  const { noise } = options.data.x;
  const weights = weightsOf(tf, model);
  const trainable = model.trainableWeights.map((weight) => variableOf(tf, weight.read()));
  const optimizer = createOptimizer(tf, options.optimizer, trainable);
  const latent = latentPass(tf, options);
  const forward: Forward = forwardWithActivity(tf, model, latent.pass);
  const { warmup, weight } = options.kl ?? PLAIN_KL;
  const klWeight = warmup ? tf.tidy(() => tf.variable(tf.scalar(weight), false)) : undefined;
  const measured = { ...options, ...(klWeight === undefined ? {} : { klWeight }) };
  const modelInput = (x: Tensor, labels: Tensor | undefined): ModelInput =>
    conditioned(tf, labels === undefined ? [] : [labels], classesOf(model)).join(x);
  return {
    measures: measuresOf(latent.kind, options.metrics),
    weights,
    state: [
      ...weights.map(({ name, variable }) => ({ name: `weights/${name}`, variable })),
      ...optimizer.variables.map(({ name, variable }) => ({ name: `optimizer/${name}`, variable })),
      ...(klWeight === undefined ? [] : [{ name: KL_WEIGHT, variable: klWeight }]),
      { name: 'step', variable: step },
    ],
    trainBatch: (x, y, labels) =>
      tf.tidy(() => {
        const input = noise === undefined ? x : addFreshNoise(tf, x, noise, step);
        const target = x === y ? input : y;
        const { values, gradients } = differentiate(
          tf,
          { ...measured, forward },
          trainable,
          modelInput(input, labels),
          target,
        );
        optimizer.apply(gradients, step);
        step.assign(step.add(tf.scalar(1, 'int32')));
        return values;
      }),
    evaluateBatch: (x, y, labels) =>
      tf.tidy(() => measureBatch(tf, measured, y, forward(modelInput(x, labels), false)).values),
    dispose() {
      optimizer.dispose();
      klWeight?.dispose();
    },
  };
}

/** The variable that holds the weight of the divergence in the following steps, if there is a warm-up. */
export const KL_WEIGHT = 'kl_weight';

type Forward = (
  input: ModelInput,
  training: boolean,
) => Outputs & LatentOutputs & { readonly activity?: Scalar };

function latentPass(
  tf: Tf,
  { model, step, kl, mmd }: Pick<StepOptions, 'model' | 'step' | 'kl' | 'mmd'>,
): { readonly kind: LossKind; readonly pass: Forward } {
  if (mmd !== undefined) return { kind: 'regularized', pass: forwardWithPrior(tf, model, mmd, step) };
  const distributions = variationalLayer(model);
  const { samples } = kl ?? PLAIN_KL;
  if (distributions !== undefined && samples > 1)
    return { kind: 'importance', pass: forwardOfWeightedSamples(tf, model, distributions, samples) };
  if (distributions !== undefined)
    return { kind: 'variational', pass: forwardOfSamples(tf, model, distributions) };
  const quantizer = quantizerLayer(model);
  if (quantizer !== undefined) return { kind: 'quantized', pass: forwardOfCodes(tf, model, quantizer) };
  return { kind: 'plain', pass: forwardWithLogits(tf, model) };
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
  /** The minimized quantity: the loss with the penalties of regularizers and, in a warm-up, a smaller weight of the divergence. */
  readonly total: Scalar;
  readonly values: Tensor;
}

type MeasureOptions = Pick<TrainerOptions, 'model' | 'metrics'> & LossOptions;

function measureBatch(
  tf: Tf,
  options: MeasureOptions,
  given: Tensor,
  outputs: ReturnType<Forward>,
): BatchMeasure {
  const { model, metrics } = options;
  const { activity, weighted } = outputs;
  const target = weighted === undefined ? given : repeatRows(given, weighted.z.shape[1] ?? 1);
  const withPenalties = (start: Scalar): Scalar =>
    [...penalties(model), ...(activity === undefined ? [] : [activity])].reduce<Scalar>(
      (sum, penalty) => sum.add(penalty),
      start,
    );
  const measures = metrics.map((metric) => losses[metric](tf, target, outputs));
  const { full, minimized, parts } = lossParts(tf, options, target, outputs);
  const reported = withPenalties(full);
  return {
    total: minimized === undefined ? reported : withPenalties(minimized),
    values: tf.stack([reported, ...parts, ...measures]),
  };
}

/** As in Keras, the weights of frozen layers have none. */
function penalties(model: LayersModel): readonly Scalar[] {
  return model.layers.filter(({ trainable }) => trainable).flatMap((layer) => layer.calculateLosses());
}

/** The measures of a batch before the step, and the gradients of the loss with respect to the weights. */
function differentiate(
  tf: Tf,
  options: MeasureOptions & { readonly forward: Forward },
  trainable: readonly Variable[],
  input: ModelInput,
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
  // A clone belongs to the tidy around the step, like everything else.
  const result = kept.clone();
  kept.dispose();
  return { values: result, gradients: trainable.map(({ name }) => grads[name]) };
}
