/** Losses as tensor operations against sums in float64. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import fc from 'fast-check';
import type { Tf } from '../../../src/engine/engine.ts';
import { losses, lossOfRows, type LossName } from '../../../src/engine/train/losses.ts';
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

const share = fc.float({ min: 0, max: 1, noNaN: true });

for (const name of ['mse', 'mae', 'binary_crossentropy'] as const) {
  test(`${name} is the mean over all values`, () => {
    const pairs = fc.array(fc.tuple(share, share), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(pairs, (values) => {
        const loss = tf.tidy(() => {
          const [target, output] = [0, 1].map((part) => values.map((pair) => pair[part] ?? 0));
          const outputs = { values: tf.tensor2d([output ?? []]) };
          return losses[name](tf, tf.tensor2d([target ?? []]), outputs).dataSync()[0];
        });
        const wanted = values.reduce((sum, [y, p]) => sum + REFERENCES[name](y, p), 0) / values.length;
        assert.ok(Math.abs((loss ?? Number.NaN) - wanted) <= 2e-6 + wanted * 1e-5);
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
  for (const name of ['mse', 'mae', 'binary_crossentropy'] as const) {
    const found = tf.tidy(() => {
      const [target, values] = [0, 1].map((part) => tf.tensor3d(rows.map((row) => [row[part] ?? []])));
      assert.ok(target !== undefined && values !== undefined);
      return lossOfRows(tf, name, target, { values }).dataSync().slice();
    });
    assert.equal(found.length, rows.length);
    for (const [index, [ys = [], ps = []]] of rows.entries()) {
      const wanted = ys.reduce((sum, y, at) => sum + REFERENCES[name](y, ps[at] ?? 0), 0) / ys.length;
      assert.ok(Math.abs((found[index] ?? Number.NaN) - wanted) <= 1e-5 * wanted, name);
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
  for (const name of ['mse', 'mae', 'binary_crossentropy'] as const) {
    const target = [0.2, 0.9];
    const output = [0.4, 0.7];
    const gradient = tf.tidy(() =>
      tf
        .grad((values) => losses[name](tf, tf.tensor1d(target), { values }))(tf.tensor1d(output))
        .dataSync(),
    );
    for (const [index, p] of output.entries()) {
      const y = target[index] ?? 0;
      const slope = (REFERENCES[name](y, p + 1e-5) - REFERENCES[name](y, p - 1e-5)) / 2e-5 / output.length;
      assert.ok(Math.abs((gradient[index] ?? 0) - slope) < 1e-4, name);
    }
  }
});
