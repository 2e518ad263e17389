/** Every stage that takes images gives the same bits whether its images are in memory or stay on the disk. */
import assert from 'node:assert/strict';

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, test, type TestContext } from 'node:test';
import sharp from 'sharp';
import { Philox } from '../../src/core/philox.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { loadEngine } from '../../src/engine/load.ts';
import { openImages } from '../../src/formats/images.ts';
import { NumberSource } from '../../src/formats/numbers.ts';
import type { InputArtifact, NodeDefinition } from '../../src/nodes/contract.ts';
import { datasetNode } from '../../src/nodes/dataset/node.ts';
import { concatNode } from '../../src/nodes/concat/node.ts';
import { encodeNode } from '../../src/nodes/encode/node.ts';
import { evaluateNode } from '../../src/nodes/evaluate/node.ts';
import { noiseNode } from '../../src/nodes/noise/node.ts';
import { normalizeNode } from '../../src/nodes/normalize/node.ts';
import { pcaNode } from '../../src/nodes/pca/node.ts';
import { predictNode } from '../../src/nodes/predict/node.ts';
import { probeNode } from '../../src/nodes/probe/node.ts';
import { resizeNode } from '../../src/nodes/resize/node.ts';
import { splitNode } from '../../src/nodes/split/node.ts';
import { subsetNode } from '../../src/nodes/subset/node.ts';
import { trainNode } from '../../src/nodes/train/node.ts';
import { testEngine } from '../engine/train/engine.ts';
import { npy, zip } from '../formats/numpy-files.ts';
import { fakeContext, temporaryFolder } from './context.ts';
import { contents, corrupted, imageStage, modelStage, squares, TRAIN } from './train/rig.ts';

/** A quarter of it is less than any of the sets below. */
const LITTLE = '1MB';
const COUNT = 4000;

let engines: readonly Engine[];
before(async () => {
  engines = [await testEngine(), await loadEngine({ choice: 'portable', threads: 1 })];
});

/** Runs work with so much memory as `HOURGLASS_MEMORY` says. */
async function within<Result>(memory: string, work: () => Promise<Result>): Promise<Result> {
  process.env['HOURGLASS_MEMORY'] = memory;
  try {
    return await work();
  } finally {
    delete process.env['HOURGLASS_MEMORY'];
  }
}

interface Sets {
  readonly root: string;
  readonly images: InputArtifact;
  readonly others: InputArtifact;
}

async function prepare(t: TestContext, count = COUNT): Promise<Sets> {
  const root = temporaryFolder(t);
  const labelled = (seed: number) => {
    const images = squares(count, seed);
    return { ...images, labels: Uint8Array.from({ length: count }, (_, row) => (row * 7 + seed) % 3) };
  };
  const images = await imageStage(root, 'images', { train: labelled(1), test: labelled(2) });
  const others = await imageStage(root, 'others', { train: corrupted(labelled(3), 4) });
  return { root, images, others };
}

/** The stage's files and metrics. */
async function outcomeOf<Settings>(
  { root }: Sets,
  node: NodeDefinition<Settings>,
  settings: Settings,
  inputs: Readonly<Record<string, InputArtifact>>,
  { engine, stage }: { engine?: Engine; stage: string },
) {
  const context = fakeContext(root, settings, {
    ...{ inputs, stage },
    ...(engine === undefined ? {} : { engine: async () => engine }),
  });
  // Random numbers must not depend on the name of the folder.
  const { metrics } = await node.run({ ...context, stage: 'stage', seed: fakeContext(root, {}).seed });
  return { folder: context.folder, metrics, files: contents(context.folder) };
}

async function assertSame<Settings>(
  sets: Sets,
  node: NodeDefinition<Settings>,
  settings: Settings,
  inputs: Readonly<Record<string, InputArtifact>>,
  engine?: Engine,
  memory = LITTLE,
): Promise<string> {
  const name = `${node.type}-${Math.random().toString(36).slice(2)}`;
  const own = engine === undefined ? {} : { engine };
  const held = await outcomeOf(sets, node, settings, inputs, { ...own, stage: `${name}-held` });
  const read = await within(memory, () =>
    outcomeOf(sets, node, settings, inputs, { ...own, stage: `${name}-read` }),
  );
  assert.deepEqual(read.files, held.files, node.type);
  assert.deepEqual(read.metrics, held.metrics, node.type);
  return held.folder;
}

