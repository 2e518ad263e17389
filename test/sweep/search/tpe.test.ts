import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, type Json } from '../../../src/core/json.ts';
import { axisOf } from '../../../src/sweep/search/axis.ts';
import { normalCdf, normalMass } from '../../../src/sweep/search/normal.ts';
import { CategoryDensity, forgettingWeights, LineDensity } from '../../../src/sweep/search/parzen.ts';
import { proposeTpe, spaceSize, type Observation } from '../../../src/sweep/search/tpe.ts';
import { rangeValues, type SweepParameter } from '../../../src/sweep/values.ts';
import { median, PROBLEMS, searchAtRandom, searchByTpe, trialsNeeded } from './problems.ts';

const seeds = (length: number): readonly number[] => Array.from({ length }, (_, index) => index + 1);

for (const problem of PROBLEMS) {
  test(`on ${problem.name}, half of the trials of a random search are enough`, () => {
    const random = median(
      seeds(61).map((seed) => trialsNeeded(searchAtRandom(problem, 1200, seed), problem)),
    );
    assert.ok(Number.isFinite(random));
    const count = Math.floor(random / 2);
    const until = (loss: number): boolean => loss - problem.optimum <= problem.within;
    const tpe = median(
      seeds(15).map((seed) => trialsNeeded(searchByTpe(problem, count, seed, { until }), problem)),
    );
    assert.ok(tpe <= count, `${tpe} against ${random}`);
  });
}

const numbers = fc
  .double({ min: 0.001, max: 1000, noNaN: true })
  .map((value) => Number(value.toPrecision(6)));
const whole = fc.integer({ min: 1, max: 40 });

const range = fc
  .record({
    ends: fc.oneof(fc.tuple(numbers, numbers), fc.tuple(whole, whole)),
    step: fc.option(fc.double({ min: 1.5, max: 50, noNaN: true }), { nil: undefined }),
    log: fc.boolean(),
  })
  .map(({ ends, step, log }): SweepParameter => ({
    min: Math.min(...ends),
    max: Math.max(...ends),
    ...(step === undefined ? {} : { step }),
    log,
  }));

const list = fc.uniqueArray(fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.constant(null)), {
  minLength: 1,
  maxLength: 5,
  selector: canonicalJson,
}) as fc.Arbitrary<SweepParameter>;

const parameters = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.oneof(range, list), { minKeys: 1 });

/** Some trials with values that a search proposed. */
function trialsOf(
  space: { readonly parameters: Readonly<Record<string, SweepParameter>>; readonly seed: number },
  losses: readonly number[],
): readonly Observation[] {
  const trials: Observation[] = [];
  for (const loss of losses) {
    const values = proposeTpe({ ...space, isExcluded: () => false }, trials);
    if (values !== undefined) trials.push({ values, loss });
  }
  return trials;
}

test('values are in their ranges, integers if both ends are, multiples of steps, and never repeat', () => {
  const losses = fc.array(fc.oneof(fc.double({ noNaN: true }), fc.constant(Infinity)), { maxLength: 12 });
  fc.assert(
    fc.property(parameters, losses, fc.nat(), (own, found, seed) => {
      const trials = trialsOf({ parameters: own, seed }, found);
      assert.equal(trials.length, Math.min(found.length, spaceSize(own)));
      assert.equal(new Set(trials.map(({ values }) => canonicalJson(values))).size, trials.length);
      for (const { values } of trials) {
        assert.deepEqual(Object.keys(values), Object.keys(own));
        for (const [name, parameter] of Object.entries(own)) check(parameter, values[name] ?? null);
      }
      assert.deepEqual(trialsOf({ parameters: own, seed }, found), trials);
    }),
    { numRuns: 60 },
  );
});

