/** Rows of samples in the module's memory, for one call. */
import { storedRows, type Samples } from '../train/samples.ts';
import type { Executor } from './executor.ts';
import type { ResidentRows } from './runner.ts';

/** Bytes of the rows that are copied for one call, at most. */
export const MAX_CALL_BYTES = 2 ** 25;

export interface GivenRows {
  /** One for each of the samples. */
  readonly inputs: readonly ResidentRows[];
  readonly rows: Int32Array;
  /** Frees what is there for this call alone. */
  release(): void;
}

/** Data that the executor keeps is there already; of other data, the rows are copied. */
export function giveRows(executor: Executor, samples: readonly Samples[], rows: Int32Array): GivenRows {
  if (executor.keeps(samples.map(({ data }) => data))) {
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
      residentRows(executor, own, copies[index] ?? own.data, rows.length),
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
  data: Samples['data'],
  count: number,
): ResidentRows {
  return { at: executor.upload(data), isBytes: data instanceof Uint8Array, count, scale, offset };
}
