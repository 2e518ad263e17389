/** The present state of a submission's trials, without waiting for the jobs. */
import type { Store } from '../../artifacts/store.ts';
import type { TrialOutcome } from '../event.ts';
import { outcomeOf } from '../outcome.ts';
import { recordWith, writeSweep, type SweepRecord, type TrialRecord } from '../record.ts';
import type { Queue } from './commands.ts';
import { lossesOf } from './losses.ts';
import { jobsOf, statesOf, SubmissionEvents, type SubmittedState } from './state.ts';
import { readSubmission, slurmFolder, type Submission } from './submission.ts';

export interface TrialStanding {
  /** A trial whose job no longer exists has failed. */
  readonly state: Exclude<SubmittedState, 'lost'>;
  /** The outcome of a trial that has ended, or whose job no longer exists. */
  readonly outcome?: TrialOutcome;
  /** How often the trial's job requeued itself at its time limit. */
  readonly requeues: number;
}

/** The progress of a submission's trials by their names, and its jobs in Slurm. */
export async function standingsOf(
  submission: Submission,
  workspace: string,
  store: Store,
): Promise<{ readonly queue: Queue; readonly trials: ReadonlyMap<string, TrialStanding> }> {
  const events = new SubmissionEvents(submission, slurmFolder(workspace), store);
  await events.read();
  const queue = await jobsOf(submission);
  const states = statesOf(submission, events, queue.jobs);
  const lost = [...states].flatMap(([id, state]) => (state === 'lost' ? [id] : []));
  const losses = await lossesOf(submission, workspace, lost);
  const requeues = new Map<string, number>();
  for (const [member, times] of events.requeues)
    for (const place of submission.members[member] ?? [])
      requeues.set(submission.trials[place]?.id ?? '', times);
  const trials = submission.trials.flatMap((trial): readonly (readonly [string, TrialStanding])[] => {
    const state = states.get(trial.id);
    if (state === undefined) return [];
    const loss = losses.get(trial.id);
    const outcome =
      loss === undefined
        ? events.outcomes.get(trial.id)
        : outcomeOf(submission, trial, { state: 'failed', seconds: 0, diagnostics: [loss] });
    return [
      [
        trial.id,
        {
          state: state === 'lost' ? 'failed' : state,
          ...(outcome === undefined ? {} : { outcome }),
          requeues: requeues.get(trial.id) ?? 0,
        },
      ],
    ];
  });
  return { queue, trials: new Map(trials) };
}

/**
 * Updates the record of a submitted sweep with its trials' outcomes, and writes it. Figures and the answer are made at the next
 * start of the sweep; until then the record on disk says `submitted`.
 */
export async function readSubmittedNow(
  record: SweepRecord,
  workspace: string,
  store: Store,
): Promise<SweepRecord> {
  if (record.status !== 'submitted' && record.status !== 'running') return record;
  const submission = await readSubmission(workspace);
  if (submission === undefined) return record;
  const standings = await standingsOf(submission, workspace, store);
  const trials = record.trials.map((trial): TrialRecord => {
    const outcome = standings.trials.get(trial.id)?.outcome;
    return outcome === undefined ? trial : recordWith(trial, outcome);
  });
  const now: SweepRecord = { ...record, status: 'submitted', trials };
  await writeSweep(workspace, now);
  if (trials.some(({ state }) => state === 'pending')) return now;
  return { ...now, status: trials.some(({ state }) => state === 'failed') ? 'failed' : 'done' };
}
