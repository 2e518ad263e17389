import { resolve } from 'node:path';
import { pathFromHere } from '../../core/path.ts';
import type { LocatedPipeline } from '../../config/pipeline.ts';
import { errorsOf, failure, type SourceFile } from '../../core/diagnostic.ts';
import { ParameterColumns } from '../../sweep/columns.ts';
import { listedTrials, metricNames, numbered, trialNumbers } from '../../sweep/record.ts';
import { repeats } from '../../sweep/failures.ts';
import { describeMethod } from '../../sweep/method.ts';
import { resultsOf, type Results } from '../../sweep/results.ts';
import { submittedSources } from '../../sweep/slurm/texts.ts';
import type { SweepResult } from '../../sweep/run.ts';
import type { Trial } from '../../sweep/trial.ts';
import { EXIT, outcomeOf } from '../exit.ts';
import type { SweepFlags } from '../options.ts';
import { callWords, commandLine } from '../program.ts';
import { diagnosticToJson, renderCounted, renderDiagnostics } from '../terminal/diagnostics.ts';
import { formatPlural, formatSeconds, printable, table } from '../terminal/format.ts';
import { renderSweepTable } from '../terminal/sweep-table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { loadChecked, printProblems } from './load.ts';
import { cancelJobs, showStatus } from './sweep-jobs.ts';
import { launcherOf } from './sweep-launcher.ts';
import { runReported } from './sweep-run.ts';

export interface SweepCommandOptions extends SweepFlags {
  readonly pipeline: string;
  readonly version: string;
}

/** What a pipeline without a sweep needs. */
const NO_SWEEP =
  'name what to vary, such as `--over latent_size=2,4,8`, or add a block: `sweep: { parameters: { latent_size: [2, 4, 8] } }`';

/** `hourglass sweep` */
export async function sweep(terminal: Terminal, options: SweepCommandOptions): Promise<number> {
  const ofJobs = options.status === true || options.cancel === true;
  const { located, trials, search, metric, diagnostics, sources, reader } = await loadChecked(
    options.pipeline,
    {
      ...options,
      trials: !ofJobs,
      sweeps: !ofJobs,
    },
  );
  const name = reader.document?.['name'];
  // The file may have been edited: only its name matters.
  if (ofJobs && typeof name === 'string') {
    const { pipeline, outputs } = options;
    return (options.cancel === true ? cancelJobs : showStatus)(terminal, { pipeline, outputs, name });
  }
  if (located === undefined) return printProblems(terminal, diagnostics, sources);
  const { sweep: settings } = located.pipeline;
  if (settings === undefined || trials === undefined) {
    throw failure('missing-key', `\`${options.pipeline}\` has no \`sweep\``, NO_SWEEP);
  }
  if (diagnostics.length > 0 && !terminal.options.json)
    terminal.note(`${renderDiagnostics(diagnostics, sources, terminal.noteStyle)}\n`);
  if (metric !== undefined && !terminal.options.json && !terminal.options.quiet)
    terminal.note(
      `metric: ${metric.name}, ${metric.goal}d: the only evaluation (\`--metric\` names another)`,
    );
  if (options.dryRun === true) return listTrials(terminal, trials, search?.().count);

  const launcher = launcherOf(located, sources, options);
  const { result, signalCode, isInterrupted } = await runReported(terminal, located, trials, {
    outputs: resolve(options.outputs),
    engine: options.engine,
    over: options.over,
    metric: options.metric,
    ...(options.jobs === undefined ? {} : { jobs: options.jobs }),
    launcher,
    ...(search === undefined ? {} : { search }),
    retryFailed: options.retryFailed === true,
    sources,
    version: options.version,
  });
  const texts = launcher.name === 'slurm' ? await submittedSources(result.workspace) : [];
  present(terminal, result, { options, sources: [...sources, ...texts], located });
  return exitCode(result, signalCode, isInterrupted);
}

function exitCode(result: SweepResult, signalCode: number, isInterrupted: boolean): number {
  switch (result.state) {
    case 'done':
    case 'unchanged':
      return EXIT.done;
    case 'submitted':
      return isInterrupted ? signalCode : EXIT.done;
    case 'interrupted':
      return signalCode;
    case 'failed':
      // Without a record nothing was started: the exit code depends on the cause.
      return result.record === undefined ? outcomeOf(result.diagnostics).code : EXIT.failed;
  }
}

