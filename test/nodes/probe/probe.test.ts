/** The `probe` stage. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { readCsv } from '../../../src/formats/csv.ts';
import { writeImageSet, type HeldImages } from '../../../src/formats/images.ts';
import { writeVectorSet, type VectorArray } from '../../../src/formats/vectors.ts';
import type { ProbeSettings } from '../../../src/schema/generated/settings.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import { Philox } from '../../../src/core/philox.ts';
import type { Finding, OutputDescription } from '../../../src/core/stage-type.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import type { InputArtifact } from '../../../src/nodes/contract.ts';
import { readMnist } from '../../../src/nodes/dataset/sources/mnist.ts';
import { probeNode } from '../../../src/nodes/probe/node.ts';
import { testEngine } from '../../engine/train/engine.ts';
import { fakeContext, temporaryFolder } from '../context.ts';

const SETTINGS: ProbeSettings = {
  type: 'probe',
  data: 'data',
  classifiers: ['knn', 'logistic'],
  neighbors: 5,
  limit: null,
};

let engine: Engine;
before(async () => {
  engine = await testEngine();
});

async function mnist(split: 'train' | 'test', count: number): Promise<HeldImages> {
  const images = await readMnist(split, 'images');
  const labels = await readMnist(split, 'labels');
  return {
    data: images.data.slice(0, count * 784),
    labels: labels.data.slice(0, count),
    count,
    shape: [28, 28, 1],
    scale: 1 / 255,
    offset: 0,
  };
}

test('2,000 raw digits: scikit-learn 1.9.1 finds 0.8984 by neighbours and 0.8649 by regression', async (t) => {
  const root = temporaryFolder(t);
  const folder = join(root, 'mnist');
  mkdirSync(folder);
  const splits = { train: await mnist('train', 2000), test: await mnist('test', 10_000) };
  await writeImageSet(folder, { shape: [28, 28, 1], range: [0, 1], splits });
  const inputs = { data: { stage: 'mnist', kind: 'images', folder } } as const;
  const context = fakeContext(root, SETTINGS, { inputs, engine: async () => engine });
  const held = engine.tf.memory().numTensors;
  const { metrics } = await probeNode.run(context);
  assert.equal(engine.tf.memory().numTensors, held);
  assert.equal(metrics?.['knn_accuracy'], 0.8984);
  // Two optimisers stop at slightly different places of the flat bottom.
  assert.ok(Math.abs((metrics['logistic_accuracy'] ?? 0) - 0.8649) < 0.002);
  const report = JSON.parse(readFileSync(join(context.folder, 'probe.json'), 'utf8'));
  assert.deepEqual(
    [report.data.values, report.data.train_samples, report.data.test_samples],
    [784, 2000, 10_000],
  );
  assert.equal(report.data.logistic.converged, true);
});

/** Vectors of two classes, parted by their first value or, if `blind`, by nothing. */
function vectors(count: number, seed: number, blind = false): VectorArray {
  const noise = new Float32Array(count * 3);
  new Philox([seed, 0]).normal(noise);
  const labels = Uint8Array.from({ length: count }, (_, row) => (row % 2 === 0 ? 4 : 7));
  const data = noise.map((value, index) =>
    index % 3 === 0 && !blind ? value + 8 * ((index / 3) % 2) : value,
  );
  return { data, count, labels };
}

async function stage(
  root: string,
  name: string,
  splits: { readonly train: VectorArray; readonly test: VectorArray },
): Promise<InputArtifact> {
  const folder = join(root, name);
  mkdirSync(folder);
  await writeVectorSet(folder, { size: 3, splits });
  return { stage: name, kind: 'vectors', folder };
}

test('separate classes are distinguished; overlapping ones are guessed; the seed chooses the samples', async (t) => {
  const root = temporaryFolder(t);
  const apart = await stage(root, 'apart', { train: vectors(400, 1), test: vectors(200, 2) });
  const blind = await stage(root, 'blind', { train: vectors(400, 1, true), test: vectors(200, 2, true) });
  const run = async (data: InputArtifact, settings: Partial<ProbeSettings>, seed = 1) => {
    const all = { ...SETTINGS, ...settings };
    const context = fakeContext(root, all, { inputs: { data }, engine: async () => engine, seed });
    return (await probeNode.run(context)).metrics;
  };
  assert.deepEqual(await run(apart, {}), { knn_accuracy: 1, logistic_accuracy: 1 });
  const guessed = await run(blind, { limit: 50 });
  for (const accuracy of Object.values(guessed ?? {})) assert.ok(accuracy > 0.35 && accuracy < 0.65);
  assert.deepEqual(await run(blind, { limit: 50 }), guessed);
  assert.notDeepEqual(await run(blind, { limit: 50 }, 2), guessed);
});

