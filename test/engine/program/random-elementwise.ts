/** Elementwise instructions and reductions at random: what bodies are made of, too. */
import { ELEMENTWISE, type ElementwiseName } from '../../../src/engine/program/elementwise.ts';
import type { Attributes, Reduction } from '../../../src/engine/program/program.ts';
import { broadcastShape, DTYPES, ProgramError, type DType } from '../../../src/engine/program/types.ts';
import type { Choices, RandomWriter } from './random-writer.ts';

/** The types that an elementwise function accepts, by its own inference. */
const TAKEN = new Map(
  (Object.keys(ELEMENTWISE) as ElementwiseName[]).map((name) => {
    const { arity, infer } = ELEMENTWISE[name];
    const takes = (dtype: DType): boolean => {
      try {
        infer(
          Array.from({ length: arity }, () => ({ dtype, shape: [] })),
          { dtype },
        );
        return true;
      } catch (error) {
        if (error instanceof ProgramError) return false;
        throw error;
      }
    };
    return [name, DTYPES.filter(takes)] as const;
  }),
);

/** Not 0: by 0 each target divides integers as it likes. */
const DIVISORS = [2, 3, -2, 1];

export function writeElementwise(op: ElementwiseName, writer: RandomWriter, choices: Choices): void {
  if (op === 'select') {
    const condition = writer.ofDType(choices, 'bool');
    const dtype = choices.of(DTYPES);
    const one = writer.stretchable(choices, dtype, condition.type.shape);
    const both = broadcastShape(condition.type.shape, one.type.shape) ?? [];
    writer.write(op, [condition, one, writer.stretchable(choices, dtype, both)], {});
    return;
  }
  const dtype = choices.of(TAKEN.get(op) ?? []);
  const x = writer.ofDType(choices, dtype);
  if (ELEMENTWISE[op].arity === 2) {
    const isDivision = dtype === 'int32' && (op === 'mod' || op === 'floor_div');
    const y = isDivision
      ? writer.builder.scalar(choices.of(DIVISORS), 'int32')
      : writer.stretchable(choices, dtype, x.type.shape);
    writer.write(op, choices.isSo() && !isDivision ? [y, x] : [x, y], {} as Attributes[typeof op]);
  } else {
    writer.write(op, [x], elementwiseAttributes(op, choices) as Attributes[typeof op]);
  }
}

function elementwiseAttributes(op: ElementwiseName, choices: Choices): object {
  if (op === 'leaky_relu') return { alpha: choices.of([0.3, 0, 1.5, -0.1]) };
  if (op === 'clamp') return { low: choices.of([-1, 0, 0.1]), high: choices.of([1, 0.1, 6]) };
  return op === 'cast' ? { dtype: choices.of(DTYPES) } : {};
}

export function reduce(
  op: 'reduce_sum' | 'reduce_max' | 'reduce_min',
  writer: RandomWriter,
  choices: Choices,
): void {
  const x = writer.ofDType(choices, 'float32');
  const axes = choices.some(x.type.shape.map((_, axis) => axis));
  const attributes: Reduction = { axes, keep: choices.isSo() };
  writer.write(op, [x], attributes);
}
