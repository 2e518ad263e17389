/** The threats in `docs/submissions.md`, one by one: what detects each, at which level, and what cannot be detected. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { errorsOf } from '../../src/core/diagnostic.ts';
import type { CheckOptions, Findings } from '../../src/submission/check.ts';
import type { Environment } from '../../src/submission/generated/types.ts';
import { resultOf, type Result } from '../../src/submission/verify.ts';
import { rig, type Rig } from '../rig.ts';
import { contents, type Files } from './archives.ts';
import {
  edited,
  elsewhere,
  Forger,
  manifestOf,
  takeStages,
  withEnvironment,
  withMetrics,
  withMetricsFile,
  type Changes,
} from './forger.ts';

const TINY = `name: tiny
seed: 20231234
threads: 1
stages:
  mnist: { type: dataset, source: mnist, limit: { train: 64, test: 16 } }
  noisy: { type: noise, data: mnist, kind: gaussian, stddev: 0.3 }
  model:
    type: model
    input_shape: [28, 28, 1]
    encoder: [Flatten, { Dense: { units: 3 } }]
    decoder: [{ Dense: { units: 784, activation: sigmoid } }, { Reshape: { target_shape: [28, 28, 1] } }]
  trained: { type: train, model: model, data: noisy, target: mnist, loss: mse, epochs: 3, batch_size: 8,
    validation: test, preview: { rows: 1, columns: 2 } }
  quality: { type: evaluate, model: trained, data: noisy, target: mnist, metrics: [mse, psnr] }
  shown: { type: figure, kind: comparison, model: trained, data: noisy, target: mnist, samples: 2 }
`;

const afterAll: (() => void)[] = [];
after(() => afterAll.forEach((each) => each()));
const context = { after: (each: () => void) => void afterAll.push(each) };
const rigged: Rig = rig(context as Parameters<typeof rig>[0]);
const forger = new Forger(context);

/** An honest archive, and others of the same pipeline: trained eagerly, with another seed, and for longer. */
let honest: Files;
let rounded: Files;
let stranger: Files;
let longer: Files;
before(async () => {
  rigged.write('tiny.yaml', TINY);
  const packed = async (...overrides: readonly string[]): Promise<Files> => {
    const args = ['tiny.yaml', ...overrides.flatMap((override) => ['-S', override])];
    const ran = await rigged.run(['run', ...args]);
    assert.equal(ran.code, 0, ran.stderr);
    const made = await rigged.run(['pack', ...args, '-o', 'packed.zip']);
    assert.equal(made.code, 0, made.stderr);
    return contents(rigged.path('packed.zip'));
  };
  honest = await packed();
  rounded = under(await packed('stages.trained.compile=eager'));
  stranger = await packed('seed=99');
  longer = await packed('stages.trained.epochs=12');
});

/** The honest pipeline with the outputs of another run. */
const under = (other: Files): Files =>
  takeStages(
    honest,
    other,
    manifestOf(honest).stages.map(({ name }) => name),
  );

interface Expected {
  readonly result: Result;
  readonly codes: readonly string[];
}

const OK: Expected = { result: 'ok', codes: [] };
const CLOSE: Expected = { result: 'ok-tolerances', codes: [] };
const MISMATCH: Expected = { result: 'mismatch', codes: ['verification-mismatch'] };

async function expect(
  files: Files,
  level: CheckOptions['level'],
  expected: Expected,
  options: Partial<CheckOptions> = {},
): Promise<Findings> {
  const found = await forger.check(files, { ...options, level });
  const errors = errorsOf(found.diagnostics);
  const codes = [...new Set(errors.map(({ code }) => code))];
  const result = resultOf(level, found, found.diagnostics);
  assert.deepEqual(
    { result, codes },
    expected,
    `${level}: ${errors.map(({ message }) => message).join('\n')}`,
  );
  return found;
}

const skipped = ({ basis }: Findings): readonly string[] => basis.notCompared.map(({ what }) => what);

