/** The `anomaly` stage: what `check` finds, what a run writes, and the figures of it. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test, type TestContext } from 'node:test';
import { readCsv } from '../../../src/formats/csv.ts';
import type { HeldImages } from '../../../src/formats/images.ts';
import type { AnomalySettings, FigureSettings } from '../../../src/schema/generated/settings.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import { deriveSeed } from '../../../src/core/seed.ts';
import { quantileOf } from '../../../src/core/statistics.ts';
import type { Finding, OutputDescription } from '../../../src/core/stage-type.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { Executor } from '../../../src/engine/webassembly/executor.ts';
import { buildAutoencoder, disposeAutoencoder } from '../../../src/layers/build.ts';
import type { Architecture } from '../../../src/layers/layer.ts';
import { saveAutoencoder } from '../../../src/layers/save.ts';
import { anomalyNode } from '../../../src/nodes/anomaly/node.ts';
import { describeClasses } from '../../../src/nodes/class-labels.ts';
import { figureNode } from '../../../src/nodes/figure/node.ts';
import { testEngine } from '../../engine/train/engine.ts';
import { layer } from '../../layers/specs.ts';
import { fakeContext, temporaryFolder } from '../context.ts';
import { architecture, imageStage, SHAPE, squares } from '../train/rig.ts';

const SETTINGS: AnomalySettings = {
  type: 'anomaly',
  model: 'trained',
  data: 'images',
  split: 'test',
  score: 'squared_error',
  quantile: 0.9,
  batch_size: 7,
};

type Trained = Extract<OutputDescription, { kind: 'trained-model' }>;
type Images = Extract<OutputDescription, { kind: 'images' }>;

function analyze(
  settings: Partial<AnomalySettings>,
  {
    model,
    data,
    reference,
  }: { model?: Partial<Trained>; data?: Partial<Images>; reference?: Partial<Images> } = {},
) {
  const findings: Finding[] = [];
  const images: Images = {
    kind: 'images',
    shape: SHAPE,
    range: [0, 1],
    splits: ['train', 'test'],
    labeled: true,
  };
  const output = anomalyNode.analyze({
    stage: 'anomalies',
    settings: { ...SETTINGS, ...settings },
    inputs: {
      model: {
        ...{ kind: 'trained-model', inputShape: SHAPE, latentShape: [8], outputShape: SHAPE },
        ...{ data: 'images', target: 'images', denoiser: false, variational: false, loss: 'mse' },
        ...model,
      },
      data: { ...images, ...data },
      ...(reference === undefined ? {} : { reference: { ...images, ...reference } }),
    },
    references: {
      ...{ model: 'trained', data: 'images' },
      ...(reference === undefined ? {} : { reference: 'good' }),
    },
    report: (finding) => findings.push(finding),
  });
  return {
    output,
    findings,
    found: findings.map(({ code, severity, at }) => `${severity ?? 'error'} ${code} ${at.join('.')}`),
  };
}

test('what does not fit is found before anything runs', () => {
  assert.deepEqual(analyze({ normal: [0] }).found, []);
  assert.deepEqual(analyze({ normal: [0] }, { data: { labeled: false } }).found, [
    'error bad-setting normal',
  ]);
  assert.deepEqual(analyze({}, { data: { labeled: false } }).found, []);
  assert.deepEqual(analyze({ score: 'nll' }).found, ['error bad-setting score']);
  const variational = { variational: true, loss: 'binary_crossentropy' };
  const beyond = { model: variational, data: { range: [0, 2] as const } };
  assert.deepEqual(analyze({ score: 'nll' }, { model: variational }).found, []);
  assert.deepEqual(analyze({ score: 'nll' }, beyond).found, ['error loss-output-mismatch score']);
  const raw = { model: variational, reference: { range: [0, 65_535] as const } };
  const [finding, ...others] = analyze({ score: 'nll', normal: [0] }, raw).findings.filter(
    ({ severity }) => severity !== 'warning',
  );
  assert.equal(others.length, 0);
  assert.equal(finding?.related?.stage, 'good', 'the images whose values do not fit');
  assert.match(`${finding?.message}`, /`good`.* 65535/);
  assert.match(`${finding?.hint}`, /score/);
  assert.deepEqual(analyze({ importance_samples: 3 }).found, ['error bad-setting importance_samples']);
  assert.deepEqual(analyze({ score: 'latent_distance' }, { model: { latentShape: [40, 40, 1] } }).found, [
    'error out-of-range score',
  ]);
  const counted = (train: number): Partial<Images> => ({ chosen: { counts: { train }, divisions: [] } });
  const distance = { score: 'latent_distance' } as const;
  assert.deepEqual(analyze(distance, { data: counted(9) }).found, []);
  assert.deepEqual(analyze(distance, { data: counted(8) }).found, ['warning bad-setting data']);
  assert.deepEqual(analyze(distance, { data: counted(4) }).found, ['error bad-setting data']);
  assert.deepEqual(analyze(distance, { reference: counted(4) }).found, [
    'error bad-setting reference',
    'warning bad-setting reference',
  ]);
  assert.deepEqual(analyze({}, { data: { splits: ['test'] } }).found, ['error missing-split data']);
  assert.deepEqual(analyze({}, { data: { splits: ['test'] }, reference: {} }).found, [
    'warning bad-setting reference',
  ]);
  assert.deepEqual(analyze({ normal: [0] }, { reference: { splits: ['test'] } }).found, [
    'error missing-split reference',
  ]);
  assert.deepEqual(analyze({ split: 'train' }, { data: { splits: ['test'] }, reference: {} }).found, [
    'error missing-split split',
    'warning bad-setting reference',
  ]);
  assert.deepEqual(analyze({ normal: [0] }, { reference: { shape: [9, 9, 1] } }).found, [
    'error shape-mismatch model',
  ]);
});

test('classes that neither the scored nor the reference images have are found before anything runs', () => {
  const named = describeClasses(['good', 'cut', 'hole']);
  const digits = describeClasses(10);
  const found = (normal: AnomalySettings['normal'], ...given: Parameters<typeof analyze>[1][]) =>
    analyze({ normal }, ...given).found;
  assert.deepEqual(found([0, 12], { data: { classes: digits } }), ['error bad-setting normal.1']);
  assert.deepEqual(found(['3'], { data: { classes: digits } }), ['error bad-setting normal.0']);
  assert.deepEqual(found(['gut', 'cut', 3], { data: { classes: named } }), [
    'error bad-setting normal.0',
    'error bad-setting normal.2',
  ]);
  assert.deepEqual(found(['good', 1], { data: { classes: named } }), []);
  assert.deepEqual(found(['good', 1, 2], { data: { classes: named } }), ['warning bad-setting normal']);
  // What is scored may be all anomalous, but the threshold needs normal images.
  const [good, others] = [named.slice(0, 1), named.slice(1)];
  assert.deepEqual(found(['good'], { data: { classes: others }, reference: { classes: good } }), []);
  assert.deepEqual(found(['cut'], { data: { classes: others }, reference: { classes: good } }), [
    'error bad-setting normal',
  ]);
  assert.deepEqual(found(['cut'], { data: { classes: others }, reference: { labeled: false } }), []);
  assert.deepEqual(found(['cut'], { data: { classes: others }, reference: {} }), []);
});

test('a threshold of other images than those of the training is pointed out, unless their normal ones are known', () => {
  const model = { data: 'zeros' };
  assert.deepEqual(analyze({}, { model }).found, ['warning bad-setting data']);
  assert.deepEqual(analyze({ normal: [0] }, { model }).found, []);
  assert.deepEqual(analyze({}, { model: { data: 'good' }, reference: {} }).found, []);
});

const names = (settings: Partial<AnomalySettings>): readonly string[] => {
  const { output } = analyze(settings);
  return output?.kind === 'scores' ? output.names : [];
};

let engine: Engine;
before(async () => {
  engine = await testEngine();
});

const vae: Architecture = { ...architecture, encoder: ['Flatten', layer('Variational', { units: 3 })] };

/** Squares on gray. Every third image is of the class 1 and bright: far from what an untrained model returns. */
function withAnomalies(count: number, seed: number): HeldImages {
  const images = squares(count, seed);
  const labels = Int32Array.from({ length: count }, (_, image) => (image % 3 === 2 ? 1 : 0));
  const data = Uint8Array.from(images.data, (value, index) =>
    labels[Math.floor(index / 144)] === 1 ? 255 - value / 3 : 120 + value / 8,
  );
  return { ...images, data, labels, classes: ['intact', 'broken'] };
}

