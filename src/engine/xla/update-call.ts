/** All updates of a program by one call of a kernel, in place. XLA would make several passes, and copy what is still read. */
import { sizeOf } from '../../core/shape.ts';
import { GRADIENT_FACTORS, type InstructionOf, type Program, type Value } from '../program/program.ts';
import type { Body, Ref } from './body.ts';
import { customCall, integers } from './custom-call.ts';
import { writeUpdateProgram } from './update-program.ts';

type FusedUpdate = InstructionOf<'fused_update'>;

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
 * @param refOf what stands for a value that is written already
 * @returns what stands for the new values of variables
 */
export function callUpdates(
  body: Body,
  program: Program,
  refOf: (value: Value) => Ref,
): readonly (readonly [Value, Ref])[] {
  const updates = program.instructions.filter((instruction) => instruction.op === 'fused_update');
  if (updates.length === 0) return [];
  const variables = new Map(program.updates.map(({ variable, value }) => [value, variable]));
  const variableOf = (value: Value): Value => {
    const variable = variables.get(value);
    if (variable === undefined) throw new TypeError('an update of no variable');
    return variable;
  };
  const operands = new Operands();
  const plan = updates.flatMap((update) =>
    updatePlan(update, variableOf, (value) => operands.add(refOf(value))),
  );
  const results = updates.flatMap((update) => update.results);
  const inPlace = results.map((value) => operands.add(refOf(variableOf(value))));
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

/** In place of the number of an operand. */
const NONE = -1;

/** As `plan.h` reads it. */
export function updatePlan(
  { operands, attributes: { gradient, body }, results }: FusedUpdate,
  variableOf: (value: Value) => Value,
  numberOf: (value: Value) => number,
): readonly number[] {
  const shape = results[0]?.type.shape ?? [];
  const factors = operands.slice(0, GRADIENT_FACTORS[gradient]);
  const [left, right] = factors.length === 1 ? [undefined, factors[0]] : factors;
  const isComputed = gradient !== 'given';
  // The body's parameters, but for a gradient that is computed.
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
    // The body's parameter that the result takes the place of.
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
    ...[results.length, program.kept],
    ...[program.instructions.length / 2, ...program.instructions],
  ];
}
