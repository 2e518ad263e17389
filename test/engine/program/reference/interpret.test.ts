/** What TensorFlow cannot be asked: special numbers, integers at their limits, dilated gradients, wrong parameters. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Philox } from '../../../../src/core/philox.ts';
import { parseProgram } from '../../../../src/engine/program/parse.ts';
import { erf } from '../../../../src/engine/program/reference/erf.ts';
import { interpret } from '../../../../src/engine/program/reference/interpret.ts';
import { ProgramError, type Elements } from '../../../../src/engine/program/types.ts';

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const tiny = 2 ** -149;
const [least, most] = [-(2 ** 31), 2 ** 31 - 1];

type Row = readonly [
  instruction: string,
  operands: readonly (readonly number[])[],
  expected: readonly number[],
];

const floats: readonly Row[] = [
  ['relu', [[nan, -inf, inf, -0, tiny, -tiny]], [nan, 0, inf, 0, tiny, 0]],
  ['relu6', [[nan, inf, -0, 7]], [nan, 6, 0, 6]],
  ['clamp {low: -1, high: 1}', [[nan, -inf, inf, -0, tiny]], [nan, -1, 1, -0, tiny]],
  ['leaky_relu {alpha: 0.5}', [[nan, -inf, -0, -tiny, -3 * tiny]], [nan, -inf, -0, -0, -2 * tiny]],
  ['elu', [[nan, -inf, inf, -0]], [nan, -1, inf, -0]],
  ['selu', [[nan, -0, inf]], [nan, -0, inf]],
  ['sign', [[nan, -inf, -0, tiny]], [nan, -1, 0, 1]],
  ['round', [[0.5, 1.5, 2.5, -0.5, -1.5, inf, nan, 8388609]], [0, 2, 2, -0, -2, inf, nan, 8388609]],
  ['sigmoid', [[-inf, -0, inf, nan]], [0, 0.5, 1, nan]],
  ['softplus', [[-inf, 100, inf, nan]], [0, 100, inf, nan]],
  ['sqrt', [[-1, -0, inf, 4 * tiny]], [nan, -0, inf, 2 ** -73.5]],
  ['rsqrt', [[-1, -0, 0, inf]], [nan, -inf, inf, 0]],
  ['reciprocal', [[-0, 0, inf, tiny]], [-inf, inf, 0, inf]],
  ['log', [[-1, 0, inf]], [nan, -inf, inf]],
  [
    'max',
    [
      [nan, 1, 0, -0, inf],
      [1, nan, -0, 0, nan],
    ],
    [nan, nan, 0, -0, nan],
  ],
  [
    'min',
    [
      [nan, 1, 0, -0, inf],
      [1, nan, -0, 0, 3],
    ],
    [nan, nan, 0, -0, 3],
  ],
  [
    'add',
    [
      [inf, 3e38, tiny],
      [-inf, 3e38, tiny],
    ],
    [nan, inf, 2 * tiny],
  ],
  [
    'mul',
    [
      [inf, tiny, -tiny],
      [0, 0.5, 0.25],
    ],
    [nan, 0, -0],
  ],
  [
    'div',
    [
      [0, 1, -1],
      [0, 0, 0],
    ],
    [nan, inf, -inf],
  ],
  [
    'pow',
    [
      [1, 1, -1, -8, 0, -2],
      [nan, inf, -inf, 1 / 3, 0, 3],
    ],
    [1, 1, 1, nan, 1, -8],
  ],
  [
    'floor_div',
    [
      [-7, 7, 1, 1],
      [2, -2, 0.1, 0],
    ],
    [-4, -4, 10, inf],
  ],
  [
    'mod',
    [
      [-7, 7, 5.5, -1, 1, 1],
      [2, -2, 2.5, inf, 0, inf],
    ],
    [1, -1, 0.5, inf, nan, 1],
  ],
  [
    'relu_gradient',
    [
      [inf, 2, nan, 3],
      [-1, nan, 1, 0],
    ],
    [0, 0, nan, 0],
  ],
  ['reduce_max {axes: [0], keep: true}', [[1, nan, 2]], [nan]],
  ['reduce_min {axes: [0], keep: true}', [[1, nan, 2]], [nan]],
  // 1e8 would swallow the ones if they were added in float32.
  ['reduce_sum {axes: [0], keep: true}', [[1e8, ...Array.from({ length: 16 }, () => 1)]], [1e8 + 16]],
];

const integers: readonly Row[] = [
  ['add', [[most], [1]], [least]],
  ['sub', [[least], [1]], [most]],
  [
    'mul',
    [
      [most, 65537],
      [3, 65537],
    ],
    [most - 2, 131073],
  ],
  ['square', [[65537]], [131073]],
  ['neg', [[least]], [least]],
  ['abs', [[least, -3]], [least, 3]],
  [
    'floor_div',
    [
      [-7, 7, least, 5],
      [2, -2, -1, 0],
    ],
    [-4, -4, least, 0],
  ],
  [
    'mod',
    [
      [-7, 7, least, 5],
      [2, -2, -1, 0],
    ],
    [1, -1, 0, 5],
  ],
];

/** One instruction, whose result has the type `to`. */
function compute(
  [instruction, operands, expected]: Row,
  from: string,
  to: string,
  array: (numbers: readonly number[]) => Elements,
): Elements | undefined {
  const names = operands.map((_, at) => `x${at}`);
  const [op = '', attributes = ''] = instruction.split(/ (?=\{)/);
  const text = [
    ...operands.map(({ length }, at) => `input x${at}: ${from}[${length}]`),
    `%0: ${to}[${expected.length}] = ${op} ${names.join(', ')} ${attributes}`,
    'return %0',
  ];
  const values = new Map(operands.map((numbers, at) => [`x${at}`, array(numbers)]));
  return interpret(parseProgram(text.join('\n')), values).results[0];
}

for (const row of floats) {
  test(`special floats: ${row[0]}`, () => {
    const result = compute(row, 'float32', 'float32', (numbers) => Float32Array.from(numbers));
    // As numbers: the bits of NaN do not count.
    assert.deepEqual(Array.from(result ?? []), Array.from(Float32Array.from(row[2])));
  });
}

for (const row of integers) {
  test(`integers wrap: ${row[0]}`, () => {
    const result = compute(row, 'int32', 'int32', (numbers) => Int32Array.from(numbers));
    assert.deepEqual(result, Int32Array.from(row[2]));
  });
}

test('every comparison with NaN is false, but `ne`', () => {
  for (const op of ['eq', 'ne', 'lt', 'le', 'gt', 'ge']) {
    const row: Row = [
      op,
      [
        [nan, 0],
        [nan, -0],
      ],
      [0, 0],
    ];
    const result = compute(row, 'float32', 'bool', (numbers) => Float32Array.from(numbers));
    assert.deepEqual(result, Uint8Array.of(op === 'ne' ? 1 : 0, ['eq', 'le', 'ge'].includes(op) ? 1 : 0), op);
  }
});

test('a cast to int32 stops at its limits, one to bool asks whether it is not 0', () => {
  const numbers = [nan, inf, -inf, 1.9, -1.9, 3e9, -3e9, 0, -0, tiny];
  const from = (values: readonly number[]): Elements => Float32Array.from(values);
  assert.deepEqual(
    compute(['cast {dtype: int32}', [numbers], numbers], 'float32', 'int32', from),
    Int32Array.of(0, most, least, 1, -1, most, least, 0, 0, 0),
  );
  assert.deepEqual(
    compute(['cast {dtype: bool}', [numbers], numbers], 'float32', 'bool', from),
    Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 0, 0, 1),
  );
});

