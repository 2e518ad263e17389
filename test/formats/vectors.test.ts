import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readVectors, readVectorSet, writeVectorSet } from '../../src/formats/vectors.ts';
import { Failure, type DiagnosticCode } from '../../src/core/diagnostic.ts';
import { temporaryFolder } from '../nodes/context.ts';

const fails = (code: DiagnosticCode) => (error: unknown) =>
  error instanceof Failure && error.diagnostics[0]?.code === code;

const VECTORS = {
  data: Float32Array.of(1, 2, 3, 4, 5, 6),
  count: 3,
  labels: Int32Array.of(2, 0, 1),
  classes: ['cat', 'dog', 'mouse'],
  rows: Int32Array.of(0, 4, 5),
};

test('what is written is read', async (t) => {
  const folder = temporaryFolder(t);
  const plain = { data: Float32Array.of(9, 8), count: 1 };
  await writeVectorSet(folder, { size: 2, axes: ['one', 'two'], splits: { train: plain, test: VECTORS } });
  assert.deepEqual(await readVectors(folder, 'test'), VECTORS);
  assert.deepEqual(await readVectors(folder, 'train'), plain);
  const { size, axes } = await readVectorSet(folder);
  assert.deepEqual([size, axes], [2, ['one', 'two']]);
});

test('a record that misdescribes its arrays, or leads out of its folder, is refused', async (t) => {
  const folder = temporaryFolder(t);
  await writeVectorSet(folder, { size: 2, splits: { test: VECTORS } });
  await assert.rejects(readVectors(folder, 'train'), fails('missing-split'));
  const path = join(folder, 'vectors.json');
  const text = readFileSync(path, 'utf8');
  const changes: [string, string][] = [
    ['"count": 3', '"count": 2'],
    ['"count": 3', '"count": 1e99'],
    ['"size": 2', '"size": 3'],
    ['"size": 2', '"size": 2, "axes": ["one"]'],
    ['test-vectors.npy', '../test-vectors.npy'],
    ['test-labels.npy', 'test-vectors.npy'],
    ['test-rows.npy', 'test-vectors.npy'],
    ['"test": {', '"__proto__": {'],
    ['{', '['],
  ];
  for (const [from, to] of changes) {
    const changed = text.replace(from, to);
    assert.notEqual(changed, text);
    writeFileSync(path, changed);
    await assert.rejects(readVectors(folder, 'test'), fails('data-corrupt'), to);
  }
});
