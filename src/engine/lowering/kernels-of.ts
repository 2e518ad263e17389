/** Which kernels compute an instruction. It is found by lowering the instruction, so that it is what runs. */
import type { Instruction } from '../program/program.ts';
import { ProgramError } from '../program/types.ts';
import { Lowering } from './lowering.ts';

/** Such as `matmul`, or `fill, move` for several; empty for what is no work; undefined where there is no kernel. */
export function kernelsOf(instruction: Instruction): string | undefined {
  try {
    const { calls } = new Lowering({ parameters: [], instructions: [instruction], results: [], updates: [] });
    return [...new Set(calls.map(({ kernel }) => kernel))].join(', ');
  } catch (error) {
    if (error instanceof ProgramError) return undefined;
    throw error;
  }
}
