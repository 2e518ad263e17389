import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { shellWord } from '../../src/core/shell.ts';

test('plain words stay as they are', () => {
  for (const word of ['run', 'pipelines/a-b_c.yaml', 'seed=1', '--time=0:10', 'a@b%c+d,e']) {
    assert.equal(shellWord(word, 'linux'), word);
  }
});

test('property: a shell reads a quoted word as the original', () => {
  const word = fc.string({ unit: 'grapheme-ascii' }).filter((text) => !text.includes('\0'));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), (words) => {
      const script = `printf '%s\\0' ${words.map((each) => shellWord(each, 'linux')).join(' ')}`;
      const printed = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
      assert.deepEqual(printed.split('\0').slice(0, -1), words);
    }),
    { numRuns: 50 },
  );
});

test('on Windows plain paths need no quotes; spaces, commas and special characters of cmd and PowerShell get double ones', () => {
  for (const word of ['run', 'C:\\a-b\\c.yaml', 'pipelines/x.yaml', 'seed=1'])
    assert.equal(shellWord(word, 'win32'), word);
  for (const word of ['my file.yaml', 'a=1,2', 'a&b', 'x|y', '(z)', "it's", '[1]', '@x', ''])
    assert.equal(shellWord(word, 'win32'), `"${word}"`);
  assert.equal(shellWord('C:\\my folder\\', 'win32'), '"C:\\my folder\\\\"');
});

/** The words of a command line, as programs for Windows split it ("Parsing C command-line arguments" in Microsoft's documentation). */
function splitAsWindows(line: string): readonly string[] {
  const words: string[] = [];
  let [word, isQuoted] = ['', false];
  for (let at = 0; at < line.length; at += 1) {
    const backslashes = /^\\*/.exec(line.slice(at))?.[0].length ?? 0;
    const isBeforeQuote = line[at + backslashes] === '"';
    if (backslashes > 0) {
      word += '\\'.repeat(isBeforeQuote ? Math.floor(backslashes / 2) : backslashes);
      at += backslashes - 1;
      if (isBeforeQuote && backslashes % 2 === 1) word += line[++at] ?? '';
    } else if (isBeforeQuote && isQuoted && line[at + 1] === '"') word += line[++at] ?? '';
    else if (isBeforeQuote) isQuoted = !isQuoted;
    else if (line[at] === ' ' && !isQuoted) {
      words.push(word);
      word = '';
    } else word += line[at] ?? '';
  }
  return [...words, word];
}

test('property: a Windows program gets the original word, and cmd sees no special character outside quotes', () => {
  const word = fc.string({ unit: fc.constantFrom(...'ab \\"&|<>^()=,;\'$.') });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), (words) => {
      const line = words.map((each) => shellWord(each, 'win32')).join(' ');
      assert.deepEqual(splitAsWindows(line), words);
      // In cmd every quote begins or ends a quotation.
      const outside = line.split('"').filter((_, index) => index % 2 === 0);
      assert.ok(!/[&|<>^()]/.test(outside.join('')), line);
    }),
  );
});

/** Signs that start a variable, or an expression, after a `$`. */
const VARIABLE = /^[\w{(?^$:]/;

/**
 * The words of a command line, as PowerShell splits it in argument mode (`about_Parsing`, `about_Quoting_Rules`): a word that begins
 * with a quote ends with it; in other words, quotes may begin and end anywhere. A `$` before a variable's name replaces it, inside
 * double quotes, too.
 */
function splitAsPowerShell(line: string): readonly string[] {
  const words: string[] = [];
  let rest = line;
  while (rest !== '') {
    const startsQuoted = rest.startsWith('"');
    let [word, isQuoted] = ['', false];
    while (rest !== '' && (isQuoted || !rest.startsWith(' '))) {
      const [sign = ''] = rest;
      const isPair = isQuoted && rest.startsWith('""');
      rest = rest.slice(isPair ? 2 : 1);
      if (sign === '$') assert.doesNotMatch(rest, VARIABLE, line);
      if (sign === '"' && !isPair) {
        isQuoted = !isQuoted;
        if (startsQuoted && !isQuoted) assert.match(rest, /^(?: |$)/, line);
      } else {
        assert.ok(isQuoted || !/[&|<>(){};,'`@#]/.test(sign), line);
        word += sign;
      }
    }
    assert.ok(!isQuoted, line);
    words.push(word);
    rest = rest.slice(1);
  }
  return words;
}

test('property: PowerShell hands on a word as it is, but for what cannot be written for cmd, too', () => {
  const sign = fc.constantFrom(...'ab "&|<>^(){}=,;\'$.-@#%:');
  const word = fc.string({ unit: sign }).filter((text) => !text.includes('$') || /^\w/.test(text));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), (words) => {
      const line = words.map((each) => shellWord(each, 'win32')).join(' ');
      assert.deepEqual(splitAsPowerShell(line), words);
    }),
    { numRuns: 300 },
  );
});

test('references between settings survive both shells of Windows', () => {
  assert.equal(shellWord('stages.a.units=${params.n}', 'win32'), 'stages.a.units"="$"{params.n}"');
  assert.equal(shellWord('-a.b', 'win32'), '"-a.b"');
  for (const option of ['-S', '--outputs', '--allow-plugins'])
    assert.equal(shellWord(option, 'win32'), option);
});
