/** Conditional models through their stages: what `check` finds, and that each stage uses the labels of the images. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readImages, type HeldImages } from '../../src/formats/images.ts';
import { readVectors } from '../../src/formats/vectors.ts';
import type {
  EvaluateSettings,
  FigureSettings,
  ModelSettings,
  SampleSettings,
  TrainSettings,
} from '../../src/schema/generated/settings.ts';
import { Failure } from '../../src/core/diagnostic.ts';
import type { AnalysisContext, Finding, OutputDescription } from '../../src/core/stage-type.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { Architecture } from '../../src/layers/layer.ts';
import type { InputArtifact, NodeDefinition } from '../../src/nodes/contract.ts';
import { encodeNode } from '../../src/nodes/encode/node.ts';
import { describeClasses } from '../../src/nodes/class-labels.ts';
import { evaluateNode } from '../../src/nodes/evaluate/node.ts';
import { figureNode } from '../../src/nodes/figure/node.ts';
import { modelNode } from '../../src/nodes/model/node.ts';
import { predictNode } from '../../src/nodes/predict/node.ts';
import { sampleNode } from '../../src/nodes/sample/node.ts';
import { inspectTrained } from '../../src/nodes/train/inspect.ts';
import { trainNode } from '../../src/nodes/train/node.ts';
import { testEngine } from '../engine/train/engine.ts';
import { layer } from '../layers/specs.ts';
import { fakeContext } from './context.ts';
import { imageStage, modelStage, SHAPE, squares, TRAIN } from './train/rig.ts';

const cvae: Architecture = {
  input_shape: [...SHAPE],
  classes: 2,
  encoder: ['Flatten', layer('Dense', { units: 8, activation: 'relu' }), layer('Variational', { units: 2 })],
  decoder: [
    layer('Dense', { units: 144, activation: 'sigmoid' }),
    layer('Reshape', { target_shape: [...SHAPE] }),
  ],
};

/** Squares, bright on dark, with both labels in turn. */
function labelled(count: number, seed: number, first = 0): HeldImages {
  const labels = Uint8Array.from({ length: count }, (_, image) => (first + image) % 2);
  return { ...squares(count, seed), labels };
}

/** What the model learns to make of them: those of class 1 become dark on bright, which only the label tells. */
function targets(images: HeldImages): HeldImages {
  const data = Uint8Array.from(images.data, (value, index) =>
    images.labels?.[Math.floor(index / 144)] === 1 ? 255 - value : value,
  );
  return { ...images, data };
}

/** The class that images look like: 1 where most pixels are bright. */
function bright({ data, count }: HeldImages): readonly number[] {
  return Array.from({ length: count }, (_, image) =>
    Number(data.slice(image * 144, (image + 1) * 144).filter((value) => value > 0.5).length > 72),
  );
}

let engine: Engine;
let root: string;
let inputs: Readonly<Record<'model' | 'data' | 'target', InputArtifact>>;
let trained: InputArtifact;
let metrics: Readonly<Record<string, number>>;
const settings: TrainSettings = {
  ...TRAIN,
  ...{
    loss: 'binary_crossentropy',
    epochs: 40,
    target: 'target',
    preview: { every: 40, split: 'test', rows: 1, columns: 4 },
  },
};
before(async () => {
  engine = await testEngine();
  root = mkdtempSync(join(tmpdir(), 'hourglass-condition-'));
  inputs = {
    model: await modelStage(engine, root, cvae),
    data: await imageStage(root, 'clean', { train: labelled(80, 1), test: labelled(21, 2) }),
    target: await imageStage(root, 'target', {
      train: targets(labelled(80, 1)),
      test: targets(labelled(21, 2)),
    }),
  };
  const context = fakeContext(root, settings, { stage: 'trained', inputs, engine: async () => engine });
  ({ metrics = {} } = await trainNode.run(context));
  trained = { stage: 'trained', kind: 'trained-model', folder: context.folder };
});

after(() => rmSync(root, { recursive: true, force: true }));

let stages = 0;
async function run<Settings>(
  node: NodeDefinition<Settings>,
  own: Settings,
  others: Readonly<Record<string, InputArtifact>>,
  // Stages of the same name have the same seeds.
  stage = `stage-${(stages += 1)}`,
) {
  const context = fakeContext(mkdtempSync(join(root, 'run-')), own, {
    ...{ stage, inputs: { model: trained, ...others } },
    engine: async () => engine,
  });
  const result = await node.run(context);
  return { ...result, folder: context.folder };
}

