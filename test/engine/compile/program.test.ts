/** Programs for the kernel that changes variables, run here by a machine of a few lines, beside what their nodes compute. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import { writeProgram } from '../../../src/engine/compile/kernels/program.ts';
import { usersOf } from '../../../src/engine/compile/kernels/rewrite.ts';
import { groupsOf } from '../../../src/engine/compile/kernels/updates.ts';
import { trace, type TraceNode, type Use } from '../../../src/engine/compile/trace.ts';
import type { Tf } from '../../../src/engine/engine.ts';
import { kernelBuild } from '../../../src/engine/kernels.ts';
import { adam } from '../../../src/engine/train/optimizers/adam.ts';
import { nadam } from '../../../src/engine/train/optimizers/nadam.ts';
import type { Named, UpdateRule } from '../../../src/engine/train/optimizers/rule.ts';
import { nativeEngine } from './rig.ts';

const SHAPE = [2];

const BINARY: Readonly<Record<string, (x: number, y: number) => number>> = {
  Add: (x, y) => x + y,
  Sub: (x, y) => x - y,
  Mul: (x, y) => x * y,
  RealDiv: (x, y) => x / y,
  Maximum: Math.max,
  Minimum: Math.min,
};

const UNARY: Readonly<Record<string, (x: number) => number>> = {
  Sqrt: Math.sqrt,
  Square: (x) => x * x,
  Abs: Math.abs,
  Neg: (x) => -x,
};

/** In the order of their codes, after load and store. */
const INSTRUCTIONS: readonly ((x: number, y: number) => number)[] = [
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

const variable = (index: number): Use['source'] => ({
  kind: 'variable',
  index,
  shape: SHAPE,
  dtype: 'float32',
});
const VARIABLES = [variable(0), variable(1), variable(2)];
const scalar = { kind: 'input', index: 0, shape: [], dtype: 'float32' } as const;
const product: TraceNode = {
  op: 'BatchMatMulV2',
  attributes: [],
  inputs: [],
  outputs: [{ shape: SHAPE, dtype: 'float32' }],
};

function outputOf(node: TraceNode): Use {
  return { source: { kind: 'output', node, index: 0, shape: SHAPE, dtype: 'float32' }, shape: SHAPE };
}

/** A node by its op and by the numbers of what it takes: variables, the product, the scalar, earlier nodes. */
type Recipe = readonly [op: string, first: number, second: number];

const recipes = fc.array(
  fc.tuple(fc.constantFrom(...Object.keys(BINARY), ...Object.keys(UNARY)), fc.nat(30), fc.nat(30)),
  { minLength: 1, maxLength: 14 },
);

function nodesOf(given: readonly Recipe[]): readonly TraceNode[] {
  const nodes: TraceNode[] = [];
  for (const [op, first, second] of given) {
    const uses: Use[] = [
      ...VARIABLES.map((source) => ({ source, shape: SHAPE })),
      outputOf(product),
      { source: scalar, shape: [] },
      ...nodes.map(outputOf),
    ];
    const pick = (number: number): Use[] => uses.slice(number % uses.length).slice(0, 1);
    // One operand at least has the shape of the result.
    const a = op in UNARY && first % uses.length === VARIABLES.length + 1 ? pick(0) : pick(first);
    const b = a[0]?.source === scalar ? pick(0) : pick(second);
    const inputs = op in UNARY ? a : [...a, ...b];
    nodes.push({ op, attributes: [], inputs, outputs: [{ shape: SHAPE, dtype: 'float32' }] });
  }
  return nodes;
}

/** Values of the variables, of the product, and of the scalar. */
const GIVEN = { variables: [1.5, -2.25, 0.75], product: 3.5, scalar: 0.125 };

function evaluate(nodes: readonly TraceNode[]): ReadonlyMap<TraceNode, number> {
  const values = new Map([[product, GIVEN.product]]);
  for (const node of nodes) {
    const [a = NaN, b = NaN] = node.inputs.map(({ source }) =>
      source.kind === 'output'
        ? (values.get(source.node) ?? NaN)
        : source.kind === 'variable'
          ? (GIVEN.variables[source.index] ?? NaN)
          : GIVEN.scalar,
    );
    values.set(node, BINARY[node.op]?.(a, b) ?? UNARY[node.op]?.(a) ?? NaN);
  }
  return values;
}

test('a program gives what its nodes give, in place of the variables', () => {
  fc.assert(
    fc.property(recipes, fc.integer({ min: 1, max: 3 }), (given, results) => {
      const nodes = nodesOf(given);
      const targets = nodes.slice(-results).map((node, index) => ({ node, variable: index }));
      const program = writeProgram(nodes, targets, product);
      if (program === undefined) return;
      // Results lie where the variables do.
      const memory = [...GIVEN.variables];
      const kept: number[] = [];
      const cell = (register: number): { read: () => number; write: (value: number) => void } => {
        const array = program.arrays[register - 1]?.source;
        const result = register - 1 - program.arrays.length;
        const index = array?.kind === 'variable' ? array.index : (targets[result]?.variable ?? -1);
        if (register === 0) {
          return { read: () => GIVEN.product, write: () => assert.fail('the product is written') };
        }
        const [cells, at] =
          array === undefined && result >= targets.length ? [kept, result - targets.length] : [memory, index];
        return { read: () => cells[at] ?? NaN, write: (value) => (cells[at] = value) };
      };
      let accumulator = 0;
      for (let at = 0; at < program.instructions.length; at += 2) {
        const [code = -1, operand = 0] = program.instructions.slice(at);
        if (code === 1) cell(operand).write(accumulator);
        else {
          const value = operand < 0 ? GIVEN.scalar : cell(operand).read();
          accumulator = code === 0 ? value : (INSTRUCTIONS[code - 2]?.(accumulator, value) ?? NaN);
        }
      }
      const expected = evaluate(nodes);
      assert.ok(kept.length <= program.kept);
      for (const { node, variable: index } of targets) assert.deepEqual(memory[index], expected.get(node));
    }),
    { numRuns: 500 },
  );
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
 * As the kernels list it: how many inputs, results and kept numbers it has, then its instructions.
 *
 * @param isProduct whether the kernel computes the gradient, too
 */
function programOf<Shared extends string>(
  tf: Tf,
  rule: UpdateRule<'momentum' | 'velocity', 'velocity_hat', Shared>,
  isProduct: boolean,
): readonly number[] {
  const [given, rate, count] = [tf.ones([4, 4]), tf.scalar(0.001), tf.scalar(1)] as const;
  const [weight, momentum, velocity] = [0, 1, 2].map(() => tf.variable(tf.ones([4, 4])));
  assert.ok(weight !== undefined && momentum !== undefined && velocity !== undefined);
  const { nodes, result, updates } = trace(tf, [given, rate, count], [weight, momentum, velocity], () => {
    const shared = Object.fromEntries(Object.keys(rule.shared).map((name) => [name, tf.scalar(1)]));
    const gradient = isProduct ? tf.matMul(given, given, true) : given;
    const { update } = rule.begin(tf, { count, learningRate: rate }, shared as Named<Shared>);
    const next = update(weight, gradient, { momentum, velocity });
    weight.assign(next.weight);
    momentum.assign(next.slots.momentum);
    velocity.assign(next.slots.velocity);
    return tf.zeros([1]);
  });
  const users = usersOf(nodes, [result, ...updates.filter((use) => use !== undefined)]);
  const [group, ...others] = groupsOf(users, updates);
  assert.ok(group !== undefined && others.length === 0);
  assert.equal(group.gradient !== undefined, isProduct);
  const { arrays, kept, instructions } = group.program;
  return [arrays.length + (isProduct ? 1 : 0), group.targets.length, kept, ...instructions];
}
