/** What the comparison with a target allows, and what it refuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Philox } from '../../../src/core/philox.ts';
import { parseProgram } from '../../../src/engine/program/parse.ts';
import type { Program, Value } from '../../../src/engine/program/program.ts';
import { evaluate, interpret, type Outputs } from '../../../src/engine/program/reference/interpret.ts';
import type { Tensor } from '../../../src/engine/program/reference/tensor.ts';
import { elementsOf, type Elements } from '../../../src/engine/program/types.ts';
import { assertOutputs } from './agree.ts';
import { randomPrograms } from './random-program.ts';

interface Case {
  readonly what: string;
  /** Reads x; its result is compared. */
  readonly text: string;
  readonly x: readonly number[];
  readonly allowed: readonly number[];
  readonly refused: readonly number[];
}

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

const cases: readonly Case[] = [
  {
    what: 'a sum is as exact as its terms are large',
    text: '%0: float32[] = reduce_sum x {axes: [0], keep: false}',
    x: [1e8, 1, -1e8],
    allowed: [1, 0, 8],
    refused: [1000, nan, inf],
  },
  {
    what: 'a product of small numbers is exact to its digits',
    text: '%0: float32[] = reduce_sum x {axes: [0], keep: false}\n%1: float32[] = mul %0, 1e-20',
    x: [1, 2, 3],
    allowed: [6e-20, 6.000002e-20],
    refused: [6.001e-20, 0],
  },
  {
    what: 'errors are carried on by a steep function',
    text: '%0: float32[] = reduce_sum x {axes: [0], keep: false}\n%1: float32[] = exp %0',
    x: [1000, -1000],
    allowed: [1, 1.001],
    refused: [1.1],
  },
  {
    what: 'what may be below or above a step may be on either side',
    text: '%0: float32[] = reduce_sum x {axes: [0], keep: false}\n%1: float32[] = floor %0',
    x: [0.5, 0.5],
    allowed: [1, 0],
    refused: [3, -1],
  },
  {
    what: 'a choice by an exact number is certain',
    text: `%0: bool[2] = gt x, 0
      %1: float32[2] = select %0, 1, 5
      %2: float32[] = reduce_max %1 {axes: [0], keep: false}`,
    x: [1, 2],
    allowed: [1],
    refused: [5],
  },
  {
    what: 'NaN stays NaN, and infinity infinite',
    text: '%0: float32[2] = mul x, 2\n%1: float32[] = reduce_sum %0 {axes: [0], keep: false}',
    x: [inf, 1],
    allowed: [inf],
    refused: [nan, 3e38, -inf],
  },
  {
    what: 'a denormal number may become 0',
    text: '%0: float32[1] = mul x, 0.5\n%1: float32[] = reshape %0 {shape: []}',
    x: [2 ** -130],
    allowed: [2 ** -131, 0],
    refused: [1e-37],
  },
];

for (const { what, text, x, allowed, refused } of cases) {
  test(what, () => {
    const last = [...text.matchAll(/%\d+(?=:)/g)].at(-1)?.[0];
    const program = parseProgram(`input x: float32[${x.length}]\n${text}\nreturn ${last}`);
    const compare = (result: number): void =>
      assertOutputs(program, new Map([['x', Float32Array.from(x)]]), {
        results: [Float32Array.of(result)],
        updates: new Map(),
      });
    for (const result of allowed) compare(result);
    for (const result of refused) assert.throws(() => compare(result), assert.AssertionError, `${result}`);
  });
}

test('a gradient goes to one of the elements that may be the largest', () => {
  const window = '{strides: [1, 2], padding: [[0, 0], [0, 0]], dilations: [1, 1], size: [1, 2]}';
  const program = parseProgram(`input x: float32[1, 1, 4, 1]
    input dy: float32[1, 1, 2, 1]
    %0: float32[1, 1, 4, 1] = mul x, 1.1
    %1: float32[1, 1, 2, 1] = max_pool %0 ${window}
    %2: float32[1, 1, 4, 1] = max_pool_gradient %0, %1, dy ${window}
    return %2`);
  const values = new Map([
    ['x', Float32Array.of(3, 3, 3, 4)],
    ['dy', Float32Array.of(7, 8)],
  ]);
  const compare = (...result: readonly number[]): void =>
    assertOutputs(program, values, { results: [Float32Array.from(result)], updates: new Map() });
  compare(7, 0, 0, 8);
  compare(0, 7, 0, 8);
  assert.throws(() => compare(7, 0, 8, 0), assert.AssertionError);
});

test('results that are rounded in another way are within the bounds', () => {
  fc.assert(
    fc.property(randomPrograms({ numbers: ['whole', 'common'] }), fc.nat(), ({ program, values }, seed) =>
      assertOutputs(program, values, interpretRoughly(program, values, seed)),
    ),
  );
});

test('results that are off by a thousandth are outside the bounds', () => {
  const programs = fc.sample(randomPrograms({ numbers: ['common'] }), { numRuns: 50, seed: 1 });
  const found = programs.filter(({ program, values }) => {
    const { results, updates } = interpret(program, values);
    const off = results.map((elements) => elements.map((element) => element * 1.001));
    try {
      assertOutputs(program, values, { results: off, updates });
      return false;
    } catch {
      return true;
    }
  });
  assert.ok(found.length > 40, `${found.length} of 50`);
});

/** Each computed float32 is off by up to four units in the last place. */
function interpretRoughly(program: Program, values: ReadonlyMap<string, Elements>, seed: number): Outputs {
  const generator = new Philox([seed >>> 0, 0]);
  const known = new Map<Value, Tensor>();
  for (const { name, value } of program.parameters)
    known.set(value, { type: value.type, elements: values.get(name) ?? elementsOf(value.type) });
  const of = (value: Value): Tensor => known.get(value) ?? assert.fail('a value is missing');
  for (const instruction of program.instructions) {
    const results = evaluate(instruction, instruction.operands.map(of));
    const isComputed = ROUNDED.has(instruction.op);
    instruction.results.forEach((value, at) => {
      const { elements } = results[at] ?? assert.fail('a result is missing');
      const rough = elements.map((element) => element * (1 + (generator.next() * 2 ** -31 - 1) * 2 ** -21));
      known.set(value, { type: value.type, elements: isComputed ? rough : elements });
    });
  }
  const names = new Map(program.parameters.map(({ name, value }) => [value, name]));
  return {
    results: program.results.map((value) => of(value).elements),
    updates: new Map(
      program.updates.map(({ variable, value }) => [names.get(variable) ?? '', of(value).elements]),
    ),
  };
}

const ROUNDED: ReadonlySet<string> = new Set([
  ...['sqrt', 'rsqrt', 'reciprocal', 'exp', 'expm1', 'log', 'log1p', 'tanh', 'sigmoid', 'softplus', 'erf'],
  ...['elu', 'selu', 'leaky_relu', 'div', 'pow', 'matmul', 'convolution', 'convolution_input_gradient'],
  ...['convolution_filter_gradient', 'average_pool', 'average_pool_gradient', 'reduce_sum'],
]);