interface Given {
  readonly of?: Architecture;
  readonly train?: HeldImages;
  readonly test?: HeldImages;
  readonly engine?: Engine;
}

async function score(t: TestContext, settings: Partial<AnomalySettings>, given: Given = {}) {
  const root = temporaryFolder(t);
  const trained = join(root, 'trained');
  const seeds = (purpose: string) => deriveSeed(1, 'trained', purpose);
  const models = buildAutoencoder(engine.tf, given.of ?? architecture, seeds);
  mkdirSync(trained);
  await saveAutoencoder(models, join(trained, 'model'));
  disposeAutoencoder(models);
  writeFileSync(join(trained, 'training.json'), JSON.stringify({ loss: 'binary_crossentropy' }));
  const splits = { train: given.train ?? withAnomalies(30, 1), test: given.test ?? withAnomalies(24, 2) };
  const inputs = {
    model: { stage: 'trained', kind: 'trained-model', folder: trained } as const,
    data: await imageStage(root, 'images', splits),
  };
  const options = { stage: 'anomalies', inputs, engine: async () => given.engine ?? engine };
  const context = fakeContext(root, { ...SETTINGS, ...settings }, options);
  const { metrics = {} } = await anomalyNode.run(context);
  const text = readFileSync(join(context.folder, 'scores.csv'), 'utf8');
  const [head = [], ...rows] = (readCsv(text) ?? []).map(({ cells }) => cells);
  const column = (name: string): readonly string[] => rows.map((cells) => cells[head.indexOf(name)] ?? '');
  return { root, metrics, head, column, logs: context.logs, folder: context.folder };
}

