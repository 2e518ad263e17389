/** Runs programs inside TensorFlow, compiled by XLA as a step of training is, but without a loop, data and variables that stay. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs';
import type { Tf } from '../../../src/engine/engine.ts';
import { outputsOf, type Program, type Value } from '../../../src/engine/program/program.ts';
import type { Outputs } from '../../../src/engine/program/reference/interpret.ts';
import { elementsOf, ProgramError, type Elements } from '../../../src/engine/program/types.ts';
import { nativeBackend } from '../../../src/engine/tensorflow/addon.ts';
import { Body, type Parameter, type Ref } from '../../../src/engine/xla/body.ts';
import { emitProgram } from '../../../src/engine/xla/emit.ts';
import { savedModel } from '../../../src/engine/xla/saved-model.ts';

export interface RunOf {
  readonly program: Program;
  /** By the parameters' names. */
  readonly values: ReadonlyMap<string, Elements>;
}

const COMPILED = { _XlaMustCompile: { bool: true } } as const;

/**
 * Runs all programs in one function, since XLA takes some tenths of a second for each.
 *
 * @returns for each its results, or why XLA refuses it
 */
export function runByXla(tf: Tf, runs: readonly RunOf[]): readonly (Outputs | ProgramError)[] {
  const reasons = runs.map(({ program }) => whyRefused(program));
  const taken = runs.filter((_, index) => reasons[index] === undefined);
  const results: Outputs[] = taken.length === 0 ? [] : run(tf, taken);
  return reasons.map((reason) => reason ?? results.shift() ?? new ProgramError('no outputs'));
}

function whyRefused(program: Program): ProgramError | undefined {
  try {
    const parameters = parametersOf(program, 0);
    const body = new Body('alone', parameters);
    emitProgram(body, program, refsOf(body, program, parameters));
    return undefined;
  } catch (error) {
    if (error instanceof ProgramError) return error;
    throw error;
  }
}

function parametersOf({ parameters }: Program, index: number): readonly Parameter[] {
  return parameters.map(({ value: { type } }, at) => ({ name: `p${index}_${at}`, ...type }));
}

function refsOf(body: Body, { parameters }: Program, named: readonly Parameter[]): ReadonlyMap<Value, Ref> {
  return new Map(
    parameters.flatMap(({ value }, at) => {
      const name = named[at]?.name;
      return name === undefined ? [] : [[value, body.parameter(name)] as const];
    }),
  );
}

function run(tf: Tf, runs: readonly RunOf[]): Outputs[] {
  const backend = nativeBackend(tf);
  const { binding } = backend;
  const parameters = runs.map(({ program }, index) => parametersOf(program, index));
  const all = parameters.flat();
  const body = new Body('programs', all);
  const outputs = runs.flatMap(({ program }, index) => {
    const refOf = emitProgram(body, program, refsOf(body, program, parameters[index] ?? []));
    return outputsOf(program).map((value, at) => ({ ...refOf(value), name: `r${index}_${at}` }));
  });
  const placeholders = all.map(({ name, dtype, shape }) => ({
    ...{ name, op: 'Placeholder', inputs: [] },
    attributes: { dtype: { type: dtype }, shape: { shape } },
  }));
  const call = {
    ...{ name: 'call', op: 'StatefulPartitionedCall', inputs: all.map(({ name }) => name) },
    attributes: {
      Tin: { types: all.map(({ dtype }) => dtype) },
      Tout: { types: outputs.map(({ dtype }) => dtype) },
      f: { function: 'programs' },
      ...COMPILED,
    },
  };
  const bytes = savedModel([...placeholders, call], [body.define(outputs, COMPILED)]);
  const session = load(bytes, (folder) => binding.loadSavedModel(folder, 'serve'));
  const given = runs.flatMap(({ program, values }) =>
    program.parameters.map(({ name, value: { type } }) =>
      tf.tensor(values.get(name) ?? elementsOf(type), [...type.shape], type.dtype),
    ),
  );
  try {
    const made = binding.runSavedModel(
      session,
      backend.getInputTensorIds(given),
      all.map(({ name }) => `${name}:0`).join(','),
      outputs.map((_, index) => `call:${index}`).join(','),
    );
    const elements = made.map((each) => read(backend.createOutputTensor(each)));
    return runs.map(({ program }) => outputsFrom(program, elements));
  } finally {
    tf.dispose(given);
    binding.deleteSavedModel(session);
  }
}

function load(bytes: Uint8Array, take: (folder: string) => number): number {
  const folder = mkdtempSync(join(tmpdir(), 'hourglass-programs-'));
  try {
    writeFileSync(join(folder, 'saved_model.pb'), bytes);
    return take(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function read(tensor: Tensor): Elements {
  const elements = tensor.dataSync();
  tensor.dispose();
  if (typeof elements[0] === 'string') throw new TypeError('a tensor of texts');
  return elements.slice() as Elements;
}

/** Takes the outputs of a program from the front of those of all. */
function outputsFrom({ parameters, results, updates }: Program, elements: Elements[]): Outputs {
  const next = (): Elements => elements.shift() ?? new Float32Array();
  const names = new Map(parameters.map(({ name, value }) => [value, name]));
  return {
    results: results.map(next),
    updates: new Map(updates.map(({ variable }) => [names.get(variable) ?? '', next()])),
  };
}