test('an honest archive from another platform is accepted at every level, with the basis of the verdict', async () => {
  // It only claims another processor, so in effect it is compared bit by bit.
  await expect(elsewhere(honest), 'spot', OK);
  const foreign = elsewhere(rounded);
  await expect(foreign, 'hashes', OK);
  const spot = await expect(foreign, 'spot', OK);
  assert.ok(skipped(spot).includes('trained/history.csv'));
  const full = await expect(foreign, 'full', CLOSE);
  assert.ok(full.basis.tolerance.numbers > 0 && full.basis.tolerance.files > 0);
  assert.ok(full.comparison?.differences.length === 1);
  assert.ok(!skipped(full).includes('trained/history.csv'));
  // It is not accepted on an equal platform, or if only equal bits count.
  await expect(rounded, 'full', MISMATCH);
  await expect(foreign, 'full', { result: 'unchecked', codes: ['platform-differs'] }, { samePlatform: true });
});

test('improved numbers are detected by their copies or by recomputing, on every platform', async () => {
  const better = { mse: 0.92 * (number('quality', 'mse') ?? 0), psnr: number('quality', 'psnr') ?? 0 };
  const half = withMetrics(honest, 'quality', better);
  await expect(half, 'hashes', MISMATCH);
  await expect(withMetricsFile(half), 'hashes', MISMATCH);
  const text = JSON.stringify(better, undefined, 2);
  const forged = edited(withMetricsFile(half), { 'outputs/quality/metrics.json': `${text}\n` });
  await expect(forged, 'hashes', OK);
  const found = await expect(forged, 'spot', MISMATCH);
  assert.deepEqual(
    found.metrics.filter(({ agrees }) => !agrees).map(({ stage, metric }) => `${stage}.${metric}`),
    ['quality.mse'],
  );
  await expect(elsewhere(forged), 'spot', MISMATCH);
});

function number(stage: string, metric: string): number | undefined {
  const found = manifestOf(honest).stages.find(({ name }) => name === stage);
  return found?.metrics.find(({ name }) => name === metric)?.value;
}

test('garbage weights with a forged history, figures and report do not pass as from another platform', async () => {
  const changes: Record<string, Buffer> = { 'outputs/report.html': Buffer.from('<h1>Perfect</h1>') };
  for (const [path, data] of honest) {
    if (!path.startsWith('outputs/trained/') || !path.endsWith('weights.bin')) continue;
    const weights = Buffer.from(data);
    for (let at = 0; at < weights.length; at += 4) weights.writeFloatLE(Math.sin(at), at);
    changes[path] = weights;
  }
  const one = { 'outputs/trained/model/autoencoder/weights.bin': null };
  const half = { ...one, ...only(changes, 'outputs/trained/model/autoencoder/weights.bin') };
  // Encoder and decoder contain copies of the weights.
  await expect(edited(honest, half), 'hashes', MISMATCH);
  const flattered = await forger.withHistory(elsewhere(edited(honest, changes)), (history) => {
    for (const name of ['loss', 'val_loss'])
      history[name] = (history[name] ?? []).map((value) => 0.92 * value);
  });
  const text = JSON.stringify({ mse: 0.92 * (number('quality', 'mse') ?? 0), psnr: 20 }, undefined, 2);
  const forged = edited(
    withMetricsFile(withMetrics(flattered, 'quality', JSON.parse(text) as Record<string, number>)),
    { 'outputs/quality/metrics.json': `${text}\n` },
  );
  // Garbage that cannot be detected without running anything.
  await expect(forged, 'hashes', MISMATCH);
  await expect(forged, 'full', MISMATCH);
});

const only = (changes: Readonly<Record<string, Buffer>>, path: string): Record<string, Buffer> =>
  Object.fromEntries(Object.entries(changes).filter(([name]) => name === path));

