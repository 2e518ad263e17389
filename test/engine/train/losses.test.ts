/** Losses as tensor operations against sums in float64. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import fc from 'fast-check';
import type { Tf } from '../../../src/engine/engine.ts';
import { likelihoodConstant } from '../../../src/engine/train/elbo.ts';
import {
  losses,
  lossOf,
  lossOfRows,
  type LossChoice,
  type LossName,
} from '../../../src/engine/train/losses.ts';
import { testEngine } from './engine.ts';

let tf: Tf;
before(async () => {
  ({ tf } = await testEngine());
});

const REFERENCES: Readonly<Record<LossName, (y: number, p: number) => number>> = {
  mse: (y, p) => (y - p) * (y - p),
  mae: (y, p) => (y > p ? y - p : p - y),
  binary_crossentropy(y, p) {
    const inside = Math.min(Math.max(p, Math.fround(1e-7)), Math.fround(1 - 1e-7));
    return -y * Math.log(inside) - (1 - y) * Math.log(1 - inside);
  },
};

const huber =
  (delta: number) =>
  (y: number, p: number): number =>
    Math.abs(y - p) <= delta ? (y - p) ** 2 / 2 : delta * Math.abs(y - p) - delta ** 2 / 2;

const CASES: readonly (readonly [LossChoice, (y: number, p: number) => number])[] = [
  ['mse', REFERENCES.mse],
  ['mae', REFERENCES.mae],
  ['binary_crossentropy', REFERENCES.binary_crossentropy],
  [{ Huber: { delta: 1 } }, huber(1)],
  [{ Huber: { delta: 0.25 } }, huber(0.25)],
];

const share = fc.float({ min: 0, max: 1, noNaN: true });

for (const [loss, reference] of CASES) {
  test(`${JSON.stringify(loss)} is the mean over all values`, () => {
    const pairs = fc.array(fc.tuple(share, share), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(pairs, (values) => {
        const found = tf.tidy(() => {
          const [target, output] = [0, 1].map((part) => values.map((pair) => pair[part] ?? 0));
          const outputs = { values: tf.tensor2d([output ?? []]) };
          return lossOf(loss)(tf, tf.tensor2d([target ?? []]), outputs).dataSync()[0];
        });
        const wanted = values.reduce((sum, [y, p]) => sum + reference(y, p), 0) / values.length;
        assert.ok(Math.abs((found ?? Number.NaN) - wanted) <= 2e-6 + wanted * 1e-5);
      }),
      { numRuns: 60 },
    );
  });
}

test('the loss of each row is that of the row alone', () => {
  const rows = [
    [
      [0.2, 0.9],
      [0.4, 0.7],
    ],
    [
      [0, 1],
      [1, 0.25],
    ],
  ];
  for (const [loss, reference] of CASES) {
    const found = tf.tidy(() => {
      const [target, values] = [0, 1].map((part) => tf.tensor3d(rows.map((row) => [row[part] ?? []])));
      assert.ok(target !== undefined && values !== undefined);
      return lossOfRows(tf, loss, target, { values }).dataSync().slice();
    });
    assert.equal(found.length, rows.length);
    for (const [index, [ys = [], ps = []]] of rows.entries()) {
      const wanted = ys.reduce((sum, y, at) => sum + reference(y, ps[at] ?? 0), 0) / ys.length;
      assert.ok(Math.abs((found[index] ?? Number.NaN) - wanted) <= 1e-5 * wanted, JSON.stringify(loss));
    }
  }
});

test('the cross-entropy of certain and wrong outputs is finite, and so are its gradients', () => {
  const gradient = tf.tidy(() =>
    tf.grad((values) => losses.binary_crossentropy(tf, tf.tensor1d([1, 0]), { values }))(tf.tensor1d([0, 1])),
  );
  assert.deepEqual([...gradient.dataSync()].map(Number.isFinite), [true, true]);
  gradient.dispose();
});

test('gradients agree with differences', () => {
  for (const [loss, reference] of CASES) {
    const target = [0.2, 0.9];
    const output = [0.4, 0.7];
    const gradient = tf.tidy(() =>
      tf
        .grad((values) => lossOf(loss)(tf, tf.tensor1d(target), { values }))(tf.tensor1d(output))
        .dataSync(),
    );
    for (const [index, p] of output.entries()) {
      const y = target[index] ?? 0;
      const slope = (reference(y, p + 1e-5) - reference(y, p - 1e-5)) / 2e-5 / output.length;
      assert.ok(Math.abs((gradient[index] ?? 0) - slope) < 1e-4, JSON.stringify(loss));
    }
  }
});

test('the likelihood of each loss is a density: its constant is the logarithm of the integral of exp(-loss)', () => {
  const integral = (loss: (difference: number) => number, step: number): number => {
    let sum = 0;
    for (let at = -40; at < 40; at += step) sum += Math.exp(-loss(at + step / 2)) * step;
    return sum;
  };
  for (const [loss, of] of [
    ['mse', (e: number) => e * e],
    ['mae', Math.abs],
    [{ Huber: { delta: 1 } }, (e: number) => huber(1)(e, 0)],
    [{ Huber: { delta: 0.5 } }, (e: number) => huber(0.5)(e, 0)],
    [{ Huber: { delta: 2.5 } }, (e: number) => huber(2.5)(e, 0)],
  ] as const) {
    const wanted = Math.log(integral(of, 1e-3));
    assert.ok(Math.abs(likelihoodConstant(loss) - wanted) < 1e-6, JSON.stringify(loss));
  }
  // Close to those of a normal distribution, and of exponential ones.
  const [wide, narrow] = [50, 1e-6].map((delta) => likelihoodConstant({ Huber: { delta } }));
  assert.ok(Math.abs((wide ?? 0) - Math.log(2 * Math.PI) / 2) < 1e-12);
  assert.ok(Math.abs((narrow ?? 0) - Math.log(2e6)) < 1e-5);
});
