/** Runs trials as a Slurm job array. The nodes share the outputs folder. */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFolder, writeFileAtomic } from '../../files/atomic.ts';
import type { Sweep } from '../../schema/generated/settings.ts';
import { shellWord } from '../../core/shell.ts';
import type { TrialOutcome } from '../event.ts';
import type { Launch, Launcher } from '../launcher.ts';
import { threadsOf } from '../local.ts';
import { outcomeOf } from '../outcome.ts';
import type { PlannedTrial } from '../plan.ts';
import { cancel, submit } from './commands.ts';
import { jobsOf, statesOf, submissionAtWork, SubmissionEvents } from './state.ts';
import { lossesOf } from './losses.ts';
import { cancelledFile, jobNames, slurmFolder, type ReadPipeline, type Submission } from './submission.ts';

/** Maximum number of array members: Slurm's default limit is 1,001. */
const MOST_MEMBERS = 1000;

/** Array members per parallel slot: enough that no slot waits long for the slowest member. */
const MEMBERS_PER_SLOT = 4;

const EVENTS_INTERVAL_MILLISECONDS = 500;
const QUEUE_INTERVAL_MILLISECONDS = 5000;

export interface SlurmOptions {
  readonly pipeline: ReadPipeline;
  /** The `launcher` block, with overrides from the command line. */
  readonly settings: Partial<NonNullable<Sweep['launcher']>>;
  /** Additional arguments for `sbatch`. */
  readonly sbatchArgs: readonly string[];
  /** Whether to follow the jobs until they end. */
  readonly wait: boolean;
  /** Asks after a signal, while jobs are followed, whether to cancel them. */
  readonly asksToCancel: () => Promise<boolean>;
}

export function slurmLauncher(options: SlurmOptions): Launcher {
  const { settings } = options;
  return {
    name: 'slurm',
    slots: (trials) => {
      const count = trials.filter(({ complete }) => complete === undefined).length;
      return Math.max(
        1,
        Math.min(settings.array_limit ?? Infinity, Math.ceil(count / trialsPerJob(count, settings))),
      );
    },
    async launch(launch) {
      const pending = pendingPlaces(launch);
      if (pending.length === 0) return launch.trials.map((trial) => settledOutcome(launch, trial));
      const atWork = await submissionAtWork(launch.workspace, launch.store);
      const submission = atWork?.submission ?? (await submitAll(launch, pending, options));
      if (!options.wait) return launch.trials.map((trial) => settledOutcome(launch, trial));
      return follow(launch, submission, options);
    },
  };
}

/** Places of the trials that have to run. */
function pendingPlaces({ trials, endedBefore }: Launch): readonly number[] {
  return trials.flatMap(({ id, complete }, place) =>
    complete === undefined && !endedBefore.has(id) ? [place] : [],
  );
}

