/** Detects whether a start of a job made progress. A job that makes none must not be requeued forever. */
import type { SweepEvent, TrialOutcome } from '../event.ts';
import { EventReader } from './events.ts';

export class JobProgress {
  /** Trials that earlier starts stopped early, or that failed. They are not tried again. */
  readonly ended = new Map<string, TrialOutcome>();
  /** Epochs of trainings that are saved. */
  readonly #epochs = new Map<string, number>();
  #requeues = 0;
  #isMade = false;

  /** @param file the events that the job has written so far */
  static async of(file: string): Promise<JobProgress> {
    const progress = new JobProgress();
    const reader = new EventReader(file);
    for (let events = await reader.news(); events.length > 0; events = await reader.news())
      for (const event of events) {
        if (event.type === 'job-requeued') progress.#requeues = event.times;
        else progress.add(event);
      }
    progress.#isMade = false;
    return progress;
  }

  /** How often the job has requeued itself. */
  get requeues(): number {
    return this.#requeues;
  }

  /** Whether this start has made progress. */
  get isMade(): boolean {
    return this.#isMade;
  }

  add(event: SweepEvent): void {
    if (event.type === 'trial-finished') {
      const { id, state } = event.outcome;
      if (state === 'done') this.#isMade = true;
      if ((state !== 'failed' && state !== 'stopped') || this.ended.has(id)) return;
      this.ended.set(id, event.outcome);
      this.#isMade = true;
    }
    if (event.type !== 'trial-event' || event.event.type !== 'stage-finished') return;
    const { stage, state, epochsKept = 0 } = event.event;
    if (this.ended.has(event.trial ?? '')) return;
    const training = `${event.trial ?? ''} ${stage}`;
    if (state === 'ran' || epochsKept > (this.#epochs.get(training) ?? 0)) this.#isMade = true;
    this.#epochs.set(training, Math.max(epochsKept, this.#epochs.get(training) ?? 0));
  }
}
