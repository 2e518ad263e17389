/** `hourglass sweep FILE --status` and `--cancel`: of a sweep as it was submitted, whatever the file says now. */
import { join, resolve } from 'node:path';
import { failure, isError } from '../../core/diagnostic.ts';
import { storeOf } from '../../run/plan.ts';
import { cancelSubmission } from '../../sweep/slurm/launcher.ts';
import { standingsOf, type TrialStanding } from '../../sweep/slurm/collect.ts';
import { ordinal } from '../../sweep/slurm/state.ts';
import { SubmittedTexts } from '../../sweep/slurm/texts.ts';
import { failureOf } from '../../sweep/run.ts';
import { diagnosticToJson, renderCounted } from '../terminal/diagnostics.ts';
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
  const { submission, workspace } = await found(options);
  const standings = await standingsOf(submission, workspace, storeOf(resolve(options.outputs)));
  const trials = submission.trials.flatMap(({ id, parameters, replicate, seed }) => {
    const standing = standings.trials.get(id);
    return standing === undefined ? [] : [{ id, parameters, replicate, seed, ...standing }];
  });
  const count = (state: TrialStanding['state']): number =>
    trials.filter((trial) => trial.state === state).length;
  const counts = ORDER.filter((state) => count(state) > 0).map((state) => [state, count(state)] as const);
  const problems = trials.flatMap(({ state, outcome }) =>
    state === 'failed' && outcome !== undefined ? [failureOf(outcome)] : [],
  );
  const { reason } = standings.queue;
  if (terminal.options.json) {
    const listed = trials.map(({ outcome, requeues, ...trial }) => {
      const problem = outcome?.diagnostics.find(isError)?.message;
      return {
        ...trial,
        ...(requeues === 0 ? {} : { requeues }),
        ...(outcome === undefined ? {} : { value: outcome.value, seconds: outcome.seconds }),
        ...(problem === undefined ? {} : { problem }),
      };
    });
    terminal.result(
      JSON.stringify(
        {
          status: 'submitted',
          counts: Object.fromEntries(counts),
          ...(reason === undefined ? {} : { unanswered: reason }),
          trials: numbered(listed),
          diagnostics: problems.map(diagnosticToJson),
        },
        null,
        2,
      ),
    );
    return EXIT.done;
  }
  const columns = new ParameterColumns(trials);
  const metric = submission.sweep.metric?.name;
  const format = columnFormat(trials.map(({ outcome }) => valueOf(outcome)));
  const rows = trials.map(({ id, parameters, replicate, state, requeues, outcome }, place) => [
    `#${place + 1}`,
    id,
    ...columns.names.map((name) => printable(columns.label(name, parameters))),
    String(replicate),
    requeues === 0 ? state : `${state}, requeued (${ordinal(requeues)} time)`,
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
  if (problems.length > 0) {
    const { sources } = await SubmittedTexts.of(submission);
    terminal.note(`\n${renderCounted(problems, sources, terminal.noteStyle)}`);
  }
  if (reason !== undefined) terminal.note(`\nSlurm does not answer: ${reason}`);
  const isOver = count('pending') + count('running') + count('unknown') === 0;
  // As it was submitted, whatever the file or the call says now.
  const { overrides: set, over, metric: by, engine, allowPlugins } = submission;
  const words = callWords('sweep', { ...options, set, over, metric: by, engine, allowPlugins });
  if (isOver && problems.length === 0) terminal.note(`\nTo collect the results:\n  ${commandLine(words)}`);
  if (isOver && problems.length > 0)
    terminal.note(`\nTo run what failed again:\n  ${commandLine([...words, '--on', 'slurm'])}`);
  return EXIT.done;
}

function valueOf(outcome: { readonly value?: number } | undefined): Quantity | undefined {
  return outcome?.value === undefined ? undefined : { mean: outcome.value };
}

const ORDER = ['done', 'stopped', 'running', 'pending', 'failed', 'unknown'] as const;

/** Cancels the jobs; trials that are finished stay. */
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
      `no sweep of \`${name}\` was submitted`,
      '`hourglass sweep FILE --on slurm` submits one',
    );
  return { submission, workspace };
}
