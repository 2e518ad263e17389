/** What computes an instruction where XLA runs a program. It is found by writing the instruction, so that it is what runs. */
import type { Instruction } from '../program/program.ts';
import { ProgramError } from '../program/types.ts';
import { Body, type Parameter } from './body.ts';
import { emitProgram } from './emit.ts';

/** `XLA` for what XLA compiles itself, or the name of one of Hourglass's kernels, such as `dense`; undefined where there is neither. */
export function xlaTargetOf(instruction: Instruction): string | undefined {
  // One call makes all updates, so that none is written by itself.
  if (instruction.op === 'fused_update') return 'update';
  const operands = [...new Set(instruction.operands)];
  const parameters = operands.map(({ type }, index): Parameter => ({ name: `x${index}`, ...type }));
  const body = new Body('instruction', parameters);
  const given = new Map(operands.map((value, index) => [value, body.parameter(`x${index}`)]));
  try {
    emitProgram(body, { parameters: [], instructions: [instruction], results: [], updates: [] }, given);
  } catch (error) {
    if (error instanceof ProgramError) return undefined;
    throw error;
  }
  const modules = body.define([]).nodes.flatMap(({ attributes: { module } }) => module ?? []);
  const [, kernel] =
    modules
      .map((module) => ('string' in module ? /custom_call @hourglass_(\w+)/.exec(module.string) : undefined))
      .find((match) => match) ?? [];
  return kernel ?? 'XLA';
}
