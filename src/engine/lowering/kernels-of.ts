/** Which kernels compute an instruction: found by lowering it, so they are the ones that run. */
import type { Instruction } from '../program/program.ts';
import { ProgramError } from '../program/types.ts';
import { Lowering } from './lowering.ts';

/** Such as `matmul`, or `fill, move` for several; empty if there is no work; undefined if there is no kernel. */
export function kernelsOf(instruction: Instruction): string | undefined {
  try {
    const { calls } = new Lowering({ parameters: [], instructions: [instruction], results: [], updates: [] });
    return [...new Set(calls.map(({ kernel }) => kernel))].join(', ');
  } catch (error) {
    if (error instanceof ProgramError) return undefined;
    throw error;
  }
}
