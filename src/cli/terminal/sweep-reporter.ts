/** Shows a running sweep: a live line for each trial on a terminal, a plain line for each trial elsewhere. */
import type { Sweep } from '../../schema/generated/settings.ts';
import { unreachable } from '../../core/diagnostic.ts';
import type { RunEvent } from '../../core/event.ts';
import type { SweepEmit, SweepEvent, TrialOutcome } from '../../sweep/event.ts';
import { engineLine, fit, formatPlural, formatSeconds, printable } from './format.ts';
import { progressBar, type LiveArea } from './live.ts';
import { timeCell } from './progress.ts';
import {
  describeOutcome,
  describeWork,
  SweepProgress,
  type ListedTrial,
  type TrialWork,
} from './sweep-progress.ts';
import type { Style } from './style.ts';
import type { Terminal } from './terminal.ts';

export interface SweepReporter {
  readonly emit: SweepEmit;
  note(text: string): void;
  close(): void;
}

const INTERVAL_MILLISECONDS = 100;
const MOST_LINES = 16;

/** @param trials the trials that are listed when the sweep begins */
export async function makeSweepReporter(
  terminal: Terminal,
  sweep: Sweep,
  trials: readonly ListedTrial[],
): Promise<SweepReporter> {
  if (terminal.options.quiet || terminal.options.json) {
    return { emit: () => undefined, note: (text) => terminal.note(text), close: () => undefined };
  }
  if (!terminal.live) return new SweepLines(terminal, sweep, trials);
  const { createLogUpdate } = await import('log-update');
  return new SweepLines(terminal, sweep, trials, createLogUpdate(process.stderr));
}

const MARKS = {
  done: ['✔', 'green'],
  kept: ['·', 'dim'],
  failed: ['✖', 'red'],
  stopped: ['◦', 'yellow'],
  left: ['-', 'yellow'],
  submitted: ['-', 'yellow'],
} as const;

/** One line for each trial that has ended; with a live area, also one for each running trial. */
export class SweepLines implements SweepReporter {
  readonly #terminal: Terminal;
  readonly #style: Style;
  readonly #progress: SweepProgress;
  readonly #metric: string | undefined;
  readonly #area: LiveArea | undefined;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout | undefined;
  #engineStep = '';
  #labelWidth = 0;
  #numberWidth: number;

  constructor(
    terminal: Terminal,
    sweep: Sweep,
    trials: readonly ListedTrial[],
    area?: LiveArea,
    now: () => number = () => performance.now(),
  ) {
    this.#terminal = terminal;
    this.#style = terminal.noteStyle;
    this.#progress = new SweepProgress(sweep, trials, now);
    this.#metric = sweep.metric?.name;
    this.#numberWidth = `#${trials.length}`.length;
    this.#area = area;
    this.#now = now;
    this.#timer = area === undefined ? undefined : setInterval(() => this.draw(), INTERVAL_MILLISECONDS);
  }

  readonly emit = (event: SweepEvent): void => {
    this.#progress.follow(event);
    switch (event.type) {
      case 'sweep-started':
        this.#numberWidth = Math.max(this.#numberWidth, `#${event.trials}`.length);
        if (event.kept < event.trials) this.note(startText(event));
        return;
      case 'trial-started':
        this.#labelWidth = Math.max(this.#labelWidth, this.#progress.label(event).length);
        if (this.#area === undefined && this.#terminal.options.verbose)
          this.note(`  ${this.#name(event.trial)}  ${this.#progress.label(event)}: started`);
        return;
      case 'trial-chosen':
        return;
      case 'trial-event':
        if (event.event.type === 'engine-progress') this.#engine(event.event);
        return;
      case 'launcher-note':
        this.note(event.text);
        return;
      case 'trial-retried': {
        const [first] = event.diagnostics;
        const why = printable(first?.message ?? 'it failed');
        this.note(this.#style('yellow', `! ${this.#name(event.trial)}  is retried: ${why}`));
        return;
      }
      case 'trial-finished':
        this.note(this.#finished(event.outcome));
        return;
      case 'sweep-finished':
        return;
      default:
        unreachable(event);
    }
  };

  note(text: string): void {
    this.#area?.clear();
    this.#terminal.note(text);
    this.draw();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#area?.clear();
    this.#area?.done();
  }

  draw(): void {
    if (this.#area === undefined) return;
    const works = [...this.#progress.running];
    if (works.length === 0) return this.#area.clear();
    const lines = works.slice(0, MOST_LINES).map(([id, work]) => this.#line(id, work));
    const more = works.length > MOST_LINES ? [`  and ${works.length - MOST_LINES} more`] : [];
    const summary = this.#style('bold', fit(`  ${this.#progress.summary()}`, this.#terminal.columns() - 2));
    this.#area([...lines, ...more, summary].join('\n'));
  }

  #line(id: string, work: TrialWork): string {
    const elapsed = timeCell(formatSeconds((this.#now() - work.started) / 1000));
    const start = ` ${this.#name(id)}  ${work.label.padEnd(this.#labelWidth)}  ${elapsed}  `;
    let room = this.#terminal.columns() - start.length - 2;
    const { fraction } = work.progress;
    const bar = fraction === undefined ? '' : progressBar(fraction, room);
    room -= bar.length;
    const text = fit(`${start}${bar}${describeWork(work, room)}`, this.#terminal.columns() - 2);
    return `${this.#style('cyan', '▸')}${text}`.trimEnd();
  }

  #finished(outcome: TrialOutcome): string {
    const [mark, color] = MARKS[outcome.state];
    const label = this.#progress.label(outcome).padEnd(this.#labelWidth);
    const start = `${this.#name(outcome.id)}  ${label}  ${timeCell(formatSeconds(outcome.seconds))}  `;
    const words = describeOutcome(outcome, this.#metric);
    const line = fit(`${start}${words}`, this.#area === undefined ? Infinity : this.#terminal.columns() - 3);
    return outcome.state === 'done'
      ? `${this.#style(color, mark)} ${line}`
      : this.#style(color, `${mark} ${line}`);
  }

  /** `#3` and the folder of a trial. */
  #name(id: string): string {
    const number = this.#progress.number(id);
    return number === id ? id : `${number.padEnd(this.#numberWidth)} ${id}`;
  }

  #engine({ step, done, notice }: Extract<RunEvent, { type: 'engine-progress' }>): void {
    if (done !== true && step !== this.#engineStep) this.note(engineLine(step));
    this.#engineStep = step;
    if (notice !== undefined) this.note(engineLine(notice));
  }
}

function startText({ trials, kept, jobs }: Extract<SweepEvent, { type: 'sweep-started' }>): string {
  const parts = [
    formatPlural(trials, 'trial'),
    ...(kept === 0 ? [] : [`${kept} already complete`]),
    jobs === 1 ? 'one at a time' : `${jobs} in parallel`,
  ];
  return parts.join(', ');
}
