/**
 * Removes instructions that change nothing, and shortens chains that only move elements. It uses only algebraic identities that
 * hold for every number, including NaN, infinities and -0: x 1 is x, and so are x - 0 and x + -0, but x + 0 is not, since
 * -0 + 0 is 0. (Peephole optimization: W. M. McKeeman, Communications of the ACM 8(7), 1965.)
 */
import { sizeOf } from '../../../core/shape.ts';
import type { ProgramBuilder } from '../builder.ts';
import { isElementwise, type ElementwiseName } from '../elementwise.ts';
import type { Attributes, Instruction, OpName, Value } from '../program.ts';
import { broadcastShape, sameShape, sameType, type Shape } from '../types.ts';
import type { Pass } from './pass.ts';
import { rewrite } from './rewrite.ts';

export const simplify: Pass = {
  name: 'simplify',
  run: (program) =>
    rewrite(program, (instruction, { builder, valueOf }) => {
      const value = simpler(instruction, instruction.operands.map(valueOf), builder);
      return value === undefined ? 'keep' : [value];
    }),
};

/** A simpler value that equals the instruction's result; undefined if there is none. */
function simpler(
  instruction: Instruction,
  operands: readonly Value[],
  builder: ProgramBuilder,
): Value | undefined {
  const { op, attributes, results } = instruction;
  const [x] = operands;
  const [result] = results;
  if (x === undefined || result === undefined) return undefined;
  switch (op) {
    case 'reshape':
      return reshaped(builder, x, attributes.shape);
    case 'broadcast':
      return broadcasted(builder, x, attributes.shape);
    case 'transpose':
      return transposed(builder, x, attributes.permutation);
    case 'slice':
      return sliced(builder, x, attributes);
    case 'pad':
      return sameType(x.type, result.type) ? x : undefined;
    case 'concatenate':
      return operands.length === 1 ? x : undefined;
    case 'cast':
      return sameType(x.type, result.type) ? x : undefined;
    // Not `reduce_sum`: it starts from 0, and turns -0 into 0.
    case 'reduce_max':
    case 'reduce_min':
      return attributes.axes.every((axis) => x.type.shape[axis] === 1)
        ? reshaped(builder, x, result.type.shape)
        : undefined;
    default:
      if (!isElementwise(op)) return undefined;
      return unchanged(op, operands, result, builder) ?? unstretched(instruction, operands, result, builder);
  }
}

/** A reshape of a reshape is one reshape. */
function reshaped(builder: ProgramBuilder, x: Value, shape: Shape): Value {
  const source = builder.sourceOf(x, 'reshape')?.operand ?? x;
  return sameShape(source.type.shape, shape) ? source : builder.add('reshape', [source], { shape });
}

/** A broadcast of a broadcast is one broadcast. */
function broadcasted(builder: ProgramBuilder, x: Value, shape: Shape): Value {
  const source = builder.sourceOf(x, 'broadcast')?.operand ?? x;
  return sameShape(source.type.shape, shape) ? source : builder.add('broadcast', [source], { shape });
}

/** A transpose of a transpose is one. A transpose that keeps the axes longer than 1 in order moves nothing: it is a reshape. */
function transposed(builder: ProgramBuilder, x: Value, permutation: readonly number[]): Value {
  const inner = builder.sourceOf(x, 'transpose');
  const source = inner?.operand ?? x;
  const whole = permutation.map((axis) => inner?.attributes.permutation[axis] ?? axis);
  const { shape } = source.type;
  const long = whole.filter((axis) => shape[axis] !== 1);
  if (long.some((axis, at) => axis < (long[at - 1] ?? 0)))
    return builder.add('transpose', [source], { permutation: whole });
  return reshaped(
    builder,
    source,
    whole.map((axis) => shape[axis] ?? 1),
  );
}

