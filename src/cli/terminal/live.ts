/** One line for each running stage, redrawn continuously; finished stages scroll up. */
import { unreachable } from '../../core/diagnostic.ts';
import type { Progress, RunEvent } from '../../core/event.ts';
import { CachedLines } from './cached-lines.ts';
import { engineLine, fit, formatSeconds, printable } from './format.ts';
import { describeFinished, describeProgress, timeCell } from './progress.ts';
import type { Reporter } from './reporter.ts';
import { ASCII_SPARKS, sparkline, SPARKS } from './sparkline.ts';
import type { Terminal } from './terminal.ts';

/** Overwrites its last output: log-update. */
export interface LiveArea {
  (text: string): void;
  clear(): void;
  done(): void;
}

/** A running stage, or the installation of the engine. */
interface Work {
  readonly started: number;
  progress: Progress;
  /** The loss of each finished epoch. */
  losses?: number[];
}

/** Redrawing more often than this would only flicker. */
const INTERVAL_MILLISECONDS = 100;

/** Width of the bar, if there is room for it and for the important words. */
const BAR_COLUMNS = 20;
const WORDS_COLUMNS = 40;

/** Width of the sparkline of the loss. It comes before the bar, since a percentage says the same as the bar. */
const [FEWEST_SPARKS, MOST_SPARKS] = [5, 16];

/** The minimum width for the words beside a percentage, which is useful even beside an epoch. */
const FEWEST_WORDS_COLUMNS = 12;

const ENGINE = 'engine';

export class LiveReporter implements Reporter {
  readonly #terminal: Terminal;
  readonly #area: LiveArea;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  readonly #cached = new CachedLines((line) => this.note(line));
  readonly #running = new Map<string, Work>();
  #engine: Work | undefined;
  #nameWidth = ENGINE.length;

  /** @param now milliseconds of a monotonic clock */
  constructor(terminal: Terminal, area: LiveArea, now: () => number = () => performance.now()) {
    this.#terminal = terminal;
    this.#area = area;
    this.#now = now;
    this.#timer = setInterval(() => this.draw(), INTERVAL_MILLISECONDS);
  }

  readonly emit = (event: RunEvent): void => {
    const { noteStyle: style, options } = this.#terminal;
    switch (event.type) {
      case 'run-started':
        this.#nameWidth = Math.max(0, ...event.stages.map(({ name }) => name.length));
        return;
      case 'engine-progress':
        this.#showEngine(event);
        return;
      case 'stage-started':
        this.#cached.release();
        this.#running.set(event.stage, { started: this.#now(), progress: {} });
        return;
      case 'stage-progress': {
        const work = this.#running.get(event.stage);
        if (work !== undefined) follow(work, event.progress);
        return;
      }
      case 'stage-finished': {
        this.#running.delete(event.stage);
        const finished = { metrics: {}, ...event };
        const line = describeFinished(finished, this.#nameWidth, style, this.#terminal.columns());
        if (event.state === 'cached') this.#cached.add(line);
        else this.note(line);
        return;
      }
      case 'log':
        if (options.verbose || event.level === 'warn')
          this.note(style('dim', `  ${event.stage ?? 'run'}: ${printable(event.message)}`));
        return;
      case 'diagnostic':
      case 'run-finished':
        // Diagnostics are shown in full by the command.
        return;
      default:
        unreachable(event);
    }
  };

  note(text: string): void {
    this.#area.clear();
    this.#terminal.note(text);
    this.draw();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#area.clear();
    this.#area.done();
  }

  draw(): void {
    const lines = [...this.#running].map(([name, work]) => this.#line(name, work));
    if (this.#engine !== undefined) lines.push(this.#line(ENGINE, this.#engine));
    if (lines.length === 0) this.#area.clear();
    else this.#area(lines.join('\n'));
  }

  #showEngine({ step, fraction, done, notice }: Extract<RunEvent, { type: 'engine-progress' }>): void {
    if (done !== true) {
      this.#engine ??= { started: this.#now(), progress: {} };
      this.#engine.progress = { text: step, ...(fraction === undefined ? {} : { fraction }) };
      return;
    }
    // An engine that is already installed reports nothing before its end, and needs no line.
    const work = this.#engine;
    this.#engine = undefined;
    const style = this.#terminal.noteStyle;
    if (work !== undefined)
      this.note(`${style('green', '✔')} ${ENGINE.padEnd(this.#nameWidth)}  ${this.#elapsed(work)}  ${step}`);
    if (notice !== undefined) this.note(engineLine(notice));
  }

  /** `▸ denoiser        12 s  █████░░░░░  50%  epoch 3/6, …`, no wider than the terminal. */
  #line(name: string, work: Work): string {
    const { fraction } = work.progress;
    const { unicode } = this.#terminal;
    const start = ` ${name.padEnd(this.#nameWidth)}  ${this.#elapsed(work)}  `;
    // The mark before it takes one column. A character in the last column would make some terminals wrap.
    let room = this.#terminal.columns() - start.length - 2;
    const spark = this.#sparkline(work, room);
    room -= spark.length;
    const bar = fraction === undefined ? '' : progressBar(fraction, room, unicode ? BAR : ASCII_BAR);
    room -= bar.length;
    const words = describeProgress(work.progress, Math.max(room, 1));
    const line = fit(`${start}${bar}${spark}${words}`, this.#terminal.columns() - 2);
    return `${this.#terminal.noteStyle('cyan', unicode ? '▸' : '>')}${line}`.trimEnd();
  }

  /** Empty until an epoch has ended, for one epoch, and where there is no room. Its width stays the same while it grows. */
  #sparkline({ losses = [], progress: { epochs = MOST_SPARKS } }: Work, room: number): string {
    const columns = Math.min(MOST_SPARKS, epochs, room - PERCENT_COLUMNS - WORDS_COLUMNS - 2);
    if (losses.length === 0 || columns < Math.min(FEWEST_SPARKS, Math.max(2, epochs))) return '';
    return `${sparkline(losses, columns, this.#terminal.unicode ? SPARKS : ASCII_SPARKS).padEnd(columns)}  `;
  }

  #elapsed({ started }: Work): string {
    return timeCell(formatSeconds((this.#now() - started) / 1000));
  }
}

function follow(work: Work, progress: Progress): void {
  work.progress = progress;
  if (progress.epochEnd === true) (work.losses ??= []).push(progress.loss ?? Number.NaN);
}

/** Filled and empty parts of a bar. */
const [BAR, ASCII_BAR] = [['█', '░'] as const, ['#', '.'] as const];

/** A percentage and the blanks after it. */
const PERCENT_COLUMNS = 6;

/** A bar and a percentage, only the percentage, or nothing, depending on the room. */
export function progressBar(
  fraction: number,
  room: number,
  [full, empty]: readonly [string, string] = BAR,
): string {
  const share = Math.min(1, Math.max(0, fraction));
  const percent = `${`${Math.floor(share * 100)}%`.padStart(4)}  `;
  const columns = Math.min(BAR_COLUMNS, room - percent.length - WORDS_COLUMNS);
  if (columns < 5) return room < percent.length + FEWEST_WORDS_COLUMNS ? '' : percent;
  const filled = Math.round(share * columns);
  return `${full.repeat(filled)}${empty.repeat(columns - filled)} ${percent}`;
}
