/**
 * A program in the form that the module reads: 32-bit words, with all memory planned in advance. `kernels/executor.h` checks
 * what it reads: no call reaches beyond the buffers that are named here.
 */
import { sizeOf } from '../../core/shape.ts';
import type { Program, Value } from '../program/program.ts';
import { bytesOf, type Elements, type Type } from '../program/types.ts';
import { KERNELS } from '../lowering/kernel-calls.ts';
import { Lowering } from '../lowering/lowering.ts';
import { planMemory } from './memory-plan.ts';
import type { RunnableProgram } from './runner.ts';

export interface EncodeOptions {
  /** Where the variables are, by name: offsets in the module's memory. */
  readonly variables: ReadonlyMap<string, number>;
  /** Results whose elements are kept for each step of a call, by their place among the results. */
  readonly collected: readonly number[];
  /** Whether the elements of the first result are added up over the steps of a call. */
  readonly isSummed: boolean;
  /** Allocates the memory of the other values. */
  allocate(bytes: number): number;
  /** Each value has memory of its own, apart from others, so that tests see what is written beside it. */
  readonly isSpread?: boolean;
}

export interface EncodedProgram extends RunnableProgram {
  /** Where constants are to be written. */
  readonly constants: readonly { readonly at: number; readonly elements: Elements }[];
  /** The place of a parameter or of any other value. */
  addressOf(value: Value): number;
  /** The program's results, as values; `addressOf` tells where they are after a step. */
  readonly results: readonly Value[];
  /** The values of all buffers, once each. */
  readonly values: readonly Value[];
  /** Memory of all values but variables. */
  readonly arena: { readonly at: number; readonly bytes: number };
  /** How many calls of kernels a step takes. */
  readonly calls: number;
}

/** @throws ProgramError if no kernel can do what the program needs */
export function encodeProgram(program: Program, options: EncodeOptions): EncodedProgram {
  const lowering = new Lowering(program);
  const root = (value: Value): Value => lowering.root(value);
  const variables = program.parameters.filter(({ kind }) => kind === 'variable');
  const inputs = program.parameters.filter(({ kind }) => kind === 'input');
  const isVariable = new Set(variables.map(({ value }) => value));

  // What variables become, and results that are variables, as they are before any of them changes in place.
  const changed = new Set(program.updates.map(({ variable }) => variable));
  const snapshot = (value: Value): Value => {
    const own = root(value);
    if (!changed.has(own)) return own;
    const copy: Value = { type: value.type };
    lowering.copy(value, copy);
    return copy;
  };
  const results = program.results.map(snapshot);
  const updates = program.updates
    .filter(({ variable, value }) => root(value) !== variable)
    .map(({ variable, value }) => ({ variable, value: snapshot(value) }));

  const given = [...inputs.map(({ value }) => value), ...lowering.constants.keys()];
  const plan = planMemory({
    calls: lowering.calls,
    given,
    results: [...results, ...updates.map(({ value }) => value)].filter((value) => !isVariable.has(value)),
    updates,
    isSpread: options.isSpread ?? false,
  });
  for (const { variable, value } of updates) {
    if (plan.inPlace.get(value) !== variable) lowering.copy(value, variable);
  }

  const arena = { at: options.allocate(plan.bytes + SLACK), bytes: plan.bytes };
  const places = new Map<Value, number>([
    ...variables.map(({ name, value }) => [value, variableAt(options, name)] as const),
    ...[...plan.offsets].map(([value, offset]) => [value, arena.at + offset] as const),
  ]);
  const addressOf = (value: Value): number => {
    const own = root(value);
    const at = places.get(plan.inPlace.get(own) ?? own);
    if (at === undefined) throw new TypeError('a value without memory');
    return at;
  };

  const buffers = new Map<Value, number>();
  const numberOf = (value: Value): number => {
    const own = root(value);
    const known = buffers.get(own) ?? buffers.size;
    buffers.set(own, known);
    return known;
  };
  const batch = inputs[0]?.value.type.shape[0] ?? 1;
  const collected = options.collected.map((index) => results[index]).filter((value) => value !== undefined);
  const [first] = results;
  const tail = [
    batch,
    inputs.length,
    ...inputs.flatMap(({ value }) => [rowSize(value.type, batch), numberOf(value)]),
    ...(options.isSummed && first !== undefined ? [sizeOf(first.type.shape), numberOf(first)] : [0]),
    collected.length,
    ...collected.map(numberOf),
    lowering.calls.length,
    ...lowering.calls.flatMap((call) => {
      const words = call.words(numberOf);
      return [KERNELS.indexOf(call.kernel), words.length, ...words];
    }),
  ];
  const memory = [
    [arena.at, arena.bytes] as const,
    ...variables.map(({ name, value }) => [variableAt(options, name), bytesOf(value.type)] as const),
  ];
  const all = [...buffers.keys()];
  return {
    words: Int32Array.from([
      memory.length,
      ...memory.flat(),
      all.length,
      ...all.flatMap((value) => [addressOf(value), bytesOf(value.type)]),
      ...tail,
    ]),
    inputs: inputs.length,
    constants: [...lowering.constants].map(([value, elements]) => ({ at: addressOf(value), elements })),
    addressOf,
    results,
    values: all,
    arena,
    collectedBytes: collected.reduce((sum, { type }) => sum + bytesOf(type), 0),
    calls: lowering.calls.length,
  };
}

/** Elements of one row of a batch; 0 for an input that is no batch of floats. */
function rowSize({ dtype, shape }: Type, batch: number): number {
  return dtype === 'float32' && shape[0] === batch && batch > 0 ? sizeOf(shape) / batch : 0;
}

/** Bytes after the last value: vectors are read as a whole. */
const SLACK = 64;

function variableAt({ variables }: EncodeOptions, name: string): number {
  const at = variables.get(name);
  if (at === undefined) throw new TypeError(`the variable ${name} has no memory`);
  return at;
}
