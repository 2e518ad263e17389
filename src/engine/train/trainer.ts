/**
 * What training needs from an engine. There are two kinds of trainers: the eager one, which calls TensorFlow op by op, and the
 * compiled one, which runs programs, many steps in one call. In both, the variables of the tfjs model, of the optimizer and of
 * the step hold the current state: they can be read, saved and restored between any two calls.
 */
import type { LayersModel, Variable } from '@tensorflow/tfjs';
import type { LossChoice, LossName } from './losses.ts';
import type { MeasureName } from './measures.ts';
import type { MmdTerm } from './mmd.ts';
import type { OptimizerChoice } from './optimizers/optimizer.ts';
import type { SamplePair } from './samples.ts';
import type { NamedVariable } from './state.ts';
import type { KlTerm } from './variational.ts';

export interface TrainerOptions {
  /** One input and one output. Its weights are changed in place; the caller disposes of it. */
  readonly model: LayersModel;
  /**
   * int32 scalar: the number of steps taken. Layers that use random numbers in training read it; the trainer adds 1 after each
   * step. The caller disposes of it.
   */
  readonly step: Variable;
  readonly optimizer: OptimizerChoice;
  readonly loss: LossChoice;
  /** For a model with a variational latent; by default, the divergence counts as it is. */
  readonly kl?: KlTerm;
  /** For a model with a quantised latent: the variance by which the loss of its outputs is divided. */
  readonly variance?: number;
  /** For a model with a flat latent of plain numbers: what pulls it to the standard normal distribution. */
  readonly mmd?: MmdTerm;
  /** Measured besides the loss. */
  readonly metrics: readonly LossName[];
  /** Resident for the trainer's lifetime; rows are gathered from it batch by batch. */
  readonly data: SamplePair;
  /** Rows of one step; the last step of an epoch takes the remaining rows. */
  readonly batchSize: number;
}

/**
 * Means over samples. `loss` includes the penalties of the layers' regularizers, as Keras reports it; metrics have their own
 * names and do not. With a variational latent, `loss` is `reconstruction`, the loss summed over the values of a sample, and
 * `kl` with its full weight; with a quantised latent, `reconstruction`, a mean over the values, and `vq`; with `mmd`, the loss summed over the values, and
 * `mmd` with its weight.
 */
export type Measured = { readonly loss: number } & Readonly<Partial<Record<MeasureName, number>>>;

export interface EpochProgress {
  /** Samples done, of `total`. */
  readonly samples: number;
  readonly total: number;
  /** The mean loss so far. */
  readonly loss: number;
}

export interface WorkOptions {
  /** Takes effect within a batch or, if many steps run in one call, within a second. */
  readonly signal: AbortSignal;
  /** Called a few times a second. */
  readonly onProgress?: (progress: EpochProgress) => void;
}

export interface Trainer {
  /** The measures, in the order of the history's columns. */
  readonly measures: readonly MeasureName[];
  /** The model's weights, trainable or not. */
  readonly weights: readonly NamedVariable[];
  /** Everything that the next step depends on: weights, the optimizer's variables, the step. For checkpoints. */
  readonly state: readonly NamedVariable[];

  /**
   * Trains on rows of the data, once each, in the given order: `order` may leave out rows. Each step's loss is taken
   * before the step changes the weights, and is weighted by the step's rows.
   *
   * A loss that is not finite ends the epoch at once, and is returned as it is.
   *
   * @throws Failure `interrupted` once the signal is aborted; the steps taken until then are kept
   * @throws RangeError if there are no rows, or a row does not exist
   */
  trainEpoch(order: Int32Array, options: WorkOptions): Promise<Measured>;

  /**
   * Measures without training; layers such as Dropout do nothing. A trainer may keep `data` resident for its lifetime:
   * pass the same object after each epoch.
   *
   * @param rows which samples of `data` to measure on, at least one
   * @throws Failure `interrupted`
   * @throws RangeError if there are no rows, or a row does not exist
   */
  evaluate(data: SamplePair, rows: Int32Array, options: WorkOptions): Promise<Measured>;

  /** Frees what the trainer made: the optimizer's variables and the resident data. */
  dispose(): void;
}