test('images that would take more than a quarter of the memory stay on the disk', async (t) => {
  const { images } = await prepare(t);
  const { data } = await within(LITTLE, () => openImages(images.folder, 'train'));
  assert.ok(data instanceof NumberSource);
  assert.ok((await openImages(images.folder, 'train')).data instanceof Uint8Array);
});

test('steps and noise', async (t) => {
  const sets = await prepare(t);
  const { images, others } = sets;
  const data = { data: images };
  const base = { data: 'images', seed: 3 } as const;
  await assertSame(
    sets,
    noiseNode,
    { type: 'noise', kind: 'gaussian', data: 'images', mean: 0.5, stddev: 0.5, clip: null, resample: true },
    data,
  );
  await assertSame(
    sets,
    noiseNode,
    { type: 'noise', kind: 'blur', data: 'images', sigma: 1, clip: [0, 1] },
    data,
  );
  await assertSame(sets, normalizeNode, { type: 'normalize', data: 'images', method: 'standard' }, data);
  await assertSame(
    sets,
    normalizeNode,
    { type: 'normalize', data: 'images', method: 'minmax', from: null, to: [-1, 1] },
    data,
  );
  await assertSame(sets, resizeNode, { type: 'resize', data: 'images', size: [7, 9] }, data);
  await assertSame(
    sets,
    splitNode,
    { ...base, type: 'split', test: 0.3, stratify: true, redivide: true },
    data,
  );
  await assertSame(
    sets,
    subsetNode,
    { ...base, type: 'subset', choose: 'random', share: 0.9, classes: [0, 2], count: null },
    data,
  );
  await assertSame(
    sets,
    concatNode,
    { type: 'concat', data: 'images', with: 'others' },
    { ...data, with: others },
  );
});

test('arrays of every type', async (t) => {
  const sets = await prepare(t);
  const rows = 2000;
  const values = Array.from({ length: rows * 3 * 12 * 12 }, (_, index) => (index * 31 + (index >> 9)) % 256);
  const array = (
    descr: string,
    bytesOf: (view: DataView, at: number, value: number) => void,
    size: number,
  ) => {
    const data = Buffer.alloc(values.length * size);
    const view = new DataView(data.buffer, data.byteOffset);
    values.forEach((value, index) => bytesOf(view, index * size, value));
    return npy(descr, `(${rows}, 3, 12, 12)`, data);
  };
  const arrays = {
    bytes: array('|u1', (view, at, value) => view.setUint8(at, value), 1),
    wide: array('>i4', (view, at, value) => view.setInt32(at, value * 200), 4),
    // Only one of the pieces has a value of 16 bits.
    mixed: array(
      '<i8',
      (view, at, value) => view.setBigInt64(at, at === 40 ? 40_000n : BigInt(value), true),
      8,
    ),
    floats: array('<f8', (view, at, value) => view.setFloat64(at, value / 255, true), 8),
  };
  const labels = npy(
    '|u1',
    `(${rows},)`,
    Uint8Array.from({ length: rows }, (_, row) => row % 4),
  );
  const settings = { normalize: 'minmax', data_format: 'channels_first', limit: null } as const;
  for (const [name, bytes] of Object.entries(arrays)) {
    writeFileSync(join(sets.root, `${name}.npy`), bytes);
    const own = { ...settings, type: 'dataset', source: 'npy', train_images: `${name}.npy` } as const;
    await assertSame(sets, datasetNode, own, {});
    await assertSame(sets, datasetNode, { ...own, limit: 1000 }, {});
    writeFileSync(
      join(sets.root, `${name}.npz`),
      zip([
        { name: 'x.npy', data: bytes, stored: true },
        { name: 'y.npy', data: labels },
      ]),
    );
    const npz = {
      ...settings,
      type: 'dataset',
      source: 'npz',
      path: `${name}.npz`,
      train_images: 'x',
      train_labels: 'y',
      test_images: null,
      test_labels: null,
    } as const;
    await assertSame(sets, datasetNode, npz, {});
  }
});