function check(parameter: SweepParameter, value: Json): void {
  if (Array.isArray(parameter)) {
    assert.ok(parameter.some((each) => canonicalJson(each) === canonicalJson(value)));
    return;
  }
  const own = parameter as Exclude<SweepParameter, readonly Json[]>;
  assert.ok(typeof value === 'number');
  assert.ok(value >= own.min && value <= own.max, `${value} of ${JSON.stringify(own)}`);
  if (own.step !== undefined) assert.ok(rangeValues(own).includes(value));
  else if (Number.isInteger(own.min) && Number.isInteger(own.max)) assert.ok(Number.isInteger(value));
}

test('a finite space is searched to its last combination, without excluded ones', () => {
  const own: Record<string, SweepParameter> = { a: ['x', 'y', 'z'], b: { min: 1, max: 4, log: false } };
  const isExcluded = ({ a, b }: Readonly<Record<string, Json>>): boolean => a === 'y' && b === 2;
  const trials: Observation[] = [];
  for (;;) {
    const values = proposeTpe({ parameters: own, seed: 5, isExcluded }, trials);
    if (values === undefined) break;
    trials.push({ values, loss: Number(values['b']) });
  }
  assert.equal(trials.length, 11);
});

test('adding or renaming a parameter does not change the values of the others', () => {
  const trials = (own: Record<string, SweepParameter>): readonly unknown[] =>
    trialsOf({ parameters: own, seed: 3 }, [3, 1, 2, 5, 4]).map(({ values }) => values['a']);
  const a: SweepParameter = { min: 0.1, max: 1, log: false };
  assert.deepEqual(trials({ a }), trials({ a, b: { min: 0.5, max: 7, log: false } }));
});

test('the mass of a normal distribution, in the middle and in the tails', () => {
  const known: readonly (readonly [number, number])[] = [
    [0, 0.5],
    [1, 0.8413447460685429],
    [-1.96, 0.024997895148220435],
    [-3.6, 0.00015910859015753364],
    [-8, 6.220960574271785e-16],
  ];
  for (const [z, expected] of known) {
    assert.ok(Math.abs(normalCdf(z) / expected - 1) < 1e-9, `${z}: ${normalCdf(z)}`);
    assert.ok(Math.abs(normalCdf(z) + normalCdf(-z) - 1) < 1e-15);
  }
  // In the upper tail, where both ends are 1 to all digits.
  assert.ok(normalMass(9, 10, 0, 1) > 1e-19);
  assert.equal(normalMass(9, 10, 0, 1), normalMass(-10, -9, 0, 1));
});

test('the newest 25 observations count in full, older ones less', () => {
  assert.deepEqual(forgettingWeights(3), [1, 1, 1]);
  const weights = forgettingWeights(30);
  assert.equal(weights[0], 1 / 30);
  assert.equal(weights[4], 1);
  assert.ok(weights.slice(5).every((weight) => weight === 1));
  assert.ok(weights.every((weight, index) => weight >= (weights[index - 1] ?? 0)));
});

test('densities sum to 1 over their values, and samples follow them', () => {
  const whole = axisOf({ min: 1, max: 12, log: true });
  assert.ok(whole.kind === 'line');
  for (const observed of [[], [3], [3, 4, 4, 11]]) {
    const density = new LineDensity(whole, observed.map(whole.position));
    const total = whole.list().reduce((sum, value) => sum + Math.exp(density.logDensity(value)), 0);
    assert.ok(Math.abs(total - 1) < 1e-12, String(total));
  }
  const line = axisOf({ min: 0.5, max: 2.5, log: false });
  assert.ok(line.kind === 'line');
  const density = new LineDensity(line, [1, 1.1, 2.4]);
  let area = 0;
  for (let x = 0.5005; x < 2.5; x += 0.001) area += Math.exp(density.logDensity(x)) * 0.001;
  assert.ok(Math.abs(area - 1) < 1e-3, String(area));
  const categories = new CategoryDensity(4, [1, 1, 3]);
  assert.deepEqual(
    [0, 1, 2, 3].map((index) => Math.round(Math.exp(categories.logDensity(index)) * 7)),
    [1, 3, 1, 2],
  );
});
