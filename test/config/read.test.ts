import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { MAX_FILE_BYTES } from '../../src/config/read.ts';
import { found, hints, makeRig, VALID } from './rig.ts';

test('a missing file is named, with the nearest one that exists', async (context) => {
  const rig = await makeRig(context);
  await rig.write({ 'quickstart.yaml': VALID });
  const result = await rig.load(undefined, { file: 'quikstart.yaml' });
  assert.deepEqual(found(result), ['file-not-found']);
  assert.match(result.diagnostics[0]?.message ?? '', /quikstart\.yaml/);
  assert.match(hints(result), /quickstart\.yaml/);
  assert.match(hints(await rig.load(undefined, { file: 'quickstart.yml' })), /quickstart\.yaml/);
  assert.deepEqual(found(await rig.load(undefined, { file: 'quickstart.yaml/x' })), ['file-not-found']);
  assert.deepEqual(found(await rig.load(undefined, { file: `${'x'.repeat(5000)}.yaml` })), [
    'file-not-found',
  ]);
  assert.deepEqual(found(await rig.load(undefined, { file: 'nul\0byte.yaml' })), ['file-not-found']);
  // Without a similar name, what there is.
  assert.match(hints(await rig.load(undefined, { file: 'thesis.yaml' })), /quickstart\.yaml/);
  assert.match(hints(await rig.load(undefined, { file: 'none/thesis.yaml' })), /none/);
  await rig.write({ 'empty/notes.txt': 'notes' });
  assert.match(hints(await rig.load(undefined, { file: 'empty/thesis.yaml' })), /hourglass init/);
});

test('a folder is refused, with a file in it', async (context) => {
  const rig = await makeRig(context);
  await rig.write({ 'pipelines/first.yaml': VALID });
  const result = await rig.load(undefined, { file: 'pipelines' });
  assert.deepEqual(found(result), ['file-unreadable']);
  assert.match(hints(result), /first\.yaml/);
});

test('anything that is not a regular file is refused without waiting', async (context) => {
  const rig = await makeRig(context);
  execFileSync('mkfifo', [join(rig.folder, 'pipe.yaml')]);
  assert.deepEqual(found(await rig.load(undefined, { file: 'pipe.yaml' })), ['file-unreadable']);
  await symlink('/dev/zero', join(rig.folder, 'zero.yaml'));
  assert.deepEqual(found(await rig.load(undefined, { file: 'zero.yaml' })), ['file-unreadable']);
  await mkdir(join(rig.folder, 'loop'));
  await symlink('self.yaml', join(rig.folder, 'self.yaml'));
  assert.deepEqual(found(await rig.load(undefined, { file: 'self.yaml' })), ['file-unreadable']);
});

test('empty files and files of comments only', async (context) => {
  const rig = await makeRig(context);
  assert.deepEqual(found(await rig.load('')), ['file-empty']);
  assert.deepEqual(found(await rig.load(' \n\n')), ['file-empty']);
  assert.deepEqual(found(await rig.load('\ufeff')), ['file-empty']);
  for (const text of ['# nothing\n', '---\n', '--- # nothing\n...\n']) {
    assert.deepEqual(found(await rig.load(text)), ['file-empty 1:1'], JSON.stringify(text));
  }
});

test('a file of a megabyte is refused unread', async (context) => {
  const rig = await makeRig(context);
  const line = '# a comment of some length\n';
  const result = await rig.load(line.repeat(Math.ceil(1e6 / line.length)) + VALID);
  assert.deepEqual(found(result), ['file-too-large']);
  assert.deepEqual(result.sources, []);
  const most = `${VALID}#`.padEnd(MAX_FILE_BYTES, 'x');
  assert.deepEqual(found(await rig.load(most)), []);
  assert.deepEqual(found(await rig.load(`${most}x`)), ['file-too-large']);
});

test('bytes that are not UTF-8 text are refused', async (context) => {
  const rig = await makeRig(context);
  for (const bytes of [
    Buffer.from([0x6e, 0x61, 0x6d, 0x65, 0x3a, 0x20, 0xe9, 0x0a]),
    Buffer.from('name: a\0b\n'),
    Buffer.from(`\ufeff${VALID}`, 'utf16le'),
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d]),
  ]) {
    await rig.write({ 'pipeline.yaml': bytes });
    assert.deepEqual(found(await rig.load()), ['file-unreadable']);
  }
});

test('a byte order mark, CR LF and lone CR change neither meaning nor places', async (context) => {
  const rig = await makeRig(context);
  const wrong = VALID.replace('epochs: 10', 'epochs: 0');
  const expected = ['out-of-range 24:13'];
  assert.deepEqual(found(await rig.load(wrong)), expected);
  assert.deepEqual(found(await rig.load(`\ufeff${wrong}`)), expected);
  assert.deepEqual(found(await rig.load(wrong.replaceAll('\n', '\r\n'))), expected);
  assert.deepEqual(found(await rig.load(wrong.replaceAll('\n', '\r'))), expected);
  assert.equal((await rig.load(VALID.replaceAll('\n', '\r\n'))).located?.pipeline.name, 'small');
});
