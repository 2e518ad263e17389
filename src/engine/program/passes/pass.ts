/** Passes: each makes another program of a program, which computes the same. */
import { checkProgram } from '../check.ts';
import type { Program } from '../program.ts';

export interface Pass {
  /** What `hourglass explain` calls it. */
  readonly name: string;
  run(program: Program): Program;
}

/**
 * Runs passes one after another.
 *
 * @param onPass is called with each pass's name and what it made
 * @throws ProgramError that names the pass after which the program makes no sense
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
