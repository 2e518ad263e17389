/** Which kernels compute an instruction in WebAssembly. It is found by lowering the instruction, so that it is what runs. */
import type { Instruction } from '../program/program.ts';
import { ProgramError } from '../program/types.ts';
import { Lowering } from '../lowering/lowering.ts';

/** Such as `matmul`, or `fill, move` for several; empty for what is no work; undefined where there is no kernel. */
export function webAssemblyTargetOf(instruction: Instruction): string | undefined {
  try {
    const { calls } = new Lowering({ parameters: [], instructions: [instruction], results: [], updates: [] });
    return [...new Set(calls.map(({ kernel }) => kernel))].join(', ');
  } catch (error) {
    if (error instanceof ProgramError) return undefined;
    throw error;
  }
}
