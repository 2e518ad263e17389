/** Folders of images: classes and their labels, sizes, what cannot be read, and what a result depends on. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { DatasetSettings, ImagesDatasetSettings } from '../../../../src/schema/generated/settings.ts';
import type { Finding } from '../../../../src/core/stage-type.ts';
import { identityOf } from '../../../../src/nodes/dataset/identity.ts';
import { datasetNode } from '../../../../src/nodes/dataset/node.ts';
import { rig } from '../../../rig.ts';
import { fakeContext, temporaryFolder } from '../../context.ts';
import {
  ascii,
  AVIF,
  base,
  BMP,
  bytesName,
  failsWith,
  HELD,
  hintOf,
  JPEG_2000,
  picture,
  pipe,
  PNG,
  read,
  SETTINGS,
  WIDE,
} from './folders.ts';
import { put } from './photos.ts';

test('classes are in the order of code points, or of their numbers', async (t) => {
  const orderOf = async (names: readonly string[]): Promise<readonly string[] | undefined> => {
    const root = temporaryFolder(t);
    put(join(root, 'photos'), Object.fromEntries(names.map((name) => [`${name}/1.png`, PNG])));
    return (await read(root)).classes;
  };
  assert.deepEqual(await orderOf(['10', '2', '0', '1', '3']), ['0', '1', '2', '3', '10']);
  assert.deepEqual(await orderOf(['007', '7', '1']), ['1', '007', '7']);
  assert.deepEqual(await orderOf(['10', '2', 'x']), ['10', '2', 'x']);
  assert.deepEqual(await orderOf(['b', 'B', 'a-b', 'a', '\u{1f600}', '\ufb00']), [
    'B',
    'a',
    'a-b',
    'b',
    '\ufb00',
    '\u{1f600}',
  ]);
});

test('a class has one label in both splits, whichever lacks it', async (t) => {
  const root = temporaryFolder(t);
  put(root, {
    ...{ 'photos/b/1.png': PNG, 'photos/d/1.png': PNG, 'photos/0/notes.txt': ascii('x') },
    ...{ 'held/a/1.png': HELD, 'held/c/1.avif': AVIF, 'held/d/1.png': HELD },
  });
  const settings = { test_path: 'held' };
  const train = await read(root, settings);
  const held = await read(root, settings, 'test');
  assert.deepEqual(train.classes, ['a', 'b', 'd']);
  assert.deepEqual(held.classes, train.classes);
  assert.deepEqual(
    [train.labels, held.labels],
    [
      [1, 2],
      [0, 2],
    ],
  );
  assert.deepEqual(held.skipped, ['c/1.avif']);
  // What each split skips, the classes without images, those of one split only in either direction.
  assert.equal(train.warnings.length, 5);
});

test('a limit shifts no label', async (t) => {
  const root = await base(t);
  put(root, { 'photos/0/1.png': PNG.subarray(0, 40), 'held/b/1.png': PNG, 'held/c/1.png': PNG });
  const settings = { test_path: 'held', limit: 1 };
  const train = await read(root, settings);
  assert.deepEqual([train.classes, train.labels], [['a', 'b', 'c'], [0]]);
  assert.deepEqual((await read(root, settings, 'test')).labels, [1]);
});

test('there are warnings for similar names, for splits that are read as classes, and for labels in one split only', async (t) => {
  const warningsOf = async (
    names: readonly string[],
    settings: Partial<ImagesDatasetSettings> = {},
  ): Promise<number> => {
    const root = temporaryFolder(t);
    put(root, Object.fromEntries(names.map((name) => [name, name.startsWith('held/') ? HELD : PNG])));
    return (await read(root, settings)).warnings.length;
  };
  assert.equal(await warningsOf(['photos/cat/1.png', 'photos/dog/1.png']), 0);
  assert.equal(await warningsOf(['photos/cat/1.png', 'photos/Cat/1.png']), 1);
  assert.equal(await warningsOf(['photos/\u00e9/1.png', 'photos/e\u0301/1.png']), 1);
  assert.equal(await warningsOf(['photos/train/1.png', 'photos/test/1.png']), 1);
  assert.equal(await warningsOf(['photos/a/1.png', 'held/1.png'], { test_path: 'held' }), 1);
  assert.equal(await warningsOf(['photos/1.png', 'held/a/1.png'], { test_path: 'held' }), 1);
  assert.equal(await warningsOf(['photos/1.png', 'held/1.png'], { test_path: 'held' }), 0);
});

test('the folder of the test images is not a class of the training images', async (t) => {
  const root = temporaryFolder(t);
  put(join(root, 'photos'), { 'a/1.png': PNG, 'b/1.png': PNG, 'held/1.png': PNG });
  const found = await read(root, { test_path: 'photos/held' });
  assert.deepEqual(found.classes, ['a', 'b']);
  const findings: Finding[] = [];
  const settings = { ...SETTINGS, test_path: './photos/' };
  datasetNode.analyze({
    stage: 's',
    settings,
    inputs: {},
    references: {},
    report: (finding) => void findings.push(finding),
  });
  assert.deepEqual(
    findings.map(({ severity, at }) => [severity, ...at]),
    [['warning', 'test_path']],
  );
});

test('sizes: the most frequent is kept, less than half is refused with the size to set', async (t) => {
  const root = temporaryFolder(t);
  const photos = join(root, 'photos');
  put(photos, { '1.png': PNG, '2.png': PNG, '3.png': WIDE });
  const most = await read(root);
  assert.equal(most.count, 2);
  assert.deepEqual(most.skipped, ['3.png']);
  assert.equal(most.warnings.length, 1);
  // Of equally frequent ones the larger.
  put(photos, { '4.png': WIDE });
  assert.deepEqual((await read(root)).skipped, ['1.png', '2.png']);
  put(photos, { '5.png': await picture(1, [500, 400]) });
  await assert.rejects(read(root), failsWith('shape-mismatch'));
  await assert.rejects(read(root), hintOf(/`size: \[2, 9\]`/));
  await assert.rejects(read(root, { on_error: 'fail' }), failsWith('shape-mismatch'));
  assert.equal((await read(root, { size: [2, 3], on_error: 'fail' })).count, 5);
});

test('twelve sizes are refused, and a size is advised that a model can learn', async (t) => {
  const root = temporaryFolder(t);
  for (let index = 0; index < 12; index++)
    put(root, { [`photos/${index}.png`]: await picture(1, [600 + index, 300]) });
  await assert.rejects(read(root), hintOf(/`size: \[128, 63\]`/));
});

test('test images have the size of the training images', async (t) => {
  const root = temporaryFolder(t);
  put(root, { 'photos/1.png': PNG, 'held/1.png': WIDE, 'held/2.png': PNG });
  const held = await read(root, { test_path: 'held' }, 'test');
  assert.deepEqual([held.count, held.skipped], [1, ['1.png']]);
  put(root, { 'held/3.png': WIDE });
  await assert.rejects(read(root, { test_path: 'held' }), failsWith('shape-mismatch'));
});

/** Runs as somebody whom permissions bind; the superuser may read everything. */
async function asNobody<Result>(work: () => Promise<Result>): Promise<Result> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

