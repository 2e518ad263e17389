/** The kernel calls of a program, one after another. `lowering.ts` writes them as 32-bit words, `kernels/tasks.h` reads these. */
import type { Value } from '../program/program.ts';

/** In the order of `kTasks` in `kernels/executor.h`. */
export const KERNELS = [
  'matmul',
  'convolution',
  'filter_gradient',
  'move',
  'fill',
  'reduce',
  'uniform',
  'update',
  'elementwise',
  'pool',
  'upsample',
] as const;

export type Kernel = (typeof KERNELS)[number];

export interface KernelCall {
  readonly kernel: Kernel;
  readonly reads: readonly Value[];
  /** Written as a whole, but several calls in a row may write parts of a value. */
  readonly writes: readonly Value[];
  /** Operands whose memory a result with as many elements may use: each element is read before it is written. */
  readonly inPlaceOf: readonly Value[];
  /** @param number of the buffer of a value */
  words(number: (value: Value) => number): readonly number[];
}

/** A call. Its operands are not overwritten unless it says so. */
export type NewCall = Omit<KernelCall, 'inPlaceOf'> & Partial<KernelCall>;

/** The bits of a number as float32. */
export function floatBits(value: number): number {
  return new Int32Array(Float32Array.of(value).buffer)[0] ?? 0;
}
