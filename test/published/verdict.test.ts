/** A mean is compared with a published number by its tolerance and its direction. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isMismatch, judge } from '../../src/published/verdict.ts';

const number = fc.double({ min: -1000, max: 1000, noNaN: true });
const tolerance = fc.double({ min: 0, max: 10, noNaN: true });

test('a result within the tolerance is met, whatever the direction', () => {
  fc.assert(
    fc.property(
      number,
      tolerance,
      fc.double({ min: -1, max: 1, noNaN: true }),
      fc.constantFrom('lower', 'higher', 'close'),
      (value, allowed, share, better) => {
        const mean = value + share * allowed;
        assert.equal(judge({ value, tolerance: allowed, better }, mean).state, 'met');
      },
    ),
  );
});

test('beyond the tolerance, only the better side counts, and `close` has none', () => {
  fc.assert(
    fc.property(
      number,
      tolerance,
      fc.double({ min: 0.001, max: 100, noNaN: true }),
      (value, allowed, more) => {
        const [above, below] = [value + allowed + more, value - allowed - more];
        const judged = (better: 'lower' | 'higher' | 'close', mean: number): string =>
          judge({ value, tolerance: allowed, better }, mean).state;
        assert.equal(judged('lower', above), 'not met');
        assert.equal(judged('lower', below), 'better');
        assert.equal(judged('higher', above), 'better');
        assert.equal(judged('higher', below), 'not met');
        assert.equal(judged('close', above), 'not met');
        assert.equal(judged('close', below), 'not met');
      },
    ),
  );
});

test('without enough in the source there is no verdict, however near or far the mean is', () => {
  fc.assert(
    fc.property(number, tolerance, number, (value, allowed, mean) => {
      const figure = { value, tolerance: allowed, better: 'lower', incomparable: 'no epochs' } as const;
      const verdict = judge(figure, mean);
      assert.equal(verdict.state, 'not comparable');
      assert.equal(isMismatch(verdict), false);
    }),
  );
});

test('the difference is told from the published number, not from the end of the tolerance', () => {
  const published = { value: 0.08, tolerance: 0.005, better: 'lower' } as const;
  assert.match(judge(published, 0.0921).text, /higher by 0\.012 \(15 %\)/);
  assert.match(judge(published, 0.0601).text, /lower by 0\.02/);
  assert.doesNotMatch(judge({ value: 0, tolerance: 0, better: 'lower' }, 1).text, /%/);
});
