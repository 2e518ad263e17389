/**
 * What training needs of an engine. Two kinds serve it: the eager trainer, which calls TensorFlow op by op, and the compiled
 * one, which runs programs, many steps in one call. Whatever the kind, the truth is in the variables of the tfjs model, of the
 * optimizer and of the step: they can be read, saved and restored between any two calls.
 */
import type { LayersModel, Variable } from '@tensorflow/tfjs';
import type { LossName } from './losses.ts';
import type { MeasureName } from './measures.ts';
import type { OptimizerChoice } from './optimizers/optimizer.ts';
import type { SamplePair } from './samples.ts';
import type { NamedVariable } from './state.ts';
import type { KlTerm } from './variational.ts';

export interface TrainerOptions {
  /** One input and one output. Its weights are changed in place; whoever made it disposes of it. */
  readonly model: LayersModel;
  /**
   * int32 scalar: the number of steps taken. Layers that draw while training read it; the trainer adds 1 after each step.
   * Whoever made it disposes of it.
   */
  readonly step: Variable;
  readonly optimizer: OptimizerChoice;
  readonly loss: LossName;
  /** For a model with a variational latent; left out: the divergence as it is. */
  readonly kl?: KlTerm;
  /** Measured besides the loss. */
  readonly metrics: readonly LossName[];
  /** Resident for as long as the trainer lives; rows are gathered from it batch by batch. */
  readonly data: SamplePair;
  /** Rows of one step; the last step of an epoch takes what is left. */
  readonly batchSize: number;
}

/**
 * Means over samples. `loss` includes the penalties of the layers' regularizers, as Keras reports it; metrics stand under
 * their names and do not. With a variational latent, `loss` is `reconstruction`, the loss summed over the values of a sample, and
 * `kl` with its full weight.
 */
export type Measured = { readonly loss: number } & Readonly<Partial<Record<MeasureName, number>>>;

export interface EpochProgress {
  /** Samples that are done, of `total`. */
  readonly samples: number;
  readonly total: number;
  /** The mean loss so far. */
  readonly loss: number;
}

export interface WorkOptions {
  /** Heeded within a batch or, where many steps run in one call, within a second. */
  readonly signal: AbortSignal;
  /** Called a few times a second. */
  readonly onProgress?: (progress: EpochProgress) => void;
}

export interface Trainer {
  /** What it measures, in the order of the history's columns. */
  readonly measures: readonly MeasureName[];
  /** The model's weights, trainable or not. */
  readonly weights: readonly NamedVariable[];
  /** All that the next step depends on: weights, the optimizer's variables, the step. For checkpoints. */
  readonly state: readonly NamedVariable[];

  /**
   * Trains on rows of the data, once each, in the order given: `order` need not name all rows. Each step's loss is taken
   * before its change of the weights, and weighs as much as the step has rows.
   *
   * A loss that is not finite ends the epoch at once, and is returned as it is.
   *
   * @throws Failure `interrupted` once the signal is aborted; the steps taken until then are kept
   * @throws RangeError if there are no rows, or not those
   */
  trainEpoch(order: Int32Array, options: WorkOptions): Promise<Measured>;

  /**
   * Measures without training; layers such as Dropout do nothing. A trainer may keep `data` resident for as long as it lives:
   * hand it the same object after each epoch.
   *
   * @param rows which samples of `data` to measure on, at least one
   * @throws Failure `interrupted`
   * @throws RangeError if there are no rows, or not those
   */
  evaluate(data: SamplePair, rows: Int32Array, options: WorkOptions): Promise<Measured>;

  /** Frees what the trainer made: the optimizer's variables and the resident data. */
  dispose(): void;
}
