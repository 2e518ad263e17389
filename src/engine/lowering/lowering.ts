/**
 * From instructions to calls of kernels. Movements become copies along steps, reductions become sums over one axis, and an
 * instruction with a body becomes the body's instructions, unless one kernel runs it as a whole.
 */
import { sizeOf } from '../../core/shape.ts';
import { isElementwise, type ElementwiseName } from '../program/elementwise.ts';
import {
  GRADIENT_FACTORS,
  type Attributes,
  type Instruction,
  type InstructionOf,
  type OpName,
  type Program,
  type Value,
} from '../program/program.ts';
import { ProgramError, type DType, type Elements, type Shape } from '../program/types.ts';
import { bilinearCall, nearestMovement, poolCall, splitShape } from './images.ts';
import { elementwiseCall, fusedCall } from './elementwise.ts';
import { convolutionCall, filterGradientCall, matmulCall } from './products.ts';
import { updateCall } from './updates.ts';
import { broadcastSteps, moveCall, stepsOf, type Movement } from './movement.ts';
import { floatBits, type KernelCall, type NewCall } from './kernel-calls.ts';

export class Lowering {
  readonly calls: KernelCall[] = [];
  readonly constants = new Map<Value, Elements>();
  /** Values that share the memory of another one. */
  readonly #aliases = new Map<Value, Value>();

  constructor(program: Program) {
    let updates: InstructionOf<'fused_update'>[] = [];
    for (const [index, instruction] of program.instructions.entries()) {
      if (instruction.op !== 'fused_update') {
        this.#lower(instruction);
        continue;
      }
      updates.push(instruction);
      if (program.instructions[index + 1]?.op === 'fused_update') continue;
      this.#update(updates, program);
      updates = [];
    }
  }

  /** The value whose memory a value uses. */
  root(value: Value): Value {
    let found = value;
    for (let next = this.#aliases.get(found); next !== undefined; next = this.#aliases.get(found))
      found = next;
    return found;
  }

  /** Copies a value into the memory of another of the same type. */
  copy(from: Value, to: Value): void {
    const { dtype, shape } = to.type;
    const steps = stepsOf(shape);
    this.#move({ from, to, dtype, lengths: shape, fromSteps: steps, toSteps: steps });
  }

  #add(call: NewCall): void {
    const roots = (values: readonly Value[]): readonly Value[] => values.map((value) => this.root(value));
    this.calls.push({
      ...call,
      reads: roots(call.reads),
      writes: roots(call.writes),
      inPlaceOf: roots(call.inPlaceOf ?? []),
      words: (number) => call.words((value) => number(this.root(value))),
    });
  }

  #elementwise(instruction: Instruction, shape: Shape): void {
    const call = elementwiseCall(instruction) ?? elementwiseCall(this.#stretched(instruction, shape));
    if (call === undefined) throw new ProgramError(`no kernel computes \`${instruction.op}\``);
    this.#add(call);
  }

  /** The same, with operands that are copied as often as they repeat. */
  #stretched(instruction: Instruction, shape: Shape): Instruction {
    const operands = instruction.operands.map((from): Value => {
      const { dtype } = from.type;
      const to: Value = { type: { dtype, shape } };
      const fromSteps = broadcastSteps(from.type.shape, shape);
      this.#move({ from, to, dtype, lengths: shape, fromSteps, toSteps: stepsOf(shape) });
      return to;
    });
    return { ...instruction, operands } as Instruction;
  }

  #update(updates: readonly InstructionOf<'fused_update'>[], program: Program): void {
    const variables = new Map(program.updates.map(({ variable, value }) => [value, variable]));
    const call = updateCall(
      updates,
      (value) => variables.get(value) ?? value,
      (value) => this.root(value),
    );
    if (call !== undefined) this.#add(call);
    else for (const update of updates) this.#updateInSteps(update);
  }

  /** Updates for which the update kernel lacks registers or a function. */
  #updateInSteps({ operands, attributes: { gradient, body }, results }: InstructionOf<'fused_update'>): void {
    const factors = operands.slice(0, GRADIENT_FACTORS[gradient]);
    const [product] = body.parameters;
    if (gradient === 'given' || product === undefined) {
      this.#inline(body, operands, results);
      return;
    }
    const made: Value = { type: product.value.type };
    const common = { operands: factors, results: [made] };
    if (gradient === 'product')
      this.#lower({
        ...common,
        op: 'matmul',
        attributes: { transpose_a: true, transpose_b: false, epilogue: [] },
      });
    else this.#lower({ ...common, op: 'reduce_sum', attributes: { axes: [0], keep: false } });
    this.#inline(body, [made, ...operands.slice(factors.length)], results);
  }

  #move(movement: Movement): void {
    const call = moveCall(movement);
    if (call !== undefined) this.#add(call);
  }

  #lower(instruction: Instruction): void {
    const { op, results } = instruction;
    const [result] = results;
    if (result === undefined) throw new ProgramError(`${op} has no result`);
    if (isElementwise(op)) {
      if (sizeOf(result.type.shape) > 0) this.#elementwise(instruction, result.type.shape);
      return;
    }
    // Each name has a function of that name's instructions, which the compiler cannot infer.
    const lower = LOWERINGS[op] as (this: void, context: Context, attributes: unknown) => void;
    const add = this.#add.bind(this);
    const context: Context = {
      operands: instruction.operands,
      results,
      result,
      add,
      move: this.#move.bind(this),
      alias: (from, to) => this.#aliases.set(to, this.root(from)),
      constant: (elements) => this.constants.set(result, elements),
      inline: (body, operands) => this.#inline(body, operands, results),
    };
    lower(context, instruction.attributes);
  }

  /** The body's instructions, on values of their own. */
  #inline(
    { parameters, instructions, results }: Program,
    operands: readonly Value[],
    outer: readonly Value[],
  ): void {
    const values = new Map<Value, Value>();
    const valueOf = (value: Value): Value => values.get(value) ?? value;
    parameters.forEach(({ value }, index) => values.set(value, operands[index] ?? value));
    for (const instruction of instructions) {
      for (const value of instruction.results) values.set(value, { type: value.type });
      this.#lower({
        ...instruction,
        operands: instruction.operands.map(valueOf),
        results: instruction.results.map(valueOf),
      } as Instruction);
    }
    outer.forEach((value, index) => {
      const inner = results[index];
      if (inner !== undefined) this.#aliases.set(value, this.root(valueOf(inner)));
    });
  }
}

