/**
 * Moves reshapes behind elementwise instructions: `f(reshape(x))` becomes `reshape(f(x))`. tfjs puts axes of length 1 around
 * matrices and removes them again, and models change shapes between layers. Behind everything else, reshapes meet and cancel
 * out, and the instructions around them can be fused. A reduction reads the value before a reshape, if its axes are the same.
 * (Code motion: J. Knoop, O. Rüthing, B. Steffen, "Lazy code motion", PLDI 1992.)
 */
import { sizeOf } from '../../../core/shape.ts';
import type { ProgramBuilder } from '../builder.ts';
import { isElementwise } from '../elementwise.ts';
import type { InstructionOf, Value } from '../program.ts';
import { sameShape, type Shape } from '../types.ts';
import type { Pass } from './pass.ts';
import { rewrite } from './rewrite.ts';

export const moveReshapes: Pass = {
  name: 'move-reshapes',
  run: (program) =>
    rewrite(program, (instruction, { builder, valueOf }) => {
      const {
        op,
        operands,
        attributes,
        results: [result],
      } = instruction;
      if (op === 'reduce_sum' || op === 'reduce_max' || op === 'reduce_min')
        return reduced(instruction, instruction.operands.map(valueOf), builder) ?? 'keep';
      if (!isElementwise(op) || result === undefined) return 'keep';
      const given = operands.map(valueOf);
      const to = result.type.shape;
      const from = sourceShape(given, to, builder);
      if (from === undefined) return 'keep';
      const moved = given.map((value) => inShape(value, to, from, builder));
      return [builder.add('reshape', [builder.add(op, moved, attributes)], { shape: to })];
    }),
};

/** A reduction of the value before a reshape, if it reduces all elements, or the reshape only adds or removes axes of length 1. */
function reduced(
  { op, attributes, results: [result] }: InstructionOf<'reduce_sum' | 'reduce_max' | 'reduce_min'>,
  [operand]: readonly Value[],
  builder: ProgramBuilder,
): readonly Value[] | undefined {
  const source = operand && builder.sourceOf(operand, 'reshape')?.operand;
  if (operand === undefined || source === undefined || result === undefined) return undefined;
  const { shape } = result.type;
  const before = axesBefore(source.type.shape, operand.type.shape, attributes.axes);
  // Otherwise, the same elements are reduced without axes of length 1: in that shape, it may meet other instructions.
  const short = operand.type.shape.filter((length) => length !== 1);
  const axes = before ?? axesBefore(short, operand.type.shape, attributes.axes);
  if (axes === undefined || (before === undefined && short.length === operand.type.shape.length))
    return undefined;
  const given = before === undefined ? builder.add('reshape', [source], { shape: short }) : source;
  const sum = builder.add(op, [given], { axes, keep: false });
  return [sameShape(sum.type.shape, shape) ? sum : builder.add('reshape', [sum], { shape })];
}

/** The axes of `from` that are the axes of `to`; undefined if any of them differs. */
function axesBefore(from: Shape, to: Shape, axes: readonly number[]): readonly number[] | undefined {
  if (to.every((length, axis) => length === 1 || axes.includes(axis))) return from.map((_, axis) => axis);
  const longAxes = (shape: Shape): readonly number[] =>
    shape.flatMap((length, axis) => (length === 1 ? [] : [axis]));
  const [before, after] = [longAxes(from), longAxes(to)];
  const isSame =
    before.length === after.length && before.every((axis, at) => from[axis] === to[after[at] ?? -1]);
  return isSame ? before.filter((_, at) => axes.includes(after[at] ?? -1)) : undefined;
}

/** The shape before the first reshape among the operands, if all operands can have it. */
function sourceShape(operands: readonly Value[], to: Shape, builder: ProgramBuilder): Shape | undefined {
  const sources = operands.map((value) => builder.sourceOf(value, 'reshape')?.operand.type.shape);
  const from = sources.find(
    (shape, at) => shape !== undefined && sameShape(operands[at]?.type.shape ?? [], to),
  );
  if (from === undefined || sameShape(from, to)) return undefined;
  const fits = operands.every(
    ({ type: { shape } }) => sameShape(shape, to) || sizeOf(shape) === 1 || isAlongLast(shape, to, from),
  );
  return fits ? from : undefined;
}

/** Whether an operand has an element for each place of the last axis, which both shapes share. */
function isAlongLast(shape: Shape, to: Shape, from: Shape): boolean {
  const length = shape.at(-1);
  return sizeOf(shape) === length && to.at(-1) === length && from.at(-1) === length;
}

function inShape(value: Value, to: Shape, from: Shape, builder: ProgramBuilder): Value {
  const { shape } = value.type;
  const source = builder.sourceOf(value, 'reshape')?.operand;
  if (source !== undefined && sameShape(source.type.shape, from)) return source;
  const wanted = sameShape(shape, to) ? from : sizeOf(shape) === 1 ? [] : [shape.at(-1) ?? 1];
  return sameShape(shape, wanted) ? value : builder.add('reshape', [value], { shape: wanted });
}
