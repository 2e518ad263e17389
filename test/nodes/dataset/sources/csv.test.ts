/** Tables of pixels, as Kaggle and pandas have them, from the file to the image set. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Failure } from '../../../../src/core/diagnostic.ts';
import { readImages, readImageSet } from '../../../../src/formats/images.ts';
import { datasetNode } from '../../../../src/nodes/dataset/node.ts';
import type { CsvDatasetSettings } from '../../../../src/schema/generated/settings.ts';
import { problemsOf, rig } from '../../../rig.ts';
import { fakeContext, temporaryFolder } from '../../context.ts';

const CSV: CsvDatasetSettings = {
  type: 'dataset',
  source: 'csv',
  path: 'train.csv',
  shape: [2, 2],
  label: null,
  data_format: 'channels_last',
  limit: null,
  normalize: 'minmax',
};

async function load(
  t: TestContext,
  files: Readonly<Record<string, string | Uint8Array>>,
  settings: Partial<CsvDatasetSettings> = {},
) {
  const root = temporaryFolder(t);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(root, name), content);
  const context = fakeContext(root, { ...CSV, ...settings });
  await datasetNode.run(context);
  return { folder: context.folder, train: await readImages(context.folder, 'train'), logs: context.logs };
}

test("Kaggle's digits: names of columns, and the label before the pixels", async (t) => {
  const text = 'label,pixel0,pixel1,pixel2,pixel3\n7,0,51,255,1\n3,9,8,7,6\n';
  for (const content of [text, gzipSync(text), text.replaceAll(',', ';'), text.replaceAll('\n', '\r\n')]) {
    const { train } = await load(t, { 'train.csv': content });
    assert.deepEqual([train.shape, train.count, train.scale], [[2, 2, 1], 2, 1 / 255]);
    assert.deepEqual([...train.data], [0, 51, 255, 1, 9, 8, 7, 6]);
    assert.deepEqual([...(train.labels ?? [])], [7, 3]);
  }
});

test('labels that np.savetxt wrote are numbers', async (t) => {
  const text = '1.000000000000000000e+01,0,51,255,1\n3.,9,8,7,6\n';
  const { train } = await load(t, { 'train.csv': text }, { label: 0 });
  assert.deepEqual([...(train.labels ?? [])], [10, 3]);
});

test('classes by name have the same label in both splits', async (t) => {
  const { folder, train } = await load(
    t,
    {
      // Columns may have other names.
      'train.csv': 'kind,a,b,c,d\ndog,1,2,3,255\ncat,5,6,7,8\n',
      'test.csv': 'kind,e,b,c,d\nemu,1,2,3,4\ncat,4,3,2,1\n',
    },
    { test_path: 'test.csv', label: 'kind' },
  );
  const other = await readImages(folder, 'test');
  assert.deepEqual(
    [[...(train.labels ?? [])], [...(other.labels ?? [])]],
    [
      [1, 0],
      [2, 0],
    ],
  );
});

test('channels are in the order of the settings', async (t) => {
  const row = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255];
  const files = { 'train.csv': `${row.join()}\n${row.join()}\n` };
  const last = await load(t, files, { shape: [2, 2, 3] });
  assert.deepEqual([last.train.shape, [...last.train.data.subarray(0, 12)]], [[2, 2, 3], row]);
  const first = await load(t, files, { shape: [2, 2, 3], data_format: 'channels_first' });
  assert.deepEqual(first.train.shape, [2, 2, 3]);
  assert.deepEqual([...first.train.data.subarray(12)], [1, 5, 9, 2, 6, 10, 3, 7, 11, 4, 8, 255]);
  const gray = await load(t, { 'train.csv': '1,2,3,255\n' }, { data_format: 'channels_first' });
  assert.deepEqual(
    [gray.train.shape, [...gray.train.data]],
    [
      [2, 2, 1],
      [1, 2, 3, 255],
    ],
  );
});

test('fractions stay as they are', async (t) => {
  const { folder, train } = await load(t, { 'train.csv': '0.5,0.25,1,0\n' });
  assert.deepEqual([[...train.data], train.scale], [[0.5, 0.25, 1, 0], 1]);
  assert.deepEqual((await readImageSet(folder)).range, [0, 1]);
});

test('integers of 16 bits are one type in both tables, also where one of them has none above 255', async (t) => {
  const [dark, bright] = ['0,1,2,255\n', '0,1,2,4095\n'];
  for (const [train, test] of [
    [dark, bright],
    [bright, dark],
  ] as const) {
    const found = await load(
      t,
      { 'train.csv': train, 'test.csv': test },
      { test_path: 'test.csv', white_level: 4095 },
    );
    const other = await readImages(found.folder, 'test');
    for (const [{ data, scale }, text] of [
      [found.train, train],
      [other, test],
    ] as const)
      assert.deepEqual([[...data], scale], [text.trim().split(',').map(Number), 1 / 4095]);
  }
});

test('mismatches are refused at their setting', async (t) => {
  const table = 'label,a,b,c,d\n1,1,2,3,255\n';
  const refusals: readonly (readonly [Record<string, string>, Partial<CsvDatasetSettings>, string])[] = [
    [{}, {}, 'path'],
    [{ 'train.csv': 'a,b\n1,x\n' }, {}, 'path'],
    [{ 'train.csv': table }, { shape: [3, 3] }, 'path'],
    [{ 'train.csv': table }, { label: 'kind' }, 'path'],
    [{ 'train.csv': table, 'test.csv': 'label,a\n1,2\n' }, { test_path: 'test.csv' }, 'test_path'],
    [
      { 'train.csv': table, 'test.csv': 'label,a,b,c,d\nx,1,2,3,4\n' },
      { test_path: 'test.csv' },
      'test_path',
    ],
    [
      { 'train.csv': table, 'test.csv': 'label,a,c,b,d\n1,1,2,3,4\n' },
      { test_path: 'test.csv' },
      'test_path',
    ],
    [{ 'train.csv': 'label,a,b,c,d\n,1,2,3,255\n' }, {}, 'path'],
    [{ 'train.csv': 'label,a,b,c,d\n-1,1,2,3,255\n1,1,2,3,4\n' }, {}, 'path'],
    [{ 'train.csv': table, 'test.csv': '-1.0,1,2,3,4\n' }, { label: 0, test_path: 'test.csv' }, 'test_path'],
    [{ 'train.csv': '1,2,3,300\n' }, { white_level: 255 }, 'white_level'],
  ];
  for (const [files, settings, at] of refusals)
    await assert.rejects(load(t, files, settings), (error) => {
      assert.ok(error instanceof Failure, String(error));
      assert.deepEqual(error.diagnostics[0]?.at, [at], error.message);
      return true;
    });
});

test('numbered columns that are sorted as texts are refused, with the line that sorts them', async (t) => {
  const scrambled: readonly (readonly [string, Partial<CsvDatasetSettings>, string])[] = [
    ['label,p8,p10,p11,p9', {}, 'c[1:]'],
    ['p1,p2,label,p4,p3', {}, 'c[1:]'],
    ['p_01,p_00,p_02,p_03,kind', { label: 4 }, 'c[2:]'],
  ];
  for (const [columns, settings, number] of scrambled)
    await assert.rejects(load(t, { 'train.csv': `${columns}\n1,2,3,4,255\n` }, settings), (error) => {
      assert.ok(error instanceof Failure, String(error));
      const [{ at, hint = '' } = { at: [] }] = error.diagnostics;
      assert.deepEqual(at, ['path']);
      assert.ok(hint.includes(number), hint);
      return true;
    });
  // Names of test images alone may be others.
  const files = { 'train.csv': 'a,b,c,d\n1,2,3,255\n', 'test.csv': 'p0,p1,p3,p2\n1,2,3,4\n' };
  await assert.rejects(load(t, files, { test_path: 'test.csv' }), { name: 'Failure' });
  for (const columns of ['p8,p9,p10,p11', '0x0,0x1,1x0,1x1', 'p1,p10,p2,p3', 'p1,q0,p2,p3', 'r1,r0,g1,g0'])
    assert.equal((await load(t, { 'train.csv': `${columns}\n1,2,3,255\n` })).train.count, 1);
});

test('from the command line, before anything runs', async (t) => {
  const rigged = rig(t);
  rigged.write(
    'p.yaml',
    'name: p\nstages:\n  d: { type: dataset, source: csv, path: d.csv, shape: [2, 2] }\n',
  );
  rigged.write('d.csv', '1,2,3\n');
  const wrong = await rigged.runJson(['check', 'p.yaml']);
  assert.deepEqual(
    problemsOf(wrong.json).map(({ code, line }) => [code, line]),
    [['data-corrupt', 3]],
  );
  rigged.write('d.csv', '1,2,3,255\n');
  assert.equal((await rigged.runJson(['run', 'p.yaml'])).code, 0);
});
