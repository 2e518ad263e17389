/** Which layers of a model take the weights of which others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { frozenEntries, isFit, matchLayers, type Holder, type Holders } from '../../src/layers/transfer.ts';

const dense = (label: string, rows: number, columns: number): Holder => ({
  label,
  kind: 'Dense',
  weights: [
    { name: 'kernel', shape: [rows, columns] },
    { name: 'bias', shape: [columns] },
  ],
});
const flatten: Holder = { label: 'flatten', kind: 'Flatten', weights: [] };

/** An autoencoder of dense layers with these widths, the first that of the input, with layers without weights anywhere. */
function stacked(widths: readonly number[], gaps: readonly number[] = []): Holders {
  const layers = widths.slice(1).map((width, index) => dense(`e${index}`, widths[index] ?? 0, width));
  const mirrored = widths
    .slice(1)
    .map((width, index) => dense(`d${index}`, width, widths[index] ?? 0))
    .reverse();
  const spread = (list: readonly Holder[]): readonly Holder[] =>
    list.flatMap((layer, index) => (gaps.includes(index) ? [flatten, layer] : [layer]));
  return { encoder: spread(layers), decoder: spread(mirrored) };
}

const widths = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 2, maxLength: 6 });
const gaps = fc.array(fc.nat(5));

test('a deeper stack starts from a shallower one: outer layers match, and fit', () => {
  fc.assert(
    fc.property(
      widths,
      fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 3 }),
      gaps,
      gaps,
      (outer, inner, a, b) => {
        const matches = matchLayers(stacked(outer, a), stacked([...outer, ...inner], b));
        assert.equal(matches.length, 2 * (outer.length - 1));
        // The labels count from the outside.
        assert.ok(matches.every((match) => isFit(match) && match.from.label === match.to.label));
      },
    ),
  );
});

test('layers of another kind, width or set of weights do not fit', () => {
  const match = (from: Holder, to: Holder) => isFit({ part: 'encoder', from, to });
  const own = dense('one', 4, 3);
  assert.ok(match(own, dense('other', 4, 3)));
  assert.ok(match({ label: 'one', weights: own.weights }, own));
  assert.ok(!match(own, dense('other', 3, 4)));
  assert.ok(!match({ ...own, kind: 'Conv2D' }, own));
  assert.ok(!match(own, { ...own, weights: own.weights.slice(0, 1) }));
  assert.ok(!match({ ...own, weights: own.weights.slice(0, 1) }, own));
});

test('numbers count the layers of both lists from 1', () => {
  const layers = { encoder: ['a', 'b'], decoder: ['c', 'd'] };
  assert.deepEqual(frozenEntries('encoder', layers), ['a', 'b']);
  assert.deepEqual(frozenEntries('decoder', layers), ['c', 'd']);
  assert.deepEqual(frozenEntries([1, 4], layers), ['a', 'd']);
  assert.deepEqual(frozenEntries(undefined, layers), []);
});
