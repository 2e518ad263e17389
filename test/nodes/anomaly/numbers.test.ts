/** Rankings, thresholds and distances against those of scikit-learn and NumPy, and against their definitions. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { Failure } from '../../../src/core/diagnostic.ts';
import { Philox } from '../../../src/core/philox.ts';
import { packageRoot } from '../../../src/core/package-root.ts';
import { quantileOf } from '../../../src/core/statistics.ts';
import { distancesFrom, fitCovariance, heldOutDistances } from '../../../src/nodes/anomaly/covariance.ts';
import {
  averagePrecision,
  precisionRecall,
  rank,
  rocAuc,
  rocCurve,
} from '../../../src/nodes/anomaly/ranking.ts';

interface Numbers {
  readonly rankings: readonly {
    readonly scores: readonly number[];
    readonly anomalous: readonly boolean[];
    readonly roc: readonly (readonly [number, number])[];
    readonly precision_recall: readonly (readonly [number, number])[];
    readonly roc_auc: number;
    readonly average_precision: number;
  }[];
  readonly distances: readonly {
    readonly vectors: readonly (readonly number[])[];
    readonly others: readonly (readonly number[])[];
    readonly shrinkage: number;
    readonly distances: readonly number[];
  }[];
  readonly quantiles: {
    readonly values: readonly number[];
    readonly found: readonly (readonly [number, number])[];
  };
}

const NUMBERS = JSON.parse(
  readFileSync(join(packageRoot, 'test/nodes/anomaly/anomaly.json'), 'utf8'),
) as Numbers;

const signal = new AbortController().signal;

function close(found: number, wanted: number, what: string): void {
  assert.ok(
    Math.abs(found - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted)),
    `${what}: ${found}, not ${wanted}`,
  );
}

function closeCurves(
  found: readonly (readonly [number, number])[],
  wanted: readonly (readonly [number, number])[],
  what: string,
): void {
  assert.equal(found.length, wanted.length, what);
  for (const [index, [x, y]] of wanted.entries()) {
    close(found[index]?.[0] ?? NaN, x, `${what} x ${index}`);
    close(found[index]?.[1] ?? NaN, y, `${what} y ${index}`);
  }
}

test('rankings are those of scikit-learn, with ties and without', () => {
  for (const [index, wanted] of NUMBERS.rankings.entries()) {
    const ranking = rank(Float64Array.from(wanted.scores), wanted.anomalous);
    close(rocAuc(ranking), wanted.roc_auc, `area ${index}`);
    close(averagePrecision(ranking), wanted.average_precision, `average precision ${index}`);
    closeCurves(rocCurve(ranking), wanted.roc, `ROC curve ${index}`);
    closeCurves(precisionRecall(ranking), wanted.precision_recall, `precision-recall curve ${index}`);
  }
});

test('the area is the share of pairs in the right order, whatever the order of the images', () => {
  const images = fc
    .array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.boolean()), { minLength: 2, maxLength: 30 })
    .filter((list) => new Set(list.map(([, anomalous]) => anomalous)).size === 2);
  fc.assert(
    fc.property(images, (list) => {
      const areaOf = (own: typeof list): number =>
        rocAuc(
          rank(
            Float64Array.from(own, ([score]) => score),
            own.map(([, anomalous]) => anomalous),
          ),
        );
      let [right, pairs] = [0, 0];
      for (const [high, isAnomalous] of list) {
        for (const [low, isOther] of list) {
          if (!isAnomalous || isOther) continue;
          pairs += 1;
          right += high > low ? 1 : high === low ? 0.5 : 0;
        }
      }
      close(areaOf(list), right / pairs, 'the area');
      close(areaOf(list.toReversed()), areaOf(list), 'the area of the reverse order');
      close(areaOf(list.map(([score, is]) => [-score, is])), 1 - areaOf(list), 'the area of negative scores');
    }),
  );
});

test('quantiles are those of NumPy', () => {
  const sorted = Float64Array.from(NUMBERS.quantiles.values).sort();
  for (const [share, wanted] of NUMBERS.quantiles.found)
    close(quantileOf(sorted, share), wanted, `quantile ${share}`);
});

test('the threshold of few vectors is kept by others of their distribution', async () => {
  const size = 8;
  const mixing = new Float32Array(size * size);
  new Philox([3, 0]).normal(mixing);
  const drawn = (seed: number, count: number): Float32Array => {
    const normal = new Float32Array(count * size);
    new Philox([seed, 1]).normal(normal);
    return Float32Array.from(normal, (_, index) => {
      const start = index - (index % size);
      let sum = 0;
      for (let axis = 0; axis < size; axis++)
        sum += (normal[start + axis] ?? 0) * (mixing[axis * size + (index % size)] ?? 0);
      return sum;
    });
  };
  for (const count of [8, 16, 40, 200, 2000]) {
    let [own, heldOut] = [0, 0];
    for (let seed = 0; seed < 10; seed++) {
      const vectors = drawn(seed, count);
      const others = drawn(100 + seed, 500);
      const covariance = await fitCovariance(vectors, size, { signal });
      const distances = await distancesFrom(covariance, others, { signal });
      const above = (reference: Float64Array): number => {
        const threshold = quantileOf(reference.toSorted(), 0.9);
        return distances.filter((distance) => distance > threshold).length / 5000;
      };
      own += above(await distancesFrom(covariance, vectors, { signal }));
      heldOut += above(await heldOutDistances(covariance, vectors, { signal }));
    }
    assert.ok(heldOut < 0.17, `${heldOut} of others are above the threshold of ${count}`);
    if (count === 2000) assert.equal(heldOut, own);
    else assert.ok(heldOut < own);
  }
});

test('distances are those of the covariance of Ledoit and Wolf in scikit-learn', async () => {
  for (const [index, { vectors, others, shrinkage, distances }] of NUMBERS.distances.entries()) {
    const size = vectors[0]?.length ?? 0;
    const covariance = await fitCovariance(Float32Array.from(vectors.flat()), size, { signal });
    close(covariance.shrinkage, shrinkage, `shrinkage ${index}`);
    const found = await distancesFrom(covariance, Float32Array.from(others.flat()), { signal });
    assert.equal(found.length, distances.length);
    for (const [row, wanted] of distances.entries())
      close(found[row] ?? NaN, wanted, `distance ${index}.${row}`);
  }
});

test('equal vectors have no distances, and the work can be interrupted', async () => {
  const code = (wanted: string) => (error: unknown) =>
    error instanceof Failure && error.diagnostics[0]?.code === wanted;
  const equal = Float32Array.from({ length: 300 }, (_, index) => [0.1, 0.2, 0.7][index % 3] ?? 0);
  await assert.rejects(fitCovariance(equal, 3, { signal }), code('bad-setting'));
  const aborted = AbortSignal.abort();
  await assert.rejects(fitCovariance(new Float32Array(30), 3, { signal: aborted }), code('interrupted'));
});
