/** Files of submitted and repeated trainings, without training. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { loadPipeline } from '../../src/config/load.ts';
import type { LocatedPipeline } from '../../src/config/pipeline.ts';
import { sha256 } from '../../src/core/json.ts';
import { encodePng } from '../../src/figures/png.ts';
import { stageTypes } from '../../src/nodes/registry.ts';
import { BasisRecord, type Basis } from '../../src/submission/basis.ts';
import type { Comparison } from '../../src/submission/compare.ts';
import type { Manifest } from '../../src/submission/generated/types.ts';
import { Judgement } from '../../src/submission/judge.ts';
import type { RerunStage } from '../../src/submission/rerun.ts';
import { compareTrained } from '../../src/submission/training.ts';
import { TINY } from '../rig.ts';
import { ENVIRONMENT } from './archives.ts';

const root = mkdtempSync(join(tmpdir(), 'hourglass-training-'));
after(() => rmSync(root, { recursive: true, force: true }));

let located: LocatedPipeline;
before(async () => {
  writeFileSync(join(root, 'p.yaml'), TINY);
  const result = await loadPipeline(join(root, 'p.yaml'), { stageTypes: stageTypes(false) });
  assert.ok(result.located);
  located = result.located;
});

type Contents = Readonly<Record<string, string | Buffer>>;

interface Case {
  readonly stage?: string;
  readonly type?: string;
  readonly settings?: object;
  readonly submitted: Contents;
  readonly ours: Contents;
  /** Artifacts that the submission lists only by hash. */
  readonly hashes?: readonly string[];
  readonly metrics?: readonly [
    claimed: Readonly<Record<string, number>>,
    found: Readonly<Record<string, number>>,
  ];
  readonly comparison?: Partial<Comparison>;
}

function write(folder: string, contents: Contents): string {
  for (const [path, data] of Object.entries(contents)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), data);
  }
  return folder;
}

const listed = (contents: Contents, prefix = ''): Manifest['files'] =>
  Object.entries(contents).map(([path, data]) => ({
    path: prefix + path,
    bytes: Buffer.from(data).length,
    sha256: sha256(Buffer.from(data)),
  }));

interface Found {
  readonly basis: Basis;
  readonly problems: number;
}

const TOLERANCE: Comparison = { kind: 'tolerance', differences: ['another processor'], data: 'tolerance' };

/** A judgement of one stage, and the recomputed stage. */
function judgementOf(example: Case): { readonly judgement: Judgement; readonly stage: RerunStage } {
  const {
    stage: name = 'trained',
    type = 'train',
    submitted,
    ours,
    hashes = [],
    metrics = [{}, {}],
  } = example;
  const folder = mkdtempSync(join(root, 'archive-'));
  write(join(folder, 'outputs', name), submitted);
  const manifest: Manifest = {
    format: 'hourglass-submission-1',
    pipeline: { file: 'pipeline/p.yaml', name: 'p', seed: 0, overrides: [], threads: 1 },
    stages: [
      {
        name,
        type,
        hash: '0'.repeat(64),
        metrics: Object.entries(metrics[0]).map(([metric, value]) => ({ name: metric, value })),
        files: [...listed(submitted), ...hashes.map((path) => ({ path, bytes: 1, sha256: '1'.repeat(64) }))],
      },
    ],
    files: listed(submitted, `outputs/${name}/`),
  };
  const submission = { located, manifest, environment: ENVIRONMENT, folder };
  const judgement = new Judgement(submission, { ...TOLERANCE, ...example.comparison }, new BasisRecord());
  const planned = {
    name,
    type,
    inputs: {},
    key: { settings: { early_stopping: null, ...example.settings } },
  } as unknown as RerunStage['planned'];
  const stage: RerunStage = {
    planned,
    metrics: metrics[1],
    folder: write(mkdtempSync(join(root, 'ours-')), ours),
    files: new Map(listed(ours).map(({ path, sha256: hash }) => [path, hash])),
    isSubmitted: false,
  };
  return { judgement, stage };
}

async function trained(example: Case): Promise<Found> {
  const { judgement, stage } = judgementOf(example);
  await compareTrained(judgement, { stages: [stage], diagnostics: [] });
  return { basis: judgement.basis.finish(), problems: judgement.mismatches().length };
}

async function measured(example: Case): Promise<Found> {
  const { judgement, stage } = judgementOf(example);
  await judgement.compareMeasured({ stages: [stage], diagnostics: [] });
  return { basis: judgement.basis.finish(), problems: judgement.mismatches().length };
}

const floats = (...values: readonly number[]): Buffer => Buffer.from(Float32Array.from(values).buffer);
const picture = (...pixels: readonly number[]): Buffer =>
  Buffer.from(encodePng({ width: 1, height: pixels.length, channels: 1, pixels: Uint8Array.from(pixels) }));
