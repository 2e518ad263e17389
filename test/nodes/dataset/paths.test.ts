/** Files that settings name are looked for before anything runs. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { Finding } from '../../../src/core/stage-type.ts';
import type { DatasetSettings } from '../../../src/schema/generated/settings.ts';
import { datasetNode } from '../../../src/nodes/dataset/node.ts';
import { problemsOf, rig } from '../../rig.ts';
import { temporaryFolder } from '../context.ts';
import { settingsOf } from './settings.ts';

/** IDX, one image of 2x2. */
const IMAGES = Buffer.from([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4]);

function put(root: string, ...names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), IMAGES);
  }
}

const REST = { type: 'dataset', limit: null, normalize: 'minmax' } as const;

function idx(train_images: string): DatasetSettings {
  return { ...REST, source: 'idx', train_images };
}

function images(path: string): DatasetSettings {
  return settingsOf({ source: 'images', path });
}

async function findingsOf(settings: DatasetSettings, folder: string): Promise<readonly Finding[]> {
  return (await datasetNode.inspect?.(settings, folder))?.findings ?? [];
}

test('a path that does not exist gets the nearest one that does', async (t) => {
  const root = temporaryFolder(t);
  put(root, 'data/images.idx', 'data/labels.idx', 'up/faces/1.png', 'deep/er/other.idx', 'one/only.idx');
  put(root, 'pipelines/p.yaml', 'beside/beside.idx');
  const cases: readonly (readonly [DatasetSettings, string | undefined])[] = [
    [idx('data/imagse.idx'), 'data/images.idx'],
    [idx('data/Images.IDX'), 'data/images.idx'],
    [idx('data/images.npy'), 'data/images.idx'],
    [idx('dta/images.idx'), 'data/images.idx'],
    [idx('other.idx'), 'deep/er/other.idx'],
    [idx('one'), 'one/only.idx'],
    [idx(join(root, 'data/imagse.idx')), join(root, 'data/images.idx')],
    [idx(`file://${root}/data/images.idx`), `${root}/data/images.idx`],
    [images('up/face'), 'up/faces'],
    [images('facse'), undefined],
    [idx('https://example.org/images.idx'), undefined],
    [idx('data/*.idx'), undefined],
    [idx('~/images.idx'), undefined],
    [idx('data'), undefined],
    [idx(''), undefined],
  ];
  for (const [settings, replacement] of cases) {
    const found = await findingsOf(settings, root);
    const at = settings.source === 'idx' ? 'train_images' : 'path';
    assert.deepEqual(
      found.map((finding) => [finding.code, ...finding.at, finding.replacement]),
      [['data-missing', at, replacement]],
      JSON.stringify(settings),
    );
    assert.ok(found[0]?.hint !== undefined);
  }
  const [up] = await findingsOf(idx('beside/beside.idx'), join(root, 'pipelines'));
  assert.equal(up?.replacement, undefined);
  const [named] = await findingsOf(idx('only.idx'), join(root, 'pipelines'));
  assert.equal(named?.code, 'data-missing');
});

test('folders without images, files without leave, and links to nothing are found', async (t) => {
  const root = temporaryFolder(t);
  put(root, 'secret.idx', 'notes/readme.txt', 'a/.hidden.png', 'class/0/1.png');
  mkdirSync(join(root, 'empty'));
  symlinkSync('nowhere', join(root, 'link.idx'));
  for (const path of ['empty', 'notes', 'a', 'secret.idx', 'link.idx']) {
    assert.deepEqual(
      (await findingsOf(images(path), root)).map(({ code, at }) => [code, ...at]),
      [[path === 'secret.idx' ? 'data-corrupt' : 'data-missing', 'path']],
      path,
    );
  }
  assert.deepEqual(await findingsOf(images('class'), root), []);
  const both = settingsOf({ source: 'images', path: 'class', test_path: 'empty' });
  assert.deepEqual(
    (await findingsOf(both, root)).map(({ at }) => at),
    [['test_path']],
  );
  assert.equal((await findingsOf(idx('link.idx'), root))[0]?.code, 'data-missing');
  chmodSync(join(root, 'secret.idx'), 0);
  if (process.getuid?.() !== 0) {
    assert.equal((await findingsOf(idx('secret.idx'), root))[0]?.code, 'data-missing');
  }
  const fashion: DatasetSettings = { ...REST, source: 'fashion-mnist', path: 'class' };
  assert.deepEqual((await findingsOf(fashion, root))[0]?.at, ['path']);
});

