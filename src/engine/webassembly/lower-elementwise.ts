/** Elementwise instructions as groups of the kernel that runs them: see `kernels/elementwise_group.h` for the words. */
import { ELEMENTWISE } from '../program/elementwise.ts';
import type { Instruction, Value } from '../program/program.ts';
import { DTYPES, ProgramError, sameShape, type DType } from '../program/types.ts';
import { floatBits, type KernelCall } from './kernel-calls.ts';
import { broadcastSteps, joinAxes } from './lower-movement.ts';

/** By their numbers. */
const FUNCTIONS = Object.keys(ELEMENTWISE);

/** A function over all elements of its result. */
export function elementwiseCall(
  instruction: Instruction,
  result: Value,
): Omit<KernelCall, 'inPlaceOf'> & Partial<KernelCall> {
  const { op, operands } = instruction;
  const { shape } = result.type;
  const axes = joinAxes(
    shape,
    operands.map(({ type }) => broadcastSteps(type.shape, shape)),
  );
  if (axes.length > MOST_AXES) throw new ProgramError(`${op} has operands that repeat along too many axes`);
  const immediates = immediatesOf(instruction);
  const values = Array.from({ length: operands.length + immediates.length }, (_, index) => index);
  const group = [
    ...[axes.length, ...axes.map(({ length }) => length)],
    operands.length,
    ...operands.flatMap(({ type }, index) => [
      typeNumber(type.dtype),
      ...axes.map(({ steps }) => steps[index] ?? 0),
    ]),
    ...[immediates.length, ...immediates.flatMap((value) => [typeNumber('float32'), floatBits(value)])],
    ...[1, FUNCTIONS.indexOf(op), ...values],
    ...(instruction.op === 'cast' ? [typeNumber(instruction.attributes.dtype)] : []),
    ...[1, STORE, values.length, 0],
  ];
  return {
    kernel: 'elementwise',
    reads: operands,
    writes: [result],
    inPlaceOf: operands.filter(
      ({ type }) =>
        sameShape(type.shape, shape) && (type.dtype === 'bool') === (result.type.dtype === 'bool'),
    ),
    words: (number) => [group.length, ...group, ...[...operands, result].map(number)],
  };
}

const MOST_AXES = 5;

/** The kind of an output that is stored whole. */
const STORE = 0;

function typeNumber(dtype: DType): number {
  return DTYPES.indexOf(dtype);
}

/** Attributes that are operands of the kernel. */
function immediatesOf(instruction: Instruction): readonly number[] {
  if (instruction.op === 'leaky_relu') return [instruction.attributes.alpha];
  if (instruction.op === 'clamp') return [instruction.attributes.low, instruction.attributes.high];
  return [];
}
