/** `hourglass sweep FILE --status` and `--cancel`: of a sweep as it was submitted, whatever the file says now. */
import { join, resolve } from 'node:path';
import { failure } from '../../core/diagnostic.ts';
import { storeOf } from '../../run/plan.ts';
import { cancelSubmission } from '../../sweep/slurm/launcher.ts';
import { jobsOf, statesOf, SubmissionEvents, type SubmittedState } from '../../sweep/slurm/state.ts';
import { readSubmission, slurmFolder, type Submission } from '../../sweep/slurm/submission.ts';
import { ParameterColumns } from '../../sweep/columns.ts';
import { columnFormat, type Quantity } from '../../sweep/numbers.ts';
import { numbered } from '../../sweep/record.ts';
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

/** Shows how far each trial is. */
export async function showJobs(terminal: Terminal, options: JobsOptions): Promise<number> {
  const { submission, folder } = await found(options);
  const events = new SubmissionEvents(submission, folder, storeOf(resolve(options.outputs)));
  await events.read();
  const queue = await jobsOf(submission);
  const states = statesOf(submission, events, queue.jobs);
  const trials = submission.trials.flatMap(({ id, parameters, replicate, seed }) => {
    const state = states.get(id);
    return state === undefined
      ? []
      : [{ id, parameters, replicate, seed, state, outcome: events.outcomes.get(id) }];
  });
  const count = (state: SubmittedState): number => trials.filter((trial) => trial.state === state).length;
  const counts = ORDER.filter((state) => count(state) > 0).map((state) => [state, count(state)] as const);
  if (terminal.options.json) {
    const listed = trials.map(({ outcome, ...trial }) => ({
      ...trial,
      ...(outcome === undefined ? {} : { value: outcome.value, seconds: outcome.seconds }),
    }));
    terminal.result(
      JSON.stringify(
        { status: 'submitted', counts: Object.fromEntries(counts), trials: numbered(listed) },
        null,
        2,
      ),
    );
    return EXIT.done;
  }
  const columns = new ParameterColumns(trials);
  const metric = submission.sweep.metric?.name;
  const format = columnFormat(trials.map(({ outcome }) => valueOf(outcome)));
  const rows = trials.map(({ id, parameters, replicate, state, outcome }, place) => [
    `#${place + 1}`,
    id,
    ...columns.names.map((name) => printable(columns.label(name, parameters))),
    String(replicate),
    state,
    ...(metric === undefined ? [] : [format(valueOf(outcome))]),
  ]);
  const titles = columns.names.map((name) => printable(columns.title(name)));
  const head = [
    ...['trial', 'folder'],
    ...titles,
    ...['replicate', 'state'],
    ...(metric === undefined ? [] : [metric]),
  ];
  const summary = counts.map(([state, trialsOf]) => `${trialsOf} ${state}`).join(', ');
  terminal.result(
    [...table([head, ...rows]), '', `${formatPlural(trials.length, 'trial')}: ${summary}`].join('\n'),
  );
  const isOver = ['pending', 'running', 'unknown'].every((state) => counts.every(([each]) => each !== state));
  // As it was submitted, whatever the file or the call says now.
  const { overrides: set, over, metric: by, engine, allowPlugins } = submission;
  const words = callWords('sweep', { ...options, set, over, metric: by, engine, allowPlugins });
  if (isOver) terminal.note(`\nTo collect the results:\n  ${commandLine(words)}`);
  if (count('lost') > 0)
    terminal.note(
      `\nNo job will finish the lost ones; logs are in ${join(folder, 'logs')}. To resume:\n  ${commandLine([...words, '--on', 'slurm'])}`,
    );
  return EXIT.done;
}

function valueOf(outcome: { readonly value?: number } | undefined): Quantity | undefined {
  return outcome?.value === undefined ? undefined : { mean: outcome.value };
}

const ORDER = ['done', 'stopped', 'running', 'pending', 'failed', 'lost', 'unknown'] as const;

/** Cancels the jobs; trials that are finished stay. */
export async function cancelJobs(terminal: Terminal, options: JobsOptions): Promise<number> {
  const { submission } = await found(options);
  await cancelSubmission(submission);
  if (terminal.options.json) terminal.result(JSON.stringify({ status: 'cancelled' }, null, 2));
  else terminal.result('cancelled; finished trials are kept');
  return EXIT.done;
}

async function found({ name, outputs }: JobsOptions): Promise<{ submission: Submission; folder: string }> {
  const workspace = join(resolve(outputs), name);
  const submission = await readSubmission(workspace);
  if (submission === undefined)
    throw failure(
      'no-run',
      `no sweep of \`${name}\` was submitted`,
      '`hourglass sweep FILE --on slurm` submits one',
    );
  return { submission, folder: slurmFolder(workspace) };
}
