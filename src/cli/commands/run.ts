import { join, resolve } from 'node:path';
import { pathFromHere } from '../../core/path.ts';
import { exists } from '../../files/atomic.ts';
import { errorsOf, Failure, type Diagnostic, type SourceFile } from '../../core/diagnostic.ts';
import type { RunEvent } from '../../core/event.ts';
import { runPipeline } from '../../run/executor.ts';
import type { RunResult } from '../../run/types.ts';
import type { WorkerPool } from '../../run/workers.ts';
import { EXIT, outcomeOf } from '../exit.ts';
import { RunLog } from '../log.ts';
import type { RunFlags } from '../options.ts';
import { callWords, commandLine } from '../program.ts';
import { listenForSignals } from '../signals.ts';
import { diagnosticToJson, renderCounted, renderDiagnostics } from '../terminal/diagnostics.ts';
import { makeReporter } from '../terminal/make-reporter.ts';
import { renderAdvice, renderSummary } from '../terminal/summary.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { startLive } from './live.ts';
import { loadChecked, printProblems } from './load.ts';

export interface RunCommandOptions extends RunFlags {
  readonly pipeline: string;
  readonly stages: readonly string[];
  readonly version: string;
  readonly pool: WorkerPool;
}

/** `hourglass run` */
export async function run(terminal: Terminal, options: RunCommandOptions): Promise<number> {
  if (options.dryRun === true) {
    const { plan } = await import('./plan.ts');
    return plan(terminal, options);
  }
  const { located, diagnostics, sources } = await loadChecked(options.pipeline, {
    ...options,
    targets: options.stages,
  });
  if (located === undefined) return printProblems(terminal, diagnostics, sources);

  const { json } = terminal.options;
  const live =
    options.serve === undefined ? undefined : await startLive(located, options.outputs, options.serve);
  if (live !== undefined) terminal.note(`live report: ${live.url}`);
  const reporter = await makeReporter(terminal);
  const warn = (warnings: readonly Diagnostic[]): void => {
    if (!json && warnings.length > 0)
      reporter.note(`${renderDiagnostics(warnings, sources, terminal.noteStyle)}\n`);
  };
  const log = new RunLog(options.version, (message) => {
    if (!json) reporter.note(message);
  });
  const interrupt = listenForSignals((message) => {
    if (!json) reporter.note(message);
  });
  try {
    // Warnings are printed before a run that may take hours.
    warn(diagnostics);
    const result = await runPipeline(located, {
      outputs: resolve(options.outputs),
      targets: options.stages,
      force: options.force === true,
      engine: options.engine,
      keepGoing: options.keepGoing === true,
      jobs: options.jobs,
      pool: options.pool,
      command: callWords('run', options),
      signal: interrupt.signal,
      emit: (event: RunEvent) => {
        log.write(event);
        live?.take(event);
        reporter.emit(event);
        if (event.type === 'diagnostic' && event.diagnostic.severity === 'warning') warn([event.diagnostic]);
      },
    });
    await log.close();
    const isReported = await reportOn(result, warn);
    await live?.close(isReported);
    reporter.close();
    present(terminal, result, { options, sources, warnings: diagnostics, isReported });
    return exitCode(result, interrupt.code());
  } finally {
    reporter.close();
    interrupt.stop();
    await log.close();
  }
}

/**
 * Writes the report of the run; a run with nothing to do keeps the existing report. If the report cannot be
 * written, the run still counts as successful.
 */
async function reportOn(
  result: RunResult,
  warn: (warnings: readonly Diagnostic[]) => void,
): Promise<boolean> {
  if (result.stages.length === 0) return false;
  if (result.state === 'unchanged' && (await exists(join(result.workspace, 'report.html')))) return true;
  const { writeReport } = await import('../../report/write.ts');
  try {
    await writeReport(result.workspace, { models: 'small' });
    return true;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    warn(error.diagnostics.map((diagnostic) => ({ ...diagnostic, severity: 'warning' })));
    return false;
  }
}

function exitCode(result: RunResult, signalCode: number): number {
  switch (result.state) {
    case 'done':
    case 'unchanged':
      return EXIT.done;
    case 'interrupted':
      return signalCode;
    case 'failed':
      // Without stages nothing was started: the exit code depends on the cause.
      return result.stages.length === 0 ? outcomeOf(result.diagnostics).code : EXIT.failed;
  }
}

interface Presented {
  readonly options: RunCommandOptions;
  readonly sources: readonly SourceFile[];
  /** Warnings about the pipeline; the result may repeat some of them. */
  readonly warnings: readonly Diagnostic[];
  readonly isReported: boolean;
}

function present(terminal: Terminal, result: RunResult, presented: Presented): void {
  const { options, sources, warnings, isReported } = presented;
  if (terminal.options.json) {
    const { state, workspace, seconds, stages, results } = result;
    const diagnostics = distinct([...warnings, ...result.diagnostics]).map(diagnosticToJson);
    terminal.result(
      JSON.stringify(
        { status: statusOf(state, result), workspace, seconds, stages, results, diagnostics },
        null,
        2,
      ),
    );
    return;
  }
  const errors = errorsOf(result.diagnostics);
  const problems = renderCounted(errors, sources, terminal.noteStyle);
  if (result.state === 'failed' && result.stages.length === 0) {
    terminal.note(problems);
    return;
  }
  if (errors.length > 0) terminal.note(`\n${problems}\n`);
  const { quiet } = terminal.options;
  const folder = `${pathFromHere(result.workspace)}/`;
  const isSpaced = terminal.interactive && !quiet && errors.length === 0 && result.state !== 'unchanged';
  if (isSpaced) terminal.result('');
  const command = resumeCommand({ ...options, stages: [] });
  terminal.result(
    renderSummary(result, { folder, stages: quiet, report: isReported, command }, terminal.resultStyle),
  );
  if (result.state === 'failed' || result.state === 'interrupted') {
    terminal.note(`\n${renderAdvice(result, resumeCommand(options), terminal.noteStyle)}`);
  }
}

function statusOf(state: RunResult['state'], result: RunResult): string {
  return state === 'failed' && result.stages.length === 0 ? outcomeOf(result.diagnostics).status : state;
}

function distinct(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...new Map(diagnostics.map((diagnostic) => [JSON.stringify(diagnostic), diagnostic])).values()];
}

/** The same run without `--force`, which would discard the results that are kept. */
function resumeCommand(options: RunCommandOptions): string {
  const words = callWords('run', options);
  return commandLine([...words, ...(options.keepGoing === true ? ['--keep-going'] : [])]);
}
