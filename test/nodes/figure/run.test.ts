/** The `figure` stage from its inputs to its files. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { parseHTML } from 'linkedom';
import { writeImageSet, type HeldImages } from '../../../src/formats/images.ts';
import type {
  ComparisonFigureSettings,
  FigureSettings,
  HistoryFigureSettings,
  ImagesFigureSettings,
} from '../../../src/schema/generated/settings.ts';
import { Failure, type DiagnosticCode } from '../../../src/core/diagnostic.ts';
import { deriveSeed } from '../../../src/core/seed.ts';
import { predictAll } from '../../../src/engine/train/predict.ts';
import { buildAutoencoder } from '../../../src/layers/build.ts';
import { saveAutoencoder } from '../../../src/layers/save.ts';
import type { InputArtifact } from '../../../src/nodes/contract.ts';
import { figureNode } from '../../../src/nodes/figure/node.ts';
import { testEngine } from '../../engine/train/engine.ts';
import { decodePng, type Pixels } from '../../figures/decode.ts';
import { fakeContext, temporaryFolder, type FakeOptions } from '../context.ts';
import { architecture, corrupted, imageStage, SHAPE, squares } from '../train/rig.ts';

const IMAGES: ImagesFigureSettings = {
  type: 'figure',
  kind: 'images',
  data: 'images',
  split: 'test',
  random: false,
  rows: 2,
  columns: 3,
  labels: false,
};

const COMPARISON: ComparisonFigureSettings = {
  type: 'figure',
  kind: 'comparison',
  data: 'images',
  model: 'trained',
  split: 'test',
  random: false,
  samples: 4,
};

const HISTORY: HistoryFigureSettings = { type: 'figure', kind: 'history', model: 'trained' };

interface Drawn {
  readonly svg: string;
  readonly texts: readonly string[];
  readonly png: Uint8Array;
  readonly pixels: Pixels;
}

async function draw(root: string, settings: FigureSettings, options: FakeOptions): Promise<Drawn> {
  const context = fakeContext(root, settings, { stage: 'figure', ...options });
  const { highlights } = await figureNode.run(context);
  assert.deepEqual(highlights, ['figure.png', 'figure.svg']);
  const svg = await readFile(join(context.folder, 'figure.svg'), 'utf8');
  const png = await readFile(join(context.folder, 'figure.png'));
  const texts = [...parseHTML(svg).document.querySelectorAll('text')].map((text) => text.textContent ?? '');
  return { svg, texts, png, pixels: await decodePng(png) };
}

/** The bytes of the tiles of each row, read from the middle of every enlarged pixel of the PNG. */
function tiles({ svg, pixels }: Drawn, columns: number): readonly number[][] {
  const areas = [...svg.matchAll(/<image x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"/g)];
  return areas.map((area) => {
    const [x = 0, y = 0, , height = 0] = area.slice(1).map(Number);
    const scale = height / SHAPE[0];
    return Array.from({ length: columns * 144 }, (_, index) => {
      const [tile, row, column] = [Math.floor(index / 144), Math.floor((index % 144) / 12), index % 12];
      const left = x + tile * (12 * scale + 4) + (column + 0.5) * scale;
      return pixels.at(Math.floor(2 * left), Math.floor(2 * (y + (row + 0.5) * scale)))[0] ?? NaN;
    });
  });
}

function bytes(values: ArrayLike<number>): readonly number[] {
  return Array.from(values, (value) => Math.round(Math.min(1, Math.max(0, value)) * 255));
}

async function assertFails(work: Promise<unknown>, code: DiagnosticCode): Promise<void> {
  await assert.rejects(work, (error) => error instanceof Failure && error.diagnostics[0]?.code === code);
}

test('images: the first of a split, with labels and range', async (t) => {
  const root = temporaryFolder(t);
  const images = squares(10, 1);
  const inputs = { data: await imageStage(root, 'images', { test: images }) };
  const drawn = await draw(root, { ...IMAGES, title: 'Squares', labels: true }, { inputs });
  assert.deepEqual(drawn.texts, ['Squares', '12 × 12 pixels, values 0 to 1', ...Array(6).fill('3')]);
  assert.deepEqual(tiles(drawn, 3).flat(), [...images.data.subarray(0, 6 * 144)]);

  const named = { ...images, classes: ['a', 'b', 'c', 'd'] };
  const again = { data: await imageStage(root, 'named', { test: named }) };
  const { texts } = await draw(root, { ...IMAGES, labels: true }, { inputs: again });
  assert.deepEqual(texts.slice(-6), Array(6).fill('d'));
});

test('images: raw values are drawn from black to white of their range', async (t) => {
  const root = temporaryFolder(t);
  const folder = join(root, 'raw');
  mkdirSync(folder);
  const images: HeldImages = { ...squares(6, 1), scale: 1 };
  await writeImageSet(folder, { shape: SHAPE, range: [0, 255], splits: { test: images } });
  const drawn = await draw(root, IMAGES, { inputs: { data: { stage: 'raw', kind: 'images', folder } } });
  assert.deepEqual(drawn.texts, ['12 × 12 pixels, values 0 to 255']);
  assert.deepEqual(tiles(drawn, 3).flat(), [...images.data]);
});

for (const [range, text] of [
  [[1.37e-14, 1], '0 to 1'],
  [[3e-9, 0.99986], '0 to 1'],
  [[-0.42421, 2.8], '−0.42 to 2.8'],
  [[0, 65535], '0 to 65535'],
] as const)
  test(`images: the range ${range.join(' to ')} is written as ${text}`, async (t) => {
    const root = temporaryFolder(t);
    const folder = join(root, 'floats');
    mkdirSync(folder);
    await writeImageSet(folder, { shape: SHAPE, range, splits: { test: squares(6, 1) } });
    const data: InputArtifact = { stage: 'floats', kind: 'images', folder };
    assert.deepEqual((await draw(root, IMAGES, { inputs: { data } })).texts, [
      `12 × 12 pixels, values ${text}`,
    ]);
  });

test('images: a random choice depends on the seed alone', async (t) => {
  const root = temporaryFolder(t);
  const inputs = { data: await imageStage(root, 'images', { test: squares(100, 1) }) };
  const random = { ...IMAGES, random: true };
  const [one, again, other] = [
    await draw(root, random, { inputs, seed: 1 }),
    await draw(root, random, { inputs, seed: 1 }),
    await draw(root, random, { inputs, seed: 2 }),
  ];
  assert.deepEqual(one.png, again.png);
  assert.equal(one.svg, again.svg);
  assert.notEqual(one.svg, other.svg);
});

test('images: a grid with too few images shows them all; without images it fails', async (t) => {
  const root = temporaryFolder(t);
  const images = squares(2, 1);
  const inputs = { data: await imageStage(root, 'images', { train: squares(0, 1), test: images }) };
  const drawn = await draw(root, { ...IMAGES, random: true }, { inputs });
  assert.deepEqual(tiles(drawn, 2).flat(), [...images.data]);
  await assertFails(draw(root, { ...IMAGES, split: 'train' }, { inputs }), 'missing-split');
});

test('images: a second set is above, each beside its own range', async (t) => {
  const root = temporaryFolder(t);
  const images = squares(6, 1);
  const data = await imageStage(root, 'images', { test: images });
  const folder = join(root, 'raw');
  mkdirSync(folder);
  await writeImageSet(folder, { shape: SHAPE, range: [0, 255], splits: { test: { ...images, scale: 1 } } });
  const before: InputArtifact = { stage: 'raw', kind: 'images', folder };
  const drawn = await draw(root, { ...IMAGES, columns: 6, rows: 1 }, { inputs: { data, before } });
  assert.deepEqual(drawn.texts, ['12 × 12 pixels', 'Before', 'After', '255', '0', '1', '0']);
  assert.deepEqual(tiles(drawn, 6), [[...images.data], [...images.data]]);
  const two = await draw(root, IMAGES, { inputs: { data, before } });
  assert.equal(two.svg.match(/<linearGradient/g)?.length, 2);
  const fewer = await imageStage(root, 'fewer', { test: squares(5, 1) });
  await assertFails(draw(root, IMAGES, { inputs: { data, before: fewer } }), 'shape-mismatch');
});

test('images: labels that the data lack are a failure', async (t) => {
  const root = temporaryFolder(t);
  const { labels: _, ...images } = squares(10, 1);
  const inputs = { data: await imageStage(root, 'images', { test: images }) };
  await assertFails(draw(root, { ...IMAGES, labels: true }, { inputs }), 'bad-setting');
});

test("comparison: originals, corrupted images, and the model's outputs", async (t) => {
  const root = temporaryFolder(t);
  const engine = await testEngine();
  const folder = join(root, 'trained');
  const models = buildAutoencoder(engine.tf, architecture, (purpose) => deriveSeed(1, 'trained', purpose));
  await saveAutoencoder(models, join(folder, 'model'));
  const clean = squares(10, 1);
  const noisy = corrupted(clean, 2);
  const remember = (denoiser: boolean): void =>
    writeFileSync(join(folder, 'training.json'), JSON.stringify({ loss: 'mse', denoiser }));
  const model: InputArtifact = { stage: 'trained', kind: 'trained-model', folder };
  const data = await imageStage(root, 'noisy', { test: noisy });
  const target = await imageStage(root, 'clean', { test: clean });
  const outputs = async (images: HeldImages): Promise<readonly number[]> =>
    bytes(
      await predictAll(engine, models.autoencoder, images, Int32Array.of(0, 1, 2, 3), {
        batchSize: 4,
        signal: new AbortController().signal,
      }),
    );
  const held = engine.tf.memory().numTensors;
  const loaded = async () => engine;

  remember(true);
  const denoising = await draw(
    root,
    { ...COMPARISON, target: 'clean' },
    { inputs: { model, data, target }, engine: loaded },
  );
  assert.deepEqual(denoising.texts, ['Original', 'Corrupted', 'Denoised']);
  assert.deepEqual(tiles(denoising, 4), [
    [...clean.data.subarray(0, 4 * 144)],
    bytes(noisy.data.subarray(0, 4 * 144)),
    await outputs(noisy),
  ]);

  // A model that was not trained on noise does not denoise.
  remember(false);
  const noised = { inputs: { model, data, target }, engine: loaded };
  const shown = await draw(root, { ...COMPARISON, target: 'clean' }, noised);
  assert.deepEqual(shown.texts, ['Original', 'Corrupted', 'Reconstruction']);

  const plain = await draw(root, COMPARISON, { inputs: { model, data: target }, engine: loaded });
  assert.deepEqual(plain.texts, ['Original', 'Reconstruction']);
  assert.deepEqual(tiles(plain, 4), [[...clean.data.subarray(0, 4 * 144)], await outputs(clean)]);
  assert.equal(engine.tf.memory().numTensors, held);
});

/** A train stage that left nothing but its records. */
function trained(t: TestContext, history: string): { readonly root: string; readonly options: FakeOptions } {
  const root = temporaryFolder(t);
  const folder = join(root, 'trained');
  mkdirSync(folder);
  writeFileSync(join(folder, 'history.json'), history);
  writeFileSync(join(folder, 'training.json'), JSON.stringify({ loss: 'binary_crossentropy' }));
  return { root, options: { inputs: { model: { stage: 'trained', kind: 'trained-model', folder } } } };
}

const MEASURED = JSON.stringify({
  epoch: [1, 2, 3],
  loss: [0.4, 0.2, 0.1],
  val_loss: [0.3, null, 0.2],
  mse: [0.04, 0.02, 0.01],
});

test('history: a panel for each quantity, a curve for each part of the data', async (t) => {
  const { root, options } = trained(t, MEASURED);
  const { texts, svg } = await draw(root, { ...HISTORY, title: 'Training of trained' }, options);
  for (const text of [
    'Training of trained',
    'Epoch',
    'Loss: binary cross-entropy (nats)',
    'Mean squared error',
  ]) {
    assert.ok(texts.includes(text), text);
  }
  assert.deepEqual(
    texts.filter((text) => text === 'Training' || text === 'Validation'),
    ['Training', 'Validation', 'Training'],
  );
  assert.equal(svg.match(/aria-label="line"/g)?.length, 3);
  // Of nine values, one is missing.
  assert.equal(svg.match(/<circle/g)?.length, 8);
});

test('history: only the requested quantities', async (t) => {
  const { root, options } = trained(t, MEASURED);
  const { texts } = await draw(root, { ...HISTORY, quantities: ['val_loss'] }, options);
  assert.ok(
    texts.includes('Validation') && !texts.includes('Training') && !texts.includes('Mean squared error'),
  );
  await assertFails(draw(root, { ...HISTORY, quantities: ['mae'] }, options), 'bad-setting');
});

test('history: records that are damaged or hold no number are failures', async (t) => {
  const damaged = trained(t, '{"epoch": [1');
  await assertFails(draw(damaged.root, HISTORY, damaged.options), 'data-corrupt');
  for (const nothing of ['{"epoch": [], "loss": []}', '{"epoch": [1]}']) {
    const empty = trained(t, nothing);
    await assertFails(draw(empty.root, HISTORY, empty.options), 'out-of-range');
  }
});
