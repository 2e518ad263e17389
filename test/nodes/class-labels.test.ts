/** Classes that settings name: which of them exist, as far as it is known before a run and in a run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Failure } from '../../src/core/diagnostic.ts';
import type { Finding } from '../../src/core/stage-type.ts';
import {
  checkClasses,
  chosenClasses,
  classesIn,
  describeClasses,
  joinedClasses,
  knownLabels,
  labelsOf,
} from '../../src/nodes/class-labels.ts';

const NAMED = describeClasses(['cat', 'dog', 'mouse']);

test('before a run and in a run, the same classes are refused, at their place in the list', () => {
  const label = fc.oneof(fc.nat(12), fc.constantFrom('cat', 'dog', 'mouse', 'mice', '1', ''));
  const sets = fc.constantFrom(NAMED, describeClasses(5), [{ label: 2 }, { label: 9 }]);
  fc.assert(
    fc.property(fc.array(label, { maxLength: 5 }), sets, (wanted, classes) => {
      const findings: Finding[] = [];
      checkClasses(
        { references: { data: 'set' }, report: (one) => findings.push(one) },
        classes,
        wanted,
        'classes',
      );
      let at: unknown;
      try {
        labelsOf(wanted, classes, { stage: 'set', at: ['classes'] });
      } catch (error) {
        assert.ok(error instanceof Failure);
        at = error.diagnostics[0]?.at;
      }
      assert.deepEqual(findings[0]?.at, at);
      const isThere = (one: number | string): boolean =>
        classes.some(({ label: own, ...others }) => one === own || ('name' in others && one === others.name));
      assert.deepEqual(
        findings.map((finding) => finding.at),
        wanted.flatMap((one, index) => (isThere(one) ? [] : [['classes', index]])),
      );
      assert.equal(
        knownLabels(wanted, classes).size,
        new Set(wanted.filter(isThere).map((one) => numberOf(one))).size,
      );
    }),
  );
});

const numberOf = (one: number | string): number =>
  typeof one === 'number' ? one : ['cat', 'dog', 'mouse'].indexOf(one);

test('the nearest name is what to write instead', () => {
  const findings: Finding[] = [];
  checkClasses({ references: {}, report: (one) => findings.push(one) }, NAMED, ['Mouse'], 'classes');
  assert.deepEqual(
    findings.map(({ replacement }) => replacement),
    ['mouse'],
  );
});

test('of folders, only names are known: a label may belong to any, but there are no more labels than folders', () => {
  const folders = [{ name: 'a' }, { name: 'b' }];
  const found = (wanted: readonly (number | string)[]): readonly unknown[] => {
    const findings: Finding[] = [];
    checkClasses({ references: {}, report: (one) => findings.push(one) }, folders, wanted, 'classes');
    return findings.map(({ at }) => at[1]);
  };
  assert.deepEqual(found(['a', 0, 1, 2, 'c']), [3, 4]);
  assert.deepEqual(chosenClasses(['b'], folders), [{ name: 'b' }]);
  assert.equal(chosenClasses([1], folders), undefined);
});

test('labels without names are classes if an image of some split has them', () => {
  const split = (...labels: readonly number[]) => ({ labels: Uint8Array.from(labels) });
  assert.deepEqual(classesIn([split(3, 1), split(1, 7)]), [{ label: 1 }, { label: 3 }, { label: 7 }]);
  assert.deepEqual(classesIn([{ ...split(0), classes: ['a', 'b'] }]), describeClasses(['a', 'b']));
  assert.equal(classesIn([{}, {}]), undefined);
});

test('joined sets have the classes of both, numbered only if the first ones are', () => {
  const [ab, bc] = [describeClasses(['a', 'b']), describeClasses(['b', 'c'])];
  assert.deepEqual(joinedClasses(ab, bc), describeClasses(['a', 'b', 'c']));
  assert.deepEqual(joinedClasses([{ name: 'a' }], bc), [{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
  assert.deepEqual(joinedClasses(describeClasses(2), [{ label: 5 }]), [
    { label: 0 },
    { label: 1 },
    { label: 5 },
  ]);
  assert.equal(joinedClasses(ab, describeClasses(2)), undefined);
  assert.equal(joinedClasses(ab, undefined), undefined);
});
