/** Labels of long values contain the parts that differ. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, type Json } from '../../src/core/json.ts';
import { labelValues } from '../../src/sweep/labels.ts';

const MOST = 40;

function stack(...units: readonly number[]): Json {
  return ['Flatten', ...units.map((each) => ({ Dense: { units: each, activation: 'relu' } }))];
}

test('short values are shown in full', () => {
  assert.deepEqual(labelValues([2, 0.001, null, true, 'adam']), ['2', '0.001', 'null', 'true', 'adam']);
  assert.deepEqual(labelValues(['1', 1, 'null', null]), ['"1"', '1', '"null"', 'null']);
  assert.deepEqual(labelValues([[28, 28, 1], [], { a: 1 }]), ['[28, 28, 1]', '[]', '{a: 1}']);
  assert.deepEqual(labelValues([{ Adam: {} }, { SGD: { learning_rate: 0.1 } }, 'Flatten']), [
    'Adam',
    'SGD(0.1)',
    'Flatten',
  ]);
});

test('large numbers use scientific notation if that is shorter', () => {
  assert.deepEqual(labelValues([1e20, 1e7, 20231234, -1.10409e15, 1e6, 1e-7]), [
    ...['1e20', '1e7', '20231234', '-1.10409e15', '1000000', '1e-7'],
  ]);
});

test('stacks of several lengths are cut between layers', () => {
  const dropout: Json = { Dropout: { rate: 0.2 } };
  const last: Json = { Dense: { units: 2 } };
  const stacks = [stack(256, 64, 4), [...(stack(256, 64) as Json[]), dropout, last], ['Flatten', last]];
  assert.deepEqual(
    labelValues([...stacks, [{ Conv2D: { filters: 2 } }, ...(stack(512) as Json[])]]).filter((label) =>
      /[a-z0-9]…|…[a-z0-9]/i.test(label),
    ),
    [],
  );
});

const LONG = 'a rather long text that says the same in the beginning and ends in ';

const CASES: readonly (readonly [name: string, values: readonly Json[], parts: readonly string[]])[] = [
  [
    'the last layer of a stack',
    [stack(512, 256, 128, 32), stack(512, 256, 128, 64)],
    ['Dense(32', 'Dense(64'],
  ],
  [
    'the first layer of a stack',
    [stack(256, 64, 32, 16), stack(512, 64, 32, 16)],
    ['Dense(256', 'Dense(512'],
  ],
  ['two layers', [stack(256, 64, 32, 16), stack(512, 64, 32, 8)], ['Dense(16', 'Dense(8']],
  [
    'one more layer',
    [stack(512, 256, 128), stack(512, 256, 128, 64), stack(512, 256, 128, 64, 32)],
    ['Dense(128', 'Dense(64', 'Dense(32'],
  ],
  [
    'one setting of a layer deep inside',
    ['relu', 'elu'].map((activation) => [
      ...(stack(512, 256, 128) as Json[]),
      {
        Conv2D: { filters: 8, kernel_size: 3, padding: 'same', kernel_initializer: 'he_normal', activation },
      },
      'Flatten',
    ]),
    ['relu', 'elu'],
  ],
  [
    'one key of a map',
    [0.1, 0.2].map((rate) => ({ first: LONG, second: LONG, inner: { third: LONG, rate } })),
    ['0.1', '0.2'],
  ],
  ['a key that one map lacks', [{ first: LONG, second: 7 }, { first: LONG }], ['7', 'second']],
  ['the end of a long text', [`${LONG}one`, `${LONG}two`, `${LONG}three`], ['one', 'two', 'three']],
  ['the middle of a long text', [`${LONG}one${LONG}`, `${LONG}two${LONG}`], ['one', 'two']],
  ['lists of numbers', [Array(40).fill(1), [...Array(39).fill(1), 2]], ['1', '2']],
];

for (const [name, values, parts] of CASES) {
  test(`the label shows the difference: ${name}`, () => {
    const labels = labelValues(values);
    assert.equal(new Set(labels).size, values.length, labels.join(' | '));
    labels.forEach((label, index) => {
      assert.ok([...label].length <= MOST, label);
      assert.ok(label.includes(parts[index] ?? ''), label);
    });
  });
}

test('labels are short and unique for any values', () => {
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>,
    fc.string({ maxLength: 200 }),
    fc.array(fc.constantFrom<Json>('Flatten', { Dense: 3 }, { Dense: { units: 4, rate: 0.1 } }), {
      maxLength: 20,
    }),
  );
  fc.assert(
    fc.property(fc.uniqueArray(value, { selector: canonicalJson, minLength: 1, maxLength: 12 }), (values) => {
      const labels = labelValues(values);
      assert.equal(new Set(labels).size, values.length);
      assert.ok(labels.every((label) => [...label].length <= MOST));
      assert.deepEqual(labelValues(values), labels);
    }),
  );
});
