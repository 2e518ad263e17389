/** `hourglass verify` on one small submission, and on forgeries of it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { errorsOf } from '../../src/core/diagnostic.ts';
import { WorkerPool } from '../../src/run/workers.ts';
import { checkArchive, type CheckOptions, type Findings } from '../../src/submission/check.ts';
import type { Verdict } from '../../src/submission/verify.ts';
import { rig, type Rig } from '../rig.ts';
import { contents, forge, type Files, type Forgery } from './archives.ts';
import { idxImages, runPlain } from './pipelines.ts';

const SMALL = `name: small
seed: 20231234
threads: 1
params: { latent_size: 3 }
stages:
  mnist: { type: dataset, source: mnist, limit: { train: 64, test: 16 } }
  noisy: { type: noise, data: mnist, kind: gaussian, stddev: 0.3 }
  model:
    type: model
    input_shape: [28, 28, 1]
    encoder: [Flatten, { Dense: { units: "\${params.latent_size}" } }]
    decoder: [{ Dense: { units: 784, activation: sigmoid } }, { Reshape: { target_shape: [28, 28, 1] } }]
  trained: { type: train, model: model, data: noisy, target: mnist, loss: mse, epochs: 1, batch_size: 32 }
  quality: { type: evaluate, model: trained, data: noisy, target: mnist, metrics: [mse, psnr] }
  shown: { type: figure, kind: comparison, model: trained, data: noisy, target: mnist, samples: 2 }
`;

const afterAll: (() => void)[] = [];
after(() => afterAll.forEach((each) => each()));
const rigged: Rig = rig({ after: (each) => void afterAll.push(each as () => void) });

let files: Files;
before(async () => {
  rigged.write('small.yaml', SMALL);
  const ran = await rigged.run(['run', 'small.yaml']);
  assert.equal(ran.code, 0, ran.stderr);
  assert.equal((await rigged.run(['pack', 'small.yaml'])).code, 0);
  files = await contents(rigged.path('small-20231234.zip'));
});

interface Verified {
  readonly code: number | null;
  readonly status: string;
  readonly archives: readonly (Omit<Verdict, 'diagnostics'> & {
    readonly diagnostics: readonly {
      readonly code: string;
      readonly severity: string;
      readonly message: string;
    }[];
  })[];
}

async function verify(...args: readonly string[]): Promise<Verified> {
  const { code, json } = await rigged.runJson(['verify', ...args]);
  return { code, ...(json as unknown as Omit<Verified, 'code'>) };
}

const errors = (
  verdict: { readonly diagnostics: readonly { code: string; severity: string }[] } | undefined,
): readonly string[] => errorsOf(verdict?.diagnostics ?? []).map(({ code }) => code);

const pool = new WorkerPool();
after(() => pool.close());

/** Checks a forged archive in this process. */
async function check(forgery: Forgery, options: Partial<CheckOptions> = {}): Promise<Findings> {
  const folder = mkdtempSync(join(tmpdir(), 'hourglass-check-'));
  afterAll.push(() => rmSync(folder, { recursive: true, force: true }));
  const archive = join(folder, 'forged.zip');
  writeFileSync(archive, await forge(files, forgery));
  return checkArchive({ archive, level: 'hashes', allowPlugins: false, work: folder, ...options }, pool);
}

const edited = (path: string, from: string | RegExp, to: string): Forgery => {
  const text = String(files.get(path));
  const changed = text.replace(from, to);
  assert.notEqual(changed, text);
  return { files: { [path]: changed } };
};

