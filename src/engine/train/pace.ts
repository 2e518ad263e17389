/** Long computations that leave the event loop time for Ctrl-C, messages and progress. */
import { setImmediate } from 'node:timers/promises';
import { failure } from '../../core/diagnostic.ts';

/** Milliseconds of computation after which the event loop may run. */
const STRETCH = 50;

/** Milliseconds between two reports of progress. */
const REPORT_INTERVAL = 250;

export class Pace {
  readonly #signal: AbortSignal;
  /** The first batch yields, too: many short computations in a row must not starve the event loop either. */
  #yielded = Number.NEGATIVE_INFINITY;
  #reported = performance.now();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /**
   * Await it between two batches. Lets the event loop run if it has waited for long.
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

  /** Whether a report is due: a few times a second. */
  due(): boolean {
    const now = performance.now();
    if (now - this.#reported < REPORT_INTERVAL) return false;
    this.#reported = now;
    return true;
  }
}

/** Chooses how many steps one call takes: long compared with a call's fixed costs, and short enough for Ctrl-C. */
export class StepsPerCall {
  readonly #milliseconds: number;
  #steps: number;

  /**
   * @param milliseconds that a call should take
   * @param first steps of the first call
   */
  constructor(milliseconds: number, first: number) {
    this.#milliseconds = milliseconds;
    this.#steps = first;
  }

  /** Steps of the next call. */
  get next(): number {
    return this.#steps;
  }

  /** Takes steps, and adapts to the time that they take. */
  measure<Result>(steps: number, take: () => Result): Result {
    const started = performance.now();
    const result = take();
    const fitting = Math.round((steps * this.#milliseconds) / Math.max(performance.now() - started, 1e-3));
    // At most doubled: the first calls are slower than the others.
    this.#steps = Math.max(1, Math.min(fitting, this.#steps * 2));
    return result;
  }
}