test('a run scores every image, and its metrics follow from the table', async (t) => {
  const held = engine.tf.memory().numTensors;
  for (const kind of ['squared_error', 'latent_distance', 'nll'] as const) {
    const more = kind === 'nll' ? { importance_samples: 5 } : {};
    const found = await score(
      t,
      { score: kind, normal: ['intact'], ...more },
      kind === 'nll' ? { of: vae } : {},
    );
    const { metrics, head, column } = found;
    assert.deepEqual(Object.keys(metrics), names({ normal: ['intact'] }), kind);
    assert.deepEqual(head, ['image', 'class', 'anomalous', 'score', 'flagged']);
    const scores = column('score').map(Number);
    assert.deepEqual(
      scores,
      scores.toSorted((one, other) => other - one),
    );
    assert.deepEqual(
      [...column('image').map(Number)].sort((one, other) => one - other),
      Array.from({ length: 24 }, (_, image) => image),
    );
    for (const [row, image] of column('image').entries()) {
      const isAnomalous = Number(image) % 3 === 2;
      assert.equal(column('class')[row], isAnomalous ? 'broken' : 'intact');
      assert.equal(column('anomalous')[row], String(isAnomalous));
    }
    const flagged = column('flagged').map((cell) => cell === 'true');
    assert.deepEqual(
      flagged,
      scores.map((value) => value > (metrics['threshold'] ?? NaN)),
    );
    const count = (is: boolean, among: boolean): number =>
      flagged.filter((each, row) => each === is && (column('anomalous')[row] === 'true') === among).length;
    const [hits, misses, alarms] = [count(true, true), count(false, true), count(true, false)];
    assert.equal(metrics['recall'], hits / (hits + misses));
    assert.equal(metrics['false_positive_rate'], alarms / 16);
    assert.equal(metrics['flagged_share'], (hits + alarms) / 24);
    if (hits + alarms > 0) assert.equal(metrics['precision'], hits / (hits + alarms));
    const record = JSON.parse(readFileSync(join(found.folder, 'anomaly.json'), 'utf8'));
    assert.equal(record.reference_images, 20);
    if (kind === 'squared_error') assert.equal(metrics['roc_auc'], 1);
  }
  assert.equal(engine.tf.memory().numTensors, held, 'tensors are left behind');
});

