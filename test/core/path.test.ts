import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathFrom, pathFromHere, withSlashes } from '../../src/core/path.ts';

test('paths are shown with slashes, and a folder seen from itself is a dot', () => {
  assert.equal(withSlashes(join('a', 'b')), 'a/b');
  const course = join(process.cwd(), 'course');
  assert.equal(pathFrom(course, course), '.');
  assert.equal(pathFrom(course, join(process.cwd(), 'data', 'x.npy')), '../data/x.npy');
  assert.equal(pathFromHere(join(course, 'a.yaml')), 'course/a.yaml');
});