const MISSING = `name: missing
params: { file: data/imagse.idx }
stages:
  images: { type: dataset, source: idx, train_images: "\${params.file}" }
  other: { type: dataset, source: idx, train_images: other.idx }
`;

test('check, plan and run refuse a missing file at its line; a run needs only the files of its stages', async (t) => {
  const rigged = rig(t);
  rigged.write('missing.yaml', MISSING);
  put(rigged.folder, 'data/images.idx');
  for (const command of ['check', 'plan', 'run']) {
    const { code, json } = await rigged.runJson([command, 'missing.yaml']);
    assert.notEqual(code, 0, command);
    const problems = problemsOf(json);
    assert.deepEqual(
      problems.map(({ code: name, line, column }) => [name, line, column]),
      [
        ['data-missing', 2, 17],
        ['data-missing', 5, 54],
      ],
      command,
    );
    assert.equal(problems[0]?.edits?.[0]?.text, 'data/images.idx');
  }
  assert.ok(!rigged.exists('outputs'));
  const right = ['-S', 'params.file=data/images.idx'];
  assert.equal((await rigged.runJson(['check', 'missing.yaml', ...right])).code, 2);
  assert.equal((await rigged.runJson(['plan', 'missing.yaml', ...right, 'images'])).code, 0);
  assert.equal((await rigged.runJson(['run', 'missing.yaml', ...right, 'images'])).code, 0);
  const typed = await rigged.runJson(['check', 'missing.yaml', '-S', 'params.file=data/imagse.idx']);
  assert.ok(problemsOf(typed.json).some(({ file }) => file === '-S params.file=data/imagse.idx'));
});

test('a plan names what is downloaded first', async (t) => {
  const rigged = rig(t);
  rigged.write('faces.yaml', 'name: faces\nstages:\n  faces: { type: dataset, source: lfw }\n');
  const env = { HOURGLASS_DATA: rigged.path('none') };
  const { code, json } = await rigged.runJson(['plan', 'faces.yaml'], { env });
  assert.equal(code, 0);
  assert.deepEqual(json.stages[0]?.downloads, ['lfw-funneled.tgz']);
  assert.equal((await rigged.runJson(['check', 'faces.yaml'], { env })).code, 0);
});

test('files that a plugin names are looked for, too, and a plugin itself before it is trusted', async (t) => {
  const rigged = rig(t);
  rigged.write(
    'plug.yaml',
    'name: plug\nplugins: [./rad.mjs]\nstages:\n  mine: { type: reader, file: a.txt }\n',
  );
  rigged.write(
    'read.mjs',
    `export default { type: 'reader', version: 1, inputs: {}, outputs: 'images', draws: false, engine: false,
  schema: { type: 'object', properties: { type: { type: 'string' }, file: { type: 'string' } } },
  files: ({ file }) => [file], analyze: () => ({ kind: 'images', splits: ['train'] }), run: async () => ({}) };\n`,
  );
  const missing = await rigged.runJson(['check', 'plug.yaml']);
  assert.deepEqual(
    problemsOf(missing.json).map(({ code, line }) => [code, line]),
    [['file-not-found', 2]],
  );
  const trusted = ['plug.yaml', '--allow-plugins', '-S', 'plugins=[./read.mjs]'];
  const found = await rigged.runJson(['check', ...trusted]);
  assert.deepEqual(
    problemsOf(found.json).map(({ code, line }) => [code, line]),
    [['data-missing', 4]],
  );
  put(rigged.folder, 'a.txt');
  assert.equal((await rigged.runJson(['check', ...trusted])).code, 0);
});
