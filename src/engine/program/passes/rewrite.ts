/** Rebuilds a program with some instructions replaced: the common part of most passes. */
import { ProgramBuilder } from '../builder.ts';
import type { Instruction, Program, Value } from '../program.ts';

export interface Rewriting {
  readonly builder: ProgramBuilder;
  /** The value in the new program that replaces a value of the old one. */
  valueOf(old: Value): Value;
}

/** Values for the results of an instruction; `keep` keeps the instruction; `skip` if nothing reads its results. */
export type Rewritten = readonly Value[] | 'keep' | 'skip';

/** Asks for the replacement of each instruction, in order. */
export function rewrite(
  program: Program,
  each: (instruction: Instruction, rewriting: Rewriting) => Rewritten,
): Program {
  const builder = new ProgramBuilder();
  const values = new Map<Value, Value>();
  const valueOf = (old: Value): Value => values.get(old) ?? old;
  for (const { kind, name, value } of program.parameters)
    values.set(value, builder.parameter(kind, name, value.type));
  for (const instruction of program.instructions) {
    const written = each(instruction, { builder, valueOf });
    if (written === 'skip') continue;
    const results = written === 'keep' ? kept(builder, instruction, valueOf) : written;
    instruction.results.forEach((value, index) => values.set(value, results[index] ?? value));
  }
  return builder.finish(
    program.results.map(valueOf),
    program.updates.map(({ variable, value }) => ({ variable: valueOf(variable), value: valueOf(value) })),
  );
}

function kept(
  builder: ProgramBuilder,
  { op, operands, attributes }: Instruction,
  valueOf: Rewriting['valueOf'],
): readonly Value[] {
  return builder.addAll(op, operands.map(valueOf), attributes);
}