const EVALUATE: EvaluateSettings = {
  ...{ type: 'evaluate', model: 'trained', data: 'clean', split: 'test', batch_size: 7 },
  ...{ metrics: ['binary_crossentropy', 'reconstruction', 'kl', 'nll', 'active_units', 'mean_activation'] },
  importance_samples: 5,
};
const SAMPLE: SampleSettings = { type: 'sample', model: 'trained', from: 'prior', count: 6, batch_size: 7 };

test('the measures of a training are found again, and depend on the labels', async () => {
  const context = fakeContext(
    root,
    { stage: 'trained', train: settings, seed: 0 },
    { stage: 'inspection', inputs: { ...inputs, trained }, engine: async () => engine },
  );
  const found = (await inspectTrained(context)).metrics ?? {};
  for (const name of ['val_loss', 'val_kl', 'val_reconstruction'])
    assert.ok(Math.abs((found[name] ?? NaN) - (metrics[name] ?? NaN)) < 1e-3, name);
  assert.ok(existsSync(join(trained.folder, 'previews', 'epoch-040.png')));

  const { data, target } = inputs;
  const right = await run(evaluateNode, EVALUATE, { data, target });
  const swapped = await imageStage(root, 'swapped', { test: labelled(21, 2, 1) });
  const wrong = await run(evaluateNode, EVALUATE, { data: swapped, target });
  for (const name of ['binary_crossentropy', 'reconstruction', 'nll'])
    assert.ok((wrong.metrics?.[name] ?? 0) > 1.5 * (right.metrics?.[name] ?? Infinity), name);
});

test('outputs and latents are those of the labels of the images', async () => {
  const swapped = await imageStage(root, 'others', { test: labelled(21, 2, 1) });
  const read = async (data: InputArtifact) => {
    const common = { model: 'trained', data: 'clean', split: 'test', batch_size: 7 } as const;
    const outputs = await run(predictNode, { type: 'predict', ...common }, { data });
    const latents = await run(encodeNode, { type: 'encode', ...common }, { data });
    return {
      outputs: await readImages(outputs.folder, 'test'),
      latents: await readVectors(latents.folder, 'test'),
    };
  };
  const [one, other] = [await read(inputs.data), await read(swapped)];
  assert.notDeepEqual(one.latents.data, other.latents.data);
  for (const [{ outputs }, first] of [
    [one, 0],
    [other, 1],
  ] as const)
    assert.deepEqual(
      bright(outputs),
      Array.from({ length: 21 }, (_, image) => (first + image) % 2),
    );
  assert.deepEqual(one.outputs.labels, labelled(21, 2).labels);
});

test('samples have each label in turn, or the one requested', async () => {
  const sampled = async (own: Partial<SampleSettings>, data?: InputArtifact): Promise<HeldImages> => {
    const settings = { ...SAMPLE, ...own };
    const { folder } = await run(sampleNode, settings, data === undefined ? {} : { data }, 'sampled');
    return readImages(folder, 'test');
  };
  const labelsOf = ({ labels }: HeldImages): readonly number[] => [...(labels ?? [])];
  /** The mean of all pixels of the images with a label. */
  const brightness = ({ data, labels }: HeldImages, label: number): number => {
    const own = [...data].filter((_, index) => labels?.[Math.floor(index / 144)] === label);
    return own.reduce((sum, value) => sum + value, 0) / own.length;
  };
  const inTurn = await sampled({ count: 40 });
  assert.deepEqual(labelsOf(inTurn).slice(0, 5), [0, 1, 0, 1, 0]);
  const ones = await sampled({ count: 40, label: 1 });
  assert.ok(labelsOf(ones).length === 40 && labelsOf(ones).every((label) => label === 1));
  const mixed = await sampled({ count: 40, from: 'mixture', components: 2 }, inputs.data);
  assert.deepEqual(labelsOf(mixed), labelsOf(inTurn));
  // The mixture of a class is fitted to its images, whatever the others are.
  const others = labelled(60, 9);
  const { labels = new Int32Array(), data } = labelled(60, 1);
  labels.forEach((label, image) => {
    if (label === 0) data.set(others.data.subarray(image * 144, (image + 1) * 144), image * 144);
  });
  const changed = await imageStage(root, 'changed', { train: { ...labelled(60, 1), data } });
  const same = await imageStage(root, 'same', { train: labelled(60, 1) });
  const mixture = { count: 6, from: 'mixture', components: 2 } as const;
  const [all, changedAll] = [await sampled(mixture, same), await sampled(mixture, changed)];
  const of = ({ data: pixels }: HeldImages, label: number): readonly number[] =>
    [0, 1, 2].flatMap((turn) => [...pixels.subarray((2 * turn + label) * 144, (2 * turn + label + 1) * 144)]);
  assert.deepEqual(of(all, 1), of(changedAll, 1));
  assert.notDeepEqual(of(all, 0), of(changedAll, 0));
  const only = await imageStage(root, 'only', { train: { ...labelled(60, 1), labels: labels.map(() => 1) } });
  assert.deepEqual(labelsOf(await sampled(mixture, only)), [1, 1, 1, 1, 1, 1]);
  await assert.rejects(sampled({ ...mixture, label: 0 }, only), (error) => error instanceof Failure);
  const posterior = await sampled({ from: 'posterior', count: 21 }, inputs.data);
  const dark = brightness(inTurn, 0);
  for (const images of [inTurn, ones, mixed, posterior]) assert.ok(brightness(images, 1) > dark + 0.15);
  await assert.rejects(
    sampled({ label: 2 }),
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'out-of-range',
  );
});

