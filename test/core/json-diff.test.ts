import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, type Json } from '../../src/core/json.ts';
import { differences, formatPath } from '../../src/core/json-diff.ts';

const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as Json);

test('equal values have no differences, different ones have some', () => {
  fc.assert(
    fc.property(json, json, (a, b) => {
      assert.deepEqual(differences(a, a), []);
      assert.equal(differences(a, b).length === 0, canonicalJson(a) === canonicalJson(b));
    }),
  );
});

test('a difference is named at its deepest place', () => {
  const before = { encoder: ['Flatten', { Dense: { units: 8 } }], epochs: 1 };
  const after = { encoder: ['Flatten', { Dense: { units: 16 } }, 'ReLU'], batch_size: 32 };
  assert.deepEqual(
    differences(before, after).map(({ path, before: from, after: to }) => [formatPath(path), from, to]),
    [
      ['encoder[1].Dense.units', 8, 16],
      ['encoder[2]', undefined, 'ReLU'],
      ['epochs', 1, undefined],
      ['batch_size', undefined, 32],
    ],
  );
});
