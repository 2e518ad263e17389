/**
 * Puts a program into a loop inside TensorFlow, which XLA compiles as a whole. One call of the loop gathers batch after batch
 * from resident data, runs the program on each, and sums its results.
 */
import { sizeOf } from '../../core/shape.ts';
import type { Program, Value } from '../program/program.ts';
import { ProgramError } from '../program/types.ts';
import { Body, type Parameter, type Ref } from './body.ts';
import { emitProgram } from './emit.ts';
import { gatherRows } from './kernel-calls.ts';
import type { ResidentSamples } from './resident.ts';
import { savedModel, type Attributes, type DType, type FunctionDef, type NodeDef } from './saved-model.ts';

export interface LoopSpec {
  /** Its inputs are batches of the data. If its results are added up, it has one, of one axis. */
  readonly program: Program;
  /** What happens to the results of each turn: they are summed, or all of them are kept. */
  readonly results: 'summed' | 'kept';
  /** One for each input of the program. */
  readonly data: readonly ResidentSamples[];
  readonly batchSize: number;
  /** Rows of the table of row numbers: the most steps of one call. */
  readonly capacity: number;
}

export interface Loop {
  /** The SavedModel, to be written as `saved_model.pb`. */
  readonly bytes: Uint8Array;
  /**
   * In this order: `steps` (int32 scalar), `rows` (int32 [capacity, batch size]), if results are added up, `sum` and `lost`
   * (float32 [values]), the data, the variables of `used`.
   */
  readonly feeds: string;
  /** In this order: `sum` and `lost`, or each result [capacity, elements]; the variables of `changed`. */
  readonly fetches: string;
  /** Names of the variables that the program reads or changes. */
  readonly used: readonly string[];
  readonly changed: readonly string[];
}

interface Variable {
  readonly name: string;
  readonly parameter: Parameter;
  readonly value: Value;
}

/** What the loop does with the results of a turn. */
interface Collector {
  /** Variables of the loop that hold them. */
  readonly state: readonly Parameter[];
  /** Whether their initial values come from outside; otherwise they are 0. */
  readonly isGiven: boolean;
  /** Their values after a turn, by name. */
  next(body: Body, refOf: (value: Value) => Ref): readonly (readonly [string, Ref])[];
}

export function buildLoop(spec: LoopSpec): Loop {
  const { program, data, batchSize, capacity } = spec;
  const variables = usedVariables(program);
  const updates = new Map(program.updates.map(({ variable, value }) => [variable, value]));
  const changed = variables.filter(({ value }) => updates.has(value));
  const collector = spec.results === 'summed' ? summed(program) : kept(program, capacity);
  const state: readonly Parameter[] = [
    { name: 'step', dtype: 'int32', shape: [] },
    { name: 'steps', dtype: 'int32', shape: [] },
    { name: 'rows', dtype: 'int32', shape: [capacity, batchSize] },
    ...collector.state,
    ...data.map(({ dtype, count, shape }, index) => ({
      name: `data${index}`,
      dtype,
      shape: [count, ...shape],
    })),
    ...variables.map(({ parameter }) => parameter),
  ];
  const own = new Set(['step', ...(collector.isGiven ? [] : collector.state.map(({ name }) => name))]);
  const parameters = state.filter(({ name }) => !own.has(name));
  const results = [...collector.state, ...changed.map(({ parameter }) => parameter)].map(({ name }) => name);

  const condition = new Body('condition', state);
  const goesOn = condition.add('Less', [condition.parameter('step'), condition.parameter('steps')]);

  const body = new Body('body', state);
  const next = emitStep(body, spec, variables, collector);

  const loop = new Body('loop', parameters);
  const outputs = loop.addAll(
    'StatelessWhile',
    state.map((variable) => (own.has(variable.name) ? zeros(loop, variable) : loop.parameter(variable.name))),
    {
      cond: { function: 'condition' },
      body: { function: 'body' },
      output_shapes: { shapes: state.map(({ shape }) => shape) },
      parallel_iterations: { int: 1 },
    },
    state.length,
  );
  const named = results.map((name) => {
    const output = outputs[state.findIndex((parameter) => parameter.name === name)];
    if (output === undefined) throw new TypeError(`the loop has no ${name}`);
    return { ...output, name: `${name}_out` };
  });
  const functions: readonly FunctionDef[] = [
    condition.define([{ ...goesOn, name: 'goes_on' }], UNTOUCHED),
    body.define(
      state.map(({ name }) => ({ ...(next.get(name) ?? body.parameter(name)), name: `${name}_next` })),
      UNTOUCHED,
    ),
    loop.define(named, { ...COMPILED, ...UNTOUCHED }),
    placeholders(parameters),
  ];
  return {
    bytes: savedModel([call('given', [], parameters), call('loop', parameters, named, COMPILED)], functions),
    feeds: parameters.map((_, index) => `given:${index}`).join(','),
    fetches: results.map((_, index) => `loop:${index}`).join(','),
    used: variables.map(({ name }) => name),
    changed: changed.map(({ name }) => name),
  };
}

