/** Tells a job that its time is nearly up, so that it can stop cleanly and be requeued. */
import { setTimeout as sleep } from 'node:timers/promises';
import { secondsLeft } from './commands.ts';

/** How long before its time limit a job stops. A short job uses three quarters of its time. */
const LEAD_SECONDS = 60;
const LEAD_SHARE = 0.25;

/** Interval at which Slurm is asked again: limits can change, and a controller may have been down. */
const MOST_SECONDS = 3600;
const AWAY_SECONDS = 60;

export class TimeLimit {
  readonly #up = new AbortController();
  readonly #closed = new AbortController();

  /** @param job the job number; undefined for no limit */
  constructor(job: string | undefined) {
    if (job !== undefined) void this.#watch(job);
  }

  /** Aborted once the time is nearly up. */
  get signal(): AbortSignal {
    return this.#up.signal;
  }

  close(): void {
    this.#closed.abort();
  }

  async #watch(job: string): Promise<void> {
    let lead: number | undefined;
    while (!this.#closed.signal.aborted) {
      const left = await secondsLeft(job);
      if (left !== undefined) lead ??= Math.min(LEAD_SECONDS, left * LEAD_SHARE);
      const until = left === undefined ? AWAY_SECONDS : left - (lead ?? 0);
      if (until <= 0) {
        this.#up.abort();
        return;
      }
      const seconds = Math.min(until, MOST_SECONDS);
      // This timer must not keep the process alive.
      await sleep(seconds * 1000, undefined, { signal: this.#closed.signal, ref: false }).catch(
        () => undefined,
      );
    }
  }
}
