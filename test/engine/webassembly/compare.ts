/** Programs in WebAssembly beside the reference interpreter. */
import assert from 'node:assert/strict';
import { Philox } from '../../../src/core/philox.ts';
import { checkProgram } from '../../../src/engine/program/check.ts';
import { parseProgram } from '../../../src/engine/program/parse.ts';
import type { Program } from '../../../src/engine/program/program.ts';
import { interpret } from '../../../src/engine/program/reference/interpret.ts';
import { bytesOf, elementsOf, type Elements, type Type } from '../../../src/engine/program/types.ts';
import type { Executor, Loaded } from '../../../src/engine/webassembly/executor.ts';

/** Results and updates, each with its name. */
export type Named = ReadonlyMap<string, Elements>;

export type Parameters = ReadonlyMap<string, Elements>;

/** Random elements for all parameters: floats of both signs, some of them 0, integers from 0 to 4. */
export function parametersFor({ parameters }: Program, seed: number): Parameters {
  const philox = new Philox([seed, 0]);
  return new Map(parameters.map(({ name, value }) => [name, randomElements(value.type, philox)]));
}

function randomElements(type: Type, philox: Philox): Elements {
  const elements = elementsOf(type);
  const numbers = new Float32Array(elements.length);
  philox.uniform(numbers);
  return elements.map((_, index) => {
    const number = numbers[index] ?? 0;
    if (type.dtype === 'bool') return Number(number < 0.5);
    if (type.dtype === 'int32') return Math.floor(number * 5);
    return number < 0.2 ? 0 : (number - 0.6) * 4;
  });
}

export function program(text: string): Program {
  return checkProgram(parseProgram(text));
}

/** The interpreter's results. */
export function expected(of: Program, parameters: Parameters): Named {
  const { results, updates } = interpret(of, parameters);
  return new Map([...results.map((elements, index) => [`result ${index}`, elements] as const), ...updates]);
}

/** The results of one step in WebAssembly. */
export function computed(executor: Executor, of: Program, parameters: Parameters): Named {
  const loaded = executor.load(of);
  try {
    for (const [name, elements] of parameters) loaded.write(name, elements);
    loaded.run({ steps: 1 });
    return outputs(loaded, of);
  } finally {
    loaded.dispose();
  }
}

/**
 * One step, call by call, in memory where every value has its own place: what a call does not write must stay unchanged,
 * and what is not written yet is NaN.
 */
export function computedWithCare(executor: Executor, of: Program, parameters: Parameters): Named {
  const loaded = executor.load(of, { isSpread: true });
  try {
    const { encoded } = loaded;
    const { at, bytes } = encoded.arena;
    const constants = encoded.constants.map((constant) => ({
      at: constant.at,
      elements: constant.elements,
    }));
    executor.write(at, new Int32Array(bytes / 4).fill(0x7fc0dead));
    for (const constant of constants) executor.write(constant.at, constant.elements);
    for (const [name, elements] of parameters) loaded.write(name, elements);
    const inside = new Uint8Array(bytes);
    // Also those that no call reads.
    for (const constant of constants)
      inside.fill(1, constant.at - at, constant.at - at + constant.elements.byteLength);
    for (const value of [...encoded.values, ...encoded.results]) {
      const begin = encoded.addressOf(value) - at;
      if (begin >= 0 && begin < bytes) inside.fill(1, begin, begin + bytesOf(value.type));
    }
    for (let index = 0; index < encoded.calls; index++) loaded.runCall(index);
    const after = executor.instance.bytes.subarray(at, at + bytes);
    const poison = new Uint8Array(Int32Array.of(0x7fc0dead).buffer);
    for (let byte = 0; byte < bytes; byte++) {
      if (inside[byte] === 0)
        assert.equal(after[byte], poison[byte % 4], `byte ${byte} is beside all values`);
    }
    return outputs(loaded, of);
  } finally {
    loaded.dispose();
  }
}

function outputs(loaded: Loaded, { updates, parameters }: Program): Named {
  const names = new Map(parameters.map(({ name, value }) => [value, name]));
  return new Map([
    ...loaded.results().map((elements, index) => [`result ${index}`, elements] as const),
    ...updates.map(({ variable }) => {
      const name = names.get(variable) ?? '';
      return [name, loaded.read(name)] as const;
    }),
  ]);
}

/** @param tolerance beside the largest number of each output */
export function assertClose(actual: Named, wanted: Named, tolerance = 1e-5): void {
  assert.deepEqual([...actual.keys()].sort(), [...wanted.keys()].sort());
  for (const [name, elements] of wanted) {
    const own = actual.get(name);
    assert.ok(own !== undefined && own.length === elements.length, `${name} has other elements`);
    const scale = Array.from(elements).reduce(
      (most, element) => (Number.isFinite(element) ? Math.max(most, Math.abs(element)) : most),
      1e-6,
    );
    for (const [index, element] of Array.from(elements).entries()) {
      const found: number = own[index] ?? 0;
      if (Object.is(found, element) || Math.abs(found - element) <= tolerance * scale) continue;
      assert.fail(`${name}[${index}] is ${found}, not ${element}`);
    }
  }
}

export function assertSameBits(actual: Named, wanted: Named): void {
  for (const [name, elements] of wanted) {
    const own = actual.get(name);
    assert.ok(own !== undefined, name);
    assert.deepEqual(
      new Uint8Array(own.buffer, own.byteOffset, own.byteLength),
      new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength),
      name,
    );
  }
}