test('an honest submission passes at every level, bit by bit', async () => {
  for (const [level, numbers] of [
    ['hashes', 0],
    ['spot', 6],
    ['full', 10],
  ] as const) {
    const { code, status, archives } = await verify('small-20231234.zip', '--level', level);
    assert.equal(code, 0, JSON.stringify(archives));
    assert.equal(status, 'done');
    assert.equal(archives[0]?.result, 'ok');
    assert.deepEqual(archives[0].diagnostics, []);
    assert.deepEqual(archives[0].pipeline, { name: 'small', seed: 20231234 });
    assert.equal(archives[0].comparison?.kind, level === 'hashes' ? undefined : 'exact');
    assert.ok(archives[0].metrics.length >= numbers, `${level}: ${archives[0].metrics.length} numbers`);
    assert.ok(archives[0].metrics.every(({ agrees, claimed, found }) => agrees && claimed === found));
    assert.equal(archives[0].basis.exact.files > 0, level !== 'hashes');
  }
});

test('invalid models are refused with a message', async () => {
  const path = 'outputs/trained/model/autoencoder/model.json';
  const lambda = await check(edited(path, '"Dense"', '"Lambda"'), { level: 'spot' });
  assert.deepEqual(new Set(errors(lambda)), new Set(['verification-mismatch', 'data-corrupt']));
  const gone: Forgery = { files: { 'outputs/trained/model/autoencoder/weights.bin': null } };
  assert.ok(errors(await check(gone, { level: 'spot' })).includes('archive-damaged'));
  const unknown = await check(
    {
      manifest: (manifest) => ({
        ...manifest,
        stages: manifest.stages.filter(({ name }) => name !== 'trained'),
      }),
    },
    { level: 'spot' },
  );
  assert.ok(errors(unknown).includes('archive-damaged'));
});

test('contradictions between pipeline, metrics and manifest are found without running anything', async () => {
  assert.ok(
    errors(await check({ files: { 'outputs/metrics.json': '{' } })).includes('verification-mismatch'),
  );
  const only = async (forgery: Forgery): Promise<void> =>
    assert.deepEqual([...new Set(errors(await check(forgery)))], ['verification-mismatch']);
  await only({ files: { 'outputs/metrics.json': '[]' } });
  await only(edited('pipeline/small.yaml', 'seed: 20231234', 'seed: 7'));
  await only(edited('pipeline/small.yaml', 'shown:', 'drawn:'));
  assert.deepEqual(errors(await check(edited('pipeline/small.yaml', 'epochs: 1', 'epoch: 1'))), [
    'unknown-key',
  ]);
  assert.deepEqual(errors(await check(edited('pipeline/small.yaml', 'model: trained', 'model: mnist'))), [
    'wrong-stage-kind',
  ]);
  const resolved = await check(edited('resolved.yaml', 'epochs: 1', 'epochs: 100'));
  assert.deepEqual(errors(resolved), []);
  assert.equal(resolved.diagnostics.length, 1);
});

test('an untrusted pipeline reads nothing outside its archive, and its code does not run', async () => {
  const canary = rigged.path('canary');
  const plugin = `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(canary)}, 'ran');
export default { type: 'evil', version: 1, schema: { type: 'object' }, inputs: {}, outputs: 'figure',
  draws: false, engine: false, analyze: () => ({ kind: 'figure' }), run: async () => ({}) };\n`;
  writeFileSync(rigged.path('outside.mjs'), plugin);
  const text = String(files.get('pipeline/small.yaml'));
  const withText = (change: string, more: Record<string, string> = {}): Forgery => ({
    files: { 'pipeline/small.yaml': `${change}\n${text}`, ...more },
  });
  for (const target of ['/etc/passwd', '../../../../etc/passwd', rigged.path('small.yaml')]) {
    const found = await check(withText(`extends: ${target}`));
    assert.deepEqual(errors(found), ['path-outside'], target);
    assert.ok(!JSON.stringify(found).includes('root:'));
  }
  for (const target of [rigged.path('outside.mjs'), '../../outside.mjs']) {
    for (const allowPlugins of [false, true]) {
      assert.deepEqual(errors(await check(withText(`plugins: ["${target}"]`), { allowPlugins })), [
        'path-outside',
      ]);
    }
  }
  const dataset = { type: 'dataset', source: 'idx', train_images: '/etc/passwd' };
  const reading = edited('pipeline/small.yaml', /mnist: \{.*\}/, `mnist: ${JSON.stringify(dataset)}`);
  assert.ok(errors(await check(reading, { level: 'spot' })).includes('path-outside'));

  const inside = withText('plugins: [./evil.mjs]', { 'pipeline/evil.mjs': plugin });
  const refused = await check(inside, { level: 'spot' });
  assert.deepEqual(errors(refused), ['plugin-refused']);
  assert.deepEqual(errors(await check(inside)), []);
  assert.equal(rigged.exists('canary'), false);
  assert.deepEqual(errors(await check(inside, { level: 'spot', allowPlugins: true })), []);
  assert.equal(rigged.exists('canary'), true);
});

