import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeChange, describeChanges, standingOf } from '../../src/artifacts/standing.ts';

test('a result is current only where both keys are known and the same', () => {
  assert.equal(standingOf('a', 'a'), 'current');
  assert.equal(standingOf('a', 'b'), 'outdated');
  assert.equal(standingOf('a', undefined), 'outdated');
  assert.equal(standingOf(undefined, 'a'), 'missing');
  assert.equal(standingOf(undefined, undefined), 'missing');
});

test('changes name only what users can set, and each once', () => {
  const units = { stage: 'ae', path: 'params.units', before: 4, after: 32 };
  assert.equal(describeChange(units), 'params.units 4 → 32');
  assert.equal(describeChange({ stage: 'n', path: 'stddev', before: 0.5, after: 0.3 }), 'n.stddev 0.5 → 0.3');
  assert.match(describeChange({ stage: 'q', path: 'data' }), /^q\.data$/);
  assert.match(
    describeChange({ stage: 'd', path: 'files.test', before: 'x', after: 'y' }),
    /data files of d/,
  );
  const version = { stage: 't', path: 'version', before: 7, after: 8 };
  const text = describeChanges([version, units, { ...units, stage: 'other' }]);
  assert.ok(text.startsWith('params.units 4 → 32, '), text);
  assert.equal(text.split('params.units').length, 2);
  assert.equal(describeChanges([]), '');
  const many = Array.from({ length: 9 }, (_, index) => ({
    stage: 's',
    path: `k${index}`,
    before: 0,
    after: 1,
  }));
  assert.match(describeChanges(many), / and 6 more$/);
});