test('longer training is detected by training again; its history without that', async () => {
  // With its own numbers and figures, a longer run has more epochs than the settings.
  await expect(under(longer), 'hashes', MISMATCH);
  const weights = Object.fromEntries(
    [...longer].filter(([path]) => /^outputs\/trained\/(?:model|best)\/.*weights\.bin$/.test(path)),
  );
  const bare = edited(honest, weights);
  await expect(bare, 'spot', MISMATCH);
  const fitted = await forger.madeToFit(bare);
  const spot = await expect(fitted, 'spot', OK);
  assert.ok(skipped(spot).includes('trained/history.json'));
  await expect(fitted, 'full', MISMATCH);
  await expect(elsewhere(fitted), 'full', MISMATCH);
});

test("somebody else's outputs or weights are detected under one's own seed", async () => {
  const copied = under(stranger);
  await expect(copied, 'spot', MISMATCH);
  await expect(elsewhere(copied), 'spot', MISMATCH);
  const weights = Object.fromEntries(
    [...stranger].filter(([path]) => /^outputs\/trained\/(?:model|best)\/.*weights\.bin$/.test(path)),
  );
  const fitted = await forger.madeToFit(edited(honest, weights));
  // Nothing at this level proves it, but there is a warning.
  const spot = await expect(elsewhere(fitted), 'spot', OK);
  assert.deepEqual(
    spot.diagnostics.map(({ code, severity }) => [code, severity]),
    [['verification-mismatch', 'warning']],
  );
  await expect(elsewhere(fitted), 'full', MISMATCH);
});

test('forged histories are detected by their copies, at the end by the model, at the start by training again', async () => {
  const json = String(honest.get('outputs/trained/history.json'));
  await expect(
    edited(honest, { 'outputs/trained/history.json': json.replace(/0\.\d/, '0.0') }),
    'hashes',
    MISMATCH,
  );
  const shorter = await forger.withHistory(honest, (history) => {
    for (const list of Object.values(history)) list.splice(1, 1);
  });
  await expect(shorter, 'hashes', MISMATCH);
  const renumbered = await forger.withHistory(honest, (history) => (history['epoch'] = [1, 2, 4]));
  await expect(renumbered, 'hashes', MISMATCH);
  const end = await forger.withHistory(honest, (history) => history['val_loss']?.splice(2, 1, 0.01));
  await expect(end, 'hashes', OK);
  await expect(elsewhere(end), 'spot', MISMATCH);
  const begin = await forger.withHistory(honest, ({ loss = [] }) => loss.splice(0, 1, 1.05 * (loss[0] ?? 0)));
  await expect(begin, 'spot', OK);
  await expect(begin, 'full', MISMATCH);
  await expect(elsewhere(begin), 'full', MISMATCH);
});

test('figures and previews are rendered again, and the report is never trusted', async () => {
  const other = (path: string, from = stranger): Buffer => from.get(path) ?? Buffer.alloc(0);
  const svg = String(honest.get('outputs/shown/figure.svg'));
  const forged: readonly [Changes, Changes, Changes, Changes] = [
    { 'outputs/shown/figure.png': other('outputs/shown/figure.png') },
    { 'outputs/shown/figure.svg': svg.replace('Denoised', 'Restored') },
    {
      'outputs/shown/figure.svg': other('outputs/shown/figure.svg'),
      'outputs/shown/figure.png': other('outputs/shown/figure.png'),
    },
    { 'outputs/trained/previews/epoch-003.png': other('outputs/trained/previews/epoch-001.png', honest) },
  ];
  // All in one archive: the level runs once, and names each.
  const all = edited(honest, Object.assign({}, ...forged) as Changes);
  for (const files of [all, elsewhere(all)]) await expect(files, 'spot', MISMATCH);
  await expect(edited(honest, forged[0]), 'spot', MISMATCH);
  await expect(elsewhere(edited(rounded, forged[3])), 'spot', MISMATCH);
  await expect(elsewhere(edited(rounded, forged[1])), 'spot', MISMATCH);
  const early = edited(honest, {
    'outputs/trained/previews/epoch-001.png': other('outputs/trained/previews/epoch-003.png', honest),
  });
  assert.ok(skipped(await expect(early, 'spot', OK)).includes('trained/previews/epoch-001.png'));
  await expect(elsewhere(early), 'full', MISMATCH);
  const report = edited(honest, { 'outputs/report.html': '<h1>Perfect</h1>' });
  assert.ok(skipped(await expect(report, 'hashes', OK)).includes('outputs/report.html'));
});

