import type { Emit } from '../core/event.ts';
import { listenForSignals } from './signals.ts';
import { makeReporter } from './terminal/make-reporter.ts';
import type { Terminal } from './terminal/terminal.ts';

/** Does work whose events the terminal shows, and which Ctrl-C stops. */
export async function reported<Result>(
  terminal: Terminal,
  work: (how: { readonly emit: Emit; readonly signal: AbortSignal }) => Promise<Result>,
): Promise<Result> {
  const reporter = await makeReporter(terminal);
  const interrupt = listenForSignals((message) => {
    if (!terminal.options.json) reporter.note(message);
  });
  try {
    return await work({ emit: reporter.emit, signal: interrupt.signal });
  } finally {
    reporter.close();
    interrupt.stop();
  }
}
