/**
 * Puts a traced step into a loop inside TensorFlow. One call of the loop gathers batch after batch from data that stays
 * where it is, runs the step on each, and adds up what the steps return.
 */
import type { Binding } from '../addon.ts';
import { Body, type Parameter, type Ref } from './body.ts';
import { replay } from './emit.ts';
import { gatherRows } from './kernels/batch.ts';
import type { ResidentSamples } from './resident.ts';
import { savedModel, type Attribute, type DType, type NodeDef } from './proto.ts';
import type { Trace } from './trace.ts';

/** How the graph is run: TensorFlow's executor, or compiled to machine code by XLA. */
export type GraphMode = 'graph' | 'xla';

export interface LoopSpec {
  readonly trace: Trace;
  /** One for each input of the traced step. */
  readonly data: readonly ResidentSamples[];
  readonly variables: readonly { readonly shape: readonly number[]; readonly dtype: DType }[];
  readonly batchSize: number;
  /** Rows of the table of row numbers: the most steps of one call. */
  readonly capacity: number;
  readonly mode: GraphMode;
  /** Whether Hourglass's own kernels are loaded. */
  readonly kernels: boolean;
}

export interface Loop {
  /** The SavedModel, to be written as `saved_model.pb`. */
  readonly bytes: Uint8Array;
  /**
   * In this order: `steps` (int32 scalar), `rows` (int32 [capacity, batch size]), `sum` and `lost` (float32 [values]), the
   * data, the variables of `used`.
   */
  readonly feeds: string;
  /** In this order: `sum`, `lost`, the variables of `changed`. */
  readonly fetches: string;
  /** Numbers of the variables that the step reads or changes. */
  readonly used: readonly number[];
  readonly changed: readonly number[];
}

export function buildLoop(spec: LoopSpec, binding: Binding): Loop {
  const { trace, data, batchSize, capacity, mode } = spec;
  const changed = indices(trace.updates, (update) => update !== undefined);
  const read = readVariables(trace);
  const used = indices(spec.variables, (_, index) => changed.includes(index) || read.has(index));
  const values = trace.result.shape[0] ?? 1;
  const state: readonly Parameter[] = [
    { name: 'step', dtype: 'int32', shape: [] },
    { name: 'steps', dtype: 'int32', shape: [] },
    { name: 'rows', dtype: 'int32', shape: [capacity, batchSize] },
    { name: 'sum', dtype: 'float32', shape: [values] },
    { name: 'lost', dtype: 'float32', shape: [values] },
    ...data.map(({ dtype, count, shape }, index) => ({
      name: `data${index}`,
      dtype,
      shape: [count, ...shape],
    })),
    ...used.map((index) => ({ name: `variable${index}`, ...variableOf(spec, index) })),
  ];
  const parameters = state.filter(({ name }) => name !== 'step');
  const results = ['sum', 'lost', ...changed.map((index) => `variable${index}`)];

  const condition = new Body('condition', state);
  const goesOn = condition.add('Less', [condition.parameter('step'), condition.parameter('steps')]);

  const body = new Body('body', state);
  const next = emitStep(body, spec, binding, changed);

  const loop = new Body('loop', parameters);
  const outputs = loop.addAll(
    'StatelessWhile',
    state.map(({ name }) => (name === 'step' ? loop.integer(0) : loop.parameter(name))),
    {
      cond: { function: 'condition' },
      body: { function: 'body' },
      output_shapes: { shapes: state.map(({ shape }) => shape) },
      parallel_iterations: { int: 1 },
      // Without it, grappler and oneDNN pass the body by.
      ...(mode === 'graph' ? { _lower_using_switch_merge: { bool: true } } : {}),
    },
    state.length,
  );
  const named = results.map((name) => {
    const output = outputs[state.findIndex((parameter) => parameter.name === name)];
    if (output === undefined) throw new TypeError(`the loop has no ${name}`);
    return { ...output, name: `${name}_out` };
  });
  const compiled: Readonly<Record<string, Attribute>> =
    mode === 'xla' ? { _XlaMustCompile: { bool: true } } : {};
  const functions = [
    condition.define([{ ...goesOn, name: 'goes_on' }]),
    body.define(state.map(({ name }) => ({ ...nextOf(body, next, name), name: `${name}_next` }))),
    loop.define(named, compiled),
  ];
  return {
    bytes: savedModel([...parameters.map(placeholder), call(parameters, named, compiled, mode)], functions),
    feeds: parameters.map(({ name }) => `${name}:0`).join(','),
    fetches: results.map((_, index) => `call:${index}`).join(','),
    used,
    changed,
  };
}