test('each class has a row with its name, its accuracy, and the class it is confused with', async (t) => {
  const root = temporaryFolder(t);
  // Vectors are at their class, except for one that is at another.
  const at = (places: readonly number[], labels: readonly number[]): VectorArray => ({
    data: Float32Array.from(places.flatMap((place) => [place, 0, 0])),
    count: places.length,
    labels: Uint8Array.from(labels),
    classes: ['a, b', 'c', 'd'],
  });
  const data = await stage(root, 'points', {
    train: at([0, 0.1, 5, 5.1], [0, 0, 2, 2]),
    test: at([0.05, 5, 5.2, 5.1], [0, 0, 0, 2]),
  });
  const settings: ProbeSettings = { ...SETTINGS, classifiers: ['knn'], neighbors: 1 };
  const context = fakeContext(root, settings, { inputs: { data }, engine: async () => engine });
  await probeNode.run(context);
  assert.deepEqual(
    readCsv(readFileSync(join(context.folder, 'classes.csv'), 'utf8'))?.map(({ cells }) => cells),
    [
      ['class', 'test_samples', 'knn_accuracy', 'knn_mistaken_for'],
      ['a, b', '3', String(1 / 3), 'd (2)'],
      ['d', '1', '1', ''],
    ],
  );
});

test('vectors without labels cannot be probed', async (t) => {
  const root = temporaryFolder(t);
  const { labels: _, ...bare } = vectors(20, 1);
  const inputs = { data: await stage(root, 'bare', { train: bare, test: bare }) };
  const context = fakeContext(root, SETTINGS, { inputs, engine: async () => engine });
  await assert.rejects(
    probeNode.run(context),
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'bad-setting',
  );
});

test('more classes than fit into memory are refused before the work', async (t) => {
  const root = temporaryFolder(t);
  const count = 1100;
  const labels = Int32Array.from({ length: count }, (_, row) => row);
  const folder = join(root, 'faces');
  mkdirSync(folder);
  const images: HeldImages = {
    data: new Uint8Array(count * 4096),
    count,
    shape: [64, 64, 1],
    scale: 1,
    offset: 0,
    labels,
  };
  await writeImageSet(folder, { shape: [64, 64, 1], range: [0, 1], splits: { train: images, test: images } });
  const settings: ProbeSettings = { ...SETTINGS, classifiers: ['logistic'] };
  const inputs = { data: { stage: 'faces', kind: 'images', folder } } as const;
  await assert.rejects(
    probeNode.run(fakeContext(root, settings, { inputs, engine: async () => engine })),
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'out-of-range',
  );
});

test('check: the names of the metrics, and a missing split', () => {
  const analyze = (settings: Partial<ProbeSettings>, inputs: Readonly<Record<string, OutputDescription>>) => {
    const findings: Finding[] = [];
    const output = probeNode.analyze({
      stage: 'probe',
      settings: { ...SETTINGS, ...settings },
      inputs,
      references: Object.fromEntries(Object.keys(inputs).map((key) => [key, `the-${key}`])),
      report: (finding) => findings.push(finding),
    });
    return [output, findings.map(({ code, at }) => `${code} ${at.join('.')}`)];
  };
  const data = { kind: 'vectors', size: 4, splits: ['train', 'test'] } as const;
  const baseline = { kind: 'images', splits: ['train', 'test'] } as const;
  assert.deepEqual(analyze({}, { data, baseline }), [
    {
      kind: 'metrics',
      names: ['knn_accuracy', 'logistic_accuracy', 'baseline_knn_accuracy', 'baseline_logistic_accuracy'],
    },
    [],
  ]);
  assert.deepEqual(
    analyze({ classifiers: ['knn'], limit: 10, neighbors: 11 }, { data: { ...data, splits: ['test'] } }),
    [{ kind: 'metrics', names: ['knn_accuracy'] }, ['missing-split data', 'bad-setting neighbors']],
  );
});
