import assert from 'node:assert/strict';
import { chmodSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { buffer } from 'node:stream/consumers';
import yauzl from 'yauzl';
import { sha256 } from '../../src/core/json.ts';
import { readEnvironment, readManifest } from '../../src/submission/manifest.ts';
import { rig, TINY, type Rig } from '../rig.ts';
import { idxImages, PLAIN, runPlain } from './pipelines.ts';

/** Files of an archive, read without our reader. */
async function contents(path: string): Promise<ReadonlyMap<string, Buffer>> {
  const zip = await yauzl.openPromise(path, { lazyEntries: true, autoClose: false });
  const files = new Map<string, Buffer>();
  for await (const entry of zip.eachEntry()) {
    files.set(entry.fileName, await buffer(await zip.openReadStreamPromise(entry)));
  }
  zip.close();
  return files;
}

async function assertRefused(rigged: Rig, args: readonly string[], code: string): Promise<void> {
  const { json } = await rigged.runJson(['pack', ...args]);
  assert.deepEqual(
    json.diagnostics.map((diagnostic) => diagnostic.code),
    [code],
  );
}

test('a run packs to the same bytes again, and from another folder, at another time, by another user', async (t) => {
  const one = rig(t);
  const other = rig(t);
  one.write('tiny.yaml', TINY);
  other.write('sub/folder/tiny.yaml', TINY);
  const env = { TZ: 'Asia/Tokyo', USER: 'somebody', HOME: process.env['HOME'], LC_ALL: 'C' };
  assert.equal((await one.run(['run', 'tiny.yaml'])).code, 0);
  assert.equal((await other.run(['run', 'sub/folder/tiny.yaml', '-o', 'x/y', '-j', '1'], { env })).code, 0);
  assert.equal((await one.run(['pack', 'tiny.yaml'])).code, 0);
  assert.equal((await one.run(['pack', 'tiny.yaml', '-o', 'again.zip'])).code, 0);
  const packed = await other.run(['pack', 'sub/folder/tiny.yaml', '--outputs', 'x/y', '-o', 'o.zip'], {
    env,
  });
  assert.equal(packed.code, 0, packed.stderr);
  const bytes = readFileSync(one.path('tiny-7.zip'));
  assert.ok(bytes.equals(readFileSync(one.path('again.zip'))));
  assert.ok(bytes.equals(readFileSync(other.path('o.zip'))));

  const files = await contents(one.path('tiny-7.zip'));
  const manifest = await readManifest(String(files.get('manifest.json')));
  await readEnvironment(String(files.get('environment.json')));
  assert.deepEqual(
    manifest.files.map(({ path }) => path).sort(),
    [...files.keys()].filter((path) => path !== 'manifest.json').sort(),
  );
  for (const file of manifest.files) assert.equal(sha256(files.get(file.path) ?? ''), file.sha256, file.path);
  for (const path of [
    'pipeline/tiny.yaml',
    'resolved.yaml',
    'ro-crate-metadata.json',
    'outputs/metrics.json',
    'outputs/report.html',
    'outputs/trained/history.csv',
    'outputs/trained/model/autoencoder/weights.bin',
    'outputs/trained/previews/epoch-002.png',
    'outputs/comparison/figure.svg',
  ]) {
    assert.ok(files.has(path), path);
  }
  // Images are listed by hash, and nothing reveals place or time.
  assert.ok(![...files.keys()].some((path) => path.endsWith('.npy')));
  const noisy = manifest.stages.find(({ name }) => name === 'noisy');
  assert.ok(noisy?.files.some(({ path }) => path === 'train-images.npy'));
  for (const [path, data] of files) {
    for (const secret of [one.folder, '/tmp/', new Date().toISOString().slice(0, 10)]) {
      assert.ok(!data.includes(secret), `${path} names ${secret}`);
    }
  }
});

test('unfinished runs, and outputs of another pipeline, are not packed', async (t) => {
  const rigged = rig(t);
  rigged.write('plain.yaml', PLAIN);
  await assertRefused(rigged, ['plain.yaml'], 'data-missing');
  rigged.write('data/own.idx', idxImages(6));
  await assertRefused(rigged, ['plain.yaml'], 'outputs-outdated');
  rigged.write('outputs/plain/sweep.json', '{}');
  const swept = ['pack', 'plain.yaml', '-S', 'sweep={ parameters: { noise: [0.25, 0.5] } }'];
  assert.match((await rigged.run(swept)).stderr, /swept[^]*params\.noise=0\.25/);
  rmSync(rigged.path('outputs/plain'), { recursive: true });
  await runPlain(rigged);
  assert.equal((await rigged.run(['pack', 'plain.yaml'])).code, 0);

  await assertRefused(rigged, ['plain.yaml', '-S', 'params.noise=0.3'], 'outputs-outdated');
  const run = rigged.read('outputs/plain/run.json');
  for (const text of [run.replace('"done"', '"running"'), run.replace('"native"', '"steam"'), '{']) {
    assert.notEqual(text, run);
    rigged.write('outputs/plain/run.json', text);
    await assertRefused(rigged, ['plain.yaml'], 'outputs-outdated');
  }
  rigged.write('outputs/plain/run.json', run);
  const metrics = rigged.read('outputs/plain/metrics.json');
  rigged.write('outputs/plain/metrics.json', metrics.replace(/"train_mse": [\d.]+/, '"train_mse": 0.001'));
  await assertRefused(rigged, ['plain.yaml'], 'outputs-outdated');
  rigged.write('outputs/plain/metrics.json', metrics);

  const figure = rigged.read('outputs/plain/grid/figure.svg');
  chmodSync(rigged.path('outputs/plain/grid'), 0o755);
  renameSync(rigged.path('outputs/plain/grid/figure.svg'), rigged.path('figure.svg'));
  await assertRefused(rigged, ['plain.yaml'], 'outputs-outdated');
  rigged.write('outputs/plain/grid/figure.svg', `${figure}<!-- better -->`);
  await assertRefused(rigged, ['plain.yaml'], 'outputs-outdated');
  rigged.write('outputs/plain/grid/figure.svg', figure);
  assert.equal((await rigged.run(['pack', 'plain.yaml'])).code, 0);
  renameSync(rigged.path('.hourglass'), rigged.path('gone'));
  await assertRefused(rigged, ['plain.yaml'], 'outputs-outdated');
});

test('extended files, plugins and, if requested, data are packed with their relative paths', async (t) => {
  const rigged = rig(t);
  rigged.write('base/base.yaml', PLAIN.replace('data/own.idx', '../data/own.idx'));
  rigged.write('lib/part.ts', 'export const half = 0.5;\n');
  rigged.write(
    'plugin.ts',
    `import { half } from './lib/part.ts';
export default { type: 'halve', version: half * 2, schema: { type: 'object' }, inputs: {}, outputs: 'figure',
  draws: false, engine: false, analyze: () => ({ kind: 'figure' }), run: async () => ({}) };\n`,
  );
  await runPlain(
    rigged,
    'exercises/variant.yaml',
    'extends: ../base/base.yaml\nname: variant\nplugins: [../plugin.ts]\n',
  ).catch(() => undefined);
  const args = ['exercises/variant.yaml', '--allow-plugins', '-S', 'params.noise=0.4'];
  const ran = await rigged.run(['run', ...args]);
  assert.equal(ran.code, 0, ran.stderr);
  assert.equal((await rigged.run(['pack', ...args, '-o', 'lean.zip'])).code, 0);
  assert.equal((await rigged.run(['pack', ...args, '-o', 'full.zip', '--include-data'])).code, 0);
  const sources = async (file: string): Promise<readonly string[]> =>
    [...(await contents(rigged.path(file))).keys()].filter((path) => path.startsWith('pipeline/')).sort();
  const lean = [
    'pipeline/base/base.yaml',
    'pipeline/exercises/variant.yaml',
    'pipeline/lib/part.ts',
    'pipeline/plugin.ts',
  ];
  assert.deepEqual(await sources('lean.zip'), lean);
  assert.deepEqual(await sources('full.zip'), [...lean, 'pipeline/data/own.idx'].sort());
  const manifest = await readManifest(String((await contents(rigged.path('lean.zip'))).get('manifest.json')));
  assert.deepEqual(manifest.pipeline.overrides, ['params.noise=0.4']);
  assert.equal(manifest.pipeline.file, 'pipeline/exercises/variant.yaml');
  // From a subfolder, the paths could reveal names of the user's folders.
  const inner = await rigged.run(['run', ...args]);
  assert.equal(inner.code, 0);
});

test('absolute paths, and names that are invalid on other systems, are refused', async (t) => {
  const rigged = rig(t);
  const absolute = rigged.path('data/own.idx');
  await runPlain(rigged, 'absolute.yaml', PLAIN.replace('data/own.idx', absolute));
  await assertRefused(rigged, ['absolute.yaml'], 'bad-setting');
  await runPlain(rigged, 'plain.yaml');
  await runPlain(rigged, 'variant.yaml', `extends: ${rigged.path('plain.yaml')}\n`);
  await assertRefused(rigged, ['variant.yaml'], 'bad-setting');
  rigged.write('device.yaml', PLAIN.replace('grid:', 'aux:'));
  await assertRefused(rigged, ['device.yaml'], 'reserved-name');
  rigged.write('twins.yaml', PLAIN.replace('grid:', 'Noisy:'));
  await assertRefused(rigged, ['twins.yaml'], 'name-clash');
});
