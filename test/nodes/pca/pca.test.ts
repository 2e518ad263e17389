/** Principal components of real images, and of images whose components are known. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { writeImageSet, type HeldImages } from '../../../src/formats/images.ts';
import type { PcaSettings } from '../../../src/schema/generated/settings.ts';
import type { Finding, OutputDescription } from '../../../src/core/stage-type.ts';
import { readMnist } from '../../../src/nodes/dataset/sources/mnist.ts';
import { pcaNode } from '../../../src/nodes/pca/node.ts';
import { testEngine } from '../../engine/train/engine.ts';
import { fakeContext, temporaryFolder } from '../context.ts';

async function measure(
  t: TestContext,
  train: HeldImages,
  held: HeldImages,
  components: PcaSettings['components'],
): Promise<Readonly<Record<string, number>>> {
  const folder = temporaryFolder(t);
  const data = join(folder, 'data');
  mkdirSync(data);
  await writeImageSet(data, { shape: train.shape, range: [0, 1], splits: { train, test: held } });
  const settings: PcaSettings = { type: 'pca', data: 'data', components, split: 'test' };
  const inputs = { data: { stage: 'data', kind: 'images', folder: data } } as const;
  const { metrics } = await pcaNode.run(fakeContext(folder, settings, { inputs, engine: testEngine }));
  return metrics ?? {};
}

async function mnist(split: 'train' | 'test'): Promise<HeldImages> {
  const { data } = await readMnist(split, 'images');
  return { data, count: data.length / 784, shape: [28, 28, 1], scale: 1 / 255, offset: 0 };
}

test('30 components of MNIST leave the published 13.87 of squared error an image', async (t) => {
  const metrics = await measure(t, await mnist('train'), await mnist('test'), [30, 784]);
  assert.equal(metrics['squared_error_30']?.toFixed(2), '13.87');
  assert.ok(Math.abs((metrics['mse_30'] ?? 0) * 784 - (metrics['squared_error_30'] ?? 0)) < 1e-9);
  assert.ok((metrics['squared_error_784'] ?? 1) < 1e-3, 'with all components nothing is lost');
});

test('images along one direction need one component; other directions are lost', async (t) => {
  const along = (values: readonly (readonly [number, number])[]): HeldImages => ({
    data: Float32Array.from(values.flat()),
    count: values.length,
    shape: [1, 2, 1],
    scale: 1,
    offset: 0,
  });
  const line = along([
    [0, 0],
    [0.3, 0.4],
    [0.6, 0.8],
  ]);
  // Off the line by 0.5, square to it.
  const metrics = await measure(t, line, along([[0.3 - 0.4, 0.4 + 0.3]]), [1]);
  assert.ok(Math.abs((metrics['squared_error'] ?? 0) - 0.25) < 1e-6);
  assert.ok(Math.abs((metrics['mse'] ?? 0) - 0.125) < 1e-6);
});

test('more components than values, and a missing split, are reported', () => {
  const findings: Finding[] = [];
  const data: OutputDescription = { kind: 'images', shape: [2, 2, 1], splits: ['train'] };
  pcaNode.analyze({
    stage: 'pca',
    settings: { type: 'pca', data: 'data', components: [3, 5], split: 'test' },
    inputs: { data },
    references: { data: 'data' },
    report: (finding) => findings.push(finding),
  });
  assert.deepEqual(
    findings.map(({ code, at }) => `${code} ${at.join('.')}`),
    ['missing-split split', 'out-of-range components.1'],
  );
});
