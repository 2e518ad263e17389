/** Paths belong to the file in which they are written; the content there decides the key, not the location. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { errorsOf } from '../../src/core/diagnostic.ts';
import { readPipeline } from '../../src/config/load.ts';
import type { LocatedPipeline } from '../../src/config/pipeline.ts';
import { stageTypes } from '../../src/nodes/registry.ts';
import { checkPipeline, inspectFiles } from '../../src/plan/check.ts';
import { planPipeline } from '../../src/run/plan.ts';
import { writeZip } from '../../src/submission/zip-write.ts';
import { listTrials } from '../../src/sweep/list.ts';
import { temporaryFolder } from '../nodes/context.ts';

/** IDX, one image of 2x2. */
const idx = (value: number): Buffer =>
  Buffer.from([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, value, 2, 3, 4]);

function put(root: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
}

async function load(file: string, overrides: readonly string[] = []): Promise<LocatedPipeline> {
  const reader = await readPipeline(file, { overrides, stageTypes: stageTypes(true) });
  const { located, diagnostics } = await reader.load();
  assert.deepEqual(diagnostics, []);
  assert.ok(located !== undefined);
  return located;
}

async function keysOf(located: LocatedPipeline): Promise<Readonly<Record<string, string>>> {
  const outputs = join(located.folder, 'outputs');
  const { plan, diagnostics } = await planPipeline(
    located,
    { outputs, targets: [], force: false, engine: 'auto' },
    { kind: 'native', version: '1', platform: 'x' },
  );
  assert.deepEqual(errorsOf(diagnostics), []);
  return Object.fromEntries((plan?.stages ?? []).map(({ name, hash }) => [name, hash]));
}

const keys = async (file: string, overrides: readonly string[] = []) => keysOf(await load(file, overrides));

const NPY =
  'name: npy\nparams: { dir: data }\nstages:\n  d: { type: dataset, source: idx, train_images: "${params.dir}/x.idx", test_images: data/y.idx }\n';

test('a relative path belongs to the file that has it, through `extends`, parameters and `-S`', async (t) => {
  const root = temporaryFolder(t);
  put(root, {
    'base.yaml': NPY,
    'data/x.idx': idx(1),
    'data/y.idx': idx(2),
    // Of the same names, and not meant.
    'sub/data/x.idx': idx(8),
    'sub/data/y.idx': idx(9),
    'sub/k.yaml': 'extends: ../base.yaml\nname: k\n',
    'sub/deep/own.yaml': 'extends: ../k.yaml\nstages: { d: { test_images: ../data/y.idx } }\n',
    'sub/deep/dir.yaml': 'extends: ../k.yaml\nparams: { dir: ../data, unused: "${params.dir}" }\n',
  });
  const settings = async (name: string, overrides: readonly string[] = []) => {
    const stage = (await load(join(root, name), overrides)).pipeline.stages.get('d');
    return [stage?.['train_images'], stage?.['test_images']];
  };
  assert.deepEqual(await settings('base.yaml'), ['data/x.idx', 'data/y.idx']);
  assert.deepEqual(await settings('sub/k.yaml'), ['../data/x.idx', '../data/y.idx']);
  assert.deepEqual(await settings('sub/deep/own.yaml'), ['../../data/x.idx', '../data/y.idx']);
  assert.deepEqual(await settings('sub/deep/dir.yaml'), ['../data/x.idx', '../../data/y.idx']);
  assert.deepEqual(await keys(join(root, 'sub/k.yaml')), await keys(join(root, 'base.yaml')));
  assert.notDeepEqual(await keys(join(root, 'sub/deep/dir.yaml')), await keys(join(root, 'base.yaml')));

  const here = relative(process.cwd(), root);
  for (const override of [`params.dir=${here}/sub/data`, `stages.d.train_images=${here}/sub/data/x.idx`])
    assert.deepEqual(await settings('sub/deep/own.yaml', [override]), ['../data/x.idx', '../data/y.idx']);
  // As a parameter that is the whole path, and absolute.
  const absolute = join(root, 'data/x.idx');
  assert.deepEqual(await settings('sub/k.yaml', [`stages.d.train_images=${absolute}`]), [
    absolute,
    '../data/y.idx',
  ]);
});

test('messages have the path as it is written', async (t) => {
  const root = temporaryFolder(t);
  put(root, {
    'base.yaml': NPY,
    'data/xx.idx': idx(1),
    'data/y.idx': idx(2),
    'sub/k.yaml': 'extends: ../base.yaml\n',
  });
  const located = await load(join(root, 'sub/k.yaml'));
  const [problem] = checkPipeline(located, await inspectFiles(located)).diagnostics;
  assert.equal(problem?.code, 'data-missing');
  assert.equal(problem.range?.file, join(root, 'base.yaml'));
  assert.match(problem.message, /`data\/x\.idx`/);
  assert.match(problem.hint ?? '', /`data\/xx\.idx`/);
  assert.equal(problem.edits?.[0]?.text, 'data/xx.idx');
});

const plugin = (mark: string): string => `// ${mark}
export default { type: 'copy', version: 1, schema: { type: 'object', properties: { type: {}, file: { type: 'string', filePath: true } } },
  inputs: {}, outputs: 'figure', draws: false, engine: false, analyze: () => ({ kind: 'figure' }), run: async () => ({}),
  fingerprint: async (settings) => '1' };\n`;

