/** Corrupted and clean images from two folders: an image that one side lacks is skipped on the other. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import sharp from 'sharp';
import { Failure } from '../../../../src/core/diagnostic.ts';
import type { Finding } from '../../../../src/core/stage-type.ts';
import { readImages, readImageSet } from '../../../../src/formats/images.ts';
import { compareNames } from '../../../../src/formats/same-images.ts';
import { datasetNode } from '../../../../src/nodes/dataset/node.ts';
import { zip } from '../../../formats/numpy-files.ts';
import { problemsOf, rig } from '../../../rig.ts';
import { fakeContext, temporaryFolder } from '../../context.ts';
import { settingsOf } from '../settings.ts';

/** A flat image of one gray. */
function gray(level: number, height = 2, width = 2, format: 'png' | 'jpeg' = 'png'): Promise<Buffer> {
  const create = { width, height, channels: 3, background: { r: level, g: level, b: level } } as const;
  return sharp({ create }).toFormat(format).toBuffer();
}

type Files = Readonly<Record<string, Buffer | Promise<Buffer> | string>>;

async function put(root: string, files: Files): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), await content);
  }
}

interface Loaded {
  readonly noisy: readonly number[];
  readonly clean: readonly number[];
  readonly files: readonly string[] | undefined;
  readonly labels: readonly number[] | undefined;
  readonly logs: readonly string[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

async function load(
  t: TestContext,
  files: Files,
  keys: Readonly<Record<string, unknown>> = {},
): Promise<Loaded> {
  const root = temporaryFolder(t);
  await put(root, files);
  const settings = settingsOf({ source: 'pairs', noisy: 'noisy', clean: 'clean', ...keys });
  const context = fakeContext(root, settings);
  await datasetNode.run(context);
  const noisy = await readImages(context.folder, 'train');
  const folder = join(context.folder, 'clean');
  const clean = await readImages(folder, 'train');
  assert.equal(compareNames(noisy.names, clean.names), undefined);
  assert.deepEqual(noisy.labels, clean.labels);
  assert.deepEqual((await readImageSet(folder)).shape, noisy.shape);
  const size = noisy.data.length / noisy.count;
  const firsts = (data: typeof noisy.data): number[] =>
    Array.from({ length: noisy.count }, (_, row) => Number((data as Uint8Array)[row * size]));
  const summary = JSON.parse(readFileSync(join(context.folder, 'summary.json'), 'utf8'));
  return {
    noisy: firsts(noisy.data),
    clean: firsts(clean.data),
    files: noisy.names.files,
    labels: noisy.labels === undefined ? undefined : [...noisy.labels],
    logs: context.logs,
    skipped: summary.train.skipped ?? [],
  };
}

test('images with the same path below both folders are pairs, in any format', async (t) => {
  const { noisy, clean, files, labels, skipped } = await load(t, {
    'noisy/cat/a-1.png': gray(10),
    'noisy/cat/a': gray(20),
    'noisy/dog/a.png': gray(30),
    'clean/cat/a-1': gray(11),
    'clean/cat/a.png': gray(21),
    'clean/dog/a.jpg': gray(31, 2, 2, 'jpeg'),
  });
  assert.deepEqual(
    [noisy, clean, labels],
    [
      [20, 10, 30],
      [21, 11, 31],
      [0, 0, 1],
    ],
  );
  assert.deepEqual([files, skipped], [['cat/a', 'cat/a-1.png', 'dog/a.png'], []]);
});

test('images that are missing, damaged or of another size on one side are skipped on both, and listed', async (t) => {
  const files = {
    ...{ 'noisy/1.png': gray(10), 'clean/1.png': gray(11) },
    ...{ 'noisy/2.png': 'broken', 'clean/2.png': gray(21) },
    ...{ 'noisy/3.png': gray(30), 'clean/3.png': 'broken' },
    ...{ 'noisy/4.png': gray(40), 'clean/4.png': gray(41, 3, 3) },
    ...{ 'noisy/5.png': gray(50), 'clean/6.png': gray(61) },
    ...{ 'noisy/7.png': gray(70), 'clean/7.png': gray(71) },
    ...{ 'noisy/8.png': gray(80), 'noisy/8.jpg': gray(81), 'clean/8.png': gray(82) },
    ...{ 'noisy/9.png': gray(250), 'clean/9.png': gray(251) },
  };
  const { noisy, clean, skipped, logs } = await load(t, files);
  assert.deepEqual(
    [noisy, clean],
    [
      [10, 70, 250],
      [11, 71, 251],
    ],
  );
  assert.deepEqual(skipped.map(({ name }) => name).sort(), [
    ...['clean/2.png', 'clean/3.png', 'clean/4.png', 'clean/6.png', 'clean/8.png'],
    ...['noisy/2.png', 'noisy/3.png', 'noisy/4.png', 'noisy/5.png', 'noisy/8.jpg', 'noisy/8.png'],
  ]);
  assert.equal(logs.length, 2);
  const work = load(t, files, { on_error: 'fail' });
  await assert.rejects(
    work,
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'data-corrupt',
  );
});

test('`limit` takes whole pairs, and replaces those that cannot be used', async (t) => {
  const files: Record<string, Buffer | Promise<Buffer> | string> = {};
  for (let n = 1; n <= 6; n++) {
    files[`noisy/${n}.png`] = n === 1 ? 'broken' : gray(10 * n);
    files[`clean/${n}.png`] = n === 2 ? 'broken' : gray(10 * n + 1);
  }
  const { noisy, clean, skipped } = await load(t, files, { limit: 2 });
  assert.deepEqual(
    [noisy, clean],
    [
      [30, 40],
      [31, 41],
    ],
  );
  assert.deepEqual(skipped.map(({ name }) => name).sort(), [
    'clean/1.png',
    'clean/2.png',
    'noisy/1.png',
    'noisy/2.png',
  ]);
});

test('archives are read as folders are; `size` makes pairs of images of other sizes', async (t) => {
  const archive = async (level: number, side: number): Promise<Buffer> =>
    zip([
      { name: 'root/1.png', data: await gray(level, side, side) },
      { name: 'root/2.png', data: await gray(level + 10, side, side) },
    ]);
  const files = { 'n.zip': archive(10, 2), 'c.zip': archive(11, 4) };
  const found = await load(t, files, { noisy: 'n.zip', clean: 'c.zip', size: [3, 3] });
  assert.deepEqual(
    [found.noisy, found.clean],
    [
      [10, 20],
      [11, 21],
    ],
  );
  await assert.rejects(
    load(t, files, { noisy: 'n.zip', clean: 'c.zip' }),
    (error) =>
      error instanceof Failure &&
      error.diagnostics[0]?.code === 'shape-mismatch' &&
      error.diagnostics[0].at?.join() === 'clean',
  );
});

test('folders without a common name, and settings that do not fit, are refused', async (t) => {
  await assert.rejects(
    load(t, { 'noisy/a_n.png': gray(1), 'clean/a_c.png': gray(2) }),
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'data-missing',
  );
  await assert.rejects(
    load(t, { 'noisy/a.png': 'broken', 'clean/a.png': gray(2) }),
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'data-corrupt',
  );
  const findings = (keys: Readonly<Record<string, string>>): readonly (readonly unknown[])[] => {
    const found: Finding[] = [];
    datasetNode.analyze({
      stage: 's',
      settings: settingsOf({ source: 'pairs', noisy: 'a', clean: 'b', ...keys }),
      inputs: {},
      references: {},
      report: (finding) => void found.push(finding),
    });
    return found.map(({ code, at }) => [code, ...at]);
  };
  assert.deepEqual(findings({}), []);
  assert.deepEqual(findings({ test_noisy: 'c' }), [['missing-key', 'test_noisy']]);
  assert.deepEqual(findings({ test_clean: 'c' }), [['missing-key', 'test_clean']]);
  assert.deepEqual(findings({ clean: './a' }), [['bad-setting', 'clean']]);
  const missing = await datasetNode.inspect?.(
    settingsOf({ source: 'pairs', noisy: 'a', clean: 'b' }),
    temporaryFolder(t),
  );
  assert.deepEqual(
    missing?.findings.map(({ code, at }) => [code, ...at]),
    [
      ['data-missing', 'noisy'],
      ['data-missing', 'clean'],
    ],
  );
});

test('a path that is neither a folder nor an archive of images is refused at its setting', async (t) => {
  const root = temporaryFolder(t);
  await put(root, {
    'good/1.png': gray(10),
    'x.mat': 'MATLAB 5.0 MAT-file',
    'text.txt': 'no archive',
    'torn.zip': zip([{ name: '1.png', data: await gray(10) }]).subarray(0, -10),
    'none.zip': zip([{ name: 'notes.txt', data: Buffer.from('x') }]),
    'empty.zip': '',
    'notes/a.txt': 'x',
  });
  mkdirSync(join(root, 'empty'));
  for (const path of ['x.mat', 'text.txt', 'torn.zip', 'none.zip', 'empty.zip', 'notes', 'empty'])
    for (const [noisy, clean, at] of [
      [path, 'good', 'noisy'],
      ['good', path, 'clean'],
    ] as const) {
      const settings = settingsOf({ source: 'pairs', noisy, clean });
      const found = await datasetNode.inspect?.(settings, root);
      assert.deepEqual(
        found?.findings.map((finding) => finding.at.join()),
        [at],
        path,
      );
      await assert.rejects(
        datasetNode.run(fakeContext(root, settings)),
        (error) =>
          error instanceof Failure &&
          error.diagnostics[0]?.code.startsWith('data-') === true &&
          error.diagnostics[0]?.at?.join() === at,
        path,
      );
    }
});

test('three stages make a denoiser, which is known as one; mistakes have advice', async (t) => {
  const rigged = rig(t);
  const level = (n: number): number => 40 * n + 10;
  for (let n = 0; n < 6; n++)
    for (const [folder, more] of [
      ['train/noisy', 5],
      ['train/clean', 0],
      ['test/noisy', 9],
      ['test/clean', 3],
    ] as const)
      rigged.write(`${folder}/${n}.png`, await gray(level(n) + more, 4, 4));
  const pipeline = (train: string, more = ''): string => `
name: p
stages:
  noisy: { type: dataset, source: pairs, noisy: train/noisy, clean: train/clean, test_noisy: test/noisy, test_clean: test/clean, size: [4, 4] }
  clean: { type: clean, data: noisy }
  ae:
    type: model
    input_shape: [4, 4, 1]
    encoder: [Flatten, { Dense: { units: 2 } }]
    decoder: [{ Dense: { units: 16, activation: sigmoid } }, { Reshape: { target_shape: [4, 4, 1] } }]
  denoiser: { type: train, model: ae, data: noisy, ${train} epochs: 1, loss: mse, validation: test }
${more}`;
  const check = async (text: string): Promise<readonly unknown[]> => {
    rigged.write('p.yaml', text);
    return problemsOf((await rigged.runJson(['check', 'p.yaml'])).json);
  };
  const good = pipeline(
    'target: clean,',
    `  quality: { type: evaluate, model: denoiser, data: noisy, target: clean, metrics: [psnr] }
  small_noisy: { type: resize, data: noisy, size: [2, 2] }
  small_clean: { type: resize, data: clean, size: [2, 2] }
  small_ae:
    type: model
    input_shape: [2, 2, 1]
    encoder: [Flatten, { Dense: { units: 2 } }]
    decoder: [{ Dense: { units: 4, activation: sigmoid } }, { Reshape: { target_shape: [2, 2, 1] } }]
  small: { type: train, model: small_ae, data: small_noisy, target: small_clean, epochs: 1, loss: mse, validation: none }
  figure: { type: figure, kind: comparison, model: denoiser, data: noisy, target: clean }
`,
  );
  assert.deepEqual(await check(good), []);
  // Trains on noise; clean images of what holds none.
  assert.equal((await check(pipeline(''))).length, 1);
  assert.equal(
    (await check(pipeline('target: clean,', '  again: { type: clean, data: clean }\n'))).length,
    1,
  );
  rigged.write('p.yaml', good);
  const { code, json } = await rigged.runJson(['run', 'p.yaml', 'clean', '--engine', 'portable']);
  assert.equal(code, 0, JSON.stringify(json));
  const clean = await readImages(join(rigged.folder, 'outputs/p/clean'), 'test');
  assert.deepEqual([clean.count, Number((clean.data as Uint8Array)[0])], [6, 13]);
});