test('the check uses the overrides and threads of the run', async () => {
  rigged.write('other.yaml', SMALL.replace('threads: 1', '').replace('name: small', 'name: other'));
  const args = ['other.yaml', '-S', 'params.latent_size=2'];
  const ran = await rigged.run(['run', ...args]);
  assert.equal(ran.code, 0, ran.stderr);
  assert.equal((await rigged.run(['pack', ...args, '-o', 'other.zip'])).code, 0);
  const { code, archives } = await verify('other.zip', '--level', 'full');
  assert.equal(code, 0, JSON.stringify(archives));
  assert.equal(archives[0]?.comparison?.kind, 'exact');
});

test('a pipeline without a model is recomputed at every level, with data from a given folder', async () => {
  await runPlain(rigged);
  assert.equal((await rigged.run(['pack', 'plain.yaml', '-o', 'plain.zip'])).code, 0);
  const spot = await verify('plain.zip');
  assert.equal(spot.code, 1);
  assert.equal(spot.archives[0]?.result, 'unchecked');
  assert.deepEqual(errors(spot.archives[0]), ['data-missing']);
  assert.match(JSON.stringify(spot.archives[0]), /--data FOLDER/);
  const full = ['plain.zip', '--level', 'full'];
  const without = await verify(...full);
  assert.deepEqual([without.code, errors(without.archives[0])], [1, ['data-missing']]);
  assert.equal((await verify('plain.zip', '--data', '.')).code, 0);
  assert.equal((await verify(...full, '--data', '.')).code, 0);
  assert.equal((await verify(...full, '--data', 'data')).code, 0);
  rigged.write('other/own.idx', idxImages(5));
  assert.equal((await verify(...full, '--data', 'other')).code, 3);
  assert.equal((await rigged.run(['pack', 'plain.yaml', '-o', 'with.zip', '--include-data'])).code, 0);
  assert.equal((await verify('with.zip', '--level', 'full')).code, 0);
});

