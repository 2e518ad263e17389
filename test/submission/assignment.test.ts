import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { loadPipeline } from '../../src/config/load.ts';
import { Failure } from '../../src/core/diagnostic.ts';
import { stageTypes } from '../../src/nodes/registry.ts';
import { findDeviations, loadAssignment, type LoadedAssignment } from '../../src/submission/assignment.ts';
import { checkArchive } from '../../src/submission/check.ts';
import { writeZip } from '../../src/submission/zip-write.ts';
import { temporaryFolder } from '../nodes/context.ts';
import { listed } from './archives.ts';
import { idxImages } from './pipelines.ts';

const BASE = `name: base
seed: 1
params: { latent_size: 4 }
stages:
  mnist: { type: dataset, source: mnist }
  noisy: { type: noise, data: mnist, kind: gaussian, stddev: 0.3 }
  model:
    type: model
    input_shape: [28, 28, 1]
    encoder: [Flatten, { Dense: { units: 64, activation: relu } }, { Dense: { units: "\${params.latent_size}" } }]
    decoder: [{ Dense: { units: 784, activation: sigmoid } }, { Reshape: { target_shape: [28, 28, 1] } }]
  trained: { type: train, model: model, data: noisy, target: mnist, loss: mse, epochs: 1 }
`;

function folderWith(t: TestContext, files: Readonly<Record<string, string | Buffer>>): string {
  const folder = temporaryFolder(t);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** Paths in the messages about changes of a pipeline. */
async function deviations(
  t: TestContext,
  text: string,
  rules: {
    readonly editable?: readonly string[];
    readonly seed?: LoadedAssignment['seed'];
    readonly set?: readonly string[];
  } = {},
): Promise<readonly string[]> {
  const folder = folderWith(t, { 'base.yaml': BASE, 'p.yaml': text });
  const { located } = await loadPipeline(join(folder, 'p.yaml'), {
    stageTypes: stageTypes(false),
    overrides: rules.set ?? [],
  });
  assert.ok(located);
  const options = {
    base: join(folder, 'base.yaml'),
    editable: rules.editable ?? [],
    seed: rules.seed ?? 'any',
  };
  const found = await findDeviations(located, folder, options);
  return found.map(({ message }) => /`(.*?)`/.exec(message)?.[1] ?? message).sort();
}

test('settings with the same resolved value are no deviation, however they are written', async (t) => {
  for (const text of [
    BASE,
    BASE.replace('name: base', 'name: mine\ndescription: my own').replace('seed: 1', 'seed: 99'),
    BASE.replace('"${params.latent_size}"', '4'),
    BASE.replace('epochs: 1', 'epochs: 1, batch_size: 32'),
    'extends: base.yaml\nname: mine\n',
  ]) {
    assert.deepEqual(await deviations(t, text), [], text);
  }
});

test('settings with another resolved value are a deviation at their path, unless they may be edited', async (t) => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['stddev: 0.3', 'stddev: 0.1', 'stages.noisy.stddev'],
    ['epochs: 1', 'epochs: 2', 'stages.trained.epochs'],
    ['epochs: 1', 'epochs: 1, batch_size: 64', 'stages.trained.batch_size'],
    ['latent_size: 4', 'latent_size: 5', 'params.latent_size'],
    ['"${params.latent_size}"', '5', 'stages.model.encoder.2.Dense.units'],
    ['Flatten, { Dense: { units: 64, activation: relu } }', 'Flatten', 'stages.model.encoder'],
  ];
  for (const [from, to, path] of cases) {
    const text = BASE.replace(from, to);
    assert.notEqual(text, BASE);
    const found = await deviations(t, text);
    assert.ok(found.includes(path), `${path}: ${found.join()}`);
    assert.ok(!(await deviations(t, text, { editable: [path] })).includes(path));
  }
  assert.deepEqual(await deviations(t, BASE, { set: ['stages.trained.epochs=9'] }), [
    'stages.trained.epochs',
  ]);
  assert.deepEqual(
    await deviations(t, BASE.replace('epochs: 1', 'epochs: 3'), { editable: ['stages.*.epochs'] }),
    [],
  );
  const units = BASE.replace('units: 64', 'units: 65');
  assert.deepEqual(await deviations(t, units, { editable: ['stages.model.encoder[1]'] }), []);
  assert.deepEqual(await deviations(t, units, { editable: ['stages.model.encoder[0]'] }), [
    'stages.model.encoder.1.Dense.units',
  ]);
  assert.deepEqual(await deviations(t, BASE.replace('seed: 1', 'seed: 2'), { seed: 'base' }), ['seed']);
  // Students write notes wherever they like.
  const noted = BASE.replace('epochs: 1', 'epochs: 1, notes: It is close').replace(
    'name: base',
    'name: mine\nnotes: All in all',
  );
  assert.deepEqual(await deviations(t, noted, { seed: 'base' }), []);
});

