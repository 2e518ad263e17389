/** Turns a traced program into one that a target runs. */
import { CLEAN_UP } from './passes/clean-up.ts';
import { deadCode } from './passes/dead-code.ts';
import { fuseChannelSums } from './passes/fuse-channel-sums.ts';
import { fuseElementwise } from './passes/fuse-elementwise.ts';
import { fuseEpilogues } from './passes/fuse-epilogues.ts';
import { fuseUpdates } from './passes/fuse-updates.ts';
import { runPasses, type Pass } from './passes/pass.ts';
import type { Program } from './program.ts';

/** All passes, in order. */
export const PASSES: readonly Pass[] = [
  ...CLEAN_UP,
  fuseEpilogues,
  fuseChannelSums,
  fuseUpdates,
  deadCode,
  fuseElementwise,
  deadCode,
];

/** @param onPass is called with each pass's name and result */
export function compile(program: Program, onPass?: (name: string, program: Program) => void): Program {
  return runPasses(program, PASSES, onPass);
}