const history = (columns: Readonly<Record<string, readonly (number | string)[]>>): Contents => ({
  'history.json': JSON.stringify(columns),
});

test('a repeated history must agree closely at first, and roughly later', async () => {
  const ours = history({ epoch: [1, 2, 3, 4, 5], loss: [1, 1, 1, 1, 1] });
  const problems = async (columns: Parameters<typeof history>[0], settings = {}): Promise<number> =>
    (await trained({ submitted: history(columns), ours, settings })).problems;
  assert.equal(await problems({ epoch: [1, 2, 3, 4, 5], loss: [1.001, 1, 1, 1, 1.08] }), 0);
  assert.equal(await problems({ epoch: [1, 2, 3, 4, 5], loss: [1.08, 1, 1, 1, 1] }), 1);
  assert.equal(await problems({ epoch: [1, 2, 3, 4, 5], loss: ['1', 1, 1, 1, 1] }), 1);
  assert.equal(await problems({ epoch: [1, 2, 3, 4, 5], mae: [1, 1, 1, 1, 1] }), 1);
  assert.equal(await problems({ epoch: [1, 2], loss: [1, 1] }), 1);
  assert.equal(await problems({ epoch: [1, 2], loss: [1, 1] }, { early_stopping: { patience: 1 } }), 0);
  const csv = { 'history.csv': 'epoch\n1\n' };
  const none = await trained({ submitted: csv, ours: { 'history.csv': 'epoch\n2\n' } });
  assert.equal(none.problems, 1);
  assert.equal((await trained({ submitted: { 'history.json': '[]' }, ours })).problems, 1);
});

test('repeated weights correlate with those of the same seed, and with no others', async () => {
  const path = 'model/encoder/weights.bin';
  const problems = async (submitted: Buffer): Promise<number> =>
    (await trained({ submitted: { [path]: submitted }, ours: { [path]: floats(1, 2, 3) } })).problems;
  assert.equal(await problems(floats(1, 2.5, 3)), 0);
  assert.equal(await problems(floats(3, 2, 1)), 1);
  assert.equal(await problems(floats(1, 2)), 1);
});

test('models, records and unknown files are compared as far as possible', async () => {
  const model = 'model/encoder/model.json';
  const record = 'training.json';
  assert.equal(
    (await trained({ submitted: { [model]: '{"a":1,"b":2}' }, ours: { [model]: '{"b":2,"a":1}' } })).problems,
    0,
  );
  assert.equal(
    (await trained({ submitted: { [model]: '{"a":1}' }, ours: { [model]: '{"a":2}' } })).problems,
    1,
  );
  assert.equal((await trained({ submitted: { [model]: '{' }, ours: { [model]: '{"a":2}' } })).problems, 1);
  const epochs = { submitted: { [record]: '{"epochs": 3}' }, ours: { [record]: '{"epochs": 4}' } };
  assert.equal((await trained(epochs)).problems, 0);
  assert.equal(
    (await trained({ submitted: { [record]: '{"loss": "mse"}' }, ours: { [record]: '{"loss": "mae"}' } }))
      .problems,
    1,
  );
  const early = await trained({ ...epochs, settings: { early_stopping: {} } });
  assert.deepEqual([early.problems, early.basis.notCompared.length], [0, 1]);
  const unknown = await trained({ submitted: { 'x.foo': '1' }, ours: { 'x.foo': '2' } });
  assert.deepEqual([unknown.problems, unknown.basis.notCompared.length], [0, 1]);
  // Missing in ours, missing in the submission, and far larger than ours.
  assert.equal((await trained({ submitted: { [model]: '{}' }, ours: {} })).problems, 1);
  assert.equal((await trained({ submitted: {}, ours: { [model]: '{}' } })).problems, 1);
  const huge = { submitted: { [model]: ' '.repeat(2 ** 17) }, ours: { [model]: '{}' } };
  assert.equal((await trained(huge)).problems, 1);
});