test('no field of the environment makes a forged archive pass, or an honest one fail', async () => {
  const foreign = (files: Files): Promise<Files> =>
    forger.rekeyed(
      withEnvironment(files, (before) => ({
        hourglass: '9.9.9',
        node: '99.0.0',
        system: 'darwin-arm64 24',
        processor: { model: 'Other', features: ['asimd'] },
        engine: { kind: 'native', version: 'tensorflow 1.0.0', platform: 'darwin-arm64' },
        packages: before.packages,
      })),
    );
  // Its results are bit-identical here, so there is nothing to excuse.
  const found = await expect(await foreign(honest), 'spot', OK);
  assert.equal(found.comparison?.differences.length, 4);
  const better = { mse: 0.99 * (number('quality', 'mse') ?? 0), psnr: number('quality', 'psnr') ?? 0 };
  const praised = edited(withMetricsFile(withMetrics(honest, 'quality', better)), {
    'outputs/quality/metrics.json': `${JSON.stringify(better, undefined, 2)}\n`,
  });
  await expect(await foreign(praised), 'spot', MISMATCH);
  const contradictions: readonly ((before: Environment) => Environment)[] = [
    (before) => ({ ...before, system: 'win32-x64 10' }),
    (before) => ({ ...before, engine: { ...before.engine, platform: 'darwin-arm64' } }),
    (before) => ({ ...before, engine: { ...before.engine, version: 'tensorflow 1.0.0' } }),
    (before) => ({ ...before, engine: { ...before.engine, kind: 'portable' } }),
    (before) => ({ ...before, processor: { ...before.processor, features: ['neon'] } }),
    (before) => ({ ...before, processor: { ...before.processor, features: ['fast'] } }),
    (before) => ({ ...before, processor: { ...before.processor, features: ['sse2', 'avx2'] } }),
  ];
  for (const edit of contradictions) await expect(withEnvironment(honest, edit), 'hashes', MISMATCH);
  for (const edit of [
    (before: Environment): Environment => ({ ...before, hourglass: '9.9.9' }),
    (before: Environment): Environment => ({ ...before, packages: 'f'.repeat(64) }),
  ]) {
    const excused = await expect(withEnvironment(honest, edit), 'hashes', OK);
    assert.ok(skipped(excused).includes('the hashes of the stages'));
  }
});

test('every kind of change to the assignment is detected', async () => {
  rigged.write('base.yaml', TINY);
  const assignment = {
    base: rigged.path('base.yaml'),
    editable: ['stages.model.encoder'],
    seed: 'any',
  } as const;
  const text = String(honest.get('pipeline/tiny.yaml'));
  const deviates = async (files: Files): Promise<void> => {
    const found = await forger.check(files, { assignment });
    const codes = found.diagnostics.map(({ code }) => code);
    assert.ok(codes.includes('assignment-deviation'), codes.join());
    assert.notEqual(resultOf('hashes', found, found.diagnostics), 'ok');
  };
  await expect(honest, 'hashes', OK, { assignment });
  await deviates(edited(honest, { 'pipeline/tiny.yaml': text.replace('epochs: 3', 'epochs: 30') }));
  await deviates(
    edited(honest, {
      'pipeline/tiny.yaml': 'extends: easy.yaml\nname: tiny\n',
      'pipeline/easy.yaml': text.replace('stddev: 0.3', 'stddev: 0.01'),
    }),
  );
  await deviates(
    edited(honest, {
      'pipeline/tiny.yaml': `params: { noise: 0.01 }\n${text.replace('stddev: 0.3', 'stddev: "${params.noise}"')}`,
    }),
  );
  await deviates(
    edited(honest, {}, (manifest) => ({
      ...manifest,
      pipeline: { ...manifest.pipeline, overrides: ['stages.trained.epochs=30'] },
    })),
  );
  await deviates(
    edited(honest, {
      'pipeline/tiny.yaml': `plugins: [./own.mjs]\n${text}`,
      'pipeline/own.mjs': 'export default {};\n',
    }),
  );
});

