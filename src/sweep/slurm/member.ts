/** What a job of a submitted sweep does: runs its share of the trials, by the local launcher, and writes what happens. */
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { takeLock, type HeldLock } from '../../files/lock.ts';
import { pipelineFromDocument } from '../../config/load.ts';
import { failure, type Diagnostic } from '../../core/diagnostic.ts';
import { stageTypes } from '../../nodes/registry.ts';
import { storeOf } from '../../run/plan.ts';
import type { TrialOutcome } from '../event.ts';
import type { Launch } from '../launcher.ts';
import { localLauncher, outcomeOf, threadsOf } from '../local.ts';
import { planTrials, type PlannedTrial } from '../plan.ts';
import { prepareTrials } from '../run.ts';
import { withoutSweep, type Trial } from '../trial.ts';
import { EventWriter } from './events.ts';
import { eventsFile, readSubmission, slurmFolder, type MemberIndex, type Submission } from './submission.ts';

const LOCK_INTERVAL_MILLISECONDS = 2000;

/**
 * Runs one member of the array, or the job before it.
 *
 * @param folder `outputs/<name>/sweep.slurm` of the submission
 * @param id the submission's: another one may be there by now
 * @returns whether all its trials came to their end, whatever that was
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
  const lock = await takeOwnLock(submission, index, signal);
  try {
    const places =
      index === 'shared' ? submission.shared.map(({ trial }) => trial) : (submission.members[index] ?? []);
    return await runTrials(submission, { workspace, places, index, signal, lock });
  } finally {
    await lock.release();
  }
}

interface Share {
  readonly workspace: string;
  readonly places: readonly number[];
  readonly index: MemberIndex;
  readonly signal: AbortSignal;
  readonly lock: HeldLock;
}

async function runTrials(
  submission: Submission,
  { workspace, places, index, signal, lock }: Share,
): Promise<boolean> {
  const { outputs, engine, sweep } = submission;
  const writer = index === 'shared' ? undefined : new EventWriter(eventsFile(slurmFolder(workspace), index));
  const finished = new Set<string>();
  const emit: Launch['emit'] = (event) => {
    if (event.type === 'trial-finished') finished.add(event.outcome.id);
    writer?.write(event);
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
  const own = planned.filter((trial) => strange.get(trial) === undefined);
  const { early_stop: stopping, ...plain } = sweep;
  const outcomes = await localLauncher.launch({
    sweep: stopping === undefined || index === 'shared' ? plain : sweep,
    pipeline: submission.pipeline,
    workspace,
    trials: own,
    stoppedBefore: new Map(submission.stopped.map((outcome) => [outcome.id, outcome])),
    jobs: Math.max(1, Math.floor(coresOfJob() / threadsOf(own))),
    store,
    outputs,
    engine: prepared.engine === undefined ? undefined : { ...prepared.engine },
    engineChoice: engine,
    lock,
    signal,
    emit,
  });
  // A job that began again finds trials that it finished before; whoever follows need not know.
  for (const outcome of outcomes) {
    if (finished.has(outcome.id) || outcome.state === 'left') continue;
    const state: TrialOutcome['state'] = outcome.state === 'kept' ? 'done' : outcome.state;
    emit({ type: 'trial-finished', outcome: { ...outcome, state } });
  }
  return outcomes.every(({ state }) => state !== 'left');
}

/** The trials as they were submitted, from the document as it was then. */
async function restoreTrials(submission: Submission, places: readonly number[]): Promise<readonly Trial[]> {
  const { file, text, overrides, allowPlugins } = submission;
  const reader = pipelineFromDocument(file, submission, { overrides, stageTypes: stageTypes(allowPlugins) });
  const start = { line: 1, column: 1 };
  const range = { file, start, end: start };
  const trials: Trial[] = [];
  for (const place of places) {
    const submitted = submission.trials[place];
    if (submitted === undefined) continue;
    const { id, parameters, replicate, seed, settings } = submitted;
    const { located, diagnostics } = await reader.load(
      settings.map((setting) => ({ ...setting, range, keyRange: range })),
    );
    if (located === undefined) {
      const why = diagnostics.find(({ severity }) => severity === 'error')?.message ?? 'it is not valid';
      throw failure('launcher-failed', `trial ${id} cannot be read any more: ${why}`);
    }
    trials.push({
      ...{ id, parameters, replicate, seed, settings },
      located: { ...located, text, resolved: withoutSweep(located.resolved) },
    });
  }
  return trials;
}

/** Of each trial that stands for others, the stages that they share. */
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

/** Why a trial would not be what was submitted, if so. */
function strangeness({ trials }: Submission, { id, plan }: PlannedTrial): Diagnostic | undefined {
  const expected = trials.find((trial) => trial.id === id)?.stages ?? {};
  const changed = plan.stages.find(({ name, hash }) => expected[name] !== hash);
  if (changed === undefined) return undefined;
  return {
    code: 'trial-failed',
    severity: 'error',
    stage: changed.name,
    message: `stage \`${changed.name}\` is not the one that was submitted: its data, Hourglass or TensorFlow differs on this node`,
    hint: 'submit the sweep again; all nodes need the same `hourglass`, and the same engine (`--engine`)',
  };
}

/** A job that was started again may wait for its own lock: that its first node is gone shows when its heartbeat stops. */
async function takeOwnLock(
  { pipeline, outputs }: Submission,
  index: MemberIndex,
  signal: AbortSignal,
): Promise<HeldLock> {
  const path = join(storeOf(outputs).folder, 'locks', `${pipeline}.member-${index}.lock`);
  for (;;) {
    const lock = await takeLock(path);
    if (lock.state === 'taken') return lock;
    await sleep(LOCK_INTERVAL_MILLISECONDS, undefined, { signal }).catch(() => {
      throw failure('interrupted', 'stopped while an earlier start of the same job seemed to be running');
    });
  }
}

/** Cores that Slurm gave to the job. */
function coresOfJob(): number {
  const given = Number(process.env['SLURM_CPUS_PER_TASK']);
  return Number.isInteger(given) && given > 0 ? given : availableParallelism();
}