test('a plugin belongs to the file that names it: another of the same name never runs', async (t) => {
  const root = temporaryFolder(t);
  put(root, {
    'base.yaml': 'name: p\nplugins: [./copy.mjs]\nstages: { c: { type: copy, file: a.txt } }\n',
    'copy.mjs': plugin('one'),
    'sub/copy.mjs': 'throw new Error("the wrong one")',
    'sub/k.yaml': 'extends: ../base.yaml\n',
    'moved/here.mjs': plugin('one'),
    'moved/p.yaml': 'extends: ../base.yaml\nplugins: [here.mjs]\n',
    'other.mjs': plugin('two'),
    'sub/other.yaml': 'extends: k.yaml\nplugins: [../other.mjs]\n',
  });
  const located = await load(join(root, 'sub/k.yaml'));
  assert.deepEqual(located.pipeline.plugins, ['../copy.mjs']);
  assert.deepEqual(located.resolved['plugins'], ['../copy.mjs']);
  assert.equal(located.pipeline.stages.get('c')?.['file'], '../a.txt');
  const same = await keys(join(root, 'base.yaml'));
  assert.deepEqual(await keys(join(root, 'sub/k.yaml')), same);
  assert.deepEqual(await keys(join(root, 'moved/p.yaml')), same);
  assert.notDeepEqual(await keys(join(root, 'sub/other.yaml')), same);
  const here = relative(process.cwd(), root);
  assert.deepEqual((await load(join(root, 'sub/k.yaml'), [`plugins=[${here}/copy.mjs]`])).pipeline.plugins, [
    '../copy.mjs',
  ]);
});

test('the same bytes in another place have the same key, in every source of the user’s own', async (t) => {
  const root = temporaryFolder(t);
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==',
    'base64',
  );
  const npy = Buffer.concat([
    Buffer.from(
      "\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 2), }".padEnd(127) +
        '\n',
      'latin1',
    ),
    Buffer.from([1, 2, 3, 4]),
  ]);
  const npz = await writeZip([{ path: 'x_train.npy', data: npy }]);
  for (const place of ['a', 'b/c']) {
    put(root, {
      [`${place}/x.idx`]: idx(1),
      [`${place}/x.npy`]: npy,
      [`${place}/x.npz`]: npz,
      [`${place}/pictures/one/1.png`]: png,
      [`${place}/pictures/two/2.png`]: png,
    });
  }
  const text = (place: string, more = ''): string => `name: all
stages:
  idx: { type: dataset, source: idx, train_images: ${place}/x.idx }
  npy: { type: dataset, source: npy, train_images: ${place}/x.npy }
  npz: { type: dataset, source: npz, path: ${place}/x.npz, train_labels: null, test_images: null, test_labels: null }
  images: { type: dataset, source: images, path: ${place}/pictures }
  split: { type: dataset, source: images, path: ${place}/pictures/one, test_path: ${place}/pictures/two }
  faces: { type: dataset, source: lfw, path: ${place}/pictures${more} }
`;
  put(root, {
    'p.yaml': text('a'),
    'q.yaml': text('b/c'),
    'deep/down/r.yaml': text('../../a'),
    's.yaml': text(join(root, 'b/c')),
  });
  const first = await keys(join(root, 'p.yaml'));
  assert.equal(Object.keys(first).length, 6);
  for (const name of ['q.yaml', 'deep/down/r.yaml', 's.yaml'])
    assert.deepEqual(await keys(join(root, name)), first, name);
  symlinkSync('a', join(root, 'link'));
  put(root, { 'link.yaml': text('link') });
  assert.deepEqual(await keys(join(root, 'link.yaml')), first);
  // The name of a class, and of an image, is content.
  renameSync(join(root, 'b/c/pictures/one'), join(root, 'b/c/pictures/three'));
  put(root, { 'b/c/pictures/one/1.png': png });
  const renamed = await keys(join(root, 'q.yaml'));
  assert.notEqual(renamed['images'], first['images']);
  assert.notEqual(renamed['faces'], first['faces']);
  assert.equal(renamed['split'], first['split']);
  put(root, { 'b/c/x.idx': idx(5) });
  assert.notEqual((await keys(join(root, 'q.yaml')))['idx'], first['idx']);
  put(root, { 'b/c/y.idx': idx(1) });
  // Which setting names a file counts.
  put(root, { 't.yaml': text('a').replace('a/x.idx }', 'a/x.idx, test_images: b/c/y.idx }') });
  assert.notEqual((await keys(join(root, 't.yaml')))['idx'], first['idx']);
});

test('a sweep over paths, and its document as data, keep where paths are written', async (t) => {
  const root = temporaryFolder(t);
  put(root, {
    'base.yaml': `${NPY}sweep: { parameters: { dir: [data, more] } }\n`,
    ...{ 'data/x.idx': idx(1), 'data/y.idx': idx(2), 'more/x.idx': idx(3) },
    'sub/k.yaml': 'extends: ../base.yaml\n',
  });
  const file = join(root, 'sub/k.yaml');
  const reader = await readPipeline(file, { stageTypes: stageTypes(true) });
  const { located, sources } = await reader.load();
  assert.ok(located !== undefined && reader.document !== undefined);
  const { trials, diagnostics } = await listTrials(reader, located, sources);
  assert.deepEqual(errorsOf(diagnostics), []);
  const paths = trials.map((trial) => trial.located.pipeline.stages.get('d')?.['train_images']);
  assert.deepEqual(paths, ['../data/x.idx', '../more/x.idx']);
  // As a batch system has it.
  const submitted: { texts: typeof sources; trials: (typeof trials)[number]['settings'][] } = JSON.parse(
    JSON.stringify({ texts: sources, trials: trials.map(({ settings }) => settings) }),
  );
  const again = await readPipeline(file, { stageTypes: stageTypes(true), texts: submitted.texts });
  for (const [index, settings] of submitted.trials.entries()) {
    const { located: restored } = await again.load(settings);
    assert.equal(restored?.pipeline.stages.get('d')?.['train_images'], paths[index]);
    assert.equal(restored?.pipeline.stages.get('d')?.['test_images'], '../data/y.idx');
  }
});
