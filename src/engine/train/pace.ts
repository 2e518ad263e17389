/** Long computations that leave the event loop room: for Ctrl-C, for messages, for progress. */
import { setImmediate } from 'node:timers/promises';
import { failure } from '../../core/diagnostic.ts';

/** Milliseconds of computation after which the event loop is given its turn. */
const STRETCH = 50;

/** Milliseconds between two reports of progress. */
const REPORT_INTERVAL = 250;

export class Pace {
  readonly #signal: AbortSignal;
  /** The first batch gives way, too: many short computations in a row must not starve the event loop either. */
  #yielded = Number.NEGATIVE_INFINITY;
  #reported = performance.now();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /**
   * To be awaited between two batches. Gives the event loop its turn if it has waited for long.
   *
   * @throws Failure `interrupted` once the signal is aborted
   */
  async next(): Promise<void> {
    if (performance.now() - this.#yielded >= STRETCH) {
      await setImmediate();
      this.#yielded = performance.now();
    }
    if (this.#signal.aborted) throw failure('interrupted', 'stopped before the end');
  }

  /** True where a report is due: a few times a second. */
  due(): boolean {
    const now = performance.now();
    if (now - this.#reported < REPORT_INTERVAL) return false;
    this.#reported = now;
    return true;
  }
}
