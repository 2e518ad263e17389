import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { joinClasses, relabel, sharedClasses } from '../../src/formats/classes.ts';

/** Labels, and different names for all of them. */
const labelled = fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 6 }).chain((classes) =>
  fc.record({
    classes: fc.constant(classes),
    labels: fc
      .array(fc.nat({ max: classes.length - 1 }), { maxLength: 20 })
      .map((labels) => Int32Array.from(labels)),
  }),
);

test('labels that are numbered by more classes still mean the same names', () => {
  fc.assert(
    fc.property(labelled, labelled, (one, other) => {
      const all = joinClasses([one.classes, other.classes]);
      assert.equal(new Set(all).size, all.length);
      assert.deepEqual(all.slice(0, one.classes.length), one.classes);
      for (const part of [one, other]) {
        const again = relabel(part, all);
        const names = (labels: Int32Array, classes: readonly string[]) =>
          [...labels].map((label) => classes[label]);
        assert.deepEqual(names(again.labels, again.classes), names(part.labels, part.classes));
      }
      assert.deepEqual(sharedClasses([relabel(one, all), relabel(other, all)]), all);
    }),
  );
});
