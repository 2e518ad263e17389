/** Which models of a run a page contains, and why others are absent. */
import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ExplorerData } from '../../../src/explorer/data.ts';
import { candidatesIn } from '../../../src/explorer/write/choose.ts';
import { pageModels, type PageModels } from '../../../src/explorer/write/models.ts';
import type { Architecture } from '../../../src/layers/layer.ts';
import { layer } from '../../layers/specs.ts';
import { temporaryFolder } from '../../nodes/context.ts';
import { ARCHITECTURES, RUN, writeOutputs } from '../trained.ts';

const ALL = new Set(Object.keys(RUN.stages));
const OPTIONS = { current: ALL, large: false, command: 'hourglass report tiny --all-models' };

async function modelsIn(folder: string, options = OPTIONS): Promise<PageModels> {
  const found = await pageModels(folder, RUN, options);
  assert.ok(found);
  return found;
}

test('a denoiser is shown with the clean images and the noise of the pipeline', async (t) => {
  const folder = temporaryFolder(t);
  await writeOutputs(folder, ARCHITECTURES.dense);
  const first = await modelsIn(folder);
  assert.deepEqual(first.absent, []);
  const [model] = first.models;
  const data = JSON.parse(model?.json ?? '') as ExplorerData;
  assert.equal(data.stage, 'trained');
  assert.equal(data.denoiser, true);
  assert.equal(data.images.stage, 'images');
  assert.deepEqual(
    data.noise.map(({ stage, settings }) => [stage, settings.kind, settings.clip]),
    [['noisy', 'gaussian', [0, 1]]],
  );
  assert.equal(data.weights.type, 'int16');
  assert.ok((data.weights.error ?? 1) <= 1e-3);
  // The same run makes the same page.
  assert.deepEqual(await modelsIn(folder), first);
});

test('weights keep their precision where half of it is too little', async (t) => {
  const folder = temporaryFolder(t);
  // Outputs of some thousands, beside images from 0 to 1.
  const steep: Architecture = {
    ...ARCHITECTURES.dense,
    encoder: ['Flatten', layer('Dense', { units: 400 }), layer('Dense', { units: 400 })],
    decoder: [layer('Dense', { units: 80 }), layer('Reshape', { target_shape: [10, 8, 1] })],
  };
  await writeOutputs(folder, steep);
  const [model] = (await modelsIn(folder)).models;
  const data = JSON.parse(model?.json ?? '') as ExplorerData;
  assert.equal(data.weights.type, 'float32');
});

test('a model that is too large is absent, and there if it is wanted', async (t) => {
  const folder = temporaryFolder(t);
  await writeOutputs(folder, {
    ...ARCHITECTURES.dense,
    encoder: ['Flatten', layer('Dense', { units: 20_000 }), layer('Dense', { units: 2 })],
  });
  const { models, absent } = await modelsIn(folder);
  assert.deepEqual(models, []);
  assert.deepEqual(
    absent.map(({ stage }) => stage),
    ['trained'],
  );
  assert.ok(absent[0]?.reason.includes(OPTIONS.command));
  const all = await modelsIn(folder, { ...OPTIONS, large: true });
  assert.deepEqual(
    all.models.map(({ stage }) => stage),
    ['trained'],
  );
  assert.deepEqual(all.absent, []);
});

test('damaged outputs leave a reason, not a model', async (t) => {
  const damages: readonly ((folder: string) => void)[] = [
    (folder) => truncateSync(join(folder, 'trained', 'model', 'encoder', 'weights.bin'), 40),
    (folder) => writeFileSync(join(folder, 'images', 'images.json'), '{'),
    (folder) => writeFileSync(join(folder, 'trained', 'model', 'decoder', 'model.json'), '{"format": 1}'),
  ];
  for (const damage of damages) {
    const folder = temporaryFolder(t);
    await writeOutputs(folder, ARCHITECTURES.dense);
    damage(folder);
    const { models, absent } = await modelsIn(folder);
    assert.deepEqual(models, []);
    assert.deepEqual(
      absent.map(({ stage }) => stage),
      ['trained'],
    );
    assert.ok(absent.every(({ reason }) => reason !== '' && !reason.includes(folder)));
  }
});

test('only results of the settings of the run are shown', async (t) => {
  const folder = temporaryFolder(t);
  for (const stale of ['trained', 'images'])
    assert.deepEqual(candidatesIn(RUN, new Set([...ALL].filter((stage) => stage !== stale))), []);
  assert.equal(await pageModels(folder, { ...RUN, stages: {} }, OPTIONS), undefined);
});

test('a record with paths, circles or other types leads to no file elsewhere', () => {
  const { trained, noisy, images } = RUN.stages;
  assert.ok(trained && noisy && images);
  const candidates = (stages: object) =>
    candidatesIn({ ...RUN, stages: stages as typeof RUN.stages }, new Set(Object.keys(stages)));
  assert.deepEqual(candidates({ images, '../trained': trained }), []);
  assert.deepEqual(
    candidates({ trained: { ...trained, inputs: { data: '../images' } }, '../images': images }),
    [],
  );
  assert.deepEqual(candidates({ trained: { ...trained, inputs: 7 }, images }), []);
  assert.deepEqual(candidates({ trained: { ...trained, inputs: { data: 'constructor' } }, images }), []);
  const circle = {
    trained,
    images,
    noisy: { ...noisy, inputs: { data: 'other' } },
    other: { ...noisy, inputs: { data: 'noisy' } },
  };
  assert.doesNotThrow(() => candidates(circle));
});
