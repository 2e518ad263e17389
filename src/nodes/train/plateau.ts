/** When a constant learning rate is lowered, by the rules of Keras's `ReduceLROnPlateau` for a loss. */
import type { TrainSettings } from '../../schema/generated/settings.ts';
import type { Tf } from '../../engine/engine.ts';
import { currentRate } from '../../engine/train/optimizers/learning-rate.ts';
import { learningRateOf } from '../../engine/train/optimizers/optimizer.ts';
import type { Trainer } from '../../engine/train/trainer.ts';
import type { StageContext } from '../contract.ts';
import type { FitOptions } from './fit.ts';
import type { EpochRecord } from './history.ts';
import { optimizerChoice } from './optimizer.ts';

export interface PlateauRule {
  /** Factor for the rate, above 0 and below 1. */
  readonly factor: number;
  /** Epochs without improvement before the rate is reduced. */
  readonly patience: number;
  /** How much lower than the best loss the next one must be to count as an improvement, 0 or more. */
  readonly min_delta: number;
  /**
   * Epochs after a reduction before `patience` counts again. As in Keras the last one already counts, so 0 and 1 have the same
   * effect.
   */
  readonly cooldown: number;
  /** Minimum rate, 0 or more. */
  readonly min_lr: number;
}

export class Plateau {
  readonly #rule: PlateauRule;
  #best = Number.POSITIVE_INFINITY;
  #waited = 0;
  /** Remaining epochs of the cooldown. */
  #cooling = 0;

  constructor(rule: PlateauRule) {
    this.#rule = rule;
  }

  /**
   * Called with the loss of each epoch. As in Keras, a patience of 0 and of 1 have the same effect, and the first epoch always
   * counts as an improvement.
   *
   * @param rate rate of the epoch: a float32
   * @returns rate of the next epoch
   */
  next(loss: number, rate: number): number {
    const { factor, patience, min_delta, cooldown, min_lr } = this.#rule;
    if (this.#cooling > 0) {
      this.#cooling -= 1;
      this.#waited = 0;
    }
    if (loss < this.#best - min_delta) {
      this.#best = loss;
      this.#waited = 0;
      return rate;
    }
    if (this.#cooling > 0) return rate;
    this.#waited += 1;
    if (this.#waited < patience || rate <= Math.fround(min_lr)) return rate;
    this.#cooling = cooldown;
    this.#waited = 0;
    return Math.max(rate * factor, min_lr);
  }
}

interface RateOptions {
  readonly tf: Tf;
  readonly trainer: Pick<Trainer, 'state'>;
  /** Epochs of an earlier run: the rule is given their losses again. */
  readonly before: readonly EpochRecord[];
}

/**
 * Tracks a learning rate that changes during the training, by a schedule or by `reduce_lr_on_plateau`. Empty if it does not
 * change.
 */
export function followRate(
  { settings, log }: Pick<StageContext<TrainSettings>, 'settings' | 'log'>,
  { tf, trainer, before }: RateOptions,
): Pick<FitOptions, 'learningRate'> {
  const rate = learningRateOf(optimizerChoice(settings.optimizer));
  const { reduce_lr_on_plateau: rule } = settings;
  if (rule === null && typeof rate === 'number') return {};
  const current = currentRate(tf, rate, trainer.state);
  const plateau = rule === null ? undefined : new Plateau(rule);
  const follow = ({ training, validation }: EpochRecord, now: number): number => {
    const watched = rule?.monitor === 'loss' ? training : validation;
    return plateau === undefined || watched === undefined ? now : plateau.next(watched.loss, now);
  };
  for (const record of before) if (record.learningRate !== undefined) follow(record, record.learningRate);
  return {
    async learningRate(record) {
      const now = await current.read();
      const next = follow(record, now);
      if (next !== now) {
        current.set?.(next);
        log('info', `epoch ${record.epoch}: the learning rate changes from ${now} to ${Math.fround(next)}`);
      }
      return now;
    },
  };
}
