/**
 * Turns everything that an optimizer does to one variable and its slots into one instruction, which goes through memory once
 * and changes the variables in place. If the gradient is a matrix product, the instruction computes it, too, and it is never
 * stored.
 *
 * 1. For each variable, its new value and all elementwise instructions behind it that have the variable's shape form a group;
 *    groups that share instructions are merged.
 * 2. Instructions whose results are read outside the group are removed from it, until none is left; if the new value of a
 *    variable is removed, there is no group.
 * 3. The remaining instructions are ordered, and become the body. A gradient that nothing else reads is fused, if it is that
 *    of a dense layer's weights or bias.
 */
import { sizeOf } from '../../../core/shape.ts';
import { ProgramBuilder } from '../builder.ts';
import {
  producersOf,
  readersOf,
  type Instruction,
  type Program,
  type Readers,
  type Update,
  type Value,
} from '../program.ts';
import { sameShape, type Shape } from '../types.ts';
import { bodyName } from '../body-names.ts';
import type { Pass } from './pass.ts';

/** The functions that bodies may have; all are float32. */
export const UPDATE_FUNCTIONS = [
  'add',
  'sub',
  'mul',
  'div',
  'max',
  'min',
  'sqrt',
  'square',
  'abs',
  'neg',
] as const;

type Producers = ReadonlyMap<Value, Instruction>;

interface Group {
  readonly updates: readonly Update[];
  readonly instructions: ReadonlySet<Instruction>;
}

export const fuseUpdates: Pass = { name: 'fuse-updates', run };

function run(program: Program): Program {
  const producers = producersOf(program);
  const readers = readersOf(program);
  const groups = groupsOf(program, producers).flatMap(
    (group) => closedGroup(group, readers, producers) ?? [],
  );
  if (groups.length === 0) return program;
  const gone = new Set(groups.flatMap((group) => [...group.instructions]));
  const replaced = new Map<Value, Value>();
  const fused = groups.map((group): Instruction => {
    const written = fusedUpdate(group, readers, producers);
    group.updates.forEach(({ value }, index) => replaced.set(value, written.results[index] ?? value));
    return written;
  });
  const valueOf = (value: Value): Value => replaced.get(value) ?? value;
  return {
    ...program,
    instructions: [...program.instructions.filter((instruction) => !gone.has(instruction)), ...fused],
    results: program.results.map(valueOf),
    updates: program.updates.map(({ variable, value }) => ({ variable, value: valueOf(value) })),
  };
}

function groupsOf({ updates }: Program, producers: Producers): readonly Group[] {
  let groups: readonly Group[] = [];
  for (const update of updates) {
    const { shape } = update.variable.type;
    if (sizeOf(shape) === 1) continue;
    const found = elementwiseBehind(update.value, shape, producers);
    if (found.size === 0) continue;
    const related = groups.filter((group) => [...found].some((each) => group.instructions.has(each)));
    const merged: Group = {
      updates: [...related.flatMap((group) => group.updates), update],
      instructions: new Set([...related.flatMap((group) => [...group.instructions]), ...found]),
    };
    groups = [...groups.filter((group) => !related.includes(group)), merged];
  }
  return groups;
}

/** The instructions of a shape that a value depends on, directly or through instructions of the same shape. */
function elementwiseBehind(value: Value, shape: Shape, producers: Producers): ReadonlySet<Instruction> {
  const found = new Set<Instruction>();
  const open = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const instruction = producers.get(next);
    if (instruction === undefined || found.has(instruction) || !isPart(instruction, shape)) continue;
    found.add(instruction);
    open.push(...instruction.operands);
  }
  return found;
}

function isPart({ op, operands, results }: Instruction, shape: Shape): boolean {
  const [result] = results;
  return (
    (UPDATE_FUNCTIONS as readonly string[]).includes(op) &&
    result?.type.dtype === 'float32' &&
    sameShape(result.type.shape, shape) &&
    operands.every(({ type }) => sameShape(type.shape, shape) || sizeOf(type.shape) === 1)
  );
}

