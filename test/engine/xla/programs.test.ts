/** Random programs, compiled by XLA, beside the reference interpreter. `scripts/fuzz-programs.ts` runs thousands. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compile } from '../../../src/engine/program/compile.ts';
import { parseProgram } from '../../../src/engine/program/parse.ts';
import { assertOutputs, XLA } from '../program/agree.ts';
import { randomPrograms } from '../program/random-program.ts';
import { nativeEngine } from './rig.ts';
import { runByXla } from './run-programs.ts';

test('XLA computes what the interpreter computes', async () => {
  const { tf } = await nativeEngine();
  // The same each time: XLA compiles them all as one function, which takes seconds.
  const list = fc.sample(randomPrograms(), { numRuns: 40, seed: 1 });
  const runs = list.map(({ program, values }) => ({ program: compile(program), values }));
  for (const [index, outputs] of runByXla(tf, runs).entries()) {
    const random = list[index];
    assert.ok(random !== undefined);
    if (outputs instanceof Error) assert.fail(outputs);
    assertOutputs(random.program, random.values, outputs, XLA);
  }
});

const NAMES = ['x', 'y'] as const;
const SINGLE = [
  ...['neg x', 'abs x', 'square x', 'relu x', 'relu6 x'],
  ...['add x, y', 'sub x, y', 'mul x, y', 'relu_gradient x, y'],
] as const;

test('a single instruction has the same bits for few elements, by XLA, and for many, by a kernel', async () => {
  const { tf } = await nativeEngine();
  const numbers = [
    0,
    -0,
    1e-45,
    -1e-45,
    1,
    -1.5,
    3,
    7,
    1e38,
    -3e38,
    Infinity,
    -Infinity,
    NaN,
    0.1,
    -0.3,
    1e-20,
  ];
  const pairs = numbers.flatMap((x) => numbers.map((y) => [x, y] as const));
  const runs = SINGLE.flatMap((text) => {
    const op = text.replace(/ .*/, '');
    return [1, 64].map((times) => {
      const type = `float32[${times}, ${pairs.length}]`;
      const program = parseProgram(`input x: ${type}\ninput y: ${type}\n%0: ${type} = ${text}\nreturn %0`);
      const values = new Map(
        NAMES.map((name, at) => [
          name,
          Float32Array.from(
            { length: times * pairs.length },
            (_, index) => pairs[index % pairs.length]?.[at] ?? 0,
          ),
        ]),
      );
      return { op, program, values };
    });
  });
  const outputs = runByXla(tf, runs).map((made, index) => {
    if (made instanceof Error) assert.fail(made);
    const elements = made.results[0];
    assert.ok(elements instanceof Float32Array, runs[index]?.op);
    return Array.from(elements);
  });
  for (let index = 0; index < runs.length; index += 2) {
    const few = outputs[index] ?? [];
    const many = outputs[index + 1] ?? [];
    assert.equal(many.length, 64 * few.length);
    const repeated = many.map((_, at) => few[at % few.length] ?? 0);
    // `deepEqual` tells 0 from -0, and takes NaN for NaN.
    assert.deepEqual(many, repeated, runs[index]?.op);
  }
});