test('previews of a repeated training may differ slightly, and may be missing after an earlier stop', async () => {
  const path = 'previews/epoch-001.png';
  const svg = 'previews/epoch-001.svg';
  const problems = async (submitted: Contents, ours: Contents, settings = {}): Promise<number> =>
    (await trained({ submitted, ours, settings })).problems;
  assert.equal(await problems({ [path]: picture(10, 20) }, { [path]: picture(12, 24) }), 0);
  assert.equal(await problems({ [path]: picture(10, 20) }, { [path]: picture(99, 200) }), 1);
  assert.equal(await problems({ [path]: picture(10) }, {}), 1);
  assert.equal(await problems({ [path]: picture(10) }, {}, { early_stopping: {} }), 0);
  const drawing = (x: number): string =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><rect x="${x}"/></svg>`;
  // Next to a different SVG, a picture proves nothing.
  const both = { [path]: picture(10), [svg]: drawing(1) };
  assert.equal(await problems({ [path]: picture(9), [svg]: drawing(9) }, both), 1);
  // The same SVG, and a picture that is not its rendering.
  assert.equal(await problems({ [path]: picture(9), [svg]: drawing(1) }, both), 1);
  assert.equal(await problems({ [path]: picture(9), [svg]: drawing(1.2) }, both), 1);
});

test('on an equal platform, no tolerances apply', async () => {
  const comparison = { kind: 'exact', data: 'exact', differences: [] } as const;
  const submitted = history({ epoch: [1], loss: [1] });
  assert.equal((await trained({ submitted, ours: submitted, comparison })).problems, 0);
  assert.equal(
    (await trained({ submitted, ours: history({ epoch: [1], loss: [1.001] }), comparison })).problems,
    1,
  );
  const other = { stage: 'noisy', type: 'noise', submitted: { 'x.json': '1' } };
  assert.equal((await measured({ ...other, ours: { 'x.json': '1' }, comparison })).problems, 0);
  assert.equal((await measured({ ...other, ours: { 'x.json': '2' }, comparison })).problems, 1);
  const metrics = [{ mse: 1 }, { mse: 1.0001 }] as const;
  assert.equal((await measured({ ...other, ours: other.submitted, comparison, metrics })).problems, 1);
});

test('recomputed results on another platform agree except for rounding', async () => {
  const stage = { stage: 'noisy', type: 'noise' };
  const problems = async (path: string, submitted: string | Buffer, ours: string | Buffer): Promise<number> =>
    (await measured({ ...stage, submitted: { [path]: submitted }, ours: { [path]: ours } })).problems;
  assert.equal(await problems('x.json', '{"mse": 1}', '{"mse": 1.0001}'), 0);
  assert.equal(await problems('x.json', '{"mse": 1}', '{"mse": 1.1}'), 1);
  assert.equal(await problems('x.bin', floats(1), floats(1.00001)), 0);
  assert.equal(await problems('x.bin', floats(1), floats(1.1)), 1);
  assert.equal(await problems('x.txt', 'a', 'b'), 1);
  assert.equal(await problems('x.png', picture(1, 0, 0, 0), picture(2, 0, 0, 0)), 0);
  assert.equal(await problems('x.png', picture(1), picture(200)), 1);
  const kinds = await measured({ ...stage, submitted: { 'x.foo': '1' }, ours: { 'x.foo': '2' } });
  assert.deepEqual([kinds.problems, kinds.basis.excused], [0, true]);
  // The archive contains only the hashes of arrays, which change with rounding.
  const left = await measured({ ...stage, submitted: {}, hashes: ['x.npy'], ours: { 'x.npy': '1' } });
  assert.deepEqual([left.problems, left.basis.notCompared.length], [0, 1]);
  assert.equal((await measured({ ...stage, submitted: {}, hashes: ['x.npy'], ours: {} })).problems, 1);
  const metrics = [{ mse: 1, psnr: 18 }, { mse: 1.0001 }] as const;
  assert.equal((await measured({ ...stage, submitted: {}, ours: {}, metrics })).problems, 1);
});

test('a stage that uses the submitted models is not compared with itself', async () => {
  const { judgement, stage } = judgementOf({
    submitted: { 'history.json': '{}' },
    ours: {},
    metrics: [{ loss: 1 }, {}],
  });
  await judgement.compareMeasured({ stages: [{ ...stage, isSubmitted: true }], diagnostics: [] });
  assert.deepEqual(judgement.mismatches(), []);
  assert.deepEqual(
    judgement.basis.finish().notCompared.map(({ what }) => what),
    ['trained/history.json', 'trained.loss'],
  );
});

test('a layout is repeated only on an equal platform', async () => {
  const stage = { stage: 'noisy', type: 'project', settings: { method: 'tsne' } };
  const submitted = { 'a.json': '1', 'b.json': '2' };
  const metrics = [
    { same: 1, other: 2 },
    { same: 1, other: 3 },
  ] as const;
  const found = await measured({ ...stage, submitted, ours: { 'a.json': '1', 'b.json': '3' }, metrics });
  assert.equal(found.problems, 0);
  assert.deepEqual(found.basis.exact, { numbers: 1, files: 1 });
  assert.deepEqual(
    found.basis.notCompared.map(({ what }) => what),
    ['noisy.other', 'noisy/b.json'],
  );
});
