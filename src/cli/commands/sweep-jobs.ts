/** `hourglass sweep FILE --status` and `--cancel`: for a sweep as it was started or submitted, even if the file has changed. */
import { join, resolve } from 'node:path';
import { failure, isError, type Diagnostic } from '../../core/diagnostic.ts';
import type { JsonObject } from '../../core/json.ts';
import { storeOf } from '../../run/plan.ts';
import { cancelSubmission } from '../../sweep/slurm/launcher.ts';
import { standingsOf } from '../../sweep/slurm/collect.ts';
import { ordinal } from '../../sweep/slurm/state.ts';
import { SubmittedTexts } from '../../sweep/slurm/texts.ts';
import { failureOf } from '../../sweep/run.ts';
import { diagnosticToJson, renderCounted } from '../terminal/diagnostics.ts';
import { readSubmission, slurmFolder, type Submission } from '../../sweep/slurm/submission.ts';
import { ParameterColumns } from '../../sweep/columns.ts';
import { columnFormat, type Quantity } from '../../sweep/numbers.ts';
import { readSweepNow } from '../../sweep/now.ts';
import { numbered, type SweepRecord } from '../../sweep/record.ts';
import { EXIT } from '../exit.ts';
import { callWords, commandLine } from '../program.ts';
import { formatPlural, printable, table } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface JobsOptions {
  /** The pipeline file, as it was typed. */
  readonly pipeline: string;
  readonly name: string;
  readonly outputs: string;
}

/** Shows the progress of each trial. */
export async function showStatus(terminal: Terminal, options: JobsOptions): Promise<number> {
  const workspace = join(resolve(options.outputs), options.name);
  const record = await readSweepNow(workspace, storeOf(resolve(options.outputs)));
  if (record === undefined) {
    // A submission that was interrupted before the record was written.
    if ((await readSubmission(workspace)) !== undefined) return showJobs(terminal, options);
    const hint = `\`${commandLine(callWords('sweep', options))}\` starts one`;
    throw failure('no-run', `there is no sweep of \`${options.name}\` in \`${options.outputs}\``, hint);
  }
  return record.launcher === 'slurm' ? showJobs(terminal, options) : showLocal(terminal, record, options);
}

/** A trial with its progress. */
interface Standing {
  readonly id: string;
  readonly parameters: JsonObject;
  readonly replicate: number;
  readonly seed: number;
  readonly state: (typeof ORDER)[number];
  readonly value: number | null;
  readonly seconds: number | null;
  readonly requeues?: number;
  readonly problem?: string;
}

function showLocal(terminal: Terminal, record: SweepRecord, options: JobsOptions): number {
  const { status, overrides: set, over, metricArgument: metric } = record;
  const trials = record.trials.map(({ id, parameters, replicate, seed, ...trial }): Standing => {
    const state = trial.state === 'kept' ? 'done' : trial.state;
    const [value = null, seconds] = [trial.value, trial.seconds === 0 ? null : trial.seconds];
    const problem = trial.problem === undefined ? {} : { problem: trial.problem };
    return { id, parameters, replicate, seed, state, value, seconds, ...problem };
  });
  if (terminal.options.json) {
    printJson(terminal, status, trials, {});
    return EXIT.done;
  }
  printTable(terminal, trials, record.sweep.metric?.name);
  trials.forEach(({ problem }, place) => {
    if (problem !== undefined) terminal.note(`#${place + 1}: ${printable(problem)}`);
  });
  terminal.note(`\n${STANDINGS[status]}`);
  if (status !== 'interrupted') return EXIT.done;
  const words = callWords('sweep', { ...options, set, ...(over === undefined ? {} : { over }), metric });
  terminal.note(`To resume:\n  ${commandLine(words)}`);
  return EXIT.done;
}

const STANDINGS: Readonly<Record<SweepRecord['status'], string>> = {
  running: 'The sweep is running.',
  interrupted: 'The sweep was interrupted.',
  submitted: 'The sweep is submitted.',
  failed: 'The sweep is over, with failures.',
  done: 'The sweep is done.',
};

