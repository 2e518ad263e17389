import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after, test } from 'node:test';
import { sha256 } from '../../src/core/json.ts';
import { measuresOf, writeHistory, type EpochRecord } from '../../src/nodes/train/history.ts';
import { trainingProblems, type TrainRecordOptions } from '../../src/submission/train-record.ts';

const root = mkdtempSync(join(tmpdir(), 'hourglass-record-'));
after(() => rmSync(root, { recursive: true, force: true }));

type Settings = TrainRecordOptions['settings'];

const SETTINGS = {
  model: 'model',
  data: 'mnist',
  loss: 'mse',
  metrics: ['mae'],
  epochs: 3,
  early_stopping: null,
  tensorboard: true,
  preview: { every: 2 },
} as unknown as Settings;

const LOSSES = [0.3, 0.1, 0.2];

const recordsOf = (losses: readonly number[]): readonly EpochRecord[] =>
  losses.map((value, index) => ({
    epoch: index + 1,
    training: { loss: value + 0.5, mae: value },
    validation: { loss: value, mae: value },
    learningRate: 0.1,
  }));

const METRICS = {
  loss: 0.7,
  val_loss: 0.2,
  mae: 0.2,
  val_mae: 0.2,
  epochs: 3,
  best_epoch: 2,
};

const TRAINING = {
  loss: 'mse',
  denoiser: false,
  epochs: 3,
  stopped_early: false,
  epoch_of_best: 2,
  epoch_of_model: 3,
};

const floats = (...values: readonly number[]): Buffer => Buffer.from(Float32Array.from(values).buffer);
const described = (...names: readonly string[]): string =>
  JSON.stringify({ weightsManifest: [{ weights: names.map((name) => ({ name, shape: [1, 2] })) }] });

/** Two models with one layer each, and both combined. */
function modelFiles(part: string, value: number): Readonly<Record<string, string | Buffer>> {
  return {
    [`${part}/encoder/model.json`]: described('a'),
    [`${part}/encoder/weights.bin`]: floats(value, 1),
    [`${part}/decoder/model.json`]: described('b'),
    [`${part}/decoder/weights.bin`]: floats(value, 2),
    [`${part}/autoencoder/model.json`]: described('a', 'b'),
    [`${part}/autoencoder/weights.bin`]: floats(value, 1, value, 2),
  };
}

const PREVIEWS = ['inputs', 'epoch-002', 'epoch-003'].flatMap((name) => [
  `previews/${name}.png`,
  `previews/${name}.svg`,
]);

interface Case {
  readonly losses?: readonly number[];
  readonly records?: readonly EpochRecord[];
  readonly settings?: object;
  readonly training?: object;
  readonly metrics?: Readonly<Record<string, number>>;
  /** Files of the stage that differ; `null` removes one. */
  readonly files?: Readonly<Record<string, string | Buffer | null>>;
}

/** The number of problems of a stage that differs from a consistent one. */
async function problems(changed: Case): Promise<number> {
  const folder = mkdtempSync(join(root, 'archive-'));
  const write = (path: string, data: string | Buffer): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), data);
  };
  const settings = { ...SETTINGS, ...changed.settings } as Settings;
  const own = join(folder, 'outputs', 'trained');
  mkdirSync(own, { recursive: true });
  const records = changed.records ?? recordsOf(changed.losses ?? LOSSES);
  await writeHistory(own, records, measuresOf('plain', settings.metrics), settings.tensorboard);
  const files: Readonly<Record<string, string | Buffer | null>> = {
    ...modelFiles('model', 3),
    ...modelFiles('best', 4),
    ...Object.fromEntries(PREVIEWS.map((path) => [path, ''])),
    'training.json': JSON.stringify({ ...TRAINING, ...changed.training }),
    ...changed.files,
  };
  for (const [path, data] of Object.entries(files)) {
    if (data === null) rmSync(join(own, path), { force: true });
    else write(`outputs/trained/${path}`, data);
  }
  for (const name of ['encoder', 'decoder', 'autoencoder']) {
    write(`outputs/model/${name}/model.json`, String(modelFiles('model', 0)[`model/${name}/model.json`]));
  }
  const stage = {
    name: 'trained',
    type: 'train',
    hash: '0'.repeat(64),
    metrics: Object.entries(changed.metrics ?? METRICS).map(([name, value]) => ({ name, value })),
    files: readdirSync(own, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const path = join(entry.parentPath, entry.name);
        const data = readFileSync(path);
        return { path: relative(own, path), bytes: data.length, sha256: sha256(data) };
      }),
  };
  const scratch = mkdtempSync(join(root, 'scratch-'));
  const found = await trainingProblems({ folder, scratch, stage, settings, latent: 'plain' });
  assert.ok(found.every(({ code }) => code === 'verification-mismatch'));
  return found.length;
}