/** One turn of the loop: what its variables are next, by their names; those that are left out stay as they are. */
function emitStep(
  body: Body,
  spec: LoopSpec,
  binding: Binding,
  changed: Loop['changed'],
): ReadonlyMap<string, Ref> {
  const { trace, data, batchSize } = spec;
  // They compute in float32.
  const kernels = spec.kernels && spec.mode === 'xla';
  const step = body.parameter('step');
  const rows = body.add('GatherV2', [body.parameter('rows'), step, body.integer(0)]);
  const batches = data.map((samples, index) => {
    const all = body.parameter(`data${index}`);
    if (kernels) return gatherRows(body, all, rows, samples, batchSize)[0];
    const gathered = body.add('GatherV2', [all, rows, body.integer(0)]);
    return body.reshape(scaled(body, gathered, samples), [batchSize, ...samples.shape]);
  });
  const updates = changed.flatMap((index) => {
    const update = trace.updates[index];
    return update === undefined ? [] : [{ index, update }];
  });
  const refOf = replay(
    body,
    trace,
    (source) => {
      if (source.kind === 'variable') return body.parameter(`variable${source.index}`);
      const batch = batches[source.index];
      if (batch === undefined) throw new TypeError(`the step has no input ${source.index}`);
      return batch;
    },
    { binding, kernels },
  );
  return new Map([
    ['step', body.add('AddV2', [step, body.integer(1)])],
    ...added(body, refOf(trace.result)),
    ...updates.map(({ index, update }) => [`variable${index}`, refOf(update)] as const),
  ]);
}

/** Bytes become intensities. */
function scaled(body: Body, batch: Ref, { scale, offset }: ResidentSamples): Ref {
  const float = body.cast(batch, 'float32');
  const stretched = scale === 1 ? float : body.add('Mul', [float, body.float(scale)]);
  return offset === 0 ? stretched : body.add('AddV2', [stretched, body.float(offset)]);
}

/**
 * Adds to a sum and to what rounding took from it (W. Kahan, "Further remarks on reducing truncation errors", 1965), so that
 * the mean of a long epoch is as exact as that of a short one, wherever the epoch is cut into calls.
 */
function added(body: Body, value: Ref): readonly (readonly [string, Ref])[] {
  const before = body.parameter('sum');
  const corrected = body.add('Sub', [value, body.parameter('lost')]);
  const sum = body.add('AddV2', [before, corrected]);
  const lost = body.add('Sub', [body.add('Sub', [sum, before]), corrected]);
  return [
    ['sum', sum],
    ['lost', lost],
  ];
}

function nextOf(body: Body, next: ReadonlyMap<string, Ref>, name: string): Ref {
  return next.get(name) ?? body.parameter(name);
}

function placeholder({ name, dtype, shape }: Parameter): NodeDef {
  return { name, op: 'Placeholder', inputs: [], attributes: { dtype: { type: dtype }, shape: { shape } } };
}

function call(
  parameters: readonly Parameter[],
  outputs: readonly Ref[],
  compiled: Readonly<Record<string, Attribute>>,
  mode: GraphMode,
): NodeDef {
  return {
    name: 'call',
    op: mode === 'xla' ? 'StatefulPartitionedCall' : 'PartitionedCall',
    inputs: parameters.map(({ name }) => name),
    attributes: {
      Tin: { types: parameters.map(({ dtype }) => dtype) },
      Tout: { types: outputs.map(({ dtype }) => dtype) },
      f: { function: 'loop' },
      ...compiled,
    },
  };
}

function readVariables({ nodes, result, updates }: Trace): ReadonlySet<number> {
  const uses = [
    ...nodes.flatMap(({ inputs }) => inputs),
    result,
    ...updates.filter((use) => use !== undefined),
  ];
  return new Set(uses.flatMap(({ source }) => (source.kind === 'variable' ? [source.index] : [])));
}

function indices<Item>(items: readonly Item[], matches: (item: Item, index: number) => boolean): number[] {
  return items.flatMap((item, index) => (matches(item, index) ? [index] : []));
}

function variableOf({ variables }: LoopSpec, index: number): { shape: readonly number[]; dtype: DType } {
  const found = variables[index];
  if (found === undefined) throw new TypeError(`there is no variable ${index}`);
  return found;
}
