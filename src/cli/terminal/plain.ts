/** A plain line for each important event: for logs of batch systems, files and pipes. */
import { unreachable } from '../../core/diagnostic.ts';
import type { RunEvent } from '../../core/event.ts';
import { engineLine, printable } from './format.ts';
import { CachedLines } from './cached-lines.ts';
import { describeFinished, describeProgress } from './progress.ts';
import type { Reporter } from './reporter.ts';
import type { Terminal } from './terminal.ts';

export class PlainReporter implements Reporter {
  readonly #terminal: Terminal;
  readonly #cached = new CachedLines((line) => this.note(line));
  #nameWidth = 0;
  #engineStep = '';

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  readonly emit = (event: RunEvent): void => {
    const { noteStyle: style, options } = this.#terminal;
    switch (event.type) {
      case 'run-started':
        this.#nameWidth = Math.max(0, ...event.stages.map(({ name }) => name.length));
        return;
      case 'engine-progress':
        // A step reports its progress repeatedly.
        if (event.step !== this.#engineStep && event.done !== true) this.note(engineLine(event.step));
        this.#engineStep = event.step;
        if (event.notice !== undefined) this.note(engineLine(event.notice));
        return;
      case 'stage-started':
        this.#cached.release();
        if (options.verbose) this.note(`  ${event.stage}: started`);
        return;
      case 'stage-progress':
        if (event.progress.epochEnd === true && event.progress.restored !== true)
          this.note(`  ${event.stage}: ${describeProgress(event.progress)}`);
        return;
      case 'stage-finished': {
        const line = describeFinished({ metrics: {}, ...event }, this.#nameWidth, style);
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
    this.#terminal.note(text);
  }

  close(): void {
    // There is no live output.
  }
}
