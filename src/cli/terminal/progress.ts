/** The words of a run's progress, shared by the live and the plain display. */
import type { Progress, StageState } from '../../core/event.ts';
import { formatCount, formatMetrics, formatNumber, formatSeconds } from './format.ts';
import type { Style } from './style.ts';

/** `epoch 3/10, loss 0.0182, val_loss 0.0190, 4,210 samples/s, 12 s left`: as much of it as is known. */
export function describeProgress(progress: Progress): string {
  const { text, epoch, epochs, loss, validationLoss, samplesPerSecond, secondsLeft } = progress;
  const parts: string[] = [];
  if (text !== undefined) parts.push(text);
  if (epoch !== undefined) parts.push(epochs === undefined ? `epoch ${epoch}` : `epoch ${epoch}/${epochs}`);
  if (loss !== undefined) parts.push(`loss ${formatNumber(loss)}`);
  if (validationLoss !== undefined) parts.push(`val_loss ${formatNumber(validationLoss)}`);
  if (samplesPerSecond !== undefined) parts.push(`${formatCount(samplesPerSecond)} samples/s`);
  if (secondsLeft !== undefined && secondsLeft >= 1) parts.push(`${formatSeconds(secondsLeft)} left`);
  return parts.join(', ');
}

const MARKS: Readonly<
  Record<StageState, { readonly mark: string; readonly color: 'green' | 'dim' | 'yellow' | 'red' }>
> = {
  ran: { mark: '✔', color: 'green' },
  cached: { mark: '·', color: 'dim' },
  skipped: { mark: '-', color: 'yellow' },
  failed: { mark: '✖', color: 'red' },
};

export interface FinishedStage {
  readonly stage: string;
  readonly state: StageState;
  readonly seconds: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** One line for a stage that has come to its end. */
export function describeFinished(finished: FinishedStage, nameWidth: number, style: Style): string {
  const { mark, color } = MARKS[finished.state];
  const name = finished.stage.padEnd(nameWidth);
  switch (finished.state) {
    case 'ran':
      return `${style(color, mark)} ${name}  ${formatSeconds(finished.seconds).padStart(9)}  ${formatMetrics(finished.metrics)}`.trimEnd();
    case 'cached':
      return style(
        color,
        `${mark} ${name}  ${'cached'.padStart(9)}  ${formatMetrics(finished.metrics)}`.trimEnd(),
      );
    case 'skipped':
    case 'failed':
      return style(color, `${mark} ${name}  ${finished.state.padStart(9)}`);
  }
}
