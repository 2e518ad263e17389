/** All updates of a program in one call of a kernel, in place. XLA would make several passes, and copies of values still read. */
import { updatePlan } from '../lowering/update-plan.ts';
import { isReadByItsUpdate } from '../lowering/updates.ts';
import type { Program, Value } from '../program/program.ts';
import type { Body, Ref } from './body.ts';
import { customCall, integers } from './custom-call.ts';

/** The operands of the call, each once. */
class Operands {
  readonly refs: Ref[] = [];
  readonly #numbers = new Map<string, number>();

  add(ref: Ref): number {
    const known = this.#numbers.get(ref.ref);
    if (known !== undefined) return known;
    this.#numbers.set(ref.ref, this.refs.length);
    return this.refs.push(ref) - 1;
  }
}

/**
 * @param refOf the ref of a value that is already written
 * @returns the refs of the new values of variables
 */
export function callUpdates(
  body: Body,
  program: Program,
  refOf: (value: Value) => Ref,
): readonly (readonly [Value, Ref])[] {
  const updates = program.instructions.filter((instruction) => instruction.op === 'fused_update');
  if (updates.length === 0) return [];
  const variables = new Map(program.updates.map(({ variable, value }) => [value, variable]));
  // If several variables become the same value, all but one have a result that nothing reads.
  const variableOf = (value: Value): Value => variables.get(value) ?? value;
  const operands = new Operands();
  const plan = updates.flatMap((update) =>
    updatePlan(update, variableOf, (value) => operands.add(refOf(value))),
  );
  const results = updates.flatMap((update) => update.results);
  const inPlace = results.map((value) => {
    const variable = variables.get(value);
    return variable !== undefined && isReadByItsUpdate(variable, updates, variableOf)
      ? operands.add(refOf(variable))
      : undefined;
  });
  const changed = new Set(results.map(variableOf));
  // Otherwise XLA would copy the variables.
  for (const value of productsWith(program, changed)) operands.add(refOf(value));
  const outputs = customCall(body, {
    target: 'hourglass_update',
    operands: operands.refs,
    results: results.map(({ type }) => type),
    config: { plan: integers(plan) },
    inPlace,
  });
  return results.flatMap((value, index) => {
    const output = outputs[index];
    return output === undefined ? [] : [[value, output] as const];
  });
}

/** The products that read variables, which must be done before the variables change in place. */
function productsWith({ instructions }: Program, changed: ReadonlySet<Value>): readonly Value[] {
  return instructions
    .filter(({ op, operands }) => op === 'matmul' && operands.some((operand) => changed.has(operand)))
    .flatMap(({ results }) => results);
}
