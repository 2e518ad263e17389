import { relative, resolve } from 'node:path';
import type { Diagnostic, SourceFile } from '../../core/diagnostic.ts';
import type { RunEvent } from '../../core/event.ts';
import { runPipeline } from '../../run/execute.ts';
import type { RunResult } from '../../run/run.ts';
import { EXIT } from '../exit.ts';
import { RunLog } from '../log.ts';
import type { RunFlags, SharedOptions } from '../main.ts';
import { diagnosticToJson, renderDiagnostics } from '../terminal/diagnostics.ts';
import { formatCounts, formatMetrics, formatSeconds } from '../terminal/format.ts';
import { makeReporter } from '../terminal/reporter.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { loadChecked, printProblems } from './load.ts';

export interface RunCommandOptions extends SharedOptions, RunFlags {
  readonly pipeline: string;
  readonly stages: readonly string[];
  readonly version: string;
}

/** `hourglass run` */
export async function run(terminal: Terminal, options: RunCommandOptions): Promise<number> {
  if (options.dryRun === true) {
    const { plan } = await import('./plan.ts');
    return plan(terminal, options);
  }
  const { located, diagnostics, sources } = await loadChecked(options.pipeline, options);
  if (located === undefined) {
    printProblems(terminal, 'invalid', diagnostics, sources);
    return EXIT.invalid;
  }
  const reporter = await makeReporter(terminal);
  const log = new RunLog(options.version);
  const interrupt = listenForSignals(terminal);
  try {
    const result = await runPipeline(located, {
      outputs: resolve(options.outputs),
      targets: options.stages,
      force: options.force === true,
      engine: options.engine,
      keepGoing: options.keepGoing === true,
      jobs: options.jobs,
      signal: interrupt.signal,
      emit: (event: RunEvent) => {
        log.write(event);
        reporter.emit(event);
      },
    });
    reporter.close();
    present(terminal, result, sources, options);
    return exitCode(result, interrupt.code());
  } finally {
    reporter.close();
    interrupt.stop();
    log.close();
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
      // Nothing was started: the pipeline or the call was at fault.
      return result.stages.length === 0 && result.diagnostics.some(({ code }) => code === 'unknown-stage')
        ? EXIT.invalid
        : EXIT.failed;
  }
}

interface Interrupt {
  readonly signal: AbortSignal;
  /** The exit code for the signal that came. */
  code(): number;
  stop(): void;
}

/** The first signal stops the run in good order, the second at once. */
function listenForSignals(terminal: Terminal): Interrupt {
  const controller = new AbortController();
  let code: number = EXIT.interrupted;
  const onSignal = (signal: NodeJS.Signals): void => {
    code = signal === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted;
    if (controller.signal.aborted) process.exit(code);
    if (!terminal.options.json) terminal.note('stopping; finished stages are kept (again to stop at once)');
    controller.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    code: () => code,
    stop: () => void process.off('SIGINT', onSignal).off('SIGTERM', onSignal),
  };
}

function present(
  terminal: Terminal,
  result: RunResult,
  sources: readonly SourceFile[],
  options: RunCommandOptions,
): void {
  if (terminal.options.json) {
    const document = {
      status: result.state,
      workspace: result.workspace,
      seconds: result.seconds,
      stages: result.stages,
      diagnostics: result.diagnostics.map(diagnosticToJson),
    };
    terminal.result(JSON.stringify(document, null, 2));
    return;
  }
  if (result.diagnostics.length > 0) {
    terminal.note(`\n${renderDiagnostics(result.diagnostics, sources, terminal.noteStyle)}`);
  }
  terminal.result(summarize(terminal, result));
  if (result.state === 'failed' || result.state === 'interrupted') {
    terminal.note(advice(result.diagnostics, options));
  }
}

/** What came of it, in a few lines: the numbers, and where to look. */
function summarize(terminal: Terminal, result: RunResult): string {
  const style = terminal.resultStyle;
  const folder = `${relative(process.cwd(), result.workspace) || '.'}/`;
  const count = (state: string): number => result.stages.filter((stage) => stage.state === state).length;
  if (result.state === 'unchanged') {
    return `${style('green', 'nothing to do')}: all ${result.stages.length} stages are up to date in ${style('cyan', folder)}`;
  }
  const counts = formatCounts([
    [count('ran'), 'stage'],
    [count('cached'), 'from the cache#'],
    [count('failed'), 'failed#'],
    [count('skipped'), 'not run#'],
  ]).replace(/#s?/g, '');
  const head = {
    done: style('green', 'done'),
    failed: style('red', 'failed'),
    interrupted: style('yellow', 'interrupted'),
  };
  const numbers = result.stages
    .filter((stage) => stage.type === 'evaluate' && Object.keys(stage.metrics).length > 0)
    .map((stage) => `  ${stage.name}: ${formatMetrics(stage.metrics)}`);
  const figures = result.stages
    .flatMap(({ highlights }) => highlights)
    .filter((path) => path.endsWith('.png'))
    .map((path) => `  ${style('cyan', `${folder}${path}`)}`);
  return [
    '',
    `${head[result.state]} in ${formatSeconds(result.seconds)}${counts === '' ? '' : `: ${counts}`}`,
    ...numbers,
    ...(figures.length === 0 ? [`  ${style('cyan', folder)}`] : figures),
  ].join('\n');
}

/** What is kept, and the command that goes on from there. */
function advice(diagnostics: readonly Diagnostic[], options: RunCommandOptions): string {
  if (diagnostics.some(({ code }) => code === 'run-locked' || code === 'unknown-stage')) return '';
  const words = [
    ...['hourglass', 'run', options.pipeline, ...options.stages],
    ...(options.set ?? []).flatMap((override) => ['-S', override]),
    ...(options.outputs === 'outputs' ? [] : ['-o', options.outputs]),
    ...(options.engine === 'auto' ? [] : ['--engine', options.engine]),
    ...(options.allowPlugins === true ? ['--allow-plugins'] : []),
  ];
  return `Finished stages are kept. To go on from there: ${words.map(quote).join(' ')}`;
}

/** Quotes what a shell would split or expand. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