test('erf errs by some units in the last place of a float64', () => {
  for (const [x, expected] of [
    [0.1, 0.1124629160182849],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2, 0.9953222650189527],
    [3.5, 0.9999992569016277],
    [7, 1],
  ] as const) {
    assert.ok(Math.abs(erf(x) - expected) < 4e-15, `erf(${x}) is ${erf(x)}`);
    assert.equal(erf(-x), -erf(x));
  }
});

test('max pooling passes over NaN, and its gradient goes to the first largest element', () => {
  const attributes = '{strides: [2, 2], padding: [[0, 0], [0, 0]], dilations: [1, 1], size: [2, 2]}';
  const program = parseProgram(`input x: float32[1, 4, 4, 1]
    input dy: float32[1, 2, 2, 1]
    %0: float32[1, 2, 2, 1] = max_pool x ${attributes}
    %1: float32[1, 4, 4, 1] = max_pool_gradient x, %0, dy ${attributes}
    return %0, %1`);
  const images = [nan, 1, nan, nan, 2, nan, nan, nan, 5, 5, -inf, -inf, 5, 5, -inf, -inf];
  const { results } = interpret(
    program,
    new Map([
      ['x', Float32Array.from(images)],
      ['dy', Float32Array.of(1, 2, 3, 4)],
    ]),
  );
  assert.deepEqual(results[0], Float32Array.of(2, -inf, 5, -inf));
  assert.deepEqual(results[1], Float32Array.of(0, 0, 2, 0, 1, 0, 0, 0, 3, 0, 4, 0, 0, 0, 0, 0));
});