/** Writes the submission to disk, and submits its jobs. */
async function submitAll(
  launch: Launch,
  pending: readonly number[],
  { pipeline, settings, sbatchArgs }: SlurmOptions,
): Promise<Submission> {
  const { sweep, trials, outputs, workspace, signal, emit } = launch;
  // Trials that are compared with each other run in one job, which has to know all of them.
  const members =
    sweep.early_stop === undefined
      ? batches(pending, trialsPerJob(pending.length, settings))
      : [trials.map((_, place) => place)];
  const submission: Submission = {
    ...pipeline,
    id: randomBytes(6).toString('hex'),
    pipeline: launch.pipeline,
    outputs,
    engine: launch.engineChoice,
    sweep,
    requeue: settings.requeue !== false,
    trials: trials.map(({ id, parameters, replicate, seed, settings: own, plan }) => {
      const stages = Object.fromEntries(plan.stages.map(({ name, hash }) => [name, hash]));
      return { id, parameters, replicate, seed, settings: own, stages };
    }),
    members,
    shared: members.length === 1 ? [] : sharedStages(trials, pending),
    stopped: [...launch.endedBefore.values()],
  };
  const folder = slurmFolder(workspace);
  const script = join(folder, 'job.sh');
  await rm(folder, { recursive: true, force: true });
  await makeFolder(join(folder, 'logs'));
  await makeFolder(join(folder, 'events'));
  await writeFileAtomic(script, jobScript(folder, submission));
  await writeFileAtomic(join(folder, 'plan.json'), `${JSON.stringify(submission)}\n`);

  const names = jobNames(submission);
  const common = [...requests(settings, threadsOf(trials)), ...sbatchArgs];
  const context = { signal, note: (text: string) => emit({ type: 'launcher-note', text }) };
  const log = (name: string): string => `--output=${join(folder, 'logs', name).replaceAll('%', '%%')}.log`;
  try {
    const before =
      submission.shared.length === 0
        ? undefined
        : await submit(names.shared, [log('shared'), ...common, script, 'shared'], context);
    const limit = launch.jobs < members.length ? `%${launch.jobs}` : '';
    await submit(
      names.array,
      [
        `--array=0-${members.length - 1}${limit}`,
        `--output=${join(folder, 'logs').replaceAll('%', '%%')}/%a.log`,
        ...(before === undefined ? [] : [`--dependency=afterany:${before}`]),
        ...common,
        script,
      ],
      context,
    );
  } catch (error) {
    await cancelSubmission(submission, folder).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return submission;
}

function trialsPerJob(
  count: number,
  { trials_per_job: given, array_limit: limit }: SlurmOptions['settings'],
): number {
  if (given !== undefined) return given;
  const members = Math.min(MOST_MEMBERS, limit === undefined ? MOST_MEMBERS : limit * MEMBERS_PER_SLOT);
  return Math.max(1, Math.ceil(count / members));
}

function batches(places: readonly number[], size: number): readonly (readonly number[])[] {
  return Array.from({ length: Math.ceil(places.length / size) }, (_, index) =>
    places.slice(index * size, (index + 1) * size),
  );
}

/** Stages shared by several trials, each with the first trial that has it. */
function sharedStages(trials: readonly PlannedTrial[], pending: readonly number[]): Submission['shared'] {
  const owners = new Map<string, number[]>();
  for (const place of pending) {
    for (const { hash, action } of trials[place]?.plan.stages ?? []) {
      if (action === 'run') owners.set(hash, [...(owners.get(hash) ?? []), place]);
    }
  }
  return pending.flatMap((trial) => {
    const stages = (trials[trial]?.plan.stages ?? []).flatMap(({ name, hash }) => {
      const places = owners.get(hash) ?? [];
      return places.length > 1 && places[0] === trial ? [name] : [];
    });
    return stages.length === 0 ? [] : [{ trial, stages }];
  });
}

/** The resources that the jobs request. */
function requests(settings: SlurmOptions['settings'], threads: number): readonly string[] {
  const { partition, account, time, memory, cpus = threads } = settings;
  const optional = { partition, account, time, mem: memory };
  return [
    settings.requeue === false ? '--no-requeue' : '--requeue',
    '--open-mode=append',
    '--ntasks=1',
    `--cpus-per-task=${cpus}`,
    ...Object.entries(optional).flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name}=${value}`],
    ),
  ];
}

/** A script that starts the same `node` and the same Hourglass with the same cache on any node. */
function jobScript(folder: string, { id, directory }: Submission): string {
  const cache = process.env['HOURGLASS_CACHE'];
  const main = JSON.stringify(new URL('../../cli/main.js', import.meta.url).href);
  const start = `const { main } = await import(${main}); process.exitCode = await main(process.argv.slice(1));`;
  const words = [process.execPath, '--input-type=module', '--eval', start, '--', 'sweep-member', folder, id];
  return [
    '#!/bin/sh',
    ...(cache === undefined ? [] : [`export HOURGLASS_CACHE=${shellWord(cache, 'linux')}`]),
    `cd ${shellWord(directory, 'linux')} || exit 1`,
    `exec ${words.map((word) => shellWord(word, 'linux')).join(' ')} "\${1:-$SLURM_ARRAY_TASK_ID}"`,
    '',
  ].join('\n');
}

/** Follows the jobs until all trials have ended, or the user stops it. */
async function follow(
  launch: Launch,
  submission: Submission,
  { asksToCancel }: SlurmOptions,
): Promise<readonly TrialOutcome[]> {
  const { workspace, store, signal, emit, trials } = launch;
  const events = new SubmissionEvents(submission, slurmFolder(workspace), store);
  const lost = new Map<string, TrialOutcome>();
  const outcomes = (left: 'left' | 'submitted'): readonly TrialOutcome[] =>
    trials.map(
      (trial) => events.outcomes.get(trial.id) ?? lost.get(trial.id) ?? settledOutcome(launch, trial, left),
    );
  let suspects: ReadonlySet<string> = new Set();
  let askedAt = performance.now();
  let isAway = false;
  for (;;) {
    const news = await events.read();
    for (const event of news) emit(event);
    if (news.length > 0) suspects = new Set();
    const states = statesOf(submission, events, undefined);
    if ([...states].every(([id, state]) => state !== 'unknown' || lost.has(id))) return outcomes('left');
    if (signal.aborted) {
      if (!(await asksToCancel())) return outcomes('submitted');
      await cancelSubmission(submission, slurmFolder(workspace));
      return outcomes('left');
    }
    if (performance.now() - askedAt > QUEUE_INTERVAL_MILLISECONDS) {
      const { jobs, reason } = await jobsOf(submission);
      askedAt = performance.now();
      if (jobs === undefined && !isAway)
        emit({ type: 'launcher-note', text: `Slurm does not answer (${reason}); still waiting` });
      if (jobs !== undefined && isAway) emit({ type: 'launcher-note', text: 'Slurm answers again' });
      isAway = jobs === undefined;
      // Its last writes may take time to appear in a shared folder, so a trial counts as lost only at the second look.
      const gone = [...statesOf(submission, events, jobs)].flatMap(([id, state]) =>
        state === 'lost' ? [id] : [],
      );
      const losses = await lossesOf(
        submission,
        workspace,
        gone.filter((id) => suspects.has(id) && !lost.has(id)),
      );
      for (const [id, loss] of losses) {
        const trial = trials.find((each) => each.id === id);
        if (trial === undefined) continue;
        const outcome = outcomeOf(launch, trial, { state: 'failed', seconds: 0, diagnostics: [loss] });
        lost.set(id, outcome);
        emit({ type: 'trial-finished', outcome });
      }
      suspects = new Set(gone);
    }
    await sleep(EVENTS_INTERVAL_MILLISECONDS, undefined, { signal }).catch(() => undefined);
  }
}

/** Cancels the jobs of a submission, by their unique names. */
export async function cancelSubmission(submission: Pick<Submission, 'id'>, folder: string): Promise<void> {
  const { shared, array } = jobNames(submission);
  await cancel(array);
  await cancel(shared);
  await writeFileAtomic(cancelledFile(folder), '');
}

/** The outcome of a trial that did not have to run, or that no job has finished yet. */
function settledOutcome(
  launch: Launch,
  trial: PlannedTrial,
  otherwise: 'left' | 'submitted' = 'submitted',
): TrialOutcome {
  const stopped = launch.endedBefore.get(trial.id);
  if (stopped !== undefined) return stopped;
  const end = trial.complete;
  return end === undefined
    ? outcomeOf(launch, trial, { state: otherwise, seconds: 0, diagnostics: [] })
    : outcomeOf(launch, trial, { state: 'kept', ...end, diagnostics: [] });
}
