import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nameProblem, twins } from '../../src/submission/names.ts';

const GOOD = [
  'manifest.json',
  'outputs/trained/model/autoencoder/weights.bin',
  'pipeline/Übung 1.yaml',
  'pipeline/实验.yaml',
  'a.b.c/.hidden',
  'console.log',
  'com.yaml',
  '__proto__',
];

const BAD = [
  '',
  '/etc/passwd',
  '../up',
  'a/../b',
  'a/./b',
  'a//b',
  'a/',
  '.',
  '..',
  'C:\\Windows',
  'c:/windows',
  'a\\b',
  '\\\\server\\share',
  'nul',
  'outputs/CON',
  'aux.txt',
  'COM1.json',
  'lpt9',
  'com¹',
  'conin$',
  'ends-with-dot.',
  'ends-with-blank ',
  'a /b',
  ' begins',
  'null\0byte',
  'line\nbreak',
  'escape\u001b[31m',
  'turn\u202egnp.exe',
  'zero\u200bwidth',
  'lone\ud800surrogate',
  'stream:alternate',
  'wild*card',
  'question?',
  'pipe|',
  'less<',
  'quote"',
  'cafe\u0301', // NFD
  'x'.repeat(129),
  `${'x'.repeat(100)}/`.repeat(5),
  'd/'.repeat(16) + 'f',
];

test('names are accepted only if they are unambiguous on every system', () => {
  for (const name of GOOD) assert.equal(nameProblem(name), undefined, name);
  for (const name of BAD) assert.notEqual(nameProblem(name), undefined, JSON.stringify(name));
});

test('an accepted name stays below any folder', () => {
  const folder = '/a/b/c';
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '.', '/', '\\', ':', ' ', '~', 'é') }), (name) => {
      if (nameProblem(name) !== undefined) return;
      const url = new URL(encodeURI(name), `file://${folder}/`);
      assert.ok(decodeURI(url.pathname).startsWith(`${folder}/`), name);
    }),
  );
});

test('names of the same file are found', () => {
  const pairs = [
    ['a', 'a'],
    ['Model/x', 'model/y'],
    ['a.JSON', 'A.json'],
    ['straße', 'STRASSE'],
    ['ﬁle', 'file'],
    ['K', 'k'], // Kelvin sign
    ['a', 'a/b'],
    ['a/b', 'A'],
    ['Ω', 'Ω'], // Ohm sign
    ['x/Y/1', 'x/y/2'],
  ] as const;
  for (const [one, other] of pairs) {
    assert.notEqual(twins([one, 'between', other]), undefined, `${one} ${other}`);
    assert.notEqual(twins([other, one]), undefined, `${other} ${one}`);
  }
  assert.equal(twins(['a/b', 'a/c', 'ab', 'b']), undefined);
});
