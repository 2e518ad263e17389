/** Combinations of a sweep's values, for each method. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Sweep } from '../../src/schema/generated/settings.ts';
import { canonicalJson, type Json } from '../../src/core/json.ts';
import { expandSweep, type Combination } from '../../src/sweep/expand.ts';
import { rangeProblem, rangeValues } from '../../src/sweep/values.ts';

function sweepOf(parts: Partial<Sweep>): Sweep {
  return { method: 'grid', parameters: {}, include: [], exclude: [], replicates: 1, ...parts };
}

function plain(combination: Combination): Record<string, Json> {
  return Object.fromEntries([...combination].map(([name, { value }]) => [name, value]));
}

const value = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constantFrom('adam', 'sgd'), fc.boolean());
const values = fc.uniqueArray(value, { minLength: 1, maxLength: 4, selector: (each) => canonicalJson(each) });
const parameters = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), values, { minKeys: 1, maxKeys: 3 });

test('a grid has every combination once, the last parameter varying fastest', () => {
  fc.assert(
    fc.property(parameters, (lists) => {
      const { combinations, problems } = expandSweep(sweepOf({ parameters: lists }), 0);
      assert.deepEqual(problems, []);
      const product = Object.values(lists).reduce((count, list) => count * list.length, 1);
      assert.equal(combinations.length, product);
      assert.equal(new Set(combinations.map((each) => canonicalJson(plain(each)))).size, product);
      for (const combination of combinations) {
        for (const [name, chosen] of combination) {
          assert.ok(lists[name]?.includes(chosen.value as never));
          // Where it is written: the value's place in its list.
          assert.deepEqual(chosen.at, ['parameters', name, lists[name]?.indexOf(chosen.value as never)]);
        }
      }
      const names = Object.keys(lists);
      const ranks = combinations.map((each) =>
        names.reduce((rank, name) => {
          const list: readonly Json[] = lists[name] ?? [];
          return rank * list.length + list.indexOf(each.get(name)?.value ?? null);
        }, 0),
      );
      assert.deepEqual(
        ranks,
        ranks.map((_, index) => index),
      );
    }),
  );
});

test('exclude removes exactly the matching combinations, include adds some, run_cap keeps the first', () => {
  fc.assert(
    fc.property(parameters, fc.nat(), fc.nat(), (lists, pick, cap) => {
      const all = expandSweep(sweepOf({ parameters: lists }), 0).combinations.map(plain);
      const excluded = all[pick % all.length] ?? {};
      const [name = '', first] = Object.entries(excluded)[0] ?? [];
      const run_cap = (cap % all.length) + 1;
      const { combinations, problems } = expandSweep(
        sweepOf({
          parameters: lists,
          exclude: [{ [name]: first ?? null }],
          include: [{ [name]: 'another' }],
          run_cap,
        }),
        0,
      );
      assert.deepEqual(problems, []);
      const kept = all.filter((each) => each[name] !== first).slice(0, run_cap);
      assert.deepEqual(combinations.map(plain), [...kept, { [name]: 'another' }]);
    }),
  );
});

test('zip combines values at equal positions', () => {
  fc.assert(
    fc.property(values, (list) => {
      const { combinations } = expandSweep(
        sweepOf({ method: 'zip', parameters: { a: list, b: list.map((_, index) => index) } }),
        0,
      );
      assert.deepEqual(
        combinations.map(plain),
        list.map((each, index) => ({ a: each, b: index })),
      );
    }),
  );
});

test('random samples distinct combinations within the ranges, the same for the same seed', () => {
  const range = fc
    .record({
      min: fc.integer({ min: 1, max: 50 }),
      span: fc.integer({ min: 0, max: 100 }),
      log: fc.boolean(),
    })
    .map(({ min, span, log }) => ({ min, max: min + span, log }));
  fc.assert(
    fc.property(range, values, fc.nat(), fc.integer({ min: 1, max: 20 }), (x, list, seed, run_cap) => {
      const sweep = sweepOf({ method: 'random', parameters: { x, choice: list }, run_cap });
      const drawn = expandSweep(sweep, seed).combinations.map(plain);
      assert.deepEqual(expandSweep(sweep, seed).combinations.map(plain), drawn);
      assert.ok(drawn.length >= 1 && drawn.length <= run_cap);
      assert.equal(new Set(drawn.map((each) => canonicalJson(each))).size, drawn.length);
      for (const each of drawn) {
        const number = Number(each['x']);
        assert.ok(Number.isInteger(number) && number >= x.min && number <= x.max);
        assert.ok(list.includes(each['choice'] as never));
      }
      // Another parameter does not change the values of the first.
      const alone = expandSweep({ ...sweep, parameters: { x } }, seed).combinations.map(plain);
      assert.equal(alone[0]?.['x'], drawn[0]?.['x']);
    }),
  );
});

test('a range goes from its lowest to its highest value in equal steps, or by a factor', () => {
  assert.deepEqual(rangeValues({ min: 2, max: 64, step: 2, log: true }), [2, 4, 8, 16, 32, 64]);
  assert.deepEqual(rangeValues({ min: 0, max: 0.5, step: 0.1, log: false }), [0, 0.1, 0.2, 0.3, 0.4, 0.5]);
  assert.deepEqual(rangeValues({ min: 1e-4, max: 0.1, step: 10, log: true }), [1e-4, 1e-3, 1e-2, 0.1]);
  assert.deepEqual(rangeValues({ min: 1, max: 8, step: 3, log: false }), [1, 4, 7]);
  fc.assert(
    fc.property(
      fc.integer({ min: -50, max: 50 }),
      fc.nat(100),
      fc.integer({ min: 1, max: 9 }),
      (min, span, step) => {
        const list = rangeValues({ min, max: min + span, step, log: false });
        assert.equal(list[0], min);
        assert.ok((list.at(-1) ?? 0) + step > min + span);
        list.slice(1).forEach((each, index) => assert.equal(each - (list[index] ?? 0), step));
      },
    ),
  );
});

test('invalid ranges are refused at their key', () => {
  assert.equal(rangeProblem({ min: 2, max: 1, step: 1, log: false }, false)?.key, 'min');
  assert.equal(rangeProblem({ min: 0, max: 1, step: 2, log: true }, false)?.key, 'min');
  assert.equal(rangeProblem({ min: 1, max: 8, step: 1, log: true }, false)?.key, 'step');
  assert.equal(rangeProblem({ min: 0, max: 1, log: false }, false)?.key, 'min');
  assert.equal(rangeProblem({ min: 0, max: 1e9, step: 1, log: false }, false)?.key, 'step');
  assert.equal(rangeProblem({ min: 0, max: 1, log: false }, true), undefined);
});

test('a sweep that cannot be expanded is reported with its place, and has no combinations', () => {
  const found = (parts: Partial<Sweep>): readonly string[] => {
    const { combinations, problems } = expandSweep(sweepOf(parts), 0);
    assert.equal(combinations.length, 0);
    return problems.map(({ code, at }) => `${code} ${at.join('.')}`);
  };
  const list = Array.from({ length: 400 }, (_, index) => index);
  assert.deepEqual(found({ method: 'random', parameters: { a: [1] } }), ['missing-key method']);
  assert.deepEqual(found({ method: 'zip', parameters: { a: [1], b: [1, 2] } }), [
    'out-of-range parameters.b',
  ]);
  assert.deepEqual(found({ parameters: { a: list, b: list } }), ['out-of-range ']);
  assert.deepEqual(found({ parameters: { a: list }, replicates: 1000 }), ['out-of-range ']);
  assert.deepEqual(found({ parameters: { a: [1] }, exclude: [{ b: 1 }] }), ['unknown-key exclude.0.b']);
  assert.deepEqual(found({ parameters: { a: [1] }, exclude: [{ a: 1 }] }), ['out-of-range exclude']);
});

test('an exclude that matches nothing gives a warning', () => {
  const { combinations, problems } = expandSweep(sweepOf({ parameters: { a: [1] }, exclude: [{ a: 2 }] }), 0);
  assert.equal(combinations.length, 1);
  assert.deepEqual(
    problems.map(({ severity, at }) => [severity, ...at]),
    [['warning', 'exclude', 0]],
  );
});

test('without parameters, the pipeline itself is the only combination; other methods need some', () => {
  const { combinations, problems } = expandSweep(sweepOf({ replicates: 3 }), 0);
  assert.deepEqual([combinations.map(plain), problems], [[{}], []]);
  for (const method of ['zip', 'random', 'halving', 'bayes'] as const) {
    const wrong = expandSweep(sweepOf({ method, run_cap: 5 }), 0);
    assert.deepEqual(
      wrong.problems.map(({ code, at }) => [code, at]),
      [['missing-key', ['method']]],
    );
  }
});
