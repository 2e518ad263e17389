/** The loop over epochs of a training: measures, keeps the best weights, and stops. */
import type { Progress } from '../../core/event.ts';
import { failure } from '../../core/diagnostic.ts';
import type { NamedArray } from '../../formats/safetensors.ts';
import { allFinite, readVariables } from '../../engine/train/state.ts';
import type { SamplePair } from '../../engine/train/samples.ts';
import type { Measured, Trainer } from '../../engine/train/trainer.ts';
import type { EarlyStopping } from './early-stopping.ts';
import type { EpochRecord } from './history.ts';
import { ProgressClock } from './progress.ts';

export interface FitOptions {
  /** Holds the state after the last of `start`'s epochs. */
  readonly trainer: Trainer;
  /** The state after an earlier, shorter run. */
  readonly start?: FitState;
  readonly epochs: number;
  /** The rows of an epoch (from 1), in the order of training. */
  readonly order: (epoch: number) => Int32Array;
  readonly validation?: { readonly data: SamplePair; readonly rows: Int32Array };
  readonly stopping?: { readonly rule: EarlyStopping; readonly monitor: 'val_loss' | 'loss' };
  /**
   * Given if the learning rate changes during the training. Returns the rate of an epoch's last step, and may set the rate of the
   * next epoch depending on the measurements.
   */
  readonly learningRate?: (measured: EpochRecord) => Promise<number>;
  /** Called before each epoch, from 1, to set what depends on its number. */
  readonly beforeEpoch?: (epoch: number) => void;
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
  /** Called after each epoch, with its time. */
  readonly afterEpoch: (record: EpochRecord, seconds: number, state: FitState) => Promise<void>;
}

/** Everything that the rest of a training depends on, except the trainer's variables. */
export interface FitState {
  /** One per epoch until now, in order. */
  readonly records: readonly EpochRecord[];
  /** The epoch with the lowest loss until now; absent before the first. */
  readonly best?: Snapshot;
  /** The last epoch that early stopping counted as an improvement. */
  readonly kept?: Snapshot;
}

/** Weights at the end of an epoch. */
export interface Snapshot {
  readonly epoch: number;
  readonly weights: readonly NamedArray[];
}

export interface FitResult {
  readonly records: readonly EpochRecord[];
  /** The epoch with the lowest validation loss or, without validation, with the lowest loss. */
  readonly best: Snapshot;
  readonly last: Snapshot;
  /** The epoch that early stopping counts as the best; equals `last` without early stopping. */
  readonly kept: Snapshot;
  readonly stoppedEarly: boolean;
}

/**
 * Trains epoch by epoch.
 *
 * @throws Failure `not-finite` as soon as a loss is NaN or infinite, or if the last weights are; `interrupted`
 */
export async function fit(options: FitOptions): Promise<FitResult> {
  const { trainer, epochs, stopping, start = { records: [] } } = options;
  const clock = new ProgressClock(epochs, options.progress, start.records.length);
  const records = [...start.records];
  let { best, kept } = start;
  let stop = false;
  let lowest = Number.POSITIVE_INFINITY;
  for (const record of records) {
    clock.restore(record);
    lowest = Math.min(lowest, (record.validation ?? record.training).loss);
    stop = stopping !== undefined && judge(stopping, record).stop;
  }
  while (records.length < epochs && !stop) {
    const epoch = records.length + 1;
    const measured = await runEpoch(options, epoch, clock);
    const learningRate = await options.learningRate?.(measured);
    const record = learningRate === undefined ? measured : { ...measured, learningRate };
    records.push(record);
    let snapshot: Snapshot | undefined;
    const takeSnapshot = async (): Promise<Snapshot> =>
      (snapshot ??= { epoch, weights: await readVariables(trainer.weights) });
    const { loss } = record.validation ?? record.training;
    if (loss < lowest) {
      lowest = loss;
      best = await takeSnapshot();
    }
    if (stopping !== undefined) {
      const verdict = judge(stopping, record);
      if (verdict.improved) kept = await takeSnapshot();
      stop = verdict.stop;
    }
    const state: FitState = {
      records: [...records],
      ...(best === undefined ? {} : { best }),
      ...(kept === undefined ? {} : { kept }),
    };
    await options.afterEpoch(record, clock.endEpoch(record), state);
  }
  const last = { epoch: records.length, weights: await readVariables(trainer.weights) };
  for (const { epoch, weights } of [last, best ?? last]) {
    if (!allFinite(weights)) throw notFinite('a weight', epoch);
  }
  return {
    records,
    best: best ?? last,
    last,
    kept: kept ?? last,
    stoppedEarly: stop && records.length < epochs,
  };
}

function judge(
  { rule, monitor }: NonNullable<FitOptions['stopping']>,
  { training, validation }: EpochRecord,
): { readonly improved: boolean; readonly stop: boolean } {
  const watched = monitor === 'val_loss' ? validation : training;
  return rule.next(watched?.loss ?? Number.NaN);
}

async function runEpoch(
  { trainer, order, validation, beforeEpoch, signal }: FitOptions,
  epoch: number,
  clock: ProgressClock,
): Promise<EpochRecord> {
  const rows = order(epoch);
  beforeEpoch?.(epoch);
  clock.startEpoch(epoch, rows.length);
  const training = await trainer.trainEpoch(rows, {
    signal,
    onProgress: (progress) => clock.report(progress),
  });
  requireFinite('the loss', training, epoch);
  if (validation === undefined) return { epoch, training };
  clock.startValidation(training.loss);
  const measured = await trainer.evaluate(validation.data, validation.rows, {
    signal,
    onProgress: () => clock.report(),
  });
  requireFinite('the validation loss', measured, epoch);
  return { epoch, training, validation: measured };
}

function requireFinite(what: string, measured: Measured, epoch: number): void {
  for (const [name, value] of Object.entries(measured)) {
    if (!Number.isFinite(value)) throw notFinite(name === 'loss' ? what : `\`${name}\``, epoch, measured);
  }
}

/** What to try, besides a smaller learning rate, if a part of the loss is not finite. */
const REMEDIES = {
  kl: '`kl: { warmup_epochs: 5 }`, or a smaller `weight` of `kl`',
  mmd: 'a smaller `weight` of `MMD`',
  vq: 'a smaller `commitment`',
} as const;

const PARTS = Object.keys(REMEDIES) as readonly (keyof typeof REMEDIES)[];

/** @param measured measurements of the epoch: the message names the parts of the loss that are not finite */
function notFinite(what: string, epoch: number, measured?: Measured): Error {
  const parts = PARTS.filter((part) => measured?.[part] !== undefined);
  const broken = parts.find((part) => !Number.isFinite(measured?.[part]));
  const { reconstruction } = measured ?? {};
  // Of finite parts, only a factor makes an infinite sum.
  const [factor] = broken === undefined && Number.isFinite(reconstruction) ? parts : [];
  const part = broken ?? factor;
  const named =
    broken === undefined
      ? factor === undefined
        ? what
        : `${what}, but not \`reconstruction\` and \`${factor}\`,`
      : `${what}, with \`${broken}\`,`;
  return failure(
    'not-finite',
    `${named} became NaN or infinite in epoch ${epoch}`,
    part === undefined
      ? 'try a smaller `learning_rate`, and check that the images are normalized'
      : factor === undefined
        ? `try a smaller \`learning_rate\`, ${REMEDIES[part]}, and check that the images are normalized`
        : `try ${REMEDIES[part]}`,
  );
}