test('a class: duplicates, seeds, deviations, a table, and results for Gradescope', async () => {
  const bytes = readFileSync(rigged.path('small-20231234.zip'));
  rigged.write('class/jane-20231234.zip', bytes);
  rigged.write('class/copy-777.zip', bytes);
  rigged.write(
    'class/edited-20231234.zip',
    await forge(files, {
      ...edited('pipeline/small.yaml', 'stddev: 0.3', 'stddev: 0.01'),
      files: {
        ...edited('pipeline/small.yaml', 'stddev: 0.3', 'stddev: 0.01').files,
        'outputs/trained/model/autoencoder/weights.bin': Buffer.alloc(19_000, 1),
        'outputs/shown/figure.png': 'another',
      },
    }),
  );
  rigged.write('class/broken.zip', bytes.subarray(0, 5000));
  rigged.write('g/notes.txt', '');
  rigged.write('base.yaml', SMALL);
  rigged.write('assignment.yaml', 'base: base.yaml\neditable: [params.latent_size]\n');
  const names = ['jane-20231234.zip', 'copy-777.zip', 'edited-20231234.zip', 'broken.zip'];
  const args = [
    ...names.map((name) => `class/${name}`),
    '--level',
    'hashes',
    '--assignment',
    'assignment.yaml',
    '-j',
    '2',
  ];
  const { code, status, archives } = await verify(
    ...args,
    '--csv',
    'marks.csv',
    '--gradescope',
    'g/results.json',
  );
  assert.equal(code, 3);
  assert.equal(status, 'mismatch');
  const found = Object.fromEntries(
    archives.map((verdict) => [basename(verdict.file), [...new Set(errors(verdict))]]),
  );
  assert.deepEqual(found, {
    'jane-20231234.zip': ['submission-duplicate'],
    'copy-777.zip': ['assignment-seed', 'submission-duplicate'],
    'edited-20231234.zip': ['assignment-deviation', 'verification-mismatch'],
    'broken.zip': ['archive-unsafe'],
  });
  assert.deepEqual(
    archives.map(({ duplicates }) => duplicates.map((file) => basename(file))),
    [['copy-777.zip'], ['jane-20231234.zip'], [], []],
  );
  const rows = rigged.read('marks.csv').trim().split('\r\n');
  assert.equal(rows.length, 5);
  assert.match(rows[1] ?? '', /^jane-20231234\.zip,20231234,small,hashes,mismatch,/);
  assert.match(rows[4] ?? '', /^broken\.zip,,,hashes,mismatch,/);
  const results = JSON.parse(rigged.read('g/results.copy-777.json')) as {
    tests: { status: string; max_score: number }[];
  };
  assert.deepEqual(
    results.tests.map((each) => each.status),
    ['passed', 'passed', 'failed'],
  );

  rigged.write('students.csv', 'Number;File\r\ns020231234;small-20231234.zip\r\n');
  rigged.write('assignment.yaml', 'base: base.yaml\nstudents: students.csv\n');
  const one = ['small-20231234.zip', '--level', 'spot', '--assignment', 'assignment.yaml'];
  const single = await verify(...one, '--gradescope', 'results.json', '--csv', 'one.csv');
  assert.equal(single.code, 0, JSON.stringify(single.archives));
  assert.match(rigged.read('one.csv'), /quality\.mse/);
  const passed = JSON.parse(rigged.read('results.json')) as { tests: { score: number }[] };
  assert.deepEqual(
    passed.tests.map(({ score }) => score),
    [1, 1, 1],
  );

  const { code: shown, stdout } = await rigged.run(['verify', ...args]);
  assert.equal(shown, 3);
  const table = stdout.split('\n').slice(0, 5);
  assert.equal(new Set(table.map((line) => line.search(/(?<=^\w+ +)\S/))).size, 1, stdout);
});

test('usage errors are reported before anything is verified', async () => {
  rigged.write('bad.yaml', 'base: base.yaml\neditible: [x]\n');
  const { code, json } = await rigged.runJson(['verify', 'small-20231234.zip', '--assignment', 'bad.yaml']);
  assert.equal(code, 2);
  assert.deepEqual(
    json.diagnostics.map(({ code: each, line }) => [each, line]),
    [['unknown-key', 2]],
  );
  const none = await rigged.runJson(['verify', 'small-20231234.zip', 'none.zip']);
  assert.deepEqual([none.code, none.json.diagnostics.map((each) => each.code)], [2, ['file-not-found']]);
});

test('verification has no network access', async (t) => {
  let asked = 0;
  const server: Server = createServer((_request, response) => {
    asked += 1;
    response.end('secret');
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const plugin = `import { get } from 'node:http';
await new Promise((resolve, reject) => get('http://127.0.0.1:${port}/', resolve).on('error', reject));
export default {};\n`;
  const text = `plugins: [./call.mjs]\n${String(files.get('pipeline/small.yaml'))}`;
  rigged.write(
    'calls.zip',
    await forge(files, { files: { 'pipeline/small.yaml': text, 'pipeline/call.mjs': plugin } }),
  );
  const { archives } = await verify('calls.zip', '--level', 'hashes', '--allow-plugins');
  assert.deepEqual(errors(archives[0]), ['plugin-invalid']);
  assert.match(archives[0]?.diagnostics[0]?.message ?? '', /network/);
  assert.equal(asked, 0);
});
