/** A case of an instruction: operands, attributes, and what TensorFlow computes. */
import assert from 'node:assert/strict';
import type * as tfjs from '@tensorflow/tfjs';
import { Philox } from '../../../../src/core/philox.ts';
import { nativeBackend, type OpAttribute } from '../../../../src/engine/tensorflow/addon.ts';
import { ensureEngine } from '../../../../src/engine/tensorflow/install.ts';
import { loadEngine } from '../../../../src/engine/load.ts';
import { ProgramBuilder } from '../../../../src/engine/program/builder.ts';
import type { Attributes, OpName } from '../../../../src/engine/program/program.ts';
import { interpret } from '../../../../src/engine/program/reference/interpret.ts';
import { elementsOf, type Elements, type Type } from '../../../../src/engine/program/types.ts';

/** A type, and the range of the elements. */
export interface Operand {
  readonly type: Type;
  readonly from: number;
  readonly to: number;
}

export type Results = tfjs.Tensor | readonly tfjs.Tensor[];

export interface Case<Given> {
  readonly operands: readonly Operand[];
  readonly attributes: Given;
  readonly expected: (operand: (at: number) => tfjs.Tensor) => Results;
}

await ensureEngine('native', () => undefined, new AbortController().signal);
export const { tf } = await loadEngine({ choice: 'native', threads: 1 });

export function float(shape: readonly number[], from = -2, to = 2): Operand {
  return { type: { dtype: 'float32', shape }, from, to };
}

export function int(shape: readonly number[], from = -9, to = 9): Operand {
  return { type: { dtype: 'int32', shape }, from, to };
}

export function bool(shape: readonly number[]): Operand {
  return { type: { dtype: 'bool', shape }, from: 0, to: 2 };
}

export type Table = { readonly [Op in OpName]: readonly Case<Attributes[Op]>[] };

export type OpAttributes = Readonly<Record<string, number | string | boolean | readonly number[]>>;

/** Runs an operation of TensorFlow itself. */
export function op(name: string, attributes: OpAttributes, inputs: readonly tfjs.Tensor[]): tfjs.Tensor {
  const backend = nativeBackend(tf);
  const { TF_ATTR_BOOL, TF_ATTR_INT, TF_ATTR_STRING, TF_ATTR_TYPE, TF_FLOAT } = backend.binding;
  const kinds: Readonly<Record<string, number>> = { boolean: TF_ATTR_BOOL, string: TF_ATTR_STRING };
  const given = Object.entries(attributes).map(([key, value]): OpAttribute => ({
    name: key,
    type: kinds[typeof value] ?? TF_ATTR_INT,
    value,
  }));
  return backend.executeSingleOutput(
    name,
    [{ name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT }, ...given],
    inputs,
  );
}

function valuesOf({ type, from, to }: Operand, generator: Philox): Elements {
  const elements = elementsOf(type);
  const uniform = new Float32Array(elements.length);
  generator.uniform(uniform);
  for (const [at, number] of uniform.entries()) {
    const value = from + number * (to - from);
    elements[at] = type.dtype === 'float32' ? value : Math.floor(value);
  }
  return elements;
}

function tensorOf({ type: { dtype, shape } }: Operand, elements: Elements): tfjs.Tensor {
  return tf.tensor(elements, [...shape], dtype);
}

export function runCase<Op extends OpName>(
  name: Op,
  { operands, attributes, expected }: Table[Op][number],
): void {
  const generator = new Philox([name.length, operands.length]);
  const builder = new ProgramBuilder();
  const values = operands.map((operand) => valuesOf(operand, generator));
  const given = operands.map(({ type }, at) => builder.parameter('input', `x${at}`, type));
  const results = builder.addAll(name, given, attributes as Attributes[Op]);
  const named = new Map(values.map((elements, at) => [`x${at}`, elements]));
  const outputs = interpret(builder.finish(results), named).results;
  const tensors = operands.map((operand, at) => tensorOf(operand, values[at] ?? elementsOf(operand.type)));
  const theirs = tf.tidy(() => {
    const tensor = (at: number): tfjs.Tensor => {
      const found = tensors[at];
      assert.ok(found);
      return found;
    };
    return [expected(tensor)].flat().map(({ shape, dtype, dataId }) => ({
      type: { shape, dtype },
      elements: nativeBackend(tf).readSync(dataId),
    }));
  });
  tf.dispose(tensors);
  assert.deepEqual(
    results.map(({ type }) => type),
    theirs.map(({ type }) => type),
  );
  for (const [at, { elements }] of theirs.entries()) assertClose(outputs[at] ?? [], elements);
}

function assertClose(ours: ArrayLike<number>, theirs: Elements): void {
  assert.equal(ours.length, theirs.length);
  for (const [at, value] of theirs.entries()) {
    const difference = Math.abs((ours[at] ?? Number.NaN) - value);
    const bound = theirs instanceof Float32Array ? 1e-5 * Math.max(1, Math.abs(value)) : 0;
    assert.ok(difference <= bound, `element ${at}: ${ours[at]} differs from ${value}`);
  }
}