interface Context {
  readonly operands: readonly Value[];
  readonly results: readonly Value[];
  readonly result: Value;
  add(call: NewCall): void;
  move(movement: Movement): void;
  alias(from: Value, to: Value): void;
  constant(elements: Elements): void;
  inline(body: Program, operands: readonly Value[]): void;
}

type OwnName = Exclude<OpName, ElementwiseName>;

type Lowerings = { readonly [Op in OwnName]: (context: Context, attributes: Attributes[Op]) => void };

const LOWERINGS: Lowerings = {
  constant: ({ constant }, { elements }) => constant(elements),
  reshape: ({ operands, result, alias }) => alias(at(operands, 0), result),
  broadcast: ({ operands, result, move }) => {
    const from = at(operands, 0);
    const { dtype, shape } = result.type;
    move({
      from,
      to: result,
      dtype,
      lengths: shape,
      fromSteps: broadcastSteps(from.type.shape, shape),
      toSteps: stepsOf(shape),
    });
  },
  transpose: ({ operands, result, move }, { permutation }) => {
    const from = at(operands, 0);
    const steps = stepsOf(from.type.shape);
    const { dtype, shape } = result.type;
    const fromSteps = permutation.map((axis) => steps[axis] ?? 0);
    move({ from, to: result, dtype, lengths: shape, fromSteps, toSteps: stepsOf(shape) });
  },
  slice: ({ operands, result, move }, { begin }) => {
    const from = at(operands, 0);
    const fromSteps = stepsOf(from.type.shape);
    const { dtype, shape } = result.type;
    const fromAt = offset(fromSteps, begin);
    move({ from, to: result, dtype, lengths: shape, fromSteps, toSteps: stepsOf(shape), fromAt });
  },
  pad: ({ operands, result, move, add }, { padding, value }) => {
    const from = at(operands, 0);
    const toSteps = stepsOf(result.type.shape);
    add(fill(result, floatBits(value)));
    const { dtype, shape } = from.type;
    const toAt = offset(
      toSteps,
      padding.map(([before]) => before),
    );
    move({ from, to: result, dtype, lengths: shape, fromSteps: stepsOf(shape), toSteps, toAt });
  },
  concatenate: ({ operands, result, move }, { axis }) => {
    const toSteps = stepsOf(result.type.shape);
    let place = 0;
    for (const from of operands) {
      const { dtype, shape } = from.type;
      const toAt = place * (toSteps[axis] ?? 0);
      move({ from, to: result, dtype, lengths: shape, fromSteps: stepsOf(shape), toSteps, toAt });
      place += shape[axis] ?? 0;
    }
  },
  reduce_sum: (context, attributes) => reduce(context, SUM, attributes.axes),
  reduce_max: (context, attributes) => reduce(context, LARGEST, attributes.axes),
  reduce_min: (context, attributes) => reduce(context, SMALLEST, attributes.axes),
  matmul: ({ operands, result, add }, attributes) => add(matmulCall(operands, result, attributes)),
  convolution: ({ operands, result, add }, attributes) =>
    add(convolutionCall(operands, result, attributes, false)),
  convolution_input_gradient: ({ operands, result, add }, attributes) =>
    add(convolutionCall(operands, result, attributes, true)),
  convolution_filter_gradient: ({ operands, results, add }, attributes) =>
    add(filterGradientCall(operands, results, attributes)),
  max_pool: ({ operands, result, add }, window) => {
    const images = at(operands, 0);
    add(poolCall('max', { images, pooled: result }, window, [images], result));
  },
  max_pool_gradient: ({ operands, result, add }, window) => {
    const [images, dy] = [at(operands, 0), at(operands, 2)];
    add(poolCall('max_gradient', { images, pooled: dy }, window, [images, dy], result));
  },
  average_pool: ({ operands, result, add }, window) => {
    const images = at(operands, 0);
    add(poolCall('average', { images, pooled: result }, window, [images], result));
  },
  average_pool_gradient: ({ operands, result, add }, window) => {
    const dy = at(operands, 0);
    add(poolCall('average_gradient', { images: result, pooled: dy }, window, [dy], result));
  },
  upsample_nearest: ({ operands, result, move }, { factors }) =>
    move(nearestMovement(at(operands, 0), result, factors)),
  upsample_nearest_gradient: (context, { factors }) =>
    reduce(context, SUM, [2, 4], splitShape(context.result, factors)),
  upsample_bilinear: ({ operands, result, add }, { factors }) => {
    const images = at(operands, 0);
    add(bilinearCall(false, images, factors, images, result));
  },
  upsample_bilinear_gradient: ({ operands, result, add }, { factors }) =>
    add(bilinearCall(true, result, factors, at(operands, 0), result)),
  uniform: ({ operands, result, add }, { shape, seed, halves }) => {
    add({
      kernel: 'uniform',
      reads: operands,
      writes: [result],
      words: (number) => [
        ...[sizeOf(shape), seed[0] | 0, seed[1] | 0, Number(halves)],
        ...[number(at(operands, 0)), number(result)],
      ],
    });
  },
  fused: ({ operands, results, add, inline }, { body }) => {
    const call = fusedCall(body, operands, results);
    if (call === undefined) inline(body, operands);
    else add(call);
  },
  fused_update: () => {
    throw new ProgramError('an update inside of a body');
  },
};