function closedGroup(group: Group, readers: Readers, producers: Producers): Group | undefined {
  const instructions = new Set(group.instructions);
  const results = new Set(group.updates.map(({ value }) => value));
  for (let before = -1; before !== instructions.size;) {
    before = instructions.size;
    for (const instruction of instructions) {
      const outside = instruction.results.some((value) =>
        (readers.get(value) ?? []).some((reader) =>
          reader === undefined ? !results.has(value) : !instructions.has(reader),
        ),
      );
      if (!outside) continue;
      if (instruction.results.some((value) => results.has(value))) return undefined;
      instructions.delete(instruction);
    }
  }
  const isMade = group.updates.every(({ value }) => instructions.has(producers.get(value) as Instruction));
  return isMade ? { ...group, instructions } : undefined;
}

function fusedUpdate({ updates, instructions }: Group, readers: Readers, producers: Producers): Instruction {
  const ordered = operandsFirst(instructions, updates, producers);
  const own = new Set(ordered.flatMap(({ results }) => results));
  const given = [...new Set(ordered.flatMap(({ operands }) => operands))].filter((value) => !own.has(value));
  const gradient = given.flatMap((value) => gradientOf(value, instructions, readers, producers) ?? [])[0];
  const rest = given.filter((value) => value !== gradient?.value);
  const builder = new ProgramBuilder();
  const inner = new Map<Value, Value>();
  const outer = gradient === undefined ? rest : [gradient.value, ...rest];
  outer.forEach((value, index) => inner.set(value, builder.parameter('input', bodyName(index), value.type)));
  const innerOf = (value: Value): Value => inner.get(value) ?? value;
  for (const { op, operands, attributes, results } of ordered) {
    const made = builder.addAll(op, operands.map(innerOf), attributes);
    results.forEach((value, index) => inner.set(value, made[index] ?? value));
  }
  return {
    op: 'fused_update',
    operands: [...(gradient?.operands ?? []), ...rest],
    attributes: {
      gradient: gradient?.kind ?? 'given',
      body: builder.finish(updates.map(({ value }) => innerOf(value))),
    },
    results: updates.map(({ variable: { type } }) => ({ type })),
  };
}

/** Each instruction after those that make its operands, and close to them, so that few values are kept at a time. */
function operandsFirst(
  instructions: ReadonlySet<Instruction>,
  updates: readonly Update[],
  producers: Producers,
): readonly Instruction[] {
  const placed = new Set<Instruction>();
  const place = (value: Value): void => {
    const instruction = producers.get(value);
    if (instruction === undefined || placed.has(instruction) || !instructions.has(instruction)) return;
    instruction.operands.forEach(place);
    placed.add(instruction);
  };
  for (const { value } of updates) place(value);
  return [...placed];
}

interface Gradient {
  readonly value: Value;
  readonly kind: 'sum' | 'product';
  readonly operands: readonly Value[];
}

/** The gradient with respect to a dense layer's weights or bias, if only the group reads it. */
function gradientOf(
  value: Value,
  group: ReadonlySet<Instruction>,
  readers: Readers,
  producers: Producers,
): Gradient | undefined {
  const instruction = producers.get(value);
  const isOwn = (readers.get(value) ?? []).every((reader) => reader !== undefined && group.has(reader));
  if (instruction === undefined || !isOwn) return undefined;
  const { operands } = instruction;
  if (instruction.op === 'matmul') {
    const { transpose_a, transpose_b, epilogue } = instruction.attributes;
    return transpose_a && !transpose_b && epilogue.length === 0
      ? { value, kind: 'product', operands }
      : undefined;
  }
  if (instruction.op !== 'reduce_sum' || operands[0]?.type.shape.length !== 2) return undefined;
  const { axes, keep } = instruction.attributes;
  return axes.join() === '0' && !keep ? { value, kind: 'sum', operands } : undefined;
}