test('the threshold is a quantile of the normal training images', async (t) => {
  const train = withAnomalies(30, 1);
  const { metrics } = await score(t, { normal: [0] }, { train });
  // The same images as the scored ones give their scores.
  const own = await score(t, { normal: [0] }, { train, test: train });
  const scores = own.column('score').filter((_, row) => own.column('anomalous')[row] === 'false');
  const wanted = quantileOf(Float64Array.from(scores, Number).sort(), 0.9);
  assert.ok(Math.abs((metrics['threshold'] ?? NaN) / wanted - 1) < 1e-6);
  const all = await score(t, {}, { train });
  assert.deepEqual(Object.keys(all.metrics), names({}));
  assert.deepEqual(all.head, ['image', 'class', 'score', 'flagged']);
  assert.ok((all.metrics['threshold'] ?? NaN) > (metrics['threshold'] ?? NaN));
});

test('few reference images are pointed out', async (t) => {
  const few = (await score(t, {}, { train: withAnomalies(5, 1) })).logs;
  assert.equal(few.filter((text) => text.includes('5 reference images')).length, 1);
  const distance = { score: 'latent_distance', quantile: 0.5 } as const;
  const { logs } = await score(t, distance, { train: withAnomalies(8, 1) });
  assert.equal(logs.filter((text) => text.includes('8 reference images')).length, 1);
  await assert.rejects(score(t, distance, { train: withAnomalies(4, 1) }), Failure);
});

test('scores are equal on both engines', async (t) => {
  const executor = new Executor({ threads: 1 });
  const portable = { ...engine, executor };
  for (const kind of ['squared_error', 'latent_distance', 'nll'] as const) {
    const given = kind === 'nll' ? { of: vae } : {};
    const [one, other] = [
      await score(t, { score: kind }, given),
      await score(t, { score: kind }, { ...given, engine: portable }),
    ];
    const byImage = ({ column }: typeof one): Map<string, number> =>
      new Map(column('image').map((image, row) => [image, Number(column('score')[row])]));
    const found = byImage(other);
    for (const [image, value] of byImage(one))
      assert.ok(Math.abs((found.get(image) ?? NaN) / value - 1) < 1e-4, `${kind} ${image}`);
  }
  await executor.dispose();
});

test('what no metric can say is said, and nothing else is left out', async (t) => {
  const only = (label: number): HeldImages => {
    const images = withAnomalies(24, 2);
    return { ...images, labels: new Int32Array(24).fill(label) };
  };
  const normal = await score(t, { normal: [0] }, { test: only(0) });
  assert.deepEqual(Object.keys(normal.metrics), ['false_positive_rate', 'threshold', 'flagged_share']);
  assert.equal(normal.logs.length, 1);
  const anomalous = await score(t, { normal: [0] }, { test: only(1) });
  assert.deepEqual(Object.keys(anomalous.metrics), ['recall', 'threshold', 'flagged_share']);
  const black: HeldImages = { ...withAnomalies(24, 2), data: new Uint8Array(24 * 144) };
  const constant = await score(t, { normal: [0] }, { test: black, train: black });
  assert.equal(constant.metrics['roc_auc'], 0.5);
  assert.equal(constant.metrics['precision'], 0);
  assert.equal(constant.logs.length, 2);
});

