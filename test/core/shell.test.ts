import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { shellWord } from '../../src/core/shell.ts';

test('plain words stay as they are', () => {
  for (const word of ['run', 'pipelines/a-b_c.yaml', 'seed=1', '--time=0:10', 'a@b%c+d,e']) {
    assert.equal(shellWord(word), word);
  }
});

test('property: a shell takes a word for what it is', () => {
  const word = fc.string({ unit: 'grapheme-ascii' }).filter((text) => !text.includes('\0'));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), (words) => {
      const script = `printf '%s\\0' ${words.map(shellWord).join(' ')}`;
      const printed = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
      assert.deepEqual(printed.split('\0').slice(0, -1), words);
    }),
    { numRuns: 50 },
  );
});
