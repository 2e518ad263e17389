/** Runs the trials of a sweep with progress on the terminal, a log, and an orderly stop. */
import type { LocatedPipeline } from '../../config/pipeline.ts';
import type { SourceFile } from '../../core/diagnostic.ts';
import { runSweep, type SweepOptions, type SweepResult } from '../../sweep/run.ts';
import type { Trial } from '../../sweep/trial.ts';
import { listenForSignals } from '../signals.ts';
import { SweepLog } from '../sweep-log.ts';
import { renderDiagnostics } from '../terminal/diagnostics.ts';
import { makeSweepReporter } from '../terminal/sweep-reporter.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface ReportedOptions extends Omit<SweepOptions, 'signal' | 'emit'> {
  readonly version: string;
  /** The texts to which diagnostics refer. */
  readonly sources: readonly SourceFile[];
}

export interface ReportedSweep {
  readonly result: SweepResult;
  /** Whether a signal stopped it, and the exit code for that signal. */
  readonly isInterrupted: boolean;
  readonly signalCode: number;
}

/** @param located a pipeline with a sweep */
export async function runReported(
  terminal: Terminal,
  located: LocatedPipeline,
  trials: readonly Trial[],
  { version, sources, ...options }: ReportedOptions,
): Promise<ReportedSweep> {
  const { sweep } = located.pipeline;
  if (sweep === undefined) throw new Error('the pipeline has no sweep');
  const reporter = await makeSweepReporter(terminal, sweep, trials);
  const say = (message: string): void => {
    if (!terminal.options.json) reporter.note(message);
  };
  const log = new SweepLog(version, say);
  const interrupt = listenForSignals(say);
  try {
    const result = await runSweep(located, trials, {
      ...options,
      signal: interrupt.signal,
      emit: (event) => {
        log.write(event);
        reporter.emit(event);
        const inner = event.type === 'trial-event' && event.trial === undefined ? event.event : undefined;
        if (inner?.type === 'diagnostic')
          say(renderDiagnostics([inner.diagnostic], sources, terminal.noteStyle));
      },
    });
    return { result, isInterrupted: interrupt.signal.aborted, signalCode: interrupt.code() };
  } finally {
    reporter.close();
    interrupt.stop();
    await log.close();
  }
}