test('an assignment, its base and its list are checked before anything else', async (t) => {
  const code = async (files: Readonly<Record<string, string>>): Promise<string | undefined> => {
    const folder = folderWith(t, { 'base.yaml': BASE, ...files });
    return loadAssignment(join(folder, 'a.yaml')).then(
      () => undefined,
      (error: unknown) => (error instanceof Failure ? error.diagnostics[0]?.code : String(error)),
    );
  };
  assert.equal(await code({ 'a.yaml': 'base: base.yaml\n' }), undefined);
  assert.equal(await code({}), 'file-not-found');
  assert.equal(await code({ 'a.yaml': '' }), 'file-empty');
  assert.equal(await code({ 'a.yaml': '# only a comment\n' }), 'wrong-type');
  assert.equal(await code({ 'a.yaml': '- base\n' }), 'wrong-type');
  assert.equal(await code({ 'a.yaml': 'base: [\n' }), 'yaml-syntax');
  assert.equal(await code({ 'a.yaml': 'editable: []\n' }), 'missing-key');
  assert.equal(await code({ 'a.yaml': 'base: none.yaml\n' }), 'file-not-found');
  assert.equal(await code({ 'a.yaml': 'base: base.yaml\nseed: 5\n' }), 'wrong-type');
  assert.equal(await code({ 'a.yaml': 'base: base.yaml\nstudents: none.csv\n' }), 'file-not-found');
  assert.equal(
    await code({ 'a.yaml': 'base: base.yaml\nstudents: s.csv\n', 's.csv': 'a,b\n1,2\n' }),
    'bad-setting',
  );
  assert.equal(await code({ 'a.yaml': 'base: base.yaml\nstudents: s.csv\n', 's.csv': '' }), 'bad-setting');
});

test('data that an archive does not contain is read only from the given folder', async (t) => {
  const pipeline = `name: p
stages:
  one: { type: dataset, source: idx, train_images: data/one.idx }
  two: { type: dataset, source: idx, train_images: ../pipeline/two.idx }
  three: { type: dataset, source: idx, train_images: three.idx }
`;
  const folder = folderWith(t, { 'data/one.idx': idxImages(2), 'two.idx': idxImages(3) });
  const archive = join(folder, 'x.zip');
  const files = listed({ 'pipeline/three.idx': idxImages(1) }, pipeline);
  writeFileSync(archive, await writeZip([...files].map(([path, data]) => ({ path, data }))));
  const options = { archive, level: 'full', allowPlugins: false } as const;
  const codes = async (data?: string): Promise<readonly string[]> => {
    const work = mkdtempSync(join(folder, 'work-'));
    const found = await checkArchive({ ...options, work, ...(data === undefined ? {} : { data }) });
    assert.ok(!JSON.stringify(found.diagnostics).includes(work));
    return [...new Set(found.diagnostics.map(({ code }) => code))].sort();
  };
  assert.deepEqual(await codes(), ['bad-setting', 'data-missing', 'verification-mismatch']);
  assert.deepEqual(await codes(folder), ['verification-mismatch']);
});