test('files without read permission are listed', { skip: process.platform === 'win32' }, async (t) => {
  const root = await base(t);
  const photos = join(root, 'photos');
  await read(root);
  for (const path of [root, join(root, 'out')]) chmodSync(path, 0o777);
  rmSync(join(root, 'out'), { recursive: true });
  put(photos, { 'a/3.png': PNG, 'a/4': PNG, '0/1.png': PNG, '1/1.png': PNG });
  for (const [path, mode] of [
    ['a/3.png', 0],
    ['a/4', 0],
    ['0', 0],
    ['1', 0o444],
  ] as const)
    chmodSync(join(photos, path), mode);
  // Whoever removes the folder needs them, too.
  const open = (): void => ['.', '0', '1'].forEach((name) => chmodSync(join(photos, name), 0o755));
  try {
    const before = await asNobody(() => datasetNode.fingerprint?.(SETTINGS, root) ?? Promise.resolve(null));
    const found = await asNobody(() => read(root));
    assert.deepEqual(found.labels, [0, 0, 1]);
    assert.deepEqual(found.classes, ['a', 'b']);
    assert.deepEqual(found.skipped, ['0/', '1/1.png', 'a/3.png', 'a/4']);
    await asNobody(() => assert.rejects(read(root, { on_error: 'fail' }), failsWith('data-corrupt')));
    // With leave to read it, there is another set.
    chmodSync(join(photos, 'a/3.png'), 0o644);
    assert.notDeepEqual(await asNobody(async () => datasetNode.fingerprint?.(SETTINGS, root)), before);
    chmodSync(photos, 0);
    await asNobody(() => assert.rejects(read(root), failsWith('data-missing')));
    await asNobody(() => assert.rejects(identityOf(photos), failsWith('data-missing')));
  } finally {
    open();
  }
});

