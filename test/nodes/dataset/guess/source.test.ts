/** The table of docs/data.md that says what to write: for each row, files that the usual tools made. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { parse } from 'yaml';
import { loadChecked } from '../../../../src/cli/commands/load.ts';
import { Failure, isError } from '../../../../src/core/diagnostic.ts';
import { isJsonObject, type Json, type JsonObject } from '../../../../src/core/json.ts';
import { packageRoot } from '../../../../src/core/package-root.ts';
import { readImageSet } from '../../../../src/formats/images.ts';
import { guessSource } from '../../../../src/nodes/dataset/guess/source.ts';
import { pipelineText } from '../../../../src/nodes/dataset/guess/yaml.ts';
import { datasetNode } from '../../../../src/nodes/dataset/node.ts';
import { mnistFolder } from '../../../../src/nodes/dataset/sources/mnist.ts';
import type { DatasetSettings } from '../../../../src/schema/generated/settings.ts';
import { npy, zip } from '../../../formats/numpy-files.ts';
import { fakeContext, temporaryFolder } from '../../context.ts';
import { settingsOf } from '../settings.ts';

type Files = Readonly<Record<string, string>>;

/** Contents in base64, by path, of each row's data. */
const CASES = JSON.parse(
  readFileSync(join(packageRoot, 'test', 'nodes', 'dataset', 'guess', 'files.json'), 'utf8'),
) as Readonly<Record<string, Files>>;

/** Rows by their file or folder; without settings if it is refused. */
const ROWS = readTable(readFileSync(join(packageRoot, 'docs', 'data.md'), 'utf8'));

