/** Programs of updates, run here by a machine of a few lines, beside what their bodies compute. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Tf } from '../../../src/engine/engine.ts';
import { kernelBuild } from '../../../src/engine/tensorflow/native-kernels.ts';
import { ProgramBuilder } from '../../../src/engine/program/builder.ts';
import { compile } from '../../../src/engine/program/compile.ts';
import type { Program, Value } from '../../../src/engine/program/program.ts';
import { ProgramError } from '../../../src/engine/program/types.ts';
import { trace } from '../../../src/engine/trace/trace.ts';
import { adam } from '../../../src/engine/train/optimizers/adam.ts';
import { nadam } from '../../../src/engine/train/optimizers/nadam.ts';
import type { Named, UpdateRule } from '../../../src/engine/train/optimizers/rule.ts';
import { writeUpdateProgram, type UpdateProgram } from '../../../src/engine/lowering/update-program.ts';
import { nativeEngine } from '../xla/rig.ts';

const BINARY = {
  add: (x: number, y: number) => x + y,
  sub: (x: number, y: number) => x - y,
  mul: (x: number, y: number) => x * y,
  div: (x: number, y: number) => x / y,
  max: Math.max,
  min: Math.min,
} as const;

const UNARY = {
  sqrt: Math.sqrt,
  square: (x: number) => x * x,
  abs: Math.abs,
  neg: (x: number) => -x,
} as const;

/** In the order of their codes, after load and store. */
const OPERATIONS: readonly ((x: number, y: number) => number)[] = [
  (x, y) => x + y,
  (x, y) => x - y,
  (x, y) => y - x,
  (x, y) => x * y,
  (x, y) => x / y,
  (x, y) => y / x,
  Math.max,
  Math.min,
  Math.sqrt,
  (x) => x * x,
  Math.abs,
  (x) => -x,
];

/** Values of the gradient, of three variables, of a scalar. */
const GIVEN = [3.5, 1.5, -2.25, 0.75, 0.125] as const;

const array = { dtype: 'float32', shape: [2] } as const;
const scalar = { dtype: 'float32', shape: [] } as const;

type Recipe = readonly [op: keyof typeof BINARY | keyof typeof UNARY, first: number, second: number];

const recipes = fc.array(
  fc.tuple(fc.constantFrom(...(Object.keys({ ...BINARY, ...UNARY }) as Recipe[0][])), fc.nat(30), fc.nat(30)),
  { minLength: 1, maxLength: 14 },
);

/** A body, what it computes, and its three variables. */
function bodyOf(
  given: readonly Recipe[],
  results: number,
): { body: Program; numbers: readonly number[]; variables: readonly Value[] } {
  const builder = new ProgramBuilder();
  const parameters = GIVEN.map((_, index) =>
    builder.parameter('input', `p${index}`, index === GIVEN.length - 1 ? scalar : array),
  );
  const values = [...parameters];
  const numbers: number[] = [...GIVEN];
  for (const [op, first, second] of given) {
    // One operand at least has the shape of the result.
    const others = values.filter((value) => value !== parameters.at(-1));
    const a = others[first % others.length];
    const b = values[second % values.length];
    assert.ok(a !== undefined && b !== undefined);
    const x = numbers[values.indexOf(a)] ?? Number.NaN;
    const y = numbers[values.indexOf(b)] ?? Number.NaN;
    if (op in UNARY) {
      values.push(builder.add(op, [a], {}));
      numbers.push(UNARY[op as keyof typeof UNARY](x));
    } else {
      const swap = first % 2 === 1;
      values.push(builder.add(op, swap ? [b, a] : [a, b], {}));
      const apply = BINARY[op as keyof typeof BINARY];
      numbers.push(swap ? apply(y, x) : apply(x, y));
    }
  }
  const made = values.slice(GIVEN.length);
  const body = builder.finish(made.slice(-results));
  return { body, numbers: numbers.slice(GIVEN.length).slice(-results), variables: parameters.slice(1, 4) };
}

