/**
 * Removes instructions that no output depends on: gradients with respect to inputs that need none, values that only JavaScript
 * requested. Instructions have no side effects, so one walk from the last to the first is enough (live variable analysis:
 * A. V. Aho, M. S. Lam, R. Sethi, J. D. Ullman, "Compilers: Principles, Techniques, and Tools", 2007, 9.2.5).
 */
import { outputsOf, type Instruction, type Program } from '../program.ts';
import type { Pass } from './pass.ts';

export const deadCode: Pass = { name: 'dead-code', run: withoutDeadCode };

function withoutDeadCode(program: Program): Program {
  const live = new Set(outputsOf(program));
  const instructions: Instruction[] = [];
  for (const instruction of program.instructions.toReversed()) {
    if (!instruction.results.some((value) => live.has(value))) continue;
    instruction.operands.forEach((value) => live.add(value));
    instructions.push(instruction);
  }
  return { ...program, instructions: instructions.reverse() };
}
