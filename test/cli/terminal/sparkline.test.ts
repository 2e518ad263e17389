import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ASCII_SPARKS, sparkline, SPARKS } from '../../../src/cli/terminal/sparkline.ts';
import { hasUnicode } from '../../../src/cli/terminal/terminal.ts';

test('bars follow the values, positive ones on a logarithmic scale', () => {
  assert.equal(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8), '▁▂▃▄▅▆▇█');
  assert.equal(sparkline([1, 1e-1, 1e-2, 1e-7], 8), '█▇▆▁');
  assert.equal(sparkline([3, 3, 3], 8), '▁▁▁');
  assert.equal(sparkline([], 8), '');
});

test('what is not finite is shown, even where a column shows several values', () => {
  assert.equal(sparkline([2, Number.NaN, 1, Infinity], 8), '█×▁×');
  assert.equal(sparkline([2, Number.NaN, 1, 1], 2, ASCII_SPARKS), 'x_');
  assert.equal(sparkline([Number.NaN, Number.NaN], 8), '××');
});

test('any values fit in the columns, in the order of their sizes', () => {
  const anyValue = fc.oneof(fc.double(), fc.float(), fc.constantFrom(0, -0, Number.NaN, Infinity));
  fc.assert(
    fc.property(
      fc.array(anyValue),
      fc.nat(40),
      fc.constantFrom(SPARKS, ASCII_SPARKS),
      (values, columns, symbols) => {
        const line = sparkline(values, columns, symbols);
        assert.equal(line.length, Math.min(values.length, columns));
        for (const character of line) assert.ok(`${symbols.levels}${symbols.broken}`.includes(character));
        if (values.length > columns) return;
        const level = (index: number): number => symbols.levels.indexOf(line[index] ?? '');
        values.forEach((value, index) => {
          if (Number.isFinite(value) && index > 0 && Number.isFinite(values[index - 1]))
            assert.ok(
              value >= (values[index - 1] ?? 0)
                ? level(index) >= level(index - 1)
                : level(index) <= level(index - 1),
            );
        });
      },
    ),
  );
});

test('the environment says whether a terminal shows Unicode', () => {
  for (const [env, expected] of [
    [{}, true],
    [{ LANG: 'en_GB.UTF-8' }, true],
    [{ LANG: 'en_GB.UTF-8', LC_ALL: 'C' }, false],
    [{ LANG: 'C', LC_CTYPE: 'C.utf8' }, true],
    [{ LANG: 'de_DE.ISO-8859-1' }, false],
    [{ LANG: 'en_GB.UTF-8', TERM: 'linux' }, false],
  ] as const)
    assert.equal(hasUnicode(env, 'linux'), expected, JSON.stringify(env));
  assert.equal(hasUnicode({}, 'win32'), false);
  assert.equal(hasUnicode({ WT_SESSION: '1' }, 'win32'), true);
});