test('an assignment and a pipeline that take the place of each other are told apart by one message', async (t) => {
  const folder = folderWith(t, { 'base.yaml': BASE, 'a.yaml': 'base: base.yaml\neditable: [params]\n' });
  await assert.rejects(
    loadAssignment(join(folder, 'base.yaml')),
    (error) => error instanceof Failure && error.diagnostics.length === 1 && /pipeline/.test(error.message),
  );
  const { diagnostics } = await loadPipeline(join(folder, 'a.yaml'), { stageTypes: stageTypes(false) });
  assert.deepEqual(
    diagnostics.map(({ message, range }) => [/assignment/.test(message), range?.start.line]),
    [[true, 1]],
  );
});

test("an assignment's data and plugins are compared by content, not by name", async (t) => {
  const text = `name: p
seed: 1
plugins: [./lib/own.mjs]
stages:
  own: { type: dataset, source: idx, train_images: data/own.idx }
`;
  const given = {
    'given/base.yaml': text,
    'given/data/own.idx': idxImages(3),
    'given/lib/own.mjs': "import './part.mjs';\nexport default {};\n",
    'given/lib/part.mjs': 'export const half = 0.5;\n',
  };
  const handedIn = (
    files: Readonly<Record<string, string | Buffer>>,
  ): Readonly<Record<string, string | Buffer>> =>
    Object.fromEntries(
      Object.entries({ ...given, ...files }).map(([path, data]) => [path.replace('given/', 'theirs/'), data]),
    );
  const found = async (
    changes: Readonly<Record<string, string | Buffer>>,
    rules: {
      readonly editable?: readonly string[];
      readonly without?: string;
      readonly data?: string;
      readonly file?: string;
    } = {},
  ): Promise<readonly string[]> => {
    const present = Object.entries(given).filter(([path]) => path !== rules.without);
    const folder = folderWith(t, {
      ...Object.fromEntries(present),
      ...handedIn(changes),
      'x/own.idx': idxImages(3),
    });
    const loaded = await loadPipeline(join(folder, 'theirs', rules.file ?? 'base.yaml'), {
      stageTypes: stageTypes(false),
    });
    const located = loaded.located ?? loaded.partial;
    assert.ok(located);
    const deviating = await findDeviations(located, folder, {
      base: join(folder, 'given/base.yaml'),
      editable: rules.editable ?? [],
      seed: 'any',
      ...(rules.data === undefined ? {} : { data: join(folder, rules.data) }),
    });
    return deviating.map(({ code, severity }) => `${severity} ${code}`);
  };
  const error = ['error assignment-deviation'];
  assert.deepEqual(await found({}), []);
  const easy = { 'given/data/own.idx': idxImages(2) };
  assert.deepEqual(await found(easy), error);
  assert.deepEqual(await found(easy, { editable: ['stages.own.train_images'] }), []);
  assert.deepEqual(await found(easy, { without: 'given/data/own.idx', data: 'x' }), error);
  assert.deepEqual(await found({}, { without: 'given/data/own.idx', data: 'x' }), []);
  assert.deepEqual(await found({}, { without: 'given/data/own.idx' }), ['warning assignment-deviation']);
  const part = (value: string): Readonly<Record<string, string>> => ({ 'given/lib/part.mjs': value });
  assert.deepEqual(await found(part('export const half = 0.9;\n')), error);
  assert.deepEqual(await found(part('export const half = 0.5;\r\n')), []);
  assert.deepEqual(await found(part('export const half = 0.9;\n'), { editable: ['plugins'] }), []);
  // From a file in another folder that extends the assignment's.
  const sub = { 'given/sub/k.yaml': 'extends: ../base.yaml\n' };
  assert.deepEqual(await found(sub, { file: 'sub/k.yaml' }), []);
  assert.deepEqual(await found({ ...sub, ...easy }, { file: 'sub/k.yaml' }), error);
  assert.deepEqual(
    await found({ ...sub, ...part('export const half = 0.9;\n') }, { file: 'sub/k.yaml' }),
    error,
  );
});
