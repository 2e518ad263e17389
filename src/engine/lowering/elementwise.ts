/** Elementwise instructions and bodies of them, as groups of the kernel that runs them: see `kernels/elementwise_group.h`. */
import { ELEMENTWISE, isElementwise } from '../program/elementwise.ts';
import type { Instruction, OpName, Program, Value } from '../program/program.ts';
import { broadcastShape, DTYPES, sameShape, type DType, type Shape } from '../program/types.ts';
import { floatBits, type NewCall } from './kernel-calls.ts';
import { broadcastSteps, joinAxes, type Axis } from './movement.ts';

/** By their numbers. */
const FUNCTIONS = Object.keys(ELEMENTWISE);

/** The kernel's limits: axes that cannot be joined, operands and immediates, results. */
const MOST = { axes: 5, operands: 64, outputs: 32, instructions: 384 } as const;

/** The kinds of an output that is stored, and of those that are reduced. */
const KINDS: Partial<Record<OpName, number>> = { reduce_sum: 1, reduce_max: 2, reduce_min: 3 };
const STORE = 0;

/**
 * A function over all elements of its result.
 *
 * @returns undefined if operands repeat along more axes than the kernel distinguishes
 */
export function elementwiseCall(instruction: Instruction): NewCall | undefined {
  const { operands, results } = instruction;
  return groupCall([instruction], operands, results, results);
}

/**
 * A body whose instructions go over one space of elements, and which reduces only at its end.
 *
 * @returns undefined for any other body
 */
export function fusedCall(
  { parameters, instructions, results }: Program,
  operands: readonly Value[],
  outer: readonly Value[],
): NewCall | undefined {
  const inner = new Map(parameters.map(({ value }, index) => [value, operands[index] ?? value]));
  const valueOf = (value: Value): Value => inner.get(value) ?? value;
  const own = instructions.map(
    (instruction) => ({ ...instruction, operands: instruction.operands.map(valueOf) }) as Instruction,
  );
  return groupCall(own, operands, results.map(valueOf), outer);
}

/**
 * @param results values of the instructions
 * @param targets where they are written
 */
function groupCall(
  instructions: readonly Instruction[],
  operands: readonly Value[],
  results: readonly Value[],
  targets: readonly Value[],
): NewCall | undefined {
  const space = spaceOf(instructions);
  if (space === undefined || space.includes(0)) return undefined;
  const reductions = instructions.filter(({ op }) => KINDS[op] !== undefined);
  const makers = new Map(reductions.flatMap((each) => each.results.map((value) => [value, each] as const)));
  const arrays = [...new Set(operands)].filter((value) =>
    instructions.some((each) => each.operands.includes(value)),
  );
  // The shape that each reduction keeps is added, so that its reduced axes are not joined with others.
  const axes = joinAxes(space, [
    ...arrays.map(({ type }) => broadcastSteps(type.shape, space)),
    ...reductions.map((each) => broadcastSteps(keptShape(each, space), space)),
  ]);
  const writer = new GroupWriter(arrays, axes);
  for (const instruction of instructions) {
    if (KINDS[instruction.op] !== undefined) continue;
    const [result] = instruction.results;
    if (result === undefined || !writer.add(instruction, result)) return undefined;
  }
  const outputs = results.map((value): readonly number[] | undefined => {
    const maker = makers.get(value);
    const number = writer.numberOf(maker?.operands[0] ?? value);
    if (number === undefined) return undefined;
    if (maker === undefined) return sameShape(value.type.shape, space) ? [STORE, number, 0] : undefined;
    const steps = arrays.length + reductions.indexOf(maker);
    const bits = axes.reduce((all, axis, index) => all | (axis.steps[steps] === 0 ? 1 << index : 0), 0);
    return [KINDS[maker.op] ?? STORE, number, bits];
  });
  const isWhole =
    axes.length <= MOST.axes &&
    outputs.length <= MOST.outputs &&
    outputs.every((words) => words !== undefined);
  const group = isWhole ? writer.words(outputs.flat()) : undefined;
  if (group === undefined) return undefined;
  return {
    kernel: 'elementwise',
    reads: arrays,
    writes: targets,
    inPlaceOf: reductions.length > 0 ? [] : arrays.filter(({ type }) => sameShape(type.shape, space)),
    words: (number) => [group.length, ...group, ...[...arrays, ...targets].map(number)],
  };
}

