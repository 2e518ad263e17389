import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asWritten, pathAt, replaceAt, valueAt } from '../../src/config/paths.ts';
import type { LocatedMap, LocatedScalar } from '../../src/config/located.ts';
import type { Json } from '../../src/core/json.ts';

const FOLDERS = { pipeline: '/course/sub', overrides: '/course' };

function scalar(value: LocatedScalar['value'], file: string): LocatedScalar {
  const place = { line: 1, column: 1 };
  return { kind: 'scalar', value, range: { file, start: place, end: place } };
}

function document(value: LocatedScalar): LocatedMap {
  return { ...value, kind: 'map', entries: new Map([['path', { keyRange: value.range, value }]]) };
}

test('a path belongs to the folder of the file that has it, and becomes relative to the pipeline', () => {
  const of = (value: LocatedScalar): string | undefined => pathAt(document(value), ['path'], FOLDERS)?.path;
  assert.equal(of(scalar('data/x.npy', '/course/sub/p.yaml')), 'data/x.npy');
  assert.equal(of(scalar('data/x.npy', '/course/base.yaml')), '../data/x.npy');
  assert.equal(of(scalar('.', '/course/sub/inner/p.yaml')), 'inner');
  assert.equal(of(scalar('sub/x.npy', '-S stages.a.path=sub/x.npy')), 'x.npy');
  assert.equal(of(scalar('sub', '-S stages.a.path=sub')), '.');
  // Absolute paths, addresses and `~` stay as they are written.
  for (const path of ['/data/x.npy', 'https://example.org/x.npy', '~/x.npy', '~'])
    assert.equal(of(scalar(path, '/course/base.yaml')), path);
  assert.equal(of(scalar(4, '/course/base.yaml')), undefined);
  assert.equal(pathAt(document(scalar('x', '/a.yaml')), ['none'], FOLDERS), undefined);
});

test('values are read and replaced where they are, and nowhere else', () => {
  const data: Json = { list: [{ a: 1 }], text: 'x' };
  assert.equal(valueAt(data, ['list', 0, 'a']), 1);
  assert.equal(valueAt(data, ['list', 3, 'a']), undefined);
  assert.equal(valueAt(data, ['text', 'length']), undefined);
  assert.equal(valueAt(data, ['toString']), undefined);
  replaceAt(data, ['list', 0, 'a'], 2);
  assert.deepEqual(data, { list: [{ a: 2 }], text: 'x' });
  for (const path of [[], ['none', 'x'], ['text', 'x']]) replaceAt(data, path, 3);
  assert.deepEqual(data, { list: [{ a: 2 }], text: 'x' });
});

test('a finding at a path shows it as it is written', () => {
  const at = ['stages', 'own', 'path'];
  const setting = { at, written: 'data/x.npy', folder: '/course', path: '../data/x.npy', isOverride: false };
  const located = { paths: [setting], folder: '/course/sub' };
  const finding = { message: '`../data/x.npy` does not exist', replacement: '../data/y.npy' };
  const shown = asWritten(located, at, finding);
  assert.equal(shown.message, '`data/x.npy` does not exist');
  assert.equal(shown.replacement, 'data/y.npy');
  assert.equal(asWritten(located, ['stages', 'other'], finding), finding);
  // There is a file of that name, but in the folder of the pipeline.
  const override = { ...setting, written: 'x.npy', folder: '/course', path: '../x.npy' };
  const near = { message: '`../x.npy` does not exist', hint: 'did you mean `x.npy`?', replacement: 'x.npy' };
  assert.deepEqual(asWritten({ ...located, paths: [override] }, at, near), {
    message: '`x.npy` does not exist',
    hint: 'did you mean `sub/x.npy`?',
    replacement: 'sub/x.npy',
  });
  assert.equal(asWritten(located, at, { message: 'x', replacement: '/y.npy' }).replacement, '/y.npy');
});