/** The variables afterwards. */
function run(program: UpdateProgram, body: Program, variables: readonly Value[]): readonly number[] {
  const memory: number[] = [GIVEN[1], GIVEN[2], GIVEN[3]];
  const temporaries: number[] = [];
  const { arrays, instructions } = program;
  const cellsOf = (register: number): readonly [number[], number] => {
    const array = arrays[register - 1];
    if (array !== undefined) return [memory, variables.indexOf(array)];
    const result = register - 1 - arrays.length;
    return result < body.results.length ? [memory, result] : [temporaries, result - body.results.length];
  };
  let accumulator = 0;
  for (let at = 0; at < instructions.length; at += 2) {
    const [code = -1, operand = 0] = instructions.slice(at);
    if (code === 1) {
      assert.notEqual(operand, 0, 'the gradient is written');
      const [cells, index] = cellsOf(operand);
      cells[index] = accumulator;
      continue;
    }
    const [cells, index] = operand > 0 ? cellsOf(operand) : [];
    const value = operand < 0 ? GIVEN[4] : operand === 0 ? GIVEN[0] : (cells?.[index ?? 0] ?? Number.NaN);
    accumulator = code === 0 ? value : (OPERATIONS[code - 2]?.(accumulator, value) ?? Number.NaN);
  }
  assert.ok(temporaries.length <= program.temporaries);
  return memory.slice(0, body.results.length);
}

test('a program computes what its body does, and overwrites the variables', () => {
  let written = 0;
  fc.assert(
    fc.property(recipes, fc.integer({ min: 1, max: 3 }), (given, results) => {
      const { body, numbers, variables } = bodyOf(given, Math.min(results, given.length));
      let program: UpdateProgram;
      try {
        program = writeUpdateProgram(body, { gradient: body.parameters[0]?.value, inPlaceOf: variables });
      } catch (error) {
        assert.ok(error instanceof ProgramError);
        return;
      }
      written += 1;
      assert.deepEqual(run(program, body, variables), numbers);
    }),
    { numRuns: 500 },
  );
  assert.ok(written > 300);
});

test('the programs that are compiled as a whole are those of Adam and Nadam', async () => {
  const { tf } = await nativeEngine();
  const { programs } = createRequire(import.meta.url)(kernelBuild().addon) as { programs: number[][] };
  const means = { learning_rate: 0.001, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 };
  const rules = [adam({ ...means, amsgrad: false }), nadam(means)];
  for (const isProduct of [false, true]) {
    assert.deepEqual(
      programs,
      rules.map((rule) => programOf(tf, rule, isProduct)),
    );
  }
});

/**
 * As the kernels list it: how many inputs, results and temporaries it has, then its instructions.
 *
 * @param isProduct whether the kernel computes the gradient, too
 */
function programOf<Shared extends string>(
  tf: Tf,
  rule: UpdateRule<'momentum' | 'velocity', 'velocity_hat', Shared>,
  isProduct: boolean,
): readonly number[] {
  const type = { dtype: 'float32', shape: [4, 4] } as const;
  const variables = (['weight', 'momentum', 'velocity'] as const).map((name) => ({
    name,
    variable: tf.variable(tf.ones([4, 4])),
  }));
  const [weight, momentum, velocity] = variables.map(({ variable }) => variable);
  assert.ok(weight !== undefined && momentum !== undefined && velocity !== undefined);
  const traced = trace(tf, {
    inputs: [
      { name: 'x', type },
      { name: 'rate', type: scalar },
      { name: 'count', type: scalar },
    ],
    variables,
    run: ([given, rate, count]) => {
      assert.ok(given !== undefined && rate !== undefined && count !== undefined);
      const shared = Object.fromEntries(Object.keys(rule.shared).map((name) => [name, tf.scalar(1)]));
      const gradient = isProduct ? tf.matMul(given, given, true) : given;
      const { update } = rule.prepareStep(tf, { count, learningRate: rate }, shared as Named<Shared>);
      const next = update(weight, gradient, { momentum, velocity });
      weight.assign(next.weight);
      momentum.assign(next.slots.momentum);
      velocity.assign(next.slots.velocity);
      return [];
    },
  });
  const program = compile(traced);
  const update = program.instructions.find((instruction) => instruction.op === 'fused_update');
  assert.ok(update?.op === 'fused_update');
  const { gradient, body } = update.attributes;
  assert.equal(gradient, isProduct ? 'product' : 'given');
  const outer = update.operands.slice(isProduct ? 2 : 0);
  const olds = program.parameters.filter(({ kind }) => kind === 'variable').map(({ value }) => value);
  const { arrays, temporaries, instructions } = writeUpdateProgram(body, {
    gradient: isProduct ? body.parameters[0]?.value : undefined,
    inPlaceOf: olds.map((old) => body.parameters[outer.indexOf(old) + (isProduct ? 1 : 0)]?.value),
  });
  return [arrays.length + (isProduct ? 1 : 0), body.results.length, temporaries, ...instructions];
}
