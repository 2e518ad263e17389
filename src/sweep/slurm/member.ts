/** A job of a submitted sweep: runs its share of the trials with the local launcher, and writes events. */
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { takeLock, type HeldLock } from '../../files/lock.ts';
import { readPipeline } from '../../config/load.ts';
import { Failure, failure, isError, type Diagnostic } from '../../core/diagnostic.ts';
import { stageTypes } from '../../nodes/registry.ts';
import { storeOf } from '../../run/plan.ts';
import type { TrialOutcome } from '../event.ts';
import type { Launch } from '../launcher.ts';
import { localLauncher, threadsOf } from '../local.ts';
import { outcomeOf } from '../outcome.ts';
import { planTrials, type PlannedTrial } from '../plan.ts';
import { prepareTrials } from '../prepare.ts';
import type { Trial } from '../trial.ts';
import { requeue } from './commands.ts';
import { EventWriter } from './events.ts';
import { JobProgress } from './progress.ts';
import { TimeLimit } from './time-limit.ts';
import { eventsFile, readSubmission, type MemberIndex, type Submission } from './submission.ts';

const LOCK_INTERVAL_MILLISECONDS = 2000;

/**
 * Runs one member of the array, or the job before it.
 *
 * @param folder `outputs/<name>/sweep.slurm` of the submission
 * @param id the submission's; the folder may contain another one by now
 * @returns whether all its trials ended, successfully or not
 * @throws Failure if there is no such submission
 */
export async function runMember(
  folder: string,
  id: string,
  index: MemberIndex,
  signal: AbortSignal,
): Promise<boolean> {
  const workspace = dirname(folder);
  const submission = await readSubmission(workspace);
  if (submission?.id !== id) throw failure('launcher-failed', `\`${folder}\` has no submission \`${id}\``);
  const job = process.env['SLURM_JOB_ID'];
  const limit = new TimeLimit(submission.requeue ? job : undefined);
  try {
    const lock = await takeOwnLock(submission, index, signal);
    const file = eventsFile(folder, index);
    const progress = await JobProgress.of(file);
    const share: Share = {
      workspace,
      places:
        index === 'shared' ? submission.shared.map(({ trial }) => trial) : (submission.members[index] ?? []),
      index,
      signal: AbortSignal.any([signal, limit.signal]),
      lock,
      writer: await EventWriter.open(file),
      progress,
    };
    let left: readonly TrialOutcome[];
    try {
      left = await runTrials(submission, share);
    } finally {
      // The next start may come at once.
      await lock.release();
    }
    if (left.length > 0 && job !== undefined && limit.signal.aborted && !signal.aborted)
      await startAgain(job, left, share);
    return left.length === 0;
  } finally {
    limit.close();
  }
}

/** At the time limit: requeues the job, if another start could make progress. */
async function startAgain(
  job: string,
  left: readonly TrialOutcome[],
  { writer, progress }: Share,
): Promise<void> {
  const times = progress.requeues + 1;
  const fail = (why: string): void => {
    const { diagnostics } = failure(
      'trial-failed',
      `its job reached its time limit (TIMEOUT)${why}`,
      'request more with `--time` or `time` of the launcher; the same `sweep` command resumes',
    );
    for (const outcome of left)
      writer.write({ type: 'trial-finished', outcome: { ...outcome, state: 'failed', diagnostics } });
  };
  // The first start may have waited for TensorFlow, or for a shared file.
  if (!progress.isMade && times > 1) return fail(', twice without completing an epoch or a stage');
  writer.write({ type: 'job-requeued', times });
  try {
    await requeue(job);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    fail(`; ${error.message}`);
  }
}

function stoppedIn(
  outcomes: readonly TrialOutcome[],
): readonly (readonly [id: string, outcome: TrialOutcome])[] {
  return outcomes.filter(({ state }) => state === 'stopped').map((outcome) => [outcome.id, outcome]);
}

interface Share {
  readonly workspace: string;
  readonly places: readonly number[];
  readonly index: MemberIndex;
  readonly signal: AbortSignal;
  readonly lock: HeldLock;
  readonly writer: EventWriter;
  readonly progress: JobProgress;
}