/** The space of all elementwise instructions; undefined if a reduction is read again, or goes over a smaller space. */
function spaceOf(instructions: readonly Instruction[]): Shape | undefined {
  let space: Shape | undefined;
  const reduced = new Set<Value>();
  for (const { op, operands, results } of instructions) {
    if (op === 'constant') continue;
    const isReduction = KINDS[op] !== undefined;
    if ((!isReduction && !isElementwise(op)) || operands.some((value) => reduced.has(value)))
      return undefined;
    if (isReduction) results.forEach((value) => reduced.add(value));
    for (const { type } of isReduction ? operands : results) space = joined(space, type.shape);
  }
  const isOver = instructions.every(
    ({ op, operands }) =>
      KINDS[op] === undefined ||
      operands.every(({ type }) => space !== undefined && sameShape(type.shape, space)),
  );
  return isOver ? space : undefined;
}

function joined(space: Shape | undefined, shape: Shape): Shape | undefined {
  return space === undefined ? shape : broadcastShape(space, shape);
}

/** The shape of a reduction that keeps its axes, with length 1. */
function keptShape({ op, attributes }: Instruction, space: Shape): Shape {
  const { axes } = attributes as { readonly axes?: readonly number[] };
  if (axes === undefined) throw new TypeError(`${op} is no reduction`);
  return space.map((length, axis) => (axes.includes(axis) ? 1 : length));
}

class GroupWriter {
  readonly #arrays: readonly Value[];
  readonly #axes: readonly Axis[];
  readonly #immediates: { readonly dtype: DType; readonly value: number }[] = [];
  /** The immediates that constants become. */
  readonly #constants = new Map<Value, number>();
  readonly #instructions: {
    readonly op: OpName;
    readonly values: readonly (Value | number)[];
    readonly tail: readonly number[];
  }[] = [];
  readonly #results: Value[] = [];

  constructor(arrays: readonly Value[], axes: readonly Axis[]) {
    this.#arrays = arrays;
    this.#axes = axes;
  }

  /** Returns whether the kernel supports it. */
  add(instruction: Instruction, result: Value): boolean {
    const { op, operands } = instruction;
    if (instruction.op === 'constant') {
      const { dtype, elements } = instruction.attributes;
      this.#constants.set(result, this.#immediates.push({ dtype, value: elements[0] ?? 0 }) - 1);
      return elements.length === 1;
    }
    const immediates = immediatesOf(instruction).map(
      (value) => this.#immediates.push({ dtype: 'float32', value }) - 1,
    );
    const tail = instruction.op === 'cast' ? [typeNumber(instruction.attributes.dtype)] : [];
    this.#instructions.push({ op, values: [...operands, ...immediates], tail });
    this.#results.push(result);
    return operands.every((value) => this.numberOf(value) !== undefined);
  }

  /** Operands come first, then immediates, then results. */
  numberOf(value: Value): number | undefined {
    const array = this.#arrays.indexOf(value);
    if (array !== -1) return array;
    const constant = this.#constants.get(value);
    if (constant !== undefined) return this.#arrays.length + constant;
    const result = this.#results.indexOf(value);
    return result === -1 ? undefined : this.#arrays.length + this.#immediates.length + result;
  }

  words(outputs: readonly number[]): readonly number[] | undefined {
    const isSmall =
      this.#arrays.length + this.#immediates.length <= MOST.operands &&
      this.#instructions.length <= MOST.instructions;
    if (!isSmall) return undefined;
    const number = (value: Value | number): number =>
      typeof value === 'number' ? this.#arrays.length + value : (this.numberOf(value) ?? 0);
    return [
      ...[this.#axes.length, ...this.#axes.map(({ length }) => length)],
      this.#arrays.length,
      ...this.#arrays.flatMap(({ type }, index) => [
        typeNumber(type.dtype),
        ...this.#axes.map(({ steps }) => steps[index] ?? 0),
      ]),
      this.#immediates.length,
      ...this.#immediates.flatMap(({ dtype, value }) => [
        typeNumber(dtype),
        dtype === 'float32' ? floatBits(value) : value,
      ]),
      this.#instructions.length,
      ...this.#instructions.flatMap(({ op, values, tail }) => [
        FUNCTIONS.indexOf(op),
        ...values.map(number),
        ...tail,
      ]),
      ...[outputs.length / 3, ...outputs],
    ];
  }
}

function typeNumber(dtype: DType): number {
  return DTYPES.indexOf(dtype);
}

/** Attributes that become operands of the kernel. */
function immediatesOf(instruction: Instruction): readonly number[] {
  if (instruction.op === 'leaky_relu') return [instruction.attributes.alpha];
  if (instruction.op === 'clamp') return [instruction.attributes.low, instruction.attributes.high];
  return [];
}