test('the gradients of a dilated convolution are its transposes', () => {
  const window = '{strides: [2, 1], padding: [[2, 1], [0, 3]], dilations: [2, 3]';
  const program = parseProgram(`input x: float32[2, 7, 5, 3]
    input f: float32[3, 2, 3, 2]
    input dy: float32[2, 3, 5, 2]
    %0: float32[2, 3, 5, 2] = convolution x, f ${window}, epilogue: []}
    %1: float32[2, 7, 5, 3] = convolution_input_gradient dy, f ${window}, size: [7, 5], epilogue: []}
    %2: float32[3, 2, 3, 2] = convolution_filter_gradient x, dy ${window}, size: [3, 2], sums: none}
    return %0, %1, %2`);
  const values = uniformValues({ x: 210, f: 36, dy: 60 });
  const [y, dx, df] = interpret(program, values).results;
  const change = dot(values.get('dy'), y);
  assert.ok(Math.abs(change - dot(values.get('x'), dx)) < 1e-4 * change);
  assert.ok(Math.abs(change - dot(values.get('f'), df)) < 1e-4 * change);
});

test('a variable without an update is not among the updates', () => {
  const program = parseProgram(`variable v: float32[2]
    variable w: float32[]
    %0: float32[2] = add v, w
    return %0
    update v = %0`);
  const { results, updates } = interpret(
    program,
    new Map([
      ['v', Float32Array.of(1, 2)],
      ['w', Float32Array.of(10)],
    ]),
  );
  assert.deepEqual(results, [Float32Array.of(11, 12)]);
  assert.deepEqual(updates, new Map([['v', Float32Array.of(11, 12)]]));
});

for (const [what, values] of [
  ['missing', {}],
  ['unknown', { x: Float32Array.of(1, 2), y: Float32Array.of(1) }],
  ['of another size', { x: Float32Array.of(1) }],
  ['of another type', { x: Int32Array.of(1, 2) }],
] as const) {
  test(`a parameter that is ${what} is refused`, () => {
    const program = parseProgram('input x: float32[2]\nreturn x');
    assert.throws(() => interpret(program, new Map(Object.entries(values))), ProgramError);
  });
}

function uniformValues(sizes: Readonly<Record<string, number>>): ReadonlyMap<string, Float32Array> {
  const generator = new Philox([1, 2]);
  return new Map(
    Object.entries(sizes).map(([name, size]) => {
      const values = new Float32Array(size);
      generator.uniform(values);
      return [name, values];
    }),
  );
}

function dot(a: ArrayLike<number> | undefined, b: ArrayLike<number> | undefined): number {
  assert.ok(a !== undefined && b !== undefined && a.length === b.length && a.length > 0);
  return Array.from(a).reduce((sum, value, at) => sum + value * (b[at] ?? Number.NaN), 0);
}