/** @returns trials that did not finish */
async function runTrials(
  submission: Submission,
  { workspace, places, index, signal, lock, writer, progress }: Share,
): Promise<readonly TrialOutcome[]> {
  const { outputs, engine, sweep } = submission;
  const finished = new Set<string>();
  const emit: Launch['emit'] = (event) => {
    if (event.type === 'trial-finished') finished.add(event.outcome.id);
    progress.add(event);
    writer.write(event);
  };
  const trials = await restoreTrials(submission, places);
  const prepared = await prepareTrials(trials, { outputs, engine, signal, emit }, workspace);
  const store = storeOf(outputs);
  const planned =
    index === 'shared' ? await sharedPlans(submission, trials, workspace, prepared.engine) : prepared.planned;
  const strange = new Map(
    planned.map((trial) => [trial, index === 'shared' ? undefined : strangeness(submission, trial)]),
  );
  for (const [trial, diagnostic] of strange) {
    if (diagnostic === undefined) continue;
    const outcome = outcomeOf(submission, trial, { state: 'failed', seconds: 0, diagnostics: [diagnostic] });
    emit({ type: 'trial-finished', outcome });
  }
  const { early_stop: stopping, ...plain } = sweep;
  // The median rule compares trials by their places in the list, however they ended.
  const isOver = ({ id }: PlannedTrial): boolean =>
    stopping === undefined && progress.ended.get(id)?.state === 'failed';
  const own = planned.filter((trial) => strange.get(trial) === undefined && !isOver(trial));
  const outcomes = await localLauncher.launch({
    sweep: stopping === undefined || index === 'shared' ? plain : sweep,
    pipeline: submission.pipeline,
    workspace,
    trials: own,
    endedBefore: new Map([
      ...submission.stopped.map((outcome) => [outcome.id, outcome] as const),
      ...stoppedIn([...progress.ended.values()]),
    ]),
    jobs: Math.max(1, Math.floor(coresOfJob() / threadsOf(own))),
    store,
    outputs,
    engine: prepared.engine === undefined ? undefined : { ...prepared.engine },
    engineChoice: engine,
    lock,
    signal,
    emit,
  });
  // A restarted job finds trials that it finished before. These are not reported again.
  for (const outcome of outcomes) {
    if (finished.has(outcome.id) || outcome.state === 'left') continue;
    const state: TrialOutcome['state'] = outcome.state === 'kept' ? 'done' : outcome.state;
    emit({ type: 'trial-finished', outcome: { ...outcome, state } });
  }
  return outcomes.filter(({ state }) => state === 'left');
}

/** The trials as submitted, from the texts at that time. */
async function restoreTrials(submission: Submission, places: readonly number[]): Promise<readonly Trial[]> {
  const { file, sources: texts, overrides, over, metric, allowPlugins } = submission;
  const reader = await readPipeline(file, {
    ...{ overrides, texts, stageTypes: stageTypes(allowPlugins) },
    ...(over === undefined ? {} : { over }),
    ...(metric === undefined ? {} : { metric }),
  });
  const trials: Trial[] = [];
  for (const place of places) {
    const submitted = submission.trials[place];
    if (submitted === undefined) continue;
    const { id, parameters, replicate, seed, settings } = submitted;
    const { located, diagnostics } = await reader.load(settings);
    if (located === undefined) {
      const why = diagnostics.find(isError)?.message ?? 'it is not valid';
      throw failure('launcher-failed', `trial ${id} can no longer be read: ${why}`);
    }
    trials.push({
      ...{ id, parameters, replicate, seed, settings },
      located,
    });
  }
  return trials;
}

/** The shared stages that each trial runs for others. */
async function sharedPlans(
  { outputs, shared, trials: submitted }: Submission,
  trials: readonly Trial[],
  workspace: string,
  engine: PreparedEngine,
): Promise<readonly PlannedTrial[]> {
  const targets = new Map(shared.map(({ trial, stages }) => [submitted[trial]?.id, stages]));
  const plans = await Promise.all(
    trials.map((trial) =>
      planTrials([trial], {
        workspace,
        store: storeOf(outputs),
        engine,
        targets: targets.get(trial.id) ?? [],
      }),
    ),
  );
  return plans.flat();
}

type PreparedEngine = Awaited<ReturnType<typeof prepareTrials>>['engine'];

/** Why a trial differs from the submitted one, if it does. */
function strangeness({ trials }: Submission, { id, plan }: PlannedTrial): Diagnostic | undefined {
  const expected = trials.find((trial) => trial.id === id)?.stages ?? {};
  const changed = plan.stages.find(({ name, hash }) => expected[name] !== hash);
  if (changed === undefined) return undefined;
  return {
    code: 'trial-failed',
    severity: 'error',
    stage: changed.name,
    message: `stage \`${changed.name}\` differs from the submitted one: its data, Hourglass or TensorFlow differs on this node`,
    hint: 'submit the sweep again; all nodes need the same `hourglass` and the same engine (`--engine`)',
  };
}

/** A restarted job may wait for its own lock: only when the heartbeat stops is it clear that its first node is gone. */
async function takeOwnLock(
  { pipeline, outputs }: Submission,
  index: MemberIndex,
  signal: AbortSignal,
): Promise<HeldLock> {
  const path = storeOf(outputs).lockFile(outputs, `${pipeline}.member-${index}`);
  for (;;) {
    const lock = await takeLock(path);
    if (lock.state === 'taken') return lock;
    await sleep(LOCK_INTERVAL_MILLISECONDS, undefined, { signal }).catch(() => {
      throw failure(
        'interrupted',
        'stopped while waiting for an earlier start of the same job, which seemed to be running',
      );
    });
  }
}

/** Cores that Slurm allocated to the job. */
function coresOfJob(): number {
  const given = Number(process.env['SLURM_CPUS_PER_TASK']);
  return Number.isInteger(given) && given > 0 ? given : availableParallelism();
}
