import type { Reporter } from './reporter.ts';
import type { Terminal } from './terminal.ts';

/** Live lines on a terminal, one plain line per event elsewhere, nothing with `--quiet` or `--json`. */
export async function makeReporter(terminal: Terminal): Promise<Reporter> {
  if (terminal.options.quiet || terminal.options.json) {
    return { emit: () => undefined, note: (text) => terminal.note(text), close: () => undefined };
  }
  if (!terminal.live) return new (await import('./plain.ts')).PlainReporter(terminal);
  const [{ LiveReporter }, { createLogUpdate }] = await Promise.all([
    import('./live.ts'),
    import('log-update'),
  ]);
  return new LiveReporter(terminal, createLogUpdate(process.stderr));
}
