/** Labels of image files in a table. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { Failure } from '../../../../src/core/diagnostic.ts';
import type { Finding } from '../../../../src/core/stage-type.ts';
import { datasetNode } from '../../../../src/nodes/dataset/node.ts';
import { byTable } from '../../../../src/nodes/dataset/pictures/label-table.ts';
import type { ImagesDatasetSettings } from '../../../../src/schema/generated/settings.ts';
import { temporaryFolder } from '../../context.ts';
import { settingsOf } from '../settings.ts';
import { archives, picture, put, read, type Outcome } from './photos.ts';

const FILES = { 'x/1.png': picture(1), 'x/2.png': picture(2), '3.png': picture(3) };

const images = (keys: Partial<ImagesDatasetSettings> = {}): ImagesDatasetSettings =>
  settingsOf({
    ...{ source: 'images', path: 'photos', normalize: 'none', labels: { file: 'labels.csv' } },
    ...keys,
  });

function fill(t: TestContext, table: string | Buffer, files = FILES): string {
  const root = temporaryFolder(t);
  put(join(root, 'photos'), files);
  put(root, { 'labels.csv': Buffer.from(table) });
  return root;
}

const labeled = async (
  t: TestContext,
  table: string | Buffer,
  keys: Partial<ImagesDatasetSettings> = {},
): Promise<Outcome> => read(fill(t, table), images(keys));

const TEXTS: readonly (readonly [string, Partial<ImagesDatasetSettings>?])[] = [
  ['x/1.png,dog\nx/2.png,cat\n3.png,dog\n'],
  ['filename,label\nx/1.png,dog\nx/2.png,cat\n3.png,dog\n'],
  ['\ufefffilename;class\r\n./x/1.png;dog\r\nx\\2.png;cat\r\n\r\n3.png;dog\r\n'],
  ['id\tbreed\n1\tdog\n2\tcat\n3\tdog\n'],
  [
    'breed,size,image\ndog,9,1.png\n"cat",8,2.png\ndog,7,3.png\n',
    { labels: { file: 'labels.csv', label: 'breed' } },
  ],
  [
    'who,what,x\ndog,1,x/1\ncat,2,x/2\ndog,3,3\n',
    { labels: { file: 'labels.csv', name: 'x', label: 'who' } },
  ],
  // `y` is a coordinate beside `x`, and a label without it.
  ['image,x,y,label\n1,4,7,dog\n2,5,8,cat\n3,6,9,dog\n'],
  ['image,y,size\n1,dog,9\n2,cat,8\n3,dog,7\n'],
  // A row that names no image, and may have been meant as names of columns.
  ['photo of,what it is\n1.png,dog\n2.png,cat\n3.png,dog'],
];

test('tables with and without names of columns, of paths, of names, with and without extensions', async (t) => {
  for (const [table, keys] of TEXTS) {
    const { files, labels, classes, warnings } = await labeled(t, table, keys);
    assert.deepEqual(files, ['3.png', 'x/1.png', 'x/2.png'], table);
    assert.deepEqual([labels, classes, warnings], [[1, 1, 0], ['cat', 'dog'], []], table);
  }
});

test('whole numbers are labels as they are', async (t) => {
  const { labels, classes } = await labeled(t, 'name,label\n1,7\n2,30\n3,7\n');
  assert.deepEqual([labels, classes], [[7, 7, 30], undefined]);
  assert.deepEqual((await labeled(t, '1,07\n2,a\n3,07\n')).classes, ['07', 'a']);
});

test('images without a row and rows without an image are named, and stop a strict stage', async (t) => {
  const missing = await labeled(t, '1,dog\n2,cat\n');
  assert.deepEqual([missing.labels, missing.skipped], [[1, 0], ['3.png']]);
  assert.equal(missing.warnings.length, 1);
  const more = 'name,label\n1,dog\n2,cat\n3,cat\n4,cat\n';
  const absent = await labeled(t, more);
  assert.deepEqual([absent.labels, absent.skipped, absent.warnings.length], [[0, 1, 0], [], 1]);
  for (const table of ['1,dog\n2,cat\n', more])
    await assert.rejects(labeled(t, table, { on_error: 'fail' }), { name: 'Failure' }, table);
  // A file that cannot be read is named once.
  const root = fill(t, '1,dog\n2,cat\n3,cat\n5,cat\n', {
    ...FILES,
    '5.png': Buffer.from('no image'),
  } as never);
  const { skipped, warnings } = await read(root, images());
  assert.deepEqual([skipped, warnings.length], [['5.png'], 1]);
});

const REFUSED: Readonly<Record<string, string | Buffer>> = {
  nothing: '',
  'blank lines': '\n\n',
  'names of columns alone': 'name,label\n',
  'one column': 'name\n1.png\n',
  'three columns without names': '1,2,dog\n',
  'three columns, none of labels': 'filename,width,height\n1,2,3\n',
  'no label': '1,dog\n2,\n3,cat\n',
  'no name': '1,dog\n,cat\n',
  'two labels of one image': '1,dog\n2,cat\n1.png,cat\n3,dog\n',
  'no image that there is': 'a,dog\nb,cat\n',
  'a quotation mark that is not closed': '1,dog\n2,"cat\n3,dog\n',
  'UTF-16 without a mark': Buffer.from('1,dog\n2,cat\n3,dog\n', 'utf16le'),
  'Latin-1': Buffer.from('1,Jos\xe9\n', 'latin1'),
  'a picture': picture(1),
};

test('a table may be UTF-16, as Excel saves text', async (t) => {
  const table = Buffer.from('\ufeff1\tdog\r\n2\tcat\r\n3\tdog\r\n', 'utf16le');
  assert.deepEqual((await labeled(t, table)).labels, [1, 1, 0]);
});

test('tables that are none, or contradict themselves, are refused at the setting', async (t) => {
  for (const [name, table] of Object.entries(REFUSED)) {
    await assert.rejects(
      labeled(t, table),
      (error) => {
        assert.ok(error instanceof Failure, `${name}: ${String(error)}`);
        const [{ code, at } = { code: '', at: [] }] = error.diagnostics;
        assert.deepEqual([code, at], ['data-corrupt', ['labels', 'file']], name);
        return true;
      },
      name,
    );
  }
  const two = { ...FILES, 'y/1.png': picture(5) } as never;
  await assert.rejects(read(fill(t, '1,dog\n', two), images()), /may be/);
  assert.deepEqual(
    (await read(fill(t, 'x/1,dog\ny/1,cat\n2,cat\n3,cat', two), images())).labels,
    [0, 1, 0, 0],
  );
});

test('lines are counted as an editor does, also empty ones and those between quotation marks', async (t) => {
  const tables: readonly (readonly [string, RegExp])[] = [
    ['\n1,dog\n\n2,\n3,cat\n', /line 4/],
    ['name,label\r\n1,"dog\r\nor wolf"\r\n\r\n2,\r\n', /line 5/],
    ['1,dog\n\n2,"cat\n3,dog\n', /line 3/],
    ['\n1,dog\n\n1.png,cat\n', /line 4.*line 2/],
  ];
  for (const [table, place] of tables) await assert.rejects(labeled(t, table), place);
});

test('rows with paths that begin above `path` are refused with what to remove', async (t) => {
  const root = temporaryFolder(t);
  put(join(root, 'data/photos'), FILES);
  for (const above of ['photos/', 'data/photos/', './photos/']) {
    put(root, { 'labels.csv': Buffer.from(`image,label\n${above}x/1.png,dog\n${above}3.png,cat\n`) });
    await assert.rejects(read(root, images({ path: 'data/photos/' })), (error) => {
      assert.ok(error instanceof Failure, String(error));
      assert.match(error.diagnostics[0]?.hint ?? '', new RegExp(`\`${above.replace('./', '')}\``));
      return true;
    });
  }
});

test('a check reads the table, and looks for it', async (t) => {
  const findings = async (root: string, keys: Partial<ImagesDatasetSettings> = {}) =>
    (await datasetNode.inspect?.(images(keys), root))?.findings?.map(({ code, at }) => [code, ...at]);
  assert.deepEqual(await findings(fill(t, '1,dog\n')), []);
  const bad = ['labels', 'file'];
  assert.deepEqual(await findings(fill(t, '1,dog\n2,\n')), [['data-corrupt', ...bad]]);
  const none = { labels: { file: 'none.csv' } };
  assert.deepEqual(await findings(fill(t, ''), none), [['data-missing', ...bad]]);
  const folder = { labels: { file: 'photos' } };
  assert.deepEqual(await findings(fill(t, ''), folder), [['data-missing', ...bad]]);
});

test('test images need labels of their own; one table may serve both splits', async (t) => {
  const root = fill(t, 'name,label\n1,a\n2,b\n3,a\n9,c\n7,c\n');
  put(join(root, 'held'), { '9.png': picture(9) });
  const own = { labels: { file: 'labels.csv' }, test_path: 'held', test_labels: { file: 'labels.csv' } };
  const { classes, labels, warnings } = await read(root, images(own), 'test');
  assert.deepEqual([classes, labels], [['a', 'b', 'c'], [2]]);
  // The row 7, and classes of one split alone.
  assert.equal(warnings.filter((warning) => warning.includes('`7`')).length, 1);
  const report = (keys: Partial<ImagesDatasetSettings>): readonly unknown[] => {
    const found: Finding[] = [];
    const settings = images(keys);
    const take = (finding: Finding): void => void found.push(finding);
    datasetNode.analyze({ stage: 's', settings, inputs: {}, references: {}, report: take });
    return found.map(({ code, at }) => [code, ...at]);
  };
  assert.deepEqual(report({ test_path: 'held' }), [['bad-setting', 'test_path']]);
  assert.deepEqual(report({ test_labels: 'none' }), [['bad-setting', 'test_labels']]);
  assert.deepEqual(report(own), []);
  assert.deepEqual(report({ test_path: 'held', test_labels: 'none' }), []);
});

test('the table is part of the identity, skipped images are not', async (t) => {
  const root = fill(t, '');
  put(join(root, 'photos'), { 'labels.csv': Buffer.from('1,a\n2,b\n3,a\n') });
  const settings = images({ labels: { file: 'photos/labels.csv' } });
  assert.deepEqual((await read(root, settings)).warnings, []);
  const before = await datasetNode.fingerprint?.(settings, root);
  put(join(root, 'photos'), { 'labels.csv': Buffer.from('1,b\n2,b\n3,a\n') });
  assert.notDeepEqual(await datasetNode.fingerprint?.(settings, root), before);
});

test('rows name images of an archive by paths in it, or below its only folder', async (t) => {
  const root = fill(t, 'train/1.png,a\n2.png,b\n');
  put(root, await archives({ 'train/1.png': picture(1), 'train/2.png': picture(2) }));
  for (const path of ['as-zip', 'as-tgz']) {
    const { labels, warnings } = await read(root, images({ path }));
    assert.deepEqual([labels, warnings], [[0, 1], []]);
  }
});

test('in any order of rows, each image has the label of its row', () => {
  const name = fc.stringMatching(/^[a-c]{1,2}(\/[a-c]{1,2})?\.png$/);
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 1 }), fc.nat(), (names, turn) => {
      const tree = {
        images: names.toSorted(),
        folders: [],
        skipped: [],
        root: '',
        read: () => [],
        close: () => {},
      };
      const rows = names.map((each, line) => ({ line, name: each, label: `of ${each}` }));
      const turned = [...rows.slice(turn % rows.length), ...rows.slice(0, turn % rows.length)];
      const { files, absent } = byTable(tree, { shown: 't', rows: turned, mayHaveHeader: false }, 'photos');
      assert.deepEqual(
        files,
        tree.images.map((each) => ({ name: each, className: `of ${each}` })),
      );
      assert.deepEqual(absent, []);
    }),
    { numRuns: 100 },
  );
});