test('image files, of 8 and of 16 bits, and pairs of them', async (t) => {
  const sets = await prepare(t, 1);
  const generator = new Philox([1, 2]);
  const raw = { raw: { width: 40, height: 30, channels: 1 } } as const;
  const files: Record<string, Buffer> = {};
  for (let image = 0; image < 90; image++) {
    const values = Array.from({ length: 1200 }, () => generator.integer(256));
    const isWide = image % 30 === 7;
    const pixels = isWide ? Uint16Array.from(values, (value) => value * 200) : Uint8Array.from(values);
    const png = sharp(pixels, raw)
      .toColourspace(isWide ? 'grey16' : 'b-w')
      .png()
      .toBuffer();
    files[`wide/${image % 3}/${image}.png`] = await png;
    if (!isWide) files[`noisy/${image}.png`] = await png;
    if (image % 5 !== 0)
      files[`clean/${image}.png`] = await sharp(Uint8Array.from(values), raw)
        .toColourspace('b-w')
        .png()
        .toBuffer();
  }
  // Of another size.
  files['noisy/91.png'] = await sharp(new Uint8Array(100), { raw: { width: 10, height: 10, channels: 1 } })
    .png()
    .toBuffer();
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(sets.root, name)), { recursive: true });
    writeFileSync(join(sets.root, name), bytes);
  }
  const common = {
    type: 'dataset',
    crop: null,
    color: 'gray',
    on_error: 'skip',
    recursive: false,
    follow_links: false,
    limit: null,
    normalize: 'minmax',
  } as const;
  const images = { ...common, source: 'images', path: 'wide', labels: 'folder' } as const;
  const pairs = { ...common, source: 'pairs', noisy: 'noisy', clean: 'clean', labels: 'none' } as const;
  for (const memory of ['1kb', '100kb']) {
    await assertSame(sets, datasetNode, images, {}, undefined, memory);
    await assertSame(sets, datasetNode, { ...images, limit: 60 }, {}, undefined, memory);
    await assertSame(sets, datasetNode, pairs, {}, undefined, memory);
  }
});

test('training, and the use of a trained model, on both engines', async (t) => {
  for (const engine of engines) {
    const sets = await prepare(t);
    const { images, root } = sets;
    const model = await modelStage(engine, root);
    const noisy = { stage: 'noisy', kind: 'images', folder: '' } as const;
    const folder = await assertSame(
      sets,
      noiseNode,
      {
        type: 'noise',
        kind: 'gaussian',
        data: 'images',
        mean: 0.5,
        stddev: 0.5,
        clip: [0, 1],
        resample: false,
      },
      { data: images },
    );
    const inputs = { model, data: { ...noisy, folder }, target: images };
    const settings = {
      ...TRAIN,
      epochs: 1,
      batch_size: 64,
      data: 'noisy',
      target: 'images',
      validation: 0.1,
      compile: 'auto',
    } as const;
    // A quarter of this is less than the noisy images, and all of it enough for the small model.
    const trained = await assertSame(sets, trainNode, settings, inputs, engine, '8.8MB');
    const used = { ...inputs, model: { stage: 'trained', kind: 'trained-model', folder: trained } } as const;
    const rest = { model: 'trained', data: 'noisy', split: 'all', batch_size: 64 } as const;
    await assertSame(
      sets,
      predictNode,
      { ...rest, type: 'predict' },
      { model: used.model, data: used.data },
      engine,
    );
    await assertSame(
      sets,
      evaluateNode,
      { ...rest, type: 'evaluate', target: 'images', metrics: ['mse', 'psnr'] },
      used,
      engine,
    );
    await assertSame(
      sets,
      encodeNode,
      { ...rest, type: 'encode' },
      { model: used.model, data: images },
      engine,
    );
    await assertSame(
      sets,
      pcaNode,
      { type: 'pca', data: 'images', components: [1, 8], split: 'test' },
      { data: images },
      engine,
    );
  }
});

test('a probe that reads rows in blocks finds the same classes, except for rounding', async (t) => {
  const sets = await prepare(t, 1200);
  const [engine] = engines;
  const settings = {
    type: 'probe',
    data: 'images',
    classifiers: ['knn', 'logistic'],
    neighbors: 5,
    limit: null,
  } as const;
  const run = async (stage: string): Promise<Readonly<Record<string, number>>> => {
    const options = { stage, ...(engine === undefined ? {} : { engine }) };
    return (await outcomeOf(sets, probeNode, settings, { data: sets.images }, options)).metrics ?? {};
  };
  const held = await run('held');
  const read = await within('2MB', () => run('read'));
  assert.deepEqual(Object.keys(read), Object.keys(held));
  for (const [name, value] of Object.entries(held))
    assert.ok(Math.abs((read[name] ?? -1) - value) < 0.01, name);
});