test('figures decode with labels: all of them, that of an image, or the one requested', async () => {
  const draw = async (own: object, data?: InputArtifact): Promise<string> => {
    const figure = { type: 'figure', model: 'trained', split: 'test', random: false, ...own };
    const { folder } = await run(
      figureNode,
      figure as unknown as FigureSettings,
      data === undefined ? {} : { data },
    );
    assert.ok(existsSync(join(folder, 'figure.png')));
    return readFileSync(join(folder, 'figure.svg'), 'utf8');
  };
  const rowsOf = (svg: string): number => svg.match(/<image /g)?.length ?? 0;
  const grid = { kind: 'classes', rows: 10, columns: 3 };
  assert.equal(rowsOf(await draw(grid)), 2);
  assert.equal(rowsOf(await draw(grid, inputs.data)), 3);
  assert.equal(rowsOf(await draw({ ...grid, rows: 1 })), 1);
  const axes = { kind: 'traversal', path: 'axes', rows: 2, columns: 3 };
  const [own, requested] = [await draw(axes, inputs.data), await draw({ ...axes, label: 1 }, inputs.data)];
  assert.match(own, /label 0/);
  assert.match(requested, /label 1/);
  assert.match(await draw({ ...axes, path: 'images' }, inputs.data), /label of the first/);
  const plane = { kind: 'manifold', rows: 2, columns: 2 };
  assert.notEqual(
    await draw({ ...plane, label: 0 }, inputs.data),
    await draw({ ...plane, label: 1 }, inputs.data),
  );
  await assert.rejects(draw(plane, inputs.data), (error) => error instanceof Failure);
  await assert.rejects(draw({ ...plane, label: 2 }, inputs.data), (error) => error instanceof Failure);
});

test('several samples of each image are decoded with its label', async () => {
  const kl = { weight: 1, warmup_epochs: 0, free_bits: 0, importance_samples: 3 };
  const context = fakeContext(
    root,
    { ...settings, epochs: 1, kl },
    { stage: 'weighted', inputs, engine: async () => engine },
  );
  const found = (await trainNode.run(context)).metrics ?? {};
  assert.ok(Number.isFinite(found['loss']) && Number.isFinite(found['val_loss']));
});

test('images without labels, or with others than the model knows, are refused before the training', async () => {
  const refused = async (images: HeldImages, stage: string): Promise<readonly string[]> => {
    const data = await imageStage(root, stage, { train: images, test: images });
    const { model } = inputs;
    const context = fakeContext(root, settings, {
      ...{ stage: `of-${stage}`, inputs: { model, data }, engine: async () => engine },
    });
    const error = await trainNode.run(context).then(
      () => assert.fail(),
      (failed: unknown) => failed,
    );
    assert.ok(error instanceof Failure);
    return error.diagnostics.map(({ code, message }) => `${code} ${message}`);
  };
  const { labels: _labels, ...unlabelled } = labelled(20, 1);
  assert.match((await refused(unlabelled, 'unlabelled'))[0] ?? '', /^bad-setting .*unlabelled/);
  const labels = Uint8Array.from({ length: 20 }, (_, image) => (image === 5 ? 7 : 0));
  assert.match((await refused({ ...unlabelled, labels }, 'beyond'))[0] ?? '', /^out-of-range .* 5 .* 7/);
});

