/** The `project` stage. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readVectors, readVectorSet, writeVectorSet } from '../../../src/formats/vectors.ts';
import type { ProjectSettings } from '../../../src/schema/generated/settings.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import type { Finding, OutputDescription } from '../../../src/core/stage-type.ts';
import type { InputArtifact } from '../../../src/nodes/contract.ts';
import { projectNode } from '../../../src/nodes/project/node.ts';
import { testEngine } from '../../engine/train/engine.ts';
import { fakeContext, temporaryFolder } from '../context.ts';
import { imageStage, squares } from '../train/rig.ts';
import { grouped, purity } from './rig.ts';

const COMMON = { type: 'project', data: 'latents', split: 'test', limit: 10_000 } as const;
const PCA: ProjectSettings = { ...COMMON, method: 'pca', components: 2 };
const TSNE: ProjectSettings = { ...COMMON, method: 'tsne', perplexity: 10 };
const UMAP: ProjectSettings = { ...COMMON, method: 'umap', components: 2, neighbors: 10, min_distance: 0.1 };

const GROUPS = 3;
const CLASSES = ['cat', 'dog', 'mouse'];

async function latents(root: string): Promise<InputArtifact> {
  const folder = join(root, 'latents');
  mkdirSync(folder);
  const { data, count, size } = grouped(240, 6, GROUPS, 12);
  const labels = Uint8Array.from({ length: count }, (_, row) => row % GROUPS);
  await writeVectorSet(folder, { size, splits: { test: { data, count, labels, classes: CLASSES } } });
  return { stage: 'latents', kind: 'vectors', folder };
}

for (const settings of [PCA, TSNE, UMAP]) {
  test(`${settings.method} parts groups, keeps their labels, and gives the same bits each time`, async (t) => {
    const root = temporaryFolder(t);
    const inputs = { data: await latents(root) };
    const run = async (stage: string) => {
      const context = fakeContext(root, settings, { stage, seed: 5, inputs, engine: testEngine });
      const { metrics } = await projectNode.run({ ...context, seed: (purpose) => [purpose.length, 1] });
      return { metrics, folder: context.folder };
    };
    const { metrics, folder } = await run('one');
    const vectors = await readVectors(folder, 'test');
    assert.equal(vectors.count, 240);
    assert.ok(purity(vectors.data, GROUPS) > 0.98);
    assert.ok(vectors.labels?.every((label, row) => label === row % GROUPS));
    const { size, axes, classes } = await readVectorSet(folder);
    assert.deepEqual([size, axes?.length, classes], [2, 2, CLASSES]);
    assert.ok(Object.values(metrics ?? {}).every((value) => value > 0 && Number.isFinite(value)));
    assert.deepEqual((await readVectors((await run('two')).folder, 'test')).data, vectors.data);
  });
}

test('a limit chooses at random, and says which images it chose', async (t) => {
  const root = temporaryFolder(t);
  const images = squares(60, 1);
  const numbered = { ...images, labels: Uint8Array.from({ length: 60 }, (_, image) => image) };
  const inputs = { data: await imageStage(root, 'images', { test: numbered }) };
  const context = fakeContext(root, { ...PCA, limit: 20 }, { inputs, engine: testEngine });
  await projectNode.run(context);
  const { rows, labels, count } = await readVectors(context.folder, 'test');
  assert.equal(count, 20);
  assert.deepEqual([...(rows ?? [])], [...(labels ?? [])]);
  assert.notDeepEqual([...(rows ?? [])].slice(0, 5), [0, 1, 2, 3, 4]);
});

test('too few points are a failure', async (t) => {
  const root = temporaryFolder(t);
  const inputs = { data: await imageStage(root, 'images', { test: squares(20, 1) }) };
  const context = fakeContext(root, TSNE, { inputs, engine: testEngine });
  await assert.rejects(
    projectNode.run(context),
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'bad-setting',
  );
});

test('check: the split, the number of components, the number of points', () => {
  const analyze = (settings: ProjectSettings, data: OutputDescription) => {
    const findings: Finding[] = [];
    const output = projectNode.analyze({
      stage: 'map',
      settings,
      inputs: { data },
      references: { data: 'latents' },
      report: (finding) => findings.push(finding),
    });
    return [output, findings.map(({ code, at }) => `${code} ${at.join('.')}`)];
  };
  const vectors = { kind: 'vectors', size: 4, splits: ['test'] } as const;
  const made = { kind: 'vectors', size: 2, splits: ['test'] };
  assert.deepEqual(analyze(TSNE, vectors), [made, []]);
  assert.deepEqual(analyze(PCA, { ...vectors, size: 1 }), [made, ['out-of-range components']]);
  assert.deepEqual(analyze(PCA, { kind: 'images', shape: [1, 1, 1], splits: ['train'] }), [
    made,
    ['missing-split split', 'out-of-range components'],
  ]);
  assert.deepEqual(analyze({ ...TSNE, limit: 30 }, vectors)[1], ['bad-setting limit']);
  assert.deepEqual(analyze({ ...UMAP, limit: 11 }, vectors)[1], []);
});
