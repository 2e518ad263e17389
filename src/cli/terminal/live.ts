/** One line for each stage at work, drawn again and again; finished stages scroll away above. */
import type { createLogUpdate } from 'log-update';
import { unreachable } from '../../core/diagnostic.ts';
import type { Progress, RunEvent } from '../../core/event.ts';
import { describeFinished, describeProgress } from './progress.ts';
import { fit } from './format.ts';
import type { Terminal } from './terminal.ts';

const BAR_WIDTH = 20;

/** Redrawing more often than this would only flicker. */
const INTERVAL_MILLISECONDS = 100;

export class LiveLines {
  readonly #terminal: Terminal;
  readonly #update: ReturnType<typeof createLogUpdate>;
  readonly #timer: NodeJS.Timeout;
  readonly #running = new Map<string, Progress>();
  #engine: { readonly step: string; readonly fraction?: number } | undefined;
  #nameWidth = 0;

  private constructor(terminal: Terminal, update: ReturnType<typeof createLogUpdate>) {
    this.#terminal = terminal;
    this.#update = update;
    this.#timer = setInterval(() => this.#draw(), INTERVAL_MILLISECONDS);
  }

  static async open(terminal: Terminal): Promise<LiveLines> {
    const { createLogUpdate } = await import('log-update');
    return new LiveLines(terminal, createLogUpdate(process.stderr));
  }

  show(event: RunEvent): void {
    switch (event.type) {
      case 'run-started':
        this.#nameWidth = Math.max(0, ...event.stages.map(({ name }) => name.length));
        return;
      case 'engine-progress':
        if (event.done === true) this.#engine = undefined;
        else this.#engine = event;
        return;
      case 'stage-started':
        this.#running.set(event.stage, {});
        return;
      case 'stage-progress':
        this.#running.set(event.stage, event.progress);
        return;
      case 'stage-finished':
        this.#running.delete(event.stage);
        this.#print(describeFinished({ metrics: {}, ...event }, this.#nameWidth, this.#terminal.noteStyle));
        return;
      case 'log':
        if (this.#terminal.options.verbose) this.#print(`  ${event.stage ?? ''}: ${event.message}`);
        return;
      case 'diagnostic':
      case 'run-finished':
        return;
      default:
        unreachable(event);
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#update.clear();
    this.#update.done();
  }

  /** A line that stays. */
  #print(line: string): void {
    this.#update.clear();
    this.#terminal.note(line);
    this.#draw();
  }

  #draw(): void {
    const style = this.#terminal.noteStyle;
    const lines = [...this.#running].map(
      ([stage, progress]) =>
        `${style('cyan', '▸')} ${stage.padEnd(this.#nameWidth)}  ${this.#line(progress.fraction, describeProgress(progress))}`,
    );
    if (this.#engine !== undefined)
      lines.push(`${style('cyan', '▸')} engine  ${this.#line(this.#engine.fraction, this.#engine.step)}`);
    this.#update(lines.join('\n'));
  }

  /** A bar, where the share is known, and words, within the terminal's width. */
  #line(fraction: number | undefined, words: string): string {
    const bar = fraction === undefined ? '' : `${progressBar(fraction)} ${percent(fraction)}  `;
    return `${bar}${fit(words, Math.max(10, this.#terminal.columns - this.#nameWidth - bar.length - 6)).trimEnd()}`;
  }
}

function progressBar(fraction: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, fraction)) * BAR_WIDTH);
  return '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
}

function percent(fraction: number): string {
  return `${Math.floor(fraction * 100)}%`.padStart(4);
}