test('a real stage is consistent for any settings', async () => {
  assert.equal(await problems({}), 0);
  assert.equal(
    await problems({
      settings: { target: 'clean', early_stopping: { patience: 1 } },
      training: { denoiser: true },
    }),
    0,
  );
  const huber = { Huber: { delta: 0.5 } };
  assert.equal(await problems({ settings: { loss: huber }, training: { loss: huber } }), 0);
  const early = { epochs: 9, early_stopping: { restore_best_weights: true } };
  const restored = { stopped_early: true, epoch_of_model: 2 };
  const best = { ...METRICS, loss: 0.6, val_loss: 0.1, mae: 0.1, val_mae: 0.1 };
  assert.equal(
    await problems({ settings: early, training: restored, metrics: best, files: modelFiles('best', 3) }),
    0,
  );
  assert.equal(
    await problems({
      settings: { preview: null, tensorboard: false, metrics: [] },
      metrics: { loss: 0.7, epochs: 3, best_epoch: 2 },
      records: LOSSES.map((value, index) => ({ epoch: index + 1, training: { loss: value + 0.5 } })),
      files: Object.fromEntries(PREVIEWS.map((path) => [path, null])),
    }),
    0,
  );
});

test('a missing or invalid history or record gives a single problem', async () => {
  for (const [path, data] of [
    ['history.json', null],
    ['history.json', '[]'],
    ['history.json', '{"epoch": 3}'],
    ['training.json', null],
    ['training.json', '[]'],
    ['history.json', '{"epoch": [1, 2], "loss": [1]}'],
    ['history.json', '{"epoch": [2, 3], "loss": [1, 1]}'],
    ['history.json', '{"loss": [1]}'],
  ] as const) {
    assert.equal(await problems({ files: { [path]: data } }), 1, `${path}: ${data}`);
  }
});

test('each contradiction of a record is found', async () => {
  for (const training of [
    { loss: 'mae' },
    { loss: { Huber: { delta: 1 } } },
    { denoiser: true },
    { epochs: 2 },
    { stopped_early: true },
    { more: 1 },
  ]) {
    assert.equal(await problems({ training }), 1, JSON.stringify(training));
  }
  assert.equal(await problems({ settings: { target: 'clean' }, training: { denoiser: 1 } }), 1);
  assert.equal(await problems({ settings: { early_stopping: { patience: 1 }, epochs: 2 } }), 1);
  assert.equal(await problems({ settings: { early_stopping: null, epochs: 4 } }), 2);
  // The numbers of the stage and the model's files no longer match, either.
  assert.ok((await problems({ training: { epoch_of_best: 1 } })) > 0);
  assert.ok((await problems({ training: { epoch_of_model: 7 } })) > 0);
  assert.ok((await problems({ training: { epoch_of_best: null } })) > 0);
  assert.equal(await problems({ metrics: { ...METRICS, loss: 0.1 } }), 1);
});

test('an empty history is a problem', async () => {
  const empty = { epoch: [], loss: [], val_loss: [] };
  assert.ok((await problems({ files: { 'history.json': JSON.stringify(empty) } })) > 2);
  assert.ok((await problems({ files: { 'history.json': '{}' } })) > 2);
});

test('renderings of the history must match it, and previews must match the settings', async () => {
  assert.equal(await problems({ files: { 'history.csv': 'epoch\n1\n' } }), 1);
  assert.equal(await problems({ files: { 'tensorboard/other': 'x' } }), 1);
  assert.equal(await problems({ files: { 'previews/epoch-001.png': '' } }), 1);
  assert.equal(await problems({ settings: { preview: null } }), 1);
});

test("models must have the stage's architecture, and their parts the same weights", async () => {
  for (const [path, data] of [
    ['model/encoder/weights.bin', floats(9, 9)],
    ['model/encoder/weights.bin', floats(3, 1, 0)],
    ['best/autoencoder/weights.bin', null],
  ] as const) {
    assert.equal(await problems({ files: { [path]: data } }), 1, path);
  }
  const descriptions = [null, '[]', '{"weightsManifest": 1}', '{"weightsManifest": [1]}'];
  const weights = ['1', '[1]', '[{"shape": 1}]', '[{"shape": ["a"]}]'];
  for (const description of [
    ...descriptions,
    ...weights.map((list) => `{"weightsManifest": [{"weights": ${list}}]}`),
  ]) {
    // Neither the weights nor the architecture match.
    assert.equal(
      await problems({ files: { 'model/decoder/model.json': description } }),
      2,
      String(description),
    );
  }
  const same = { early_stopping: null };
  const last = { epoch_of_best: 3 };
  const losses = [0.3, 0.25, 0.2];
  const metrics = { ...METRICS, best_epoch: 3 };
  assert.equal(
    await problems({ settings: same, training: last, losses, metrics, files: modelFiles('best', 3) }),
    0,
  );
  assert.equal(await problems({ settings: same, training: last, losses, metrics }), 3);
});