async function showJobs(terminal: Terminal, options: JobsOptions): Promise<number> {
  const { submission, workspace } = await found(options);
  const standings = await standingsOf(submission, workspace, storeOf(resolve(options.outputs)));
  const problems: Diagnostic[] = [];
  const trials = submission.trials.flatMap(({ id, parameters, replicate, seed }): readonly Standing[] => {
    const standing = standings.trials.get(id);
    if (standing === undefined) return [];
    const { state, requeues, outcome } = standing;
    if (state === 'failed' && outcome !== undefined) problems.push(failureOf(outcome));
    const problem = outcome?.diagnostics.find(isError)?.message;
    return [
      {
        ...{ id, parameters, replicate, seed, state },
        ...{
          value: outcome?.value ?? null,
          seconds: outcome === undefined || outcome.seconds === 0 ? null : outcome.seconds,
        },
        ...(requeues === 0 ? {} : { requeues }),
        ...(problem === undefined ? {} : { problem }),
      },
    ];
  });
  const { reason } = standings.queue;
  if (terminal.options.json) {
    printJson(terminal, 'submitted', trials, {
      ...(reason === undefined ? {} : { unanswered: reason }),
      diagnostics: problems.map(diagnosticToJson),
    });
    return EXIT.done;
  }
  printTable(terminal, trials, submission.sweep.metric?.name);
  if (problems.length > 0) {
    const { sources } = await SubmittedTexts.of(submission);
    terminal.note(`\n${renderCounted(problems, sources, terminal.noteStyle)}`);
  }
  if (reason !== undefined) terminal.note(`\nSlurm does not answer: ${reason}`);
  const isOver = trials.every(({ state }) => ['done', 'stopped', 'failed'].includes(state));
  // As it was submitted, even if the file or the command line differs now.
  const { overrides: set, over, metric: by, engine, allowPlugins } = submission;
  const words = callWords('sweep', { ...options, set, over, metric: by, engine, allowPlugins });
  if (isOver && problems.length === 0) terminal.note(`\nTo collect the results:\n  ${commandLine(words)}`);
  if (isOver && problems.length > 0)
    terminal.note(`\nTo run what failed again:\n  ${commandLine([...words, '--on', 'slurm'])}`);
  return EXIT.done;
}

function countsOf(trials: readonly Standing[]): readonly (readonly [Standing['state'], number])[] {
  return ORDER.map(
    (state) => [state, trials.filter((trial) => trial.state === state).length] as const,
  ).filter(([, count]) => count > 0);
}

function printJson(
  terminal: Terminal,
  status: string,
  trials: readonly Standing[],
  more: { readonly unanswered?: string; readonly diagnostics?: readonly object[] },
): void {
  const counts = Object.fromEntries(countsOf(trials));
  const { unanswered, diagnostics = [] } = more;
  const document = {
    ...{ status, counts },
    ...(unanswered === undefined ? {} : { unanswered }),
    ...{ trials: numbered(trials), diagnostics },
  };
  terminal.result(JSON.stringify(document, null, 2));
}

function printTable(terminal: Terminal, trials: readonly Standing[], metric: string | undefined): void {
  const columns = new ParameterColumns(trials);
  const format = columnFormat(trials.map(quantityOf));
  const rows = trials.map((trial, place) => {
    const { id, parameters, replicate, state, requeues } = trial;
    return [
      `#${place + 1}`,
      id,
      ...columns.names.map((name) => printable(columns.label(name, parameters))),
      String(replicate),
      requeues === undefined ? state : `${state}, requeued (${ordinal(requeues)} time)`,
      ...(metric === undefined ? [] : [format(quantityOf(trial))]),
    ];
  });
  const titles = columns.names.map((name) => printable(columns.title(name)));
  const head = [
    ...['trial', 'folder'],
    ...titles,
    ...['replicate', 'state'],
    ...(metric === undefined ? [] : [metric]),
  ];
  const summary = countsOf(trials)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ');
  terminal.result(
    [...table([head, ...rows]), '', `${formatPlural(trials.length, 'trial')}: ${summary}`].join('\n'),
  );
}

function quantityOf({ value }: Standing): Quantity | undefined {
  return value === null || !Number.isFinite(value) ? undefined : { mean: value };
}

const ORDER = ['done', 'stopped', 'running', 'pending', 'failed', 'unknown'] as const;

/** Cancels the jobs; finished trials are kept. */
export async function cancelJobs(terminal: Terminal, options: JobsOptions): Promise<number> {
  const { submission, workspace } = await found(options);
  await cancelSubmission(submission, slurmFolder(workspace));
  if (terminal.options.json) terminal.result(JSON.stringify({ status: 'cancelled' }, null, 2));
  else terminal.result('cancelled; finished trials are kept');
  return EXIT.done;
}

async function found({ name, outputs }: JobsOptions): Promise<{ submission: Submission; workspace: string }> {
  const workspace = join(resolve(outputs), name);
  const submission = await readSubmission(workspace);
  if (submission === undefined)
    throw failure(
      'no-run',
      `no sweep of \`${name}\` was submitted to Slurm`,
      '`hourglass sweep FILE --on slurm` submits one; Ctrl-C stops a sweep on this machine',
    );
  return { submission, workspace };
}
