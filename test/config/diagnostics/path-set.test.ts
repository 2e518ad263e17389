import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PathSet } from '../../../src/config/diagnostics/path-set.ts';
import type { DocumentPath } from '../../../src/config/pipeline.ts';

const path = fc.array(fc.constantFrom('a', '0', 'b/"c', 0, 1), { maxLength: 4 });

function isWithin(inner: DocumentPath, outer: DocumentPath): boolean {
  return outer.length <= inner.length && outer.every((segment, index) => segment === inner[index]);
}

test('a set of paths answers as a search through all of them would', () => {
  fc.assert(
    fc.property(fc.array(path, { maxLength: 8 }), path, (paths, asked) => {
      const set = new PathSet(paths);
      assert.equal(
        set.covers(asked),
        paths.some((each) => isWithin(asked, each)),
      );
      assert.equal(
        set.hasInside(asked),
        paths.some((each) => each.length > asked.length && isWithin(each, asked)),
      );
    }),
  );
});
