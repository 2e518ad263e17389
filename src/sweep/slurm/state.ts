/** The state of a submitted sweep, from its members' events, the store and the queue. */
import type { Store } from '../../artifacts/store.ts';
import type { SweepEvent, TrialOutcome } from '../event.ts';
import { queue, type Queue } from './commands.ts';
import { EventReader } from './events.ts';
import { SubmittedTexts } from './texts.ts';
import { eventsFile, jobNames, readSubmission, slurmFolder, type Submission } from './submission.ts';

/** `lost`: no job will finish it; `unknown`: the queue could not be read. */
export type SubmittedState = 'pending' | 'running' | 'done' | 'failed' | 'stopped' | 'lost' | 'unknown';

/** Follows the events of a submission's members. */
export class SubmissionEvents {
  readonly #submission: Submission;
  readonly #store: Store;
  readonly #readers: readonly EventReader[];
  #texts: SubmittedTexts | undefined;
  readonly #outcomes = new Map<string, TrialOutcome>();
  readonly #requeues = new Map<number, number>();
  readonly #running = new Set<string>();
  /** Ended trials whose results are not visible yet: a shared folder may show them later than the event. */
  #unseen: readonly Extract<SweepEvent, { type: 'trial-finished' }>[] = [];

  constructor(submission: Submission, folder: string, store: Store) {
    this.#submission = submission;
    this.#store = store;
    this.#readers = submission.members.map((_, index) => new EventReader(eventsFile(folder, index)));
  }

  /** How often jobs requeued themselves at their time limit, by member of the array. */
  get requeues(): ReadonlyMap<number, number> {
    return this.#requeues;
  }

  /** Outcomes of trials that have ended. */
  get outcomes(): ReadonlyMap<string, TrialOutcome> {
    return this.#outcomes;
  }

  /** Trials that have started but not ended, as far as known. */
  get running(): ReadonlySet<string> {
    return this.#running;
  }

  /** Reads new events. A trial counts as done only once its results are in the store. */
  async read(): Promise<readonly SweepEvent[]> {
    const all: SweepEvent[] = [];
    this.#texts ??= await SubmittedTexts.of(this.#submission);
    for (const [index, reader] of this.#readers.entries()) {
      for (const event of await reader.news()) {
        if (event.type !== 'job-requeued') {
          all.push(this.#texts.shown(event));
          continue;
        }
        this.#requeues.set(index, event.times);
        const trials = this.#submission.members[index]?.map(
          (place) => this.#submission.trials[place]?.id ?? '',
        );
        for (const id of trials ?? []) this.#running.delete(id);
        const text = `the job of ${trials?.join(', ') ?? ''} reached its time limit: requeued (${ordinal(event.times)} time)`;
        all.push({ type: 'launcher-note', text });
      }
    }
    const unseen: Extract<SweepEvent, { type: 'trial-finished' }>[] = [];
    const kept: SweepEvent[] = [];
    for (const event of [...this.#unseen, ...all]) {
      if (event.type === 'trial-started') this.#running.add(event.trial);
      if (event.type === 'trial-finished') {
        const { id, state } = event.outcome;
        this.#running.delete(id);
        // A restarted job reports again what it had finished.
        if (state === 'done' && this.#outcomes.get(id)?.state === state) continue;
        if (state === 'done' && !(await this.#isStored(id))) {
          unseen.push(event);
          continue;
        }
        // Trials that a requeued job left unfinished are still under way.
        if (state !== 'left') this.#outcomes.set(id, event.outcome);
      }
      kept.push(event);
    }
    this.#unseen = unseen;
    return kept;
  }

  async #isStored(id: string): Promise<boolean> {
    const stages = this.#submission.trials.find((trial) => trial.id === id)?.stages ?? {};
    const found = await Promise.all(Object.values(stages).map((hash) => this.#store.lookup(hash)));
    return found.length > 0 && found.every((entry) => entry !== undefined);
  }
}

/** Pending and running jobs of a submission. */
export async function jobsOf(submission: Pick<Submission, 'id'>): Promise<Queue> {
  const { shared, array } = jobNames(submission);
  const members = await queue(array);
  if (members.jobs === undefined) return members;
  const before = await queue(shared);
  return before.jobs === undefined ? before : { jobs: [...before.jobs, ...members.jobs] };
}

/** The state of each submitted trial, by its name. */
export function statesOf(
  { trials, members }: Submission,
  { outcomes, running }: SubmissionEvents,
  jobs: Queue['jobs'],
): ReadonlyMap<string, SubmittedState> {
  const byIndex = new Map(jobs?.map(({ index, state }) => [index, state]));
  const states = new Map<string, SubmittedState>();
  for (const [index, places] of members.entries()) {
    for (const place of places) {
      const id = trials[place]?.id ?? '';
      const ended = outcomes.get(id)?.state;
      if (ended === 'done' || ended === 'failed' || ended === 'stopped') {
        states.set(id, ended);
        continue;
      }
      const job = byIndex.get(index);
      if (jobs === undefined) states.set(id, 'unknown');
      else if (job === undefined) states.set(id, 'lost');
      else states.set(id, job === 'running' && running.has(id) ? 'running' : 'pending');
    }
  }
  return states;
}

/** A submission with unfinished trials. */
export interface SubmissionAtWork {
  readonly submission: Submission;
  readonly queue: Queue;
}

/** The submission of a workspace, if Slurm still has jobs of it or may have. */
export async function submissionAtWork(
  workspace: string,
  store: Store,
): Promise<SubmissionAtWork | undefined> {
  const submission = await readSubmission(workspace);
  if (submission === undefined) return undefined;
  const events = new SubmissionEvents(submission, slurmFolder(workspace), store);
  await events.read();
  const isOver = [...statesOf(submission, events, undefined).values()].every((state) => state !== 'unknown');
  if (isOver) return undefined;
  const queue = await jobsOf(submission);
  return queue.jobs?.length === 0 ? undefined : { submission, queue };
}

/** `1st`, `2nd`, `11th` */
export function ordinal(count: number): string {
  const ending = Math.floor(count / 10) % 10 === 1 ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th');
  return `${count}${ending}`;
}