test('files that vanish or change while being read are listed', async (t) => {
  const root = await base(t);
  const photos = join(root, 'photos');
  put(photos, { 'a/3.png': PNG, 'a/4.png': PNG, 'b/2.png': PNG });
  const context = fakeContext(root, SETTINGS, { stage: 'out' });
  let changed = false;
  await datasetNode.run({
    ...context,
    progress: ({ fraction }) => {
      if (fraction === undefined || changed) return;
      changed = true;
      rmSync(join(photos, 'a/3.png'));
      rmSync(join(photos, 'a/4.png'));
      pipe(join(photos, 'a/4.png'));
      rmSync(join(photos, 'b/2.png'));
      symlinkSync('1.png', join(photos, 'b/2.png'));
    },
  });
  const summary = JSON.parse(readFileSync(join(context.folder, 'summary.json'), 'utf8'));
  assert.deepEqual(
    summary.train.skipped.map(({ name }: { name: string }) => name),
    ['a/3.png', 'a/4.png', 'b/2.png'],
  );
});

test('a path that is not a folder of images is explained', async (t) => {
  const root = temporaryFolder(t);
  put(root, {
    ...{ 'a.png': PNG, 'a.zip': ascii('PK\x03\x04'), 'a.tgz': gzipSync('x'), 'a.txt': ascii('text') },
    ...{ 'deep/train/cat/1.png': PNG, 'formats/1.jp2': JPEG_2000, 'hidden/.1.png': PNG },
  });
  for (const name of ['empty', 'folders/a', 'folders/b']) mkdirSync(join(root, name), { recursive: true });
  pipe(join(root, 'pipe'));
  symlinkSync('none', join(root, 'dangling'));
  symlinkSync('loop', join(root, 'loop'));
  const paths = [
    'a.png',
    'a.zip',
    'a.tgz',
    'a.txt',
    'a.txt/x',
    'deep',
    'formats',
    'hidden',
    'empty',
    'folders',
    'pipe',
    'dangling',
    'loop',
    'none',
    '/dev/null',
  ];
  for (const path of paths) {
    const code = ['a.png', 'a.zip', 'a.tgz', 'a.txt'].includes(path) ? 'data-corrupt' : 'data-missing';
    await assert.rejects(read(root, { path }), failsWith(code), path);
    const { findings } = (await datasetNode.inspect?.({ ...SETTINGS, path }, root)) ?? { findings: [] };
    assert.deepEqual(
      findings.map((finding) => [finding.code, ...finding.at]),
      [[code, 'path']],
      path,
    );
  }
  await assert.rejects(read(root, { path: 'deep' }), hintOf(/`deep\/train`/));
  await assert.rejects(read(root, { path: 'deep' }), hintOf(/`recursive: true`/));
  await assert.rejects(read(root, { path: 'a.png' }), hintOf(/folder that holds it/));
});

test('with `follow_links`, broken links are skipped without the advice to follow links', async (t) => {
  const root = await base(t);
  symlinkSync('none', join(root, 'photos/a/link.png'));
  const [passed, followed] = [await read(root), await read(root, { follow_links: true })];
  assert.deepEqual([passed.skipped, followed.skipped], [['a/link.png'], ['a/link.png']]);
  assert.match(passed.warnings.join(), /follow_links/);
  assert.doesNotMatch(followed.warnings.join(), /follow_links/);
});

test('a link to a folder of images may be named', async (t) => {
  const root = await base(t);
  renameSync(join(root, 'photos'), join(root, 'store'));
  symlinkSync('store', join(root, 'photos'));
  assert.deepEqual((await read(root)).labels, [0, 0, 1]);
});

