/** The words of a run's progress, shared by the live and the plain display. */
import type { Progress, FinishedState } from '../../core/event.ts';
import {
  fit,
  formatCount,
  formatMetrics,
  formatNumber,
  formatPlural,
  formatSeconds,
  printable,
} from './format.ts';
import type { Style } from './style.ts';

/**
 * `epoch 3/10, loss 0.0182, val_loss 0.0190, 4,210 samples/s, 12 s left`: as much of it as is known and as there is room
 * for. The least important part is omitted first: the speed, then the losses, then the time left.
 */
export function describeProgress(progress: Progress, columns = Infinity): string {
  const { text, epoch, epochs, loss, validationLoss, samplesPerSecond, secondsLeft } = progress;
  const parts: { readonly words: string; readonly weight: number }[] = [];
  if (epoch !== undefined)
    parts.push({ words: epochs === undefined ? `epoch ${epoch}` : `epoch ${epoch}/${epochs}`, weight: 5 });
  if (text !== undefined) parts.push({ words: printable(text), weight: 6 });
  if (loss !== undefined) parts.push({ words: `loss ${formatNumber(loss)}`, weight: 2 });
  if (validationLoss !== undefined)
    parts.push({ words: `val_loss ${formatNumber(validationLoss)}`, weight: 3 });
  if (samplesPerSecond !== undefined)
    parts.push({ words: `${formatCount(samplesPerSecond)} samples/s`, weight: 1 });
  if (secondsLeft !== undefined && secondsLeft >= 1)
    parts.push({ words: `${formatSeconds(secondsLeft)} left`, weight: 4 });
  for (;;) {
    const line = parts.map(({ words }) => words).join(', ');
    if (line.length <= columns || parts.length <= 1) return fit(line, columns);
    const least = Math.min(...parts.map(({ weight }) => weight));
    parts.splice(
      parts.findIndex(({ weight }) => weight === least),
      1,
    );
  }
}

const MARKS: Readonly<
  Record<FinishedState, { readonly mark: string; readonly color: 'green' | 'dim' | 'yellow' | 'red' }>
> = {
  ran: { mark: '✔', color: 'green' },
  cached: { mark: '·', color: 'dim' },
  failed: { mark: '✖', color: 'red' },
  interrupted: { mark: '■', color: 'yellow' },
  skipped: { mark: '-', color: 'yellow' },
};

export interface FinishedStage {
  readonly stage: string;
  readonly state: FinishedState;
  readonly seconds: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly epochsKept?: number;
}

/** The column of times: nearly all are shorter than this. */
const TIME_COLUMNS = 9;

/** A time in its column. */
export function timeCell(text: string): string {
  return text.padStart(TIME_COLUMNS);
}

/** One line for a stage that has ended, with as many of its metrics as there is room for. */
export function describeFinished(
  finished: FinishedStage,
  nameWidth: number,
  style: Style,
  columns = Infinity,
): string {
  const { state, stage, seconds, metrics, epochsKept } = finished;
  const { mark, color } = MARKS[state];
  const isDone = state === 'ran' || state === 'cached';
  const kept = epochsKept === undefined ? '' : `, ${formatPlural(epochsKept, 'epoch')} kept`;
  const words = isDone ? (state === 'ran' ? formatSeconds(seconds) : state) : `${state}${kept}`;
  const start = `${stage.padEnd(nameWidth)}  ${timeCell(words)}  `;
  // The mark and its blank take two columns. A character in the last column would make some terminals wrap.
  const line = `${start}${isDone ? formatMetrics(metrics, columns - start.length - 3) : ''}`.trimEnd();
  return state === 'ran' ? `${style(color, mark)} ${line}` : style(color, `${mark} ${line}`);
}

/** Lines for all stages of a run, aligned to the longest name. */
export function describeAll(finished: readonly FinishedStage[], style: Style): readonly string[] {
  const nameWidth = Math.max(0, ...finished.map(({ stage }) => stage.length));
  return finished.map((stage) => describeFinished(stage, nameWidth, style));
}