function zeros(body: Body, { dtype, shape }: Parameter): Ref {
  if (dtype === 'int32') return body.integer(0);
  return body.add('BroadcastTo', [body.float(0), body.integers(shape)]);
}

/** Grappler optimizes graphs before XLA does, but skips functions of `tf.data`. Here, it would only cost time. */
const UNTOUCHED = { _tf_data_function: { bool: true } } as const;

const COMPILED = { _XlaMustCompile: { bool: true } } as const;

function usedVariables(program: Program): readonly Variable[] {
  const read = new Set([
    ...program.instructions.flatMap(({ operands }) => operands),
    ...program.results,
    ...program.updates.flatMap(({ variable, value }) => [variable, value]),
  ]);
  return program.parameters
    .filter(({ kind, value }) => kind === 'variable' && read.has(value))
    .map(({ name, value }, index) => ({
      name,
      value,
      parameter: { name: `variable${index}`, dtype: floatOrInteger(value), shape: value.type.shape },
    }));
}

function floatOrInteger({ type: { dtype } }: Value): DType {
  if (dtype === 'bool') throw new ProgramError('it has a bool variable');
  return dtype;
}

/** One turn of the loop: the next values of its variables, by name; those that are left out stay as they are. */
function emitStep(
  body: Body,
  { program, data, batchSize }: LoopSpec,
  variables: readonly Variable[],
  collector: Collector,
): ReadonlyMap<string, Ref> {
  const step = body.parameter('step');
  const rows = body.add('GatherV2', [body.parameter('rows'), step, body.integer(0)]);
  const inputs = program.parameters.filter(({ kind }) => kind === 'input');
  const given = new Map<Value, Ref>(
    variables.map(({ value, parameter }) => [value, body.parameter(parameter.name)]),
  );
  inputs.forEach(({ name, value }, index) => {
    const samples = data[index];
    if (samples === undefined) throw new TypeError(`there is no data for ${name}`);
    given.set(value, gatherRows(body, body.parameter(`data${index}`), rows, samples, batchSize));
  });
  const refOf = emitProgram(body, program, given);
  const names = new Map(variables.map(({ value, parameter }) => [value, parameter.name]));
  return new Map([
    ['step', body.add('AddV2', [step, body.integer(1)])],
    ...collector.next(body, refOf),
    ...program.updates.map(({ variable, value }) => [names.get(variable) ?? '', refOf(value)] as const),
  ]);
}

/**
 * Adds to a sum and to its rounding error (W. Kahan, "Further remarks on reducing truncation errors", 1965), so that the mean
 * of a long epoch is as exact as that of a short one, no matter how the epoch is split into calls.
 */
function summed({ results: [result] }: Program): Collector {
  if (result === undefined) throw new TypeError('a program without a result');
  const shape = [result.type.shape[0] ?? 1];
  return {
    state: ['sum', 'lost'].map((name) => ({ name, dtype: 'float32', shape })),
    isGiven: true,
    next(body, refOf) {
      const before = body.parameter('sum');
      const corrected = body.add('Sub', [refOf(result), body.parameter('lost')]);
      const sum = body.add('AddV2', [before, corrected]);
      const lost = body.add('Sub', [body.add('Sub', [sum, before]), corrected]);
      return [
        ['sum', sum],
        ['lost', lost],
      ];
    },
  };
}

/** Writes each result into a row of its own; XLA does that in place. */
function kept({ results }: Program, capacity: number): Collector {
  const sizes = results.map(({ type }) => sizeOf(type.shape));
  return {
    state: sizes.map((size, index) => ({ name: `kept${index}`, dtype: 'float32', shape: [capacity, size] })),
    isGiven: false,
    next(body, refOf) {
      const start = body.add('Mul', [body.parameter('step'), body.integers([1, 0])]);
      return results.map((result, index) => {
        const row = body.reshape(refOf(result), [1, sizes[index] ?? 0]);
        const name = `kept${index}`;
        return [name, body.add('XlaDynamicUpdateSlice', [body.parameter(name), row, start])] as const;
      });
    },
  };
}

/** The arguments of a call, as results of one function that never runs: nodes outside of functions also cost Grappler time. */
function placeholders(parameters: readonly Parameter[]): FunctionDef {
  const body = new Body('given', []);
  return body.define(
    parameters.map(({ name, dtype, shape }) => ({
      ...body.add('Placeholder', [], { dtype: { type: dtype }, shape: { shape } }),
      name,
    })),
    UNTOUCHED,
  );
}

/** Calls the function of the same name. */
function call(
  name: string,
  parameters: readonly Parameter[],
  outputs: readonly { readonly dtype: DType }[],
  attributes: Attributes = {},
): NodeDef {
  return {
    name,
    op: 'StatefulPartitionedCall',
    inputs: parameters.map((_, index) => `given:${index}`),
    attributes: {
      Tin: { types: parameters.map(({ dtype }) => dtype) },
      Tout: { types: outputs.map(({ dtype }) => dtype) },
      f: { function: name },
      ...attributes,
    },
  };
}
