import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deriveSeed } from '../../src/core/seed.ts';

test('a seed depends on the pipeline, the stage and the purpose, and on nothing else', () => {
  const seed = deriveSeed(20231234, 'noisy', 'noise/train');
  assert.deepEqual(deriveSeed(20231234, 'noisy', 'noise/train'), seed);
  const others = [
    deriveSeed(20231235, 'noisy', 'noise/train'),
    deriveSeed(20231234, 'noisy2', 'noise/train'),
    deriveSeed(20231234, 'noisy', 'noise/test'),
  ];
  for (const other of others) assert.notDeepEqual(other, seed);
});

test('a seed is pinned: changing the rule would change every result', () => {
  assert.deepEqual(deriveSeed(0, 'stage', 'init'), [501348436, 2084800066]);
});