function at(values: readonly Value[], index: number): Value {
  const value = values[index];
  if (value === undefined) throw new ProgramError('an operand is missing');
  return value;
}

function offset(steps: readonly number[], place: readonly number[]): number {
  return steps.reduce((sum, step, axis) => sum + step * (place[axis] ?? 0), 0);
}

/** @param element its bits */
function fill(value: Value, element: number): NewCall {
  const { dtype, shape } = value.type;
  return {
    kernel: 'fill',
    reads: [],
    writes: [value],
    words: (number) => [bytesOfElement(dtype), sizeOf(shape), element, number(value)],
  };
}

export function bytesOfElement(dtype: DType): number {
  return dtype === 'bool' ? 1 : 4;
}

const [SUM, LARGEST, SMALLEST] = [0, 1, 2] as const;

/** Adjacent axes that are reduced are joined; each joined axis is reduced by one call, the last one first. */
function reduce(
  { operands, result, add, move }: Context,
  which: 0 | 1 | 2,
  axes: readonly number[],
  shape: Shape = at(operands, 0).type.shape,
): void {
  let from = at(operands, 0);
  const blocks = blocksOf(shape, axes);
  const reduced = blocks.flatMap((block, index) => (block.isReduced ? [index] : []));
  if (reduced.length === 0) {
    const { dtype, shape } = result.type;
    const steps = stepsOf(shape);
    move({ from, to: result, dtype, lengths: shape, fromSteps: steps, toSteps: steps });
    return;
  }
  for (const index of reduced.toReversed()) {
    const length = (part: readonly Block[]): number => part.reduce((all, block) => all * block.length, 1);
    const [before, own, after] = [
      blocks.slice(0, index),
      blocks[index]?.length ?? 1,
      blocks.slice(index + 1),
    ];
    const [outer, inner] = [length(before), length(after.filter((block) => !block.isReduced))];
    const source = from;
    const to: Value = index === reduced[0] ? result : { type: { dtype: 'float32', shape: [outer, inner] } };
    add({
      kernel: 'reduce',
      reads: [source],
      writes: [to],
      words: (number) => [which, outer, own, inner, number(source), number(to)],
    });
    from = to;
  }
}

interface Block {
  readonly length: number;
  readonly isReduced: boolean;
}

function blocksOf(shape: Shape, axes: readonly number[]): readonly Block[] {
  const blocks: Block[] = [];
  for (const [axis, length] of shape.entries()) {
    const isReduced = axes.includes(axis);
    const last = blocks.at(-1);
    if (last?.isReduced === isReduced)
      blocks[blocks.length - 1] = { isReduced, length: last.length * length };
    else blocks.push({ isReduced, length });
  }
  return blocks;
}
