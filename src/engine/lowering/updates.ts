/** Updates of variables, all of a step in one call: the kernel also computes gradients that are products. */
import { sizeOf } from '../../core/shape.ts';
import { GRADIENT_FACTORS, type InstructionOf, type Value } from '../program/program.ts';
import { ProgramError } from '../program/types.ts';
import type { NewCall } from './kernel-calls.ts';
import { updatePlan } from './update-plan.ts';

type FusedUpdate = InstructionOf<'fused_update'>;

/**
 * @param variableOf the variable that a value updates
 * @param root the value whose memory a value uses
 * @returns undefined if the kernel has too few registers for a body, or lacks one of its functions
 */
export function updateCall(
  updates: readonly FusedUpdate[],
  variableOf: (value: Value) => Value,
  root: (value: Value) => Value,
): NewCall | undefined {
  const operands: Value[] = [];
  const operandNumber = (value: Value): number => {
    const known = operands.indexOf(value);
    return known === -1 ? operands.push(value) - 1 : known;
  };
  const plan = planOf(() => updates.flatMap((update) => updatePlan(update, variableOf, operandNumber)));
  if (plan === undefined) return undefined;
  const results = updates.flatMap((update) => update.results);
  const buffers = (values: readonly Value[], number: (value: Value) => number): readonly number[] => [
    values.length,
    ...values.flatMap((value) => [sizeOf(value.type.shape), number(value)]),
  ];
  return {
    kernel: 'update',
    reads: operands,
    writes: results,
    inPlaceOf: operands.filter((value) => isReadByItsUpdate(root(value), updates, variableOf, root)),
    words: (number) => [...buffers(operands, number), ...buffers(results, number), plan.length, ...plan],
  };
}

function planOf(write: () => readonly number[]): readonly number[] | undefined {
  try {
    return write();
  } catch (error) {
    if (error instanceof ProgramError) return undefined;
    throw error;
  }
}

/** Whether only its own update reads a variable, element by element: then it can change in place. */
export function isReadByItsUpdate(
  variable: Value,
  updates: readonly FusedUpdate[],
  variableOf: (value: Value) => Value,
  root: (value: Value) => Value = (value) => value,
): boolean {
  const isRead = (values: readonly Value[]): boolean => values.some((value) => root(value) === variable);
  return updates.every(
    ({ operands, results, attributes: { gradient } }) =>
      !isRead(operands) ||
      (results.some((value) => variableOf(value) === variable) &&
        !isRead(operands.slice(0, GRADIENT_FACTORS[gradient]))),
  );
}
