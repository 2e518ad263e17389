/** What computes an instruction if XLA runs the program. */
import type { Instruction } from '../program/program.ts';
import { kernelsOf } from '../lowering/kernels-of.ts';
import { isByKernel } from './kernel-calls.ts';

/** `XLA` for what XLA compiles itself, or the name of one of Hourglass's kernels, such as `matmul`. */
export function xlaTargetOf(instruction: Instruction): string | undefined {
  // One call makes all updates, so none is written separately.
  if (instruction.op === 'fused_update') return 'update';
  return isByKernel(instruction) ? kernelsOf(instruction) : 'XLA';
}
