/** Shows the events of a run: live lines on a terminal, a plain line an event elsewhere. */
import { unreachable } from '../../core/diagnostic.ts';
import type { Emit, RunEvent } from '../../core/event.ts';
import { LiveLines } from './live.ts';
import { describeFinished, describeProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';

export interface Reporter {
  readonly emit: Emit;
  /** Leaves the terminal as it was, with nothing live on it. */
  close(): void;
}

export async function makeReporter(terminal: Terminal): Promise<Reporter> {
  if (terminal.options.quiet || terminal.options.json)
    return { emit: () => undefined, close: () => undefined };
  if (!terminal.live) return plainReporter(terminal);
  const lines = await LiveLines.open(terminal);
  return { emit: (event) => lines.show(event), close: () => lines.close() };
}

function plainReporter(terminal: Terminal): Reporter {
  const style = terminal.noteStyle;
  let nameWidth = 0;
  let lastStep = '';
  const emit = (event: RunEvent): void => {
    switch (event.type) {
      case 'run-started':
        nameWidth = Math.max(0, ...event.stages.map(({ name }) => name.length));
        return;
      case 'engine-progress':
        if (event.step !== lastStep && event.done !== true) terminal.note(`engine: ${event.step}`);
        lastStep = event.step;
        return;
      case 'stage-started':
        if (terminal.options.verbose) terminal.note(`  ${event.stage}: started`);
        return;
      case 'stage-progress':
        if (event.progress.epochEnd === true)
          terminal.note(`  ${event.stage}: ${describeProgress(event.progress)}`);
        return;
      case 'stage-finished':
        terminal.note(describeFinished({ metrics: {}, ...event }, nameWidth, style));
        return;
      case 'log':
        if (terminal.options.verbose) terminal.note(style('dim', `  ${event.stage ?? ''}: ${event.message}`));
        return;
      case 'diagnostic':
      case 'run-finished':
        // Diagnostics are shown in full at the end, by the command.
        return;
      default:
        unreachable(event);
    }
  };
  return { emit, close: () => undefined };
}
