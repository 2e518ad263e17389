/** Passes: each turns a program into another one that computes the same. */
import { checkProgram } from '../check.ts';
import type { Program } from '../program.ts';

export interface Pass {
  /** The name that `hourglass explain` shows. */
  readonly name: string;
  run(program: Program): Program;
}

/**
 * Runs passes one after another.
 *
 * @param onPass is called with each pass's name and result
 * @throws ProgramError that names the pass after which the program is invalid
 */
export function runPasses(
  program: Program,
  passes: readonly Pass[],
  onPass?: (name: string, program: Program) => void,
): Program {
  return passes.reduce((before, pass) => {
    const after = checkProgram(pass.run(before), pass.name);
    onPass?.(pass.name, after);
    return after;
  }, program);
}
