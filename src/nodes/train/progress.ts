/** Turns a trainer's reports into progress for users: speed and remaining time. */
import type { Progress } from '../../core/event.ts';
import type { EpochProgress } from '../../engine/train/trainer.ts';
import type { EpochRecord } from './history.ts';

export class ProgressClock {
  readonly #epochs: number;
  readonly #emit: (progress: Progress) => void;
  readonly #started = performance.now();
  #epochStarted = performance.now();
  #epoch = 0;
  #samples = 0;
  #samplesPerSecond: number | undefined;
  #loss: number | undefined;
  #validationLoss: number | undefined;
  #text: string | undefined;
  /** Completed share of the epoch. */
  #done = 0;
  /** Epochs completed by an earlier run, which took none of this run's time. */
  readonly #before: number;

  constructor(epochs: number, emit: (progress: Progress) => void, before = 0) {
    this.#epochs = epochs;
    this.#before = before;
    this.#emit = emit;
  }

  /** Reports an epoch that an earlier run completed. */
  restore({ epoch, training, validation }: EpochRecord): void {
    this.#emit({
      epoch,
      epochs: this.#epochs,
      loss: training.loss,
      ...(validation === undefined ? {} : { validationLoss: validation.loss }),
      epochEnd: true,
      restored: true,
    });
  }

  startEpoch(epoch: number, samples: number): void {
    this.#epoch = epoch;
    this.#samples = samples;
    this.#epochStarted = performance.now();
    this.#done = 0;
    this.#text = undefined;
  }

  /** Called when the epoch's training is finished. */
  startValidation(loss: number): void {
    this.#measureSpeed(this.#samples);
    this.#loss = loss;
    this.#done = 1;
    this.#text = 'validating';
    this.report();
  }

  report(progress?: EpochProgress): void {
    if (progress !== undefined) {
      this.#measureSpeed(progress.samples);
      this.#loss = progress.loss;
      this.#done = progress.samples / progress.total;
    }
    this.#emit(this.#state());
  }

  /** @returns seconds since the epoch began */
  endEpoch({ training, validation }: EpochRecord): number {
    if (validation === undefined) this.#measureSpeed(this.#samples);
    this.#loss = training.loss;
    this.#validationLoss = validation?.loss;
    this.#done = 1;
    this.#text = undefined;
    this.#emit({ ...this.#state(), epochEnd: true });
    return (performance.now() - this.#epochStarted) / 1000;
  }

  #measureSpeed(samples: number): void {
    const seconds = (performance.now() - this.#epochStarted) / 1000;
    if (seconds > 0) this.#samplesPerSecond = samples / seconds;
  }

  #state(): Progress {
    const done = this.#epoch - 1 + this.#done;
    const own = (done - this.#before) / (this.#epochs - this.#before);
    const seconds = (performance.now() - this.#started) / 1000;
    const optional = {
      text: this.#text,
      loss: this.#loss,
      validationLoss: this.#validationLoss,
      samplesPerSecond: this.#samplesPerSecond,
      secondsLeft: own > 0 ? (seconds / own) * (1 - own) : undefined,
    };
    const known = Object.entries(optional).filter(([, value]) => value !== undefined);
    return {
      fraction: done / this.#epochs,
      epoch: this.#epoch,
      epochs: this.#epochs,
      ...Object.fromEntries(known),
    };
  }
}
