/** Splits a run of many steps into several calls of a target, so that progress and Ctrl-C do not have to wait. */
import type { Program } from '../program/program.ts';
import { bytesOf } from '../program/types.ts';
import type { Totals } from '../webassembly/runner.ts';
import { Pace, type StepsPerCall } from './pace.ts';
import type { LoadOptions, Sums } from './target.ts';
import type { WorkOptions } from './trainer.ts';

/** The most row numbers that one call takes. */
export const MAX_ROW_NUMBERS = 2 ** 18;

/** The most bytes of rows, and of results that are kept, in one call. */
const MAX_CALL_BYTES = 2 ** 24;

/** The most bytes of rows that are copied for one call, if samples do not stay in memory. */
export const MAX_COPIED_BYTES = 2 ** 25;

/** Batches of one call whose results are kept: together with their rows, they must fit into memory. */
export function mostKeptSteps({ parameters, results }: Program, { batchSize, steps }: LoadOptions): number {
  const values = [...parameters.filter(({ kind }) => kind === 'input').map(({ value }) => value), ...results];
  const bytes = Math.max(1, ...values.map(({ type }) => bytesOf(type)));
  const most = Math.min(Math.floor(MAX_CALL_BYTES / bytes), Math.floor(MAX_ROW_NUMBERS / batchSize));
  return Math.max(1, Math.min(most, steps));
}

export function zeroTotals(width: number): Totals {
  return { sum: new Float32Array(width), lost: new Float32Array(width) };
}

export interface CallOptions {
  readonly batchSize: number;
  /** The most steps of one call. */
  readonly most: number;
  readonly stepsPerCall: StepsPerCall;
  /** Elements of the program's result. */
  readonly width: number;
}

/**
 * Takes the steps of whole batches, call by call. A sum that is not finite ends the run.
 *
 * @param rows a multiple of the batch size
 * @param total rows of the whole epoch, for progress
 * @param call takes steps on rows, and returns the totals of all steps so far
 * @throws Failure `interrupted` between two calls
 */
export async function runInCalls(
  rows: Int32Array,
  { batchSize, most, stepsPerCall, width }: CallOptions,
  { signal, onProgress }: WorkOptions,
  total: number,
  call: (rows: Int32Array, steps: number, before: Totals) => Totals,
): Promise<Sums> {
  const pace = new Pace(signal);
  let totals = zeroTotals(width);
  let done = 0;
  while (done * batchSize < rows.length) {
    await pace.next();
    const steps = Math.min(stepsPerCall.next, most, rows.length / batchSize - done);
    const part = rows.subarray(done * batchSize, (done + steps) * batchSize);
    const before = totals;
    totals = stepsPerCall.measure(steps, () => call(part, steps, before));
    done += steps;
    const loss = ((totals.sum[0] ?? 0) - (totals.lost[0] ?? 0)) / done;
    if (!Number.isFinite(loss)) break;
    if (pace.due()) onProgress?.({ samples: done * batchSize, total, loss });
  }
  const values = Float64Array.from(totals.sum, (sum, index) => sum - (totals.lost[index] ?? 0));
  return { values, steps: done };
}