function readTable(text: string): ReadonlyMap<string, JsonObject | undefined> {
  const [, section = ''] = /^## What you have, what you write$([^]*?)^## /m.exec(text) ?? [];
  const rows = section.split('\n').filter((line) => /^\| *`/.test(line));
  return new Map(
    rows.map((row) => {
      const [, have = '', write = ''] = row.split(/(?<!\\)\|/);
      const settings: unknown = parse(/`(\{[^`]*\})`/.exec(write)?.[1] ?? 'null');
      return [/`([^`]+)`/.exec(have)?.[1] ?? '', isJsonObject(settings) ? settings : undefined];
    }),
  );
}

function lay(t: TestContext, files: Files): string {
  const folder = temporaryFolder(t);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), Buffer.from(content, 'base64'));
  }
  return folder;
}

/** The pipeline that is printed, and its stage, which must be valid. */
async function guess(folder: string, path: string) {
  const { stage, text } = pipelineText(await guessSource(join(folder, path)), path, folder);
  const file = join(folder, 'printed.yaml');
  const { located, diagnostics } = await loadChecked(file, { texts: [{ name: file, text }] });
  assert.deepEqual(diagnostics.filter(isError), [], text);
  const written: unknown = parse(text);
  assert.ok(located !== undefined && isJsonObject(written));
  const stages = written['stages'];
  assert.ok(isJsonObject(stages) && isJsonObject(stages[stage]));
  const { type, ...settings } = stages[stage];
  assert.equal(type, 'dataset');
  return { settings, complete: located.pipeline.stages.get(stage) };
}

test('the table has a row for each set of files, and MNIST itself', () => {
  assert.deepEqual([...ROWS.keys()].sort(), ['MNIST/raw/', ...Object.keys(CASES)].sort());
});

for (const [name, files] of Object.entries(CASES)) {
  const row = ROWS.get(name);
  if (row === undefined) {
    test(`${name} is refused, with the Python that makes an archive of it`, async (t) => {
      await assert.rejects(guessSource(join(lay(t, files), name)), (error) => {
        assert.ok(error instanceof Failure);
        assert.equal(error.diagnostics[0]?.code, 'data-corrupt');
        assert.match(error.diagnostics[0].hint ?? '', /np\.savez_compressed\('\w+\.npz'/);
        return true;
      });
    });
    continue;
  }
  test(`${name} is read as the table says`, async (t) => {
    const folder = lay(t, files);
    const { settings, complete } = await guess(folder, name);
    assert.deepEqual(settings, row);
    const context = fakeContext(folder, complete as unknown as DatasetSettings, { stage: 'out' });
    await datasetNode.run(context);
    const { splits } = await readImageSet(context.folder);
    assert.ok((splits.train?.count ?? 0) > 0);
  });
}

test('MNIST is known by its content, not by the names of its files', async (t) => {
  const folder = temporaryFolder(t);
  const raw = join(folder, 'MNIST', 'raw');
  mkdirSync(raw, { recursive: true });
  for (const name of readdirSync(mnistFolder())) symlinkSync(join(mnistFolder(), name), join(raw, name));
  assert.deepEqual((await guess(folder, 'MNIST/raw')).settings, ROWS.get('MNIST/raw/'));
  assert.deepEqual((await guess(folder, 'MNIST')).settings, ROWS.get('MNIST/raw/'));
  const { settings } = await guess(folder, 'MNIST/raw/t10k-labels-idx1-ubyte');
  assert.equal(settings['source'], 'mnist', 'a file of it stands for all of them');

  const { 'emnist/': files = {} } = CASES;
  for (const [path, content] of Object.entries(files)) {
    const name = basename(path).replace('emnist-letters-', '').replace(/^test/, 't10k').replace('.gz', '');
    rmSync(join(raw, name));
    writeFileSync(join(raw, `${name}.gz`), Buffer.from(content, 'base64'));
  }
  assert.deepEqual((await guess(folder, 'MNIST')).settings, {
    source: 'idx',
    train_images: 'MNIST/raw/train-images-idx3-ubyte.gz',
    train_labels: 'MNIST/raw/train-labels-idx1-ubyte.gz',
    test_images: 'MNIST/raw/t10k-images-idx3-ubyte.gz',
    test_labels: 'MNIST/raw/t10k-labels-idx1-ubyte.gz',
  });
});

const [PNG = ''] = Object.values(CASES['scans/'] ?? {});
const text = (content: string): string => Buffer.from(content).toString('base64');

/** The guess for a folder of images, or for another path, below `data`. */
async function guessImages(t: TestContext, files: Files, path = 'data', without?: string) {
  const folder = lay(t, files);
  const { settings } = await guessSource(
    join(folder, path),
    without === undefined ? undefined : join(folder, without),
  );
  const short = (value: Json): Json =>
    typeof value === 'string' && value.startsWith(folder) ? value.slice(folder.length + 1) : value;
  const { source: _, ...rest } = settings;
  return Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [
      key,
      isJsonObject(value) && value['file'] !== undefined ? { file: short(value['file']) } : short(value),
    ]),
  );
}

test('folders of splits are known by their names, unless there are other folders', async (t) => {
  const train = { 'data/train/a.png': PNG, 'data/train/b.png': PNG };
  assert.deepEqual(await guessImages(t, { ...train, 'data/validation/c.png': PNG }), {
    path: 'data/train',
    test_path: 'data/validation',
  });
  assert.deepEqual(await guessImages(t, { ...train, 'data/car/c.png': PNG }), { path: 'data' });
  assert.deepEqual(
    await guessImages(t, {
      ...train,
      'data/test/c.png': PNG,
      'data/train.csv': text('id,label\na,cat\nb,dog\n'),
    }),
    {
      path: 'data/train',
      test_path: 'data/test',
      labels: { file: 'data/train.csv' },
      test_labels: 'none',
    },
  );
});

test('pairs are known by the names of the two folders and of their images', async (t) => {
  const two = (folder: string): Files => ({ [`data/${folder}/a.png`]: PNG, [`data/${folder}/b.png`]: PNG });
  assert.deepEqual(
    await guessImages(t, {
      ...two('train/input'),
      ...two('train/target'),
      ...two('test/input'),
      ...two('test/target'),
    }),
    {
      noisy: 'data/train/input',
      clean: 'data/train/target',
      test_noisy: 'data/test/input',
      test_clean: 'data/test/target',
    },
  );
  assert.deepEqual(await guessImages(t, { ...two('cat'), ...two('dog') }), { path: 'data' });
  const others = { 'data/clean/c.png': PNG, 'data/clean/d.png': PNG };
  assert.deepEqual(await guessImages(t, { ...two('noisy'), ...others }), { path: 'data' });
  // Archives from macOS have accents as marks of their own.
  const accents = { 'data/noisy/\u00e9.png': PNG, 'data/clean/e\u0301.png': PNG };
  assert.deepEqual(await guessImages(t, accents), { noisy: 'data/noisy', clean: 'data/clean' });
});

test('folders around, outputs, and a single picture', async (t) => {
  const files = { 'data/all/images/a.png': PNG, 'data/all/images/b.png': PNG };
  const table = text('filename,label\na.png,1\nb.png,2\n');
  assert.deepEqual(await guessImages(t, { ...files, 'data/labels.csv': table }), {
    path: 'data/all/images',
    labels: { file: 'data/labels.csv' },
  });
  assert.deepEqual(await guessImages(t, files, 'data/all/images/a.png'), { path: 'data/all/images' });
  const outputs = { 'data/a.png': PNG, 'data/outputs/data/x/y.png': PNG };
  assert.deepEqual(await guessImages(t, outputs, 'data', 'data/outputs'), { path: 'data' });
});

test('a sample submission is not used as labels', async (t) => {
  const files = {
    ...{ 'data/train/a.png': PNG, 'data/train/b.png': PNG, 'data/test/c.png': PNG },
    'data/train.csv': text('id,label\na,cat\nb,dog\n'),
    'data/sample_submission.csv': text('id,label\nc,cat\n'),
  };
  assert.equal((await guessImages(t, files))['test_labels'], 'none');
});

test('unused files are listed', async (t) => {
  const what = async (files: Files): Promise<string> => (await guessSource(join(lay(t, files), 'data'))).what;
  const splits = { 'data/train/a.png': PNG, 'data/test/c.png': PNG, 'data/val/b.png': PNG };
  assert.match(await what(splits), /`val`/);
  const noPairs = { 'data/noisy/1.png': PNG, 'data/clean/001.png': PNG };
  assert.match(await what(noPairs), /`noisy` and `clean`/);
  const table = { 'data/a.png': PNG, 'data/boxes.csv': text('file,x,y\nz.png,1,2\n') };
  assert.match(await what(table), /`boxes\.csv`/);
  const { 'faces.npy': faces = '' } = CASES['faces.npy'] ?? {};
  assert.match(await what({ 'data/clean.npy': faces, 'data/noisy.npy': faces }), /`noisy\.npy`/);
});

test('the label of a table without a name for it is the first column, or the last one if that alone can be it', async (t) => {
  const settings = async (rows: readonly (readonly number[])[], encoding: 'utf8' | 'utf16le' = 'utf8') => {
    const content = `${encoding === 'utf8' ? '' : '\ufeff'}${rows.map((row) => `${row.join(',')}\n`).join('')}`;
    const folder = lay(t, { 'x.csv': Buffer.from(content, encoding).toString('base64') });
    return (await guessSource(join(folder, 'x.csv'))).settings;
  };
  const rows = Array.from({ length: 12 }, (_, row) => [row % 3, 0, row * 9, 17 * row, 200 - row]);
  assert.equal((await settings(rows))['label'], 0);
  assert.equal((await settings(rows, 'utf16le'))['label'], 0);
  // The corner of an image may be black in all.
  assert.equal((await settings(rows.map(([label = 0, ...pixels]) => [...pixels, label])))['label'], 4);
  assert.equal(
    (await settings(rows.map(([label = 0, ...pixels]) => [label, ...pixels.toReversed()])))['label'],
    0,
  );
  assert.equal((await settings(rows.slice(0, 1)))['label'], 0);
});

test(
  'a file that may not be read is named as such',
  { skip: process.platform === 'win32' || process.getuid?.() === 0 },
  async (t) => {
    const file = join(temporaryFolder(t), 'faces.npy');
    writeFileSync(file, npy('|u1', '(1, 2, 2)', 4), { mode: 0 });
    await assert.rejects(guessSource(file), (error) => {
      assert.ok(error instanceof Failure);
      assert.match(error.diagnostics[0]?.message ?? '', /cannot be read/);
      return true;
    });
  },
);

test('a table may begin with empty lines', async (t) => {
  const file = join(temporaryFolder(t), 'table.csv');
  writeFileSync(file, '\n\r\n1,2,3,4\n5,6,7,8\n');
  assert.deepEqual((await guessSource(file)).settings, { source: 'csv', path: file, shape: [2, 2] });
});

test('a single picture is not taken for rows of pictures', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'one.npy'), npy('|u1', '(16, 16)', 256));
  const { settings } = await guessSource(join(folder, 'one.npy'));
  assert.equal(settings['shape'], undefined);
  const findings = await datasetNode.inspect?.(settingsOf({ ...settings, source: 'npy' }), folder);
  assert.ok(findings?.findings[0]?.hint?.includes('x[None]'));
});

test('an archive of test images beside one of training images belongs to it, if its images have the same size', async (t) => {
  const archive = (images: string, count: number, side: number): string =>
    zip([
      { name: `${images}.npy`, data: npy('|u1', `(${count}, ${side}, ${side})`, count * side * side) },
      { name: 'y.npy', data: npy('|u1', `(${count},)`, count) },
    ]).toString('base64');
  const settings = async (files: Files) => {
    const folder = lay(t, files);
    const { test_path: test, ...others } = (await guessSource(join(folder, 'train.npz'))).settings;
    return { ...others, test: typeof test === 'string' ? basename(test) : undefined };
  };
  const both = await settings({ 'train.npz': archive('x', 4, 5), 'test.npz': archive('images', 2, 5) });
  assert.equal(both.test, 'test.npz');
  const names = ['train_images', 'train_labels', 'test_images', 'test_labels'] as const;
  assert.deepEqual(
    names.map((key) => (both as JsonObject)[key]),
    ['x', 'y', 'images', 'y'],
  );
  const other = await settings({ 'train.npz': archive('x', 4, 5), 'test.npz': archive('x', 2, 6) });
  assert.equal(other.test, undefined);
});

test("arrays of Python objects are reported, with the file's name as written", async (t) => {
  const objects = npy('|O', '(2,)', 20);
  const files = { 'o.npy': objects, 'o.npz': zip([{ name: 'x.npy', data: objects }]) };
  for (const [name, bytes] of Object.entries(files)) {
    const folder = lay(t, { [name]: bytes.toString('base64') });
    await assert.rejects(guessSource(join(folder, name)), (error) => {
      assert.ok(error instanceof Failure);
      const [{ message, hint } = { message: '', hint: '' }] = error.diagnostics;
      assert.match(hint ?? '', /np\.stack/);
      assert.ok(message.startsWith(`\`${name}`), message);
      return true;
    });
  }
});

test('data without images is reported', async (t) => {
  const refused = async (files: Files, path: string): Promise<void> => {
    await assert.rejects(guessSource(join(lay(t, files), path)), (error) => error instanceof Failure);
  };
  await refused({ 'empty.npy': '' }, 'empty.npy');
  await refused({ 'words.csv': text('a,b\nx,y\n') }, 'words.csv');
  await refused({ 'seven.csv': text('1,2,3,4,5,6,7\n1,2,3,4,5,6,7\n') }, 'seven.csv');
  await refused({ 'data/readme.md': text('Soon.') }, 'data');
  const { 'y_train.npy': labels = '' } = CASES['x_train.npy'] ?? {};
  await refused({ 'y_train.npy': labels }, 'y_train.npy');
});
