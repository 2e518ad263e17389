/** Rows of samples in the module's memory, for one call. */
import type { HeldNumbers } from '../../formats/numbers.ts';
import { areHeld, storedRows, type HeldSamples, type Samples } from '../train/samples.ts';
import type { Executor } from './executor.ts';
import type { ResidentRows } from './runner.ts';

export interface GivenRows {
  /** One for each of the samples. */
  readonly inputs: readonly ResidentRows[];
  readonly rows: Int32Array;
  /** Frees memory that is only for this call. */
  release(): void;
}

/** Whether samples stay in the module's memory from call to call. */
export function isResident(
  executor: Executor,
  samples: readonly Samples[],
): samples is readonly HeldSamples[] {
  return areHeld(samples) && executor.keeps(samples.map(({ data }) => data));
}

/** Data that the executor keeps is already in memory; for other data, the rows are copied. */
export function giveRows(executor: Executor, samples: readonly Samples[], rows: Int32Array): GivenRows {
  if (isResident(executor, samples)) {
    const inputs = samples.map((own) => residentRows(executor, own, own.data, own.count));
    return { inputs, rows, release: () => undefined };
  }
  return copyRows(executor, samples, rows);
}

/** @throws Failure `model-too-large` */
export function copyRows(executor: Executor, samples: readonly Samples[], rows: Int32Array): GivenRows {
  const copies = samples.map((own) => storedRows(own, rows));
  const release = (): void => copies.forEach((copy) => executor.forget(copy));
  try {
    const inputs = samples.map((own, index) =>
      residentRows(executor, own, copies[index] ?? new Uint8Array(), rows.length),
    );
    return { inputs, rows: Int32Array.from(rows, (_, index) => index), release };
  } catch (error) {
    release();
    throw error;
  }
}

function residentRows(
  executor: Executor,
  { scale, offset }: Samples,
  data: HeldNumbers,
  count: number,
): ResidentRows {
  return { at: executor.upload(data), isBytes: data instanceof Uint8Array, count, scale, offset };
}