test('false claims of the manifest, and files that no stage writes, are detected', async () => {
  const claim = (edit: (stage: ReturnType<typeof manifestOf>['stages'][number]) => object): Files =>
    edited(honest, {}, (manifest) => ({
      ...manifest,
      stages: manifest.stages.map((stage) => ({ ...stage, ...edit(stage) })),
    }));
  await expect(
    claim(({ name }) => (name === 'trained' ? { hash: 'f'.repeat(64) } : {})),
    'hashes',
    MISMATCH,
  );
  const noise = claim(({ name, files }) => ({
    files: files.map((file) =>
      name === 'noisy' && file.path.endsWith('.npy') ? { ...file, sha256: 'f'.repeat(64) } : file,
    ),
  }));
  await expect(noise, 'hashes', OK);
  await expect(elsewhere(noise), 'spot', MISMATCH);
  await expect(edited(honest, { 'outputs/shown/extra.png': 'x' }), 'hashes', MISMATCH);
  await expect(edited(honest, { 'outputs/extra/figure.png': 'x' }), 'hashes', MISMATCH);
  await expect(edited(honest, { 'outputs/shown/figure.png': null }), 'hashes', MISMATCH);
  await expect(edited(honest, { 'ro-crate-metadata.json': '{}' }), 'hashes', MISMATCH);
  const bigger = String(honest.get('outputs/trained/model/encoder/model.json')).replace(
    '"units": 3',
    '"units": 4',
  );
  await expect(edited(honest, { 'outputs/trained/model/encoder/model.json': bigger }), 'hashes', MISMATCH);
  const noted = await expect(edited(honest, { 'pipeline/notes.txt': 'please' }), 'hashes', OK);
  assert.ok(skipped(noted).includes('pipeline/notes.txt'));
});

test('ambiguous JSON and extra keys are detected without running anything', async () => {
  const before = (path: string, text: string): Files =>
    edited(honest, { [path]: String(honest.get(path)).replace('{', `{ ${text}`) });
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const forged: readonly (readonly [string, string])[] = [
    ['outputs/metrics.json', '"quality": { "mse": 0.001 },'],
    ['outputs/metrics.json', '"quality": { "mse": 0.001, "psnr": 30 },'],
    ['outputs/metrics.json', '"best": { "mse": 0.001 },'],
    ['outputs/quality/metrics.json', '"mse": 0.001,'],
    ['outputs/quality/metrics.json', String.raw`"\u006dse": 0.001,`],
    ['outputs/quality/metrics.json', `"x": ${deep},`],
    ['outputs/trained/training.json', '"accuracy": 0.99,'],
    ['outputs/trained/training.json', '"epochs": 3,'],
    ['ro-crate-metadata.json', '"@graph": [],'],
    ['ro-crate-metadata.json', `"x": ${deep},`],
  ];
  for (const [path, text] of forged) await expect(before(path, text), 'hashes', MISMATCH);
  const training = JSON.parse(String(honest.get('outputs/trained/training.json'))) as Record<string, unknown>;
  for (const claim of [{ loss: 'mae' }, { denoiser: 'perfect' }]) {
    const text = JSON.stringify({ ...training, ...claim });
    await expect(edited(honest, { 'outputs/trained/training.json': text }), 'hashes', MISMATCH);
  }
  const sizes = edited(honest, {}, (manifest) => ({
    ...manifest,
    stages: manifest.stages.map((stage) => ({
      ...stage,
      files: stage.files.map((file) => ({ ...file, bytes: 1 })),
    })),
  }));
  await expect(sizes, 'hashes', MISMATCH);
  const threads = edited(honest, {}, (manifest) => ({
    ...manifest,
    pipeline: { ...manifest.pipeline, threads: 7 },
  }));
  await expect(threads, 'hashes', MISMATCH);
});
