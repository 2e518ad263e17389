/** Random programs that make sense, and values for their parameters. They shrink to few instructions of small operands. */
import fc from 'fast-check';
import type { Instruction, OpName, Program } from '../../../src/engine/program/program.ts';
import { ELEMENTWISE, isElementwise } from '../../../src/engine/program/elementwise.ts';
import { printProgram } from '../../../src/engine/program/print.ts';
import { sameType, type Elements } from '../../../src/engine/program/types.ts';
import { writeInstruction } from './random-instructions.ts';
import { PATTERNS, type PatternName } from './random-patterns.ts';
import { Choices, elementsFor, RandomWriter, type Numbers } from './random-writer.ts';

export interface RandomProgram {
  readonly program: Program;
  /** By the parameters' names. */
  readonly values: ReadonlyMap<string, Elements>;
}

const OWN: readonly Exclude<OpName, keyof typeof ELEMENTWISE>[] = [
  'reshape',
  'transpose',
  'slice',
  'pad',
  'broadcast',
  'concatenate',
  'constant',
  'reduce_sum',
  'reduce_max',
  'reduce_min',
  'matmul',
  'convolution',
  'convolution_input_gradient',
  'convolution_filter_gradient',
  'max_pool',
  'max_pool_gradient',
  'average_pool',
  'average_pool_gradient',
  'upsample_nearest',
  'upsample_nearest_gradient',
  'upsample_bilinear',
  'upsample_bilinear_gradient',
  'uniform',
  'fused',
  'fused_update',
];

/** The simpler ones first: programs shrink to them. */
export const OP_NAMES: readonly OpName[] = [
  ...(Object.keys(ELEMENTWISE) as (keyof typeof ELEMENTWISE)[]),
  ...OWN,
];

export interface RandomOptions {
  /** Instructions at most; some write another one or a constant with them. */
  readonly most?: number;
  readonly ops?: readonly OpName[];
  /** None where `ops` are named. */
  readonly patterns?: readonly PatternName[];
  /** Which numbers there are; all kinds where nothing is said. */
  readonly numbers?: readonly Numbers[];
}

/** A third of the recipes write an elementwise instruction, a third any other, a third several that belong together. */
export function randomPrograms({
  most = 8,
  ops = OP_NAMES,
  patterns = ops === OP_NAMES ? (Object.keys(PATTERNS) as PatternName[]) : [],
  numbers = ['whole', 'common', 'special'],
}: RandomOptions = {}): fc.Arbitrary<RandomProgram> {
  const choices = fc.array(fc.nat(2 ** 16 - 1), { maxLength: 30, size: 'max' });
  const kinds = [ops.filter((op) => isElementwise(op)), ops.filter((op) => !isElementwise(op)), patterns];
  const name = fc.oneof(
    ...kinds.filter((list) => list.length > 0).map((list) => fc.constantFrom<OpName | PatternName>(...list)),
  );
  return fc
    .record({
      recipes: fc.array(fc.record({ name, choices }), { minLength: 1, maxLength: most, size: 'max' }),
      outputs: choices,
      numbers: fc.constantFrom(...numbers),
      seed: fc.nat(2 ** 16),
    })
    .map((recipe) => new Written(recipe));
}

interface Recipe {
  readonly recipes: readonly { readonly name: OpName | PatternName; readonly choices: readonly number[] }[];
  readonly outputs: readonly number[];
  readonly numbers: Numbers;
  readonly seed: number;
}

/** A report shows it as text. */
class Written implements RandomProgram {
  readonly program: Program;
  readonly values: ReadonlyMap<string, Elements>;

  constructor({ recipes, outputs, numbers, seed }: Recipe) {
    const writer = new RandomWriter(numbers);
    for (const { name, choices } of recipes) {
      if (name in PATTERNS) PATTERNS[name as PatternName](writer, new Choices(choices));
      else writeInstruction(name as OpName, writer, new Choices(choices));
    }
    this.program = finish(writer, new Choices(outputs));
    this.values = new Map(
      writer.parameters.map(({ name, value: { type } }, at) => [name, elementsFor(type, seed + at, numbers)]),
    );
  }

  [fc.toStringMethod](): string {
    const values = [...this.values].map(([name, elements]) => `${name} = [${elements.join(', ')}]`);
    return `\n${printProgram(this.program)}${values.join('\n')}\n`;
  }
}

/** Returns the last value and some others; some variables get updates. */
function finish(writer: RandomWriter, choices: Choices): Program {
  const made = [...writer.pool].reverse();
  const results = [...made.slice(0, 1), ...choices.some(made.slice(1))].slice(0, 4);
  const updated = new Set(writer.updates.map(({ variable }) => variable));
  const others = writer.variables.filter((variable) => !updated.has(variable));
  const updates = others.flatMap((variable) => {
    const fitting = made.filter((value) => value !== variable && sameType(value.type, variable.type));
    const value = fitting[choices.below(fitting.length + 1)];
    return value === undefined ? [] : [{ variable, value }];
  });
  return writer.builder.finish(results, [...writer.updates, ...updates]);
}

/** For statistics of the written programs. */
export function allInstructions({ instructions }: Program): readonly Instruction[] {
  return instructions.flatMap((instruction) =>
    instruction.op === 'fused' || instruction.op === 'fused_update'
      ? [instruction, ...allInstructions(instruction.attributes.body)]
      : [instruction],
  );
}