type Trained = Extract<OutputDescription, { kind: 'trained-model' }>;
type Images = Extract<OutputDescription, { kind: 'images' }>;

function findings<Settings>(
  { analyze }: NodeDefinition<Settings>,
  own: Settings,
  model: Partial<Trained>,
  data?: Partial<Images>,
): readonly string[] {
  const found: Finding[] = [];
  const described: Trained = {
    ...{ kind: 'trained-model', inputShape: SHAPE, latentShape: [2], outputShape: SHAPE },
    ...{ data: 'clean', target: 'clean', denoiser: false, variational: true, classes: 2, ...model },
  };
  const context: AnalysisContext<Settings> = {
    ...{ stage: 'tested', settings: own, report: (finding) => void found.push(finding) },
    inputs: {
      model: described,
      ...(data && { data: { kind: 'images', shape: SHAPE, splits: ['train', 'test'], ...data } }),
    },
    references: { model: 'trained', ...(data && { data: 'clean' }) },
  };
  analyze(context);
  return found
    .filter(({ severity }) => severity !== 'warning')
    .map(({ code, at }) => `${code} ${at.join('.')}`);
}

test('what `check` finds', () => {
  const model = (own: Partial<ModelSettings>): readonly string[] => {
    const found: Finding[] = [];
    const { classes: _classes, ...rest } = cvae;
    modelNode.analyze({
      ...{ stage: 'model', settings: { type: 'model', ...rest, ...own }, inputs: {}, references: {} },
      report: (finding) => void found.push(finding),
    });
    return found.map(({ code, at }) => `${code} ${at.join('.')}`);
  };
  assert.deepEqual(model({ condition: 'labels', classes: 2 }), []);
  assert.deepEqual(model({ condition: 'labels' }), ['missing-key condition']);
  assert.deepEqual(model({ classes: 2 }), ['bad-setting classes']);

  const plain = { classes: undefined } as unknown as Partial<Trained>;
  const sample = (own: Partial<SampleSettings>, of: Partial<Trained> = {}): readonly string[] =>
    findings(sampleNode, { ...SAMPLE, ...own }, of, own.from === undefined ? undefined : {});
  assert.deepEqual(sample({ label: 1 }), []);
  assert.deepEqual(sample({ label: 2 }), ['out-of-range label']);
  assert.deepEqual(sample({ label: 1 }, plain), ['bad-setting label']);
  assert.deepEqual(sample({ label: 1, from: 'posterior' }), ['bad-setting label']);

  const figure = (own: object, of: Partial<Trained> = {}, data?: Partial<Images>): readonly string[] =>
    findings(figureNode, { type: 'figure', split: 'test', ...own } as unknown as FigureSettings, of, data);
  assert.deepEqual(figure({ kind: 'manifold', rows: 2, columns: 2 }, {}, {}), ['missing-key model']);
  assert.deepEqual(figure({ kind: 'manifold', rows: 2, columns: 2, label: 2 }, {}, {}), [
    'out-of-range label',
  ]);
  assert.deepEqual(figure({ kind: 'traversal', label: 0 }, plain, {}), ['bad-setting label']);
  assert.deepEqual(figure({ kind: 'classes' }), []);
  assert.deepEqual(figure({ kind: 'classes' }, plain), ['bad-setting model']);
  assert.deepEqual(figure({ kind: 'classes' }, { variational: false }), ['bad-setting model']);
  assert.deepEqual(figure({ kind: 'classes' }, { variational: false }, {}), []);

  const { importance_samples: _samples, ...evaluation } = EVALUATE;
  const evaluate = (data: Partial<Images>): readonly string[] =>
    findings(evaluateNode, { ...evaluation, metrics: ['mse'] }, {}, { range: [0, 1], ...data });
  assert.deepEqual(evaluate({ labeled: true }), []);
  assert.deepEqual(evaluate({ labeled: false }), ['bad-setting data']);
  assert.deepEqual(evaluate({ labeled: true, classes: describeClasses(10) }), ['out-of-range model']);
});