test('the identity of a folder covers what the result depends on', async (t) => {
  const root = await base(t);
  const photos = join(root, 'photos');
  const identity = async (): Promise<unknown> => datasetNode.fingerprint?.(SETTINGS, root);
  const first = await identity();
  put(photos, { '.DS_Store': PNG, 'a/Thumbs.db': PNG, '__MACOSX/a/1.png': PNG });
  mkdirSync(join(photos, 'empty'));
  assert.deepEqual(await identity(), first);
  // Whatever the summary names.
  const seen = new Set([JSON.stringify(first)]);
  const change = async (work: () => void): Promise<void> => {
    work();
    const found = JSON.stringify(await identity());
    assert.ok(!seen.has(found));
    seen.add(found);
  };
  await change(() => put(photos, { 'a/notes.txt': ascii('one') }));
  await change(() => put(photos, { 'a/3.bmp': BMP }));
  await change(() => put(photos, { '1.png': PNG }));
  await change(() => symlinkSync('1.png', join(photos, 'link')));
  await change(() => mkdirSync(join(photos, 'a/deep')));
  await change(() => renameSync(join(photos, 'a/1.png'), join(photos, 'a/0.png')));
  await change(() => renameSync(join(photos, 'a/0.png'), join(photos, 'b/0.png')));
  const last = await identity();
  put(photos, { 'a/notes.txt': ascii('two') });
  assert.deepEqual(await identity(), last);
});

test('named files that are pipes have no identity, and nobody waits for them', async (t) => {
  const root = temporaryFolder(t);
  pipe(join(root, 'pipe'));
  const rest = { limit: null, normalize: 'none' } as const;
  const idx = { type: 'dataset', source: 'idx', train_images: 'pipe', ...rest } as const;
  const identity = async (settings: DatasetSettings): Promise<unknown> =>
    datasetNode.fingerprint?.(settings, root);
  await assert.rejects(identity(idx), failsWith('data-missing'));
  const npz = {
    type: 'dataset',
    source: 'npz',
    path: 'pipe',
    train_images: 'x',
    train_labels: null,
    test_images: null,
    test_labels: null,
    data_format: 'channels_last',
    ...rest,
  } as const;
  await assert.rejects(identity(npz), failsWith('data-missing'));
});

test('from the command line: warnings in every form, labels for `stratify`, and no run again for hidden files', async (t) => {
  const rigged = rig(t);
  const photos = rigged.path('photos');
  for (const name of ['cat', 'dog'])
    for (let index = 0; index < 4; index++) put(photos, { [`${name}/${index}.png`]: PNG });
  put(photos, { '1.png': PNG, 'cat/a.bmp': BMP, '.ipynb_checkpoints/1.png': PNG });
  pipe(join(photos, 'cat/pipe.png'));
  writeFileSync(bytesName(photos, 'cat/caf', 0xe9, '.png'), PNG);
  rigged.write(
    'p.yaml',
    `name: p
stages:
  photos: { type: dataset, source: images, path: photos }
  parts: { type: split, data: photos, test: 0.25, stratify: true }
`,
  );
  const { code, stderr } = await rigged.run(['run', 'p.yaml']);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /4 of 12 files/);
  const logged = rigged.read('outputs/p/log.jsonl').split('\n');
  assert.ok(logged.some((line) => line.includes('"level":40') && line.includes('a.bmp')));
  // Long names may wrap after a slash.
  assert.match(rigged.read('outputs/p/report.html').replaceAll('<wbr />', ''), /cat\/a\.bmp/);
  put(photos, { '.DS_Store': BMP, 'cat/Thumbs.db': BMP });
  assert.equal((await rigged.runJson(['run', 'p.yaml'])).json.status, 'unchanged');
  put(photos, { 'cat/b.bmp': BMP });
  const again = await rigged.runJson(['run', 'p.yaml', '-S', 'stages.photos.on_error=fail']);
  assert.deepEqual(
    [again.code, again.json.diagnostics[0]?.code, again.json.diagnostics[0]?.line],
    [1, 'data-corrupt', 3],
  );
  // At the folder, not at the stage.
  assert.ok((again.json.diagnostics[0]?.column ?? 0) > 40);
  // Most images loose: no labels, which `stratify` needs.
  put(photos, Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`${index}.png`, PNG])));
  const flat = await rigged.runJson(['run', 'p.yaml']);
  assert.deepEqual(
    [flat.code, flat.json.diagnostics[0]?.code, flat.json.diagnostics[0]?.line],
    [1, 'bad-setting', 4],
  );
});