/** A slice of a slice is one slice. */
function sliced(builder: ProgramBuilder, x: Value, { begin, size }: Attributes['slice']): Value {
  const inner = builder.sourceOf(x, 'slice');
  const source = inner?.operand ?? x;
  if (sameShape(source.type.shape, size)) return source;
  const whole = begin.map((place, axis) => place + (inner?.attributes.begin[axis] ?? 0));
  return builder.add('slice', [source], { begin: whole, size });
}

/** The operand that an elementwise function returns unchanged. */
function unchanged(
  op: ElementwiseName,
  operands: readonly Value[],
  result: Value,
  builder: ProgramBuilder,
): Value | undefined {
  const [x, y, z] = operands;
  const is = (value: Value | undefined, number: number): boolean =>
    value !== undefined && Object.is(numberOf(value, builder), number);
  const candidates = (): readonly (Value | undefined)[] => {
    switch (op) {
      case 'mul':
        return [is(y, 1) ? x : undefined, is(x, 1) ? y : undefined];
      case 'div':
      case 'pow':
        return [is(y, 1) ? x : undefined];
      case 'sub':
        return [is(y, 0) ? x : undefined];
      case 'add': {
        const nothing = result.type.dtype === 'int32' ? 0 : -0;
        return [is(y, nothing) ? x : undefined, is(x, nothing) ? y : undefined];
      }
      case 'neg':
      case 'not':
        return [x && builder.sourceOf(x, op)?.operand];
      case 'select':
        return [y === z || is(x, 1) ? y : is(x, 0) ? z : undefined];
      default:
        return [];
    }
  };
  const found = candidates().filter((value) => value !== undefined);
  const same = found.find(({ type }) => sameType(type, result.type));
  const [value] = found;
  if (same !== undefined || value === undefined) return same;
  return broadcasted(builder, value, result.type.shape);
}

/**
 * Elementwise functions broadcast their operands themselves: they read the operand of a broadcast, and one number instead of an
 * array filled with it, if another operand still has the shape of the result. If none has, the function is computed once, and
 * the broadcast follows.
 */
function unstretched(
  { op, attributes }: Instruction,
  operands: readonly Value[],
  result: Value,
  builder: ProgramBuilder,
): Value | undefined {
  const smallest = operands.map((operand) => sourceOf(operand, builder));
  const { shape } = result.type;
  if (sizeOf(stretched(smallest.map(({ type }) => type.shape))) < sizeOf(shape))
    return broadcasted(builder, builder.add(op, smallest, attributes as Attributes[OpName]), shape);
  const smaller = [...operands];
  for (const [at, operand] of operands.entries()) {
    const source = smallest[at] ?? operand;
    const shapes = smaller.map((value, place) => (place === at ? source : value).type.shape);
    if (sameShape(stretched(shapes), shape)) smaller[at] = source;
  }
  if (smaller.every((value, at) => value === operands[at])) return undefined;
  return builder.add(op, smaller, attributes as Attributes[OpName]);
}

/** The operand of a broadcast, or the number that fills an array. */
function sourceOf(operand: Value, builder: ProgramBuilder): Value {
  const number = operand.type.shape.length === 0 ? undefined : numberOf(operand, builder);
  if (number !== undefined) return builder.scalar(number, operand.type.dtype);
  return builder.sourceOf(operand, 'broadcast')?.operand ?? operand;
}

function stretched(shapes: readonly Shape[]): Shape {
  return shapes.reduce((both, shape) => broadcastShape(both, shape) ?? both, []);
}

/** The number that fills a value; undefined if there are several, or none is known. */
function numberOf(value: Value, builder: ProgramBuilder): number | undefined {
  const source = builder.sourceOf(value, 'broadcast') ?? builder.sourceOf(value, 'reshape');
  if (source !== undefined) return numberOf(source.operand, builder);
  const elements = builder.constantOf(value);
  const first = elements?.[0];
  return elements?.every((element) => Object.is(element, first)) ? first : undefined;
}