test('names, labels and numbers that cannot be used are refused', async (t) => {
  const code = (wanted: string, at?: string) => (error: unknown) =>
    error instanceof Failure &&
    error.diagnostics[0]?.code === wanted &&
    (at === undefined || error.diagnostics[0].message.includes(at));
  await assert.rejects(score(t, { normal: ['intakt'] }), code('bad-setting', 'intakt'));
  await assert.rejects(score(t, { normal: [0, 7] }), code('bad-setting', '7'));
  const { labels: cut = [], ...rest } = withAnomalies(24, 2);
  const train = { ...rest, labels: new Int32Array(cut.length).fill(1) };
  await assert.rejects(score(t, { normal: [0] }, { train }), code('bad-setting', 'threshold'));
  const { labels: _labels, classes: _classes, ...unlabelled } = withAnomalies(24, 2);
  await assert.rejects(
    score(t, { normal: [0] }, { test: unlabelled, train: unlabelled }),
    code('bad-setting'),
  );
  await assert.rejects(score(t, { score: 'nll' }), code('bad-setting'));
  const broken: HeldImages = {
    ...withAnomalies(24, 2),
    data: new Float32Array(24 * 144).fill(NaN),
    scale: 1,
  };
  await assert.rejects(score(t, { normal: [0] }, { test: broken }), Failure);
});

test('figures show a stage that scored, and say what it lacks', async (t) => {
  const judged = await score(t, { normal: [0] });
  const plain = await score(t, {});
  const draw = async ({ root, folder }: typeof judged, settings: object): Promise<string> => {
    const inputs = { data: { stage: 'anomalies', kind: 'scores', folder } as const };
    const full = { type: 'figure', data: 'anomalies', ...settings } as FigureSettings;
    const context = fakeContext(root, full, { stage: `figure-${full.kind}`, inputs });
    await figureNode.run(context);
    return readFileSync(join(context.folder, 'figure.svg'), 'utf8');
  };
  const roc = await draw(judged, { kind: 'roc' });
  assert.ok(roc.includes('ROC-AUC 1.000') && roc.includes('threshold'));
  await assert.rejects(draw(plain, { kind: 'roc' }), Failure);
  const scores = await draw(judged, { kind: 'scores' });
  assert.ok(scores.includes('Normal (16)') && scores.includes('Anomalous (8)'));
  assert.ok((await draw(plain, { kind: 'scores' })).includes('Images (24)'));
  const images = (svg: string): number => svg.match(/<image/g)?.length ?? 0;
  // One picture a row.
  assert.equal(images(await draw(judged, { kind: 'anomalies', columns: 4 })), 6);
  assert.equal(images(await draw(plain, { kind: 'anomalies', columns: 4 })), 2);

  const damaged = async (file: string, text: string, kind: string): Promise<void> => {
    const other = await score(t, { normal: [0] });
    writeFileSync(join(other.folder, file), text);
    await assert.rejects(draw(other, { kind, columns: 4 }), Failure, `${file} ${text}`);
  };
  await damaged('scores.csv', 'image,anomalous,score\n0,true,high\n', 'roc');
  await damaged('scores.csv', '', 'scores');
  await damaged('anomaly.json', '{}', 'scores');
  await damaged(
    'examples/examples.json',
    '{ "range": [0, 1], "highest": [{ "image": 1, "score": 2 }] }',
    'anomalies',
  );

  const check = (kind: string, data: OutputDescription): readonly string[] => {
    const findings: string[] = [];
    figureNode.analyze({
      stage: 'figure',
      settings: { type: 'figure', kind, data: 'anomalies', split: 'test', columns: 4 } as FigureSettings,
      inputs: { data },
      references: { data: 'anomalies' },
      report: ({ code, at }) => findings.push(`${code} ${at.join('.')}`),
    });
    return findings;
  };
  const described = { kind: 'scores', names: [], judged: false } as const;
  assert.deepEqual(check('roc', described), ['bad-setting kind']);
  assert.deepEqual(check('roc', { ...described, judged: true }), []);
  assert.deepEqual(check('scores', { kind: 'vectors', splits: ['test'] }), ['wrong-stage-kind data']);
  assert.deepEqual(check('images', described), ['wrong-stage-kind data']);
  assert.deepEqual(check('latent', described), ['wrong-stage-kind data']);
});
