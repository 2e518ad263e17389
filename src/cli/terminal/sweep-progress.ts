/** What is known about a running sweep, with the texts that the live and the plain display share. */
import { isError, unreachable } from '../../core/diagnostic.ts';
import type { Progress } from '../../core/event.ts';
import type { Sweep } from '../../schema/generated/settings.ts';
import type { SweepEvent, TrialOutcome } from '../../sweep/event.ts';
import { ParameterColumns } from '../../sweep/columns.ts';
import { trialNumbers } from '../../sweep/record.ts';
import { formatNumber, formatPlural, formatSeconds, printable } from './format.ts';
import { describeProgress } from './progress.ts';

/** A running trial. */
export interface TrialWork {
  readonly started: number;
  readonly label: string;
  stage: string;
  progress: Progress;
}

/** What distinguishes a trial from others. */
export type ListedTrial = Pick<TrialOutcome, 'id' | 'parameters'>;

export class SweepProgress {
  readonly running = new Map<string, TrialWork>();
  readonly #metric: Sweep['metric'];
  readonly #trials: ListedTrial[];
  #columns: ParameterColumns;
  #numbers: ReadonlyMap<string, number>;
  readonly #now: () => number;
  #started = 0;
  #total = 0;
  #kept = 0;
  #budget: string | undefined;
  readonly #finished: TrialOutcome[] = [];

  /**
   * @param trials the trials that are listed when the sweep begins
   * @param now milliseconds of a monotonic clock
   */
  constructor(sweep: Sweep, trials: readonly ListedTrial[], now: () => number) {
    this.#metric = sweep.metric;
    this.#trials = [...trials];
    this.#columns = new ParameterColumns(trials);
    this.#numbers = trialNumbers(trials);
    this.#now = now;
  }

  follow(event: SweepEvent): void {
    switch (event.type) {
      case 'sweep-started':
        this.#started = this.#now();
        this.#total = event.trials;
        this.#kept = event.kept;
        this.#budget = event.budget;
        return;
      case 'trial-chosen':
        this.#trials.push({ id: event.trial, parameters: event.parameters });
        this.#columns = new ParameterColumns(this.#trials);
        this.#numbers = trialNumbers(this.#trials);
        return;
      case 'trial-started':
        this.running.set(event.trial, {
          started: this.#now(),
          label: this.label(event),
          stage: '',
          progress: {},
        });
        return;
      case 'trial-event': {
        const work = this.running.get(event.trial ?? '');
        if (work === undefined) return;
        if (event.event.type === 'stage-started') {
          work.stage = event.event.stage;
          work.progress = {};
        }
        if (event.event.type === 'stage-progress') work.progress = event.event.progress;
        return;
      }
      case 'launcher-note':
      case 'trial-retried':
      case 'sweep-finished':
        return;
      case 'trial-finished':
        this.running.delete(event.outcome.id);
        if (event.outcome.state !== 'left') this.#finished.push(event.outcome);
        return;
      default:
        unreachable(event);
    }
  }

  /** `#3`; for a trial that was not listed, its folder. */
  number(trial: string): string {
    const number = this.#numbers.get(trial);
    return number === undefined ? trial : `#${number}`;
  }

  /** `latent_size 16, replicate 2` */
  label({ parameters, replicate }: Pick<TrialOutcome, 'parameters' | 'replicate'>): string {
    const { varied, names } = this.#columns;
    const values = printable(this.#columns.describe(parameters, varied.length > 0 ? varied : names));
    return replicate === 1 ? values : `${values}, replicate ${replicate}`;
  }

  /** `5 of 24 trials, best latent_size 16: quality.mse 0.0123, 14 min left` */
  summary(): string {
    const failed = this.#finished.filter(({ state }) => state === 'failed').length;
    const parts = [
      `${this.#kept + this.#finished.length} of ${formatPlural(this.#total, 'trial')}`,
      ...(failed === 0 ? [] : [`${failed} failed`]),
      ...this.#best(),
      ...this.#timeLeft(),
    ];
    return parts.join(', ');
  }

  #best(): readonly string[] {
    const metric = this.#metric;
    if (metric === undefined) return [];
    const sign = metric.goal === 'minimize' ? 1 : -1;
    // A trial with fewer epochs is not comparable.
    const epochs = this.#finished.map((outcome) => this.#epochsOf(outcome));
    const most = Math.max(...epochs);
    const [best] = this.#finished
      .filter(({ value }, place) => value !== undefined && epochs[place] === most)
      .sort((a, b) => sign * ((a.value ?? 0) - (b.value ?? 0)));
    if (best?.value === undefined) return [];
    return [`best ${this.label(best)}: ${metric.name} ${formatNumber(best.value)}`];
  }

  #epochsOf({ parameters }: TrialOutcome): number {
    return this.#budget === undefined ? 0 : Number(parameters[this.#budget]);
  }

  /** Estimated from the trials so far; running trials count with the share that is done. */
  #timeLeft(): readonly string[] {
    const partly = [...this.running.values()].reduce(
      (sum, { progress }) => sum + (progress.fraction ?? 0),
      0,
    );
    const done = this.#finished.length + partly;
    const left = this.#total - this.#kept - done;
    const seconds = (this.#now() - this.#started) / 1000;
    return done < 0.5 || left <= 0 ? [] : [`${formatSeconds((seconds / done) * left)} left`];
  }
}

/** `denoiser: epoch 3/10, loss 0.0182` */
export function describeWork({ stage, progress }: TrialWork, columns = Infinity): string {
  if (stage === '') return '';
  const words = describeProgress(progress, Math.max(1, columns - stage.length - 2));
  return words === '' ? stage : `${stage}: ${words}`;
}

/** The outcome of a trial, in a few words. */
export function describeOutcome(
  { state, value, epoch, diagnostics }: TrialOutcome,
  metric: string | undefined,
): string {
  switch (state) {
    case 'done':
    case 'kept':
      return value === undefined || metric === undefined ? '' : `${metric} ${formatNumber(value)}`;
    case 'stopped':
      return `stopped after epoch ${epoch ?? 0}: behind the median`;
    case 'failed':
      return printable(diagnostics.find(isError)?.message ?? 'failed');
    case 'left':
    case 'submitted':
      return 'not finished';
    default:
      return unreachable(state);
  }
}
