/** Updates of variables, as the kernel reads them. */
import { sizeOf } from '../../core/shape.ts';
import { GRADIENT_FACTORS, type InstructionOf, type Value } from '../program/program.ts';
import { writeUpdateProgram } from './update-program.ts';

type FusedUpdate = InstructionOf<'fused_update'>;

/** Stands for a missing operand. */
const NONE = -1;

/** As `update_plan.h` reads it. */
export function updatePlan(
  { operands, attributes: { gradient, body }, results }: FusedUpdate,
  variableOf: (value: Value) => Value,
  numberOf: (value: Value) => number,
): readonly number[] {
  const shape = results[0]?.type.shape ?? [];
  const factors = operands.slice(0, GRADIENT_FACTORS[gradient]);
  const [left, right] = factors.length === 1 ? [undefined, factors[0]] : factors;
  const isComputed = gradient !== 'given';
  // The body's parameters, except a computed gradient.
  const outer = new Map(
    operands
      .slice(factors.length)
      .map((value, index) => [body.parameters[index + (isComputed ? 1 : 0)]?.value, value]),
  );
  const outerOf = (value: Value): Value => {
    const found = outer.get(value);
    if (found === undefined) throw new TypeError('a body without an operand');
    return found;
  };
  const program = writeUpdateProgram(body, {
    gradient: isComputed ? body.parameters[0]?.value : undefined,
    // The body's parameter whose place the result takes.
    inPlaceOf: results.map((value) => {
      const variable = variableOf(value);
      return [...outer].find(([, given]) => given === variable)?.[0];
    }),
  });
  const columns = shape.at(-1) ?? 1;
  const arrays = program.arrays.map((value) => numberOf(outerOf(value)));
  const scalars = program.scalars.map((value) => numberOf(outerOf(value)));
  return [
    ...[sizeOf(shape) / columns, columns, right?.type.shape[0] ?? 0],
    ...[left === undefined ? NONE : numberOf(left), right === undefined ? NONE : numberOf(right)],
    ...[arrays.length, ...arrays, scalars.length, ...scalars],
    ...[results.length, program.temporaries],
    ...[program.instructions.length / 2, ...program.instructions],
  ];
}
