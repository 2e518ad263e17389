/** From a traced program to one that a target runs. */
import { fuseChannelSums } from './passes/fuse-channel-sums.ts';
import { fuseEpilogues } from './passes/fuse-epilogues.ts';
import { fuseUpdates } from './passes/fuse-updates.ts';
import { checkProgram } from './check.ts';
import type { Program } from './program.ts';

export function compile(program: Program): Program {
  return [fuseEpilogues, fuseChannelSums, fuseUpdates].reduce(
    (before, pass) => checkProgram(pass(before), pass.name),
    program,
  );
}
