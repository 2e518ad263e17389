/** Figures of latent spaces, from their inputs to their files. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { parseHTML } from 'linkedom';
import sharp from 'sharp';
import { writeVectorSet, type VectorArray } from '../../../src/formats/vectors.ts';
import type {
  AnimationFigureSettings,
  FigureSettings,
  LatentFigureSettings,
  ManifoldFigureSettings,
  TraversalFigureSettings,
} from '../../../src/schema/generated/settings.ts';
import { Failure, type DiagnosticCode } from '../../../src/core/diagnostic.ts';
import { Philox } from '../../../src/core/philox.ts';
import { deriveSeed } from '../../../src/core/seed.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { imageGrid } from '../../../src/figures/image-grid.ts';
import { buildAutoencoder, disposeAutoencoder } from '../../../src/layers/build.ts';
import { loadVariational, saveAutoencoder } from '../../../src/layers/save.ts';
import type { InputArtifact } from '../../../src/nodes/contract.ts';
import { quantileOf } from '../../../src/core/statistics.ts';
import { sortedAxis } from '../../../src/nodes/figure/latent-space.ts';
import { figureNode } from '../../../src/nodes/figure/node.ts';
import { testEngine } from '../../engine/train/engine.ts';
import { layer } from '../../layers/specs.ts';
import { fakeContext, temporaryFolder, type FakeOptions } from '../context.ts';
import { imageStage, SHAPE, squares } from '../train/rig.ts';

const LATENT: LatentFigureSettings = { type: 'figure', kind: 'latent', data: 'plane', split: 'test' };
const TRAVERSAL: TraversalFigureSettings = {
  type: 'figure',
  kind: 'traversal',
  data: 'images',
  model: 'trained',
  path: 'axes',
  split: 'test',
  random: false,
  rows: 3,
  columns: 5,
};
const MANIFOLD: ManifoldFigureSettings = {
  type: 'figure',
  kind: 'manifold',
  data: 'images',
  model: 'trained',
  split: 'test',
  rows: 4,
  columns: 3,
};
const ANIMATION: AnimationFigureSettings = {
  type: 'figure',
  kind: 'animation',
  model: 'trained',
  delay: 100,
};

let engine: Engine;
before(async () => {
  engine = await testEngine();
});

async function draw(root: string, settings: FigureSettings, options: FakeOptions) {
  const context = fakeContext(root, settings, { stage: 'figure', engine: async () => engine, ...options });
  const { highlights } = await figureNode.run(context);
  const svg = readFileSync(join(context.folder, 'figure.svg'), 'utf8');
  const texts = [...parseHTML(svg).document.querySelectorAll('text')].map((text) => text.textContent ?? '');
  return { svg, texts, highlights, folder: context.folder };
}

const fails = (code: DiagnosticCode) => (error: unknown) =>
  error instanceof Failure && error.diagnostics[0]?.code === code;

async function vectorStage(root: string, size: number, test: VectorArray): Promise<InputArtifact> {
  const folder = join(root, 'plane');
  mkdirSync(folder);
  await writeVectorSet(folder, { size, axes: Array(size).fill('Axis'), splits: { test } });
  return { stage: 'plane', kind: 'vectors', folder };
}

async function trainedStage(
  root: string,
  latentSize: number,
  latent: 'Dense' | 'Variational' = 'Dense',
): Promise<InputArtifact> {
  const folder = join(root, 'trained');
  const models = buildAutoencoder(
    engine.tf,
    {
      input_shape: [...SHAPE],
      encoder: ['Flatten', layer(latent, { units: latentSize })],
      decoder: [layer('Dense', { units: 144 }), layer('Reshape', { target_shape: [...SHAPE] })],
    },
    (purpose) => deriveSeed(1, 'trained', purpose),
  );
  mkdirSync(folder);
  await saveAutoencoder(models, join(folder, 'model'));
  disposeAutoencoder(models);
  return { stage: 'trained', kind: 'trained-model', folder };
}

test('latent: vectors with their classes, and thumbnails of the images behind them', async (t) => {
  const root = temporaryFolder(t);
  const data = new Float32Array(20);
  new Philox([1, 1]).normal(data);
  const vectors = {
    data,
    count: 10,
    labels: Uint8Array.from({ length: 10 }, (_, index) => index % 2),
    rows: Int32Array.from({ length: 10 }, (_, index) => 3 * index),
  };
  const plane = await vectorStage(root, 2, vectors);
  const plain = await draw(root, { ...LATENT, title: 'A plane' }, { inputs: { data: plane } });
  for (const text of ['A plane', '10 test images', 'Axis', 'Class'])
    assert.ok(plain.texts.includes(text), text);
  assert.ok(!plain.svg.includes('<image'));
  const thumbnails = await imageStage(root, 'images', { test: squares(30, 1) });
  assert.ok((await draw(root, LATENT, { inputs: { data: plane, thumbnails } })).svg.includes('<image'));
  const few = await imageStage(root, 'few', { test: squares(20, 1) });
  await assert.rejects(
    draw(root, LATENT, { inputs: { data: plane, thumbnails: few } }),
    fails('shape-mismatch'),
  );
});

test('latent: vectors with more values are refused', async (t) => {
  const root = temporaryFolder(t);
  const data = await vectorStage(root, 3, { data: new Float32Array(30), count: 10 });
  await assert.rejects(draw(root, LATENT, { inputs: { data } }), fails('shape-mismatch'));
});

test('traversal: along the widest axes, and between pairs of images', async (t) => {
  const root = temporaryFolder(t);
  const inputs = {
    model: await trainedStage(root, 4),
    data: await imageStage(root, 'images', { test: squares(20, 1) }),
  };
  const held = engine.tf.memory().numTensors;
  const axes = await draw(root, TRAVERSAL, { inputs });
  assert.equal(engine.tf.memory().numTensors, held);
  assert.equal(axes.svg.match(/<image/g)?.length, 3);
  const labels = axes.texts.filter((text) => /^Latent [1-4]$/.test(text));
  assert.equal(new Set(labels).size, 3);
  assert.deepEqual(axes.texts.slice(-3), ['1 %', '50 %', '99 %']);
  const ways = await draw(root, { ...TRAVERSAL, path: 'images' }, { inputs });
  assert.deepEqual(ways.texts.slice(-7), ['image', '0 %', '25 %', '50 %', '75 %', '100 %', 'image']);
  const random = { ...TRAVERSAL, random: true };
  const one = await draw(root, random, { inputs, seed: 1 });
  assert.equal((await draw(root, random, { inputs, seed: 1 })).svg, one.svg);
  assert.notEqual((await draw(root, random, { inputs, seed: 3 })).svg, one.svg);
});

test('traversal: a variational latent is ordered by its divergence, which each row tells', async (t) => {
  const root = temporaryFolder(t);
  const images = squares(20, 1);
  const inputs = {
    model: await trainedStage(root, 4, 'Variational'),
    data: await imageStage(root, 'images', { test: images }),
  };
  const held = engine.tf.memory().numTensors;
  const { texts } = await draw(root, { ...TRAVERSAL, rows: 4 }, { inputs });
  const parts = (await loadVariational(engine.tf, join(inputs.model.folder, 'model'))) ?? assert.fail();
  const wanted = engine.tf.tidy(() => {
    const pixels = Float32Array.from(images.data, (value) => value / 255);
    const heads = parts.distributions.predict(engine.tf.tensor(pixels, [20, ...SHAPE]));
    assert.ok(!Array.isArray(heads));
    const [mean, logVariance] = [heads.slice([0, 0], [20, 4]), heads.slice([0, 4], [20, 4])];
    const divergence = logVariance.exp().add(mean.square()).sub(1).sub(logVariance).div(2).mean(0);
    return [...divergence.dataSync()];
  });
  parts.dispose();
  assert.equal(engine.tf.memory().numTensors, held);
  const rows = texts.flatMap((text) => {
    const [, axis, nats] = /^Latent ([1-4]) \(([\d.]+) nats\)$/.exec(text) ?? [];
    return axis === undefined ? [] : [{ axis: Number(axis) - 1, nats: Number(nats) }];
  });
  assert.equal(rows.length, 4);
  for (const { axis, nats } of rows) assert.ok(Math.abs(nats - (wanted[axis] ?? NaN)) < 0.006);
  assert.deepEqual(
    rows.map(({ axis }) => axis),
    wanted.map((_, axis) => axis).sort((one, other) => (wanted[other] ?? 0) - (wanted[one] ?? 0)),
  );
  const byVariance = await draw(root, { ...TRAVERSAL, order: 'variance' }, { inputs });
  assert.ok(byVariance.texts.some((text) => /^Latent \d$/.test(text)));
  const plain = { ...inputs, model: await trainedStage(temporaryFolder(t), 4) };
  await assert.rejects(draw(root, { ...TRAVERSAL, order: 'kl' }, { inputs: plain }), fails('bad-setting'));
});

test('an order is for axes, and by divergence for variational latents', () => {
  const check = (settings: Partial<TraversalFigureSettings>, variational: boolean): readonly string[] => {
    const found: string[] = [];
    figureNode.analyze({
      stage: 'figure',
      settings: { ...TRAVERSAL, ...settings },
      inputs: {
        data: { kind: 'images', shape: SHAPE, splits: ['test'] },
        model: {
          ...{ kind: 'trained-model', inputShape: SHAPE, latentShape: [4], outputShape: SHAPE },
          ...{ data: 'images', target: 'images', denoiser: false, variational },
        },
      },
      references: { data: 'images', model: 'trained' },
      report: ({ code, at }) => found.push(`${code} ${at.join('.')}`),
    });
    return found;
  };
  assert.deepEqual(check({ order: 'kl' }, true), []);
  assert.deepEqual(check({ order: 'kl' }, false), ['bad-setting order']);
  assert.deepEqual(check({ order: 'variance' }, false), []);
  assert.deepEqual(check({ order: 'kl', path: 'images' }, true), ['bad-setting order']);
});

test('manifold: a grid of the plane, with its values', async (t) => {
  const root = temporaryFolder(t);
  const data = await imageStage(root, 'images', { test: squares(20, 1) });
  const model = await trainedStage(root, 2);
  const { svg, texts } = await draw(root, MANIFOLD, { inputs: { model, data } });
  assert.equal(svg.match(/<image/g)?.length, 4);
  const numbers = texts
    .filter((text) => /^−?[\d.]+$/.test(text))
    .map((text) => Number(text.replace('−', '-')));
  assert.equal(numbers.length, 4 + 3);
  const [rows, columns] = [numbers.slice(0, 4), numbers.slice(4)];
  assert.deepEqual(
    rows.toSorted((a, b) => b - a),
    rows,
    'upwards',
  );
  assert.deepEqual(
    columns.toSorted((a, b) => a - b),
    columns,
    'to the right',
  );
});

test('quantiles of an axis are interpolated linearly', () => {
  const sorted = sortedAxis({ latents: Float32Array.of(5, 0, 1, 0, 3, 0), size: 2 }, 0);
  assert.deepEqual([...sorted], [1, 3, 5]);
  assert.deepEqual(
    [0, 0.25, 0.5, 1].map((share) => quantileOf(sorted, share)),
    [1, 2, 3, 5],
  );
});

test('animation: the previews in the order of their epochs, the last one longer', async (t) => {
  const root = temporaryFolder(t);
  const previews = join(root, 'trained', 'previews');
  mkdirSync(previews, { recursive: true });
  const preview = (title: string, value: number): string =>
    imageGrid({
      title,
      rows: [{ images: [{ width: 1, height: 1, channels: 1, values: Uint8Array.of(value) }] }],
      tileScale: 20,
    }).svg;
  writeFileSync(join(previews, 'inputs.svg'), preview('Inputs', 255));
  for (const epoch of [10, 2, 1]) {
    writeFileSync(
      join(previews, `epoch-${String(epoch).padStart(3, '0')}.svg`),
      preview(`Epoch ${epoch}`, 10 * epoch),
    );
  }
  const model = { stage: 'trained', kind: 'trained-model', folder: join(root, 'trained') } as const;
  const { texts, highlights, folder } = await draw(root, ANIMATION, { inputs: { model } });
  assert.deepEqual(highlights, ['figure.gif', 'figure.png', 'figure.svg']);
  assert.deepEqual(texts, ['Epoch 10']);
  const gif = readFileSync(join(folder, 'figure.gif'));
  const titled = await draw(
    temporaryFolder(t),
    { ...ANIMATION, title: 'How it learns' },
    { inputs: { model } },
  );
  assert.deepEqual(titled.texts.toSorted(), ['Epoch 10', 'How it learns']);
  const tall = await sharp(readFileSync(join(titled.folder, 'figure.gif')), { animated: true }).metadata();
  const short = await sharp(gif, { animated: true }).metadata();
  assert.ok((tall.pageHeight ?? 0) > (short.pageHeight ?? 0), 'the title is in every frame');
  const { delay } = await sharp(gif, { animated: true }).metadata();
  assert.deepEqual(delay, [100, 100, 800]);
  const corner = async (page: number): Promise<number | undefined> => {
    const { data, info } = await sharp(gif, { page })
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    return data[((info.height - 25) * info.width + 25) * 3];
  };
  // Each frame has 256 colours of its own, which come close.
  for (const [page, value] of [10, 20, 100].entries()) {
    assert.ok(Math.abs(((await corner(page)) ?? 255) - value) <= 2, `frame ${page}`);
  }
});

test('animation: no previews, and damaged ones', async (t) => {
  const root = temporaryFolder(t);
  const folder = join(root, 'trained');
  const model = { stage: 'trained', kind: 'trained-model', folder } as const;
  await assert.rejects(draw(root, ANIMATION, { inputs: { model } }), fails('data-missing'));
  mkdirSync(join(folder, 'previews'), { recursive: true });
  writeFileSync(join(folder, 'previews', 'epoch-001.svg'), '<svg width="99999999">');
  await assert.rejects(draw(root, ANIMATION, { inputs: { model } }), fails('data-corrupt'));
});