/** @param count the number of all trials, if results decide about those that are not listed */
function listTrials(terminal: Terminal, trials: readonly Trial[], count = trials.length): number {
  const later = count - trials.length;
  if (terminal.options.json) {
    const listed = trials.map(({ id, parameters, replicate, seed }) => ({ id, parameters, replicate, seed }));
    terminal.result(
      JSON.stringify(
        { status: 'planned', trials: numbered(listed), ...(later > 0 ? { later } : {}) },
        null,
        2,
      ),
    );
    return EXIT.done;
  }
  const columns = new ParameterColumns(trials);
  const rows = trials.map(({ id, parameters, replicate, seed }, place) => [
    `#${place + 1}`,
    id,
    ...columns.names.map((name) => printable(columns.label(name, parameters))),
    String(replicate),
    String(seed),
  ]);
  const titles = columns.names.map((name) => printable(columns.title(name)));
  const lines = table([['trial', 'folder', ...titles, 'replicate', 'seed'], ...rows]);
  const more =
    later > 0 ? `; up to ${formatPlural(later, 'more trial')} will be chosen from the results of these` : '';
  terminal.result([...lines, '', `${formatPlural(trials.length, 'trial')}${more}`].join('\n'));
  return EXIT.done;
}

interface Presented {
  readonly options: SweepCommandOptions;
  readonly sources: readonly SourceFile[];
  readonly located: LocatedPipeline;
}

function present(terminal: Terminal, result: SweepResult, { options, sources, located }: Presented): void {
  const { record, state, workspace, seconds, diagnostics } = result;
  const results = record === undefined ? undefined : resultsOf(record);
  if (terminal.options.json) {
    const status = record === undefined && state === 'failed' ? outcomeOf(diagnostics).status : state;
    const answer = results?.answer;
    terminal.result(
      JSON.stringify(
        {
          status,
          workspace,
          seconds,
          ...(answer === undefined ? {} : { answer }),
          trials: record === undefined ? [] : listedTrials(record),
          diagnostics: diagnostics.map(diagnosticToJson),
        },
        null,
        2,
      ),
    );
    return;
  }
  // Warnings were printed before the trials.
  const errors = errorsOf(diagnostics);
  if (errors.length > 0) terminal.note(`\n${renderCounted(errors, sources, terminal.noteStyle)}\n`);
  if (record === undefined || results === undefined) return;
  const style = terminal.resultStyle;
  if (state === 'submitted') {
    terminal.result(
      submittedText(options, record.trials.filter((trial) => trial.state === 'pending').length),
    );
    return;
  }
  const folder = `${pathFromHere(workspace)}/`;
  const count = formatPlural(record.trials.length, 'trial');
  const head =
    state === 'unchanged'
      ? `${style('green', 'nothing to do')}: all ${count} are complete in ${style('cyan', folder)}`
      : `${HEADS[state](style)} in ${formatSeconds(seconds)}: ${count} in ${style('cyan', folder)}`;
  const metrics = columnsOf(results, located.pipeline.sweep?.metric?.name);
  terminal.result(
    [
      '',
      renderSweepTable(
        results,
        results.groups,
        { metrics, numbers: trialNumbers(record.trials), columns: terminal.columns() },
        style,
      ),
      '',
      ...(results.answer === undefined ? [] : [style('bold', results.answer), '']),
      ...(record.search === undefined ? [] : [`Method: ${describeMethod(record)}.`, '']),
      head,
      ...result.figures.map((name) => `  ${style('cyan', `${folder}${name}`)}`),
    ].join('\n'),
  );
  if (state === 'failed' && repeats(errors))
    terminal.note(
      '\nFailed trials would fail again, so they do not run again. To run them anyway: `--retry-failed`.',
    );
  else if (state === 'failed' || state === 'interrupted')
    terminal.note(`\nFinished trials are kept. To resume:\n  ${resumeCommand(options)}`);
}

/** The commands to use while the jobs run. */
function submittedText(options: SweepCommandOptions, pending: number): string {
  const same = resumeWords(options);
  return [
    `Slurm has ${formatPlural(pending, 'trial')}. Meanwhile and afterwards:`,
    `  ${commandLine([...same, '--status'])}`,
    `  ${commandLine([...same, '--on', 'slurm', '--wait'])}`,
    `  ${commandLine([...same, '--cancel'])}`,
  ].join('\n');
}

const HEADS = {
  done: (style: Terminal['resultStyle']) => style('green', 'done'),
  failed: (style: Terminal['resultStyle']) => style('red', 'failed'),
  interrupted: (style: Terminal['resultStyle']) => style('yellow', 'interrupted'),
} as const;

/** The sweep's metric first, then the other metrics of the same stage; all metrics if the sweep has none. */
function columnsOf({ groups }: Results, metric: string | undefined): readonly string[] {
  const all = [
    ...new Set(groups.flatMap(({ trials }) => trials.flatMap((each) => metricNames(each.metrics)))),
  ];
  if (metric === undefined) return all;
  const stage = `${metric.slice(0, metric.indexOf('.'))}.`;
  return [metric, ...all.filter((name) => name !== metric && name.startsWith(stage))];
}

function resumeCommand(options: SweepCommandOptions): string {
  const launcher = options.on === undefined ? [] : ['--on', options.on];
  return commandLine([...resumeWords(options), ...launcher, ...(options.wait === true ? ['--wait'] : [])]);
}

function resumeWords(options: SweepCommandOptions): readonly string[] {
  return [
    ...callWords('sweep', options),
    ...(options.jobs === undefined ? [] : ['-j', String(options.jobs)]),
  ];
}
