import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { editDistance, suggest } from '../../src/core/suggest.ts';

test('suggests what was meant', () => {
  const layer = ['Dense', 'Dropout', 'Flatten', 'Reshape', 'Conv2D', 'Conv2DTranspose', 'MaxPooling2D'];
  const keys = [
    'learning_rate',
    'filters',
    'kernel_size',
    'kernel_initializer',
    'batch_size',
    'stddev',
    'type',
    'mae',
    'mse',
  ];
  const cases: readonly (readonly [string, readonly string[], string | undefined])[] = [
    ['conv2d', layer, 'Conv2D'],
    ['Conv2dTranspose', layer, 'Conv2DTranspose'],
    ['MaxPool2d', layer, 'MaxPooling2D'],
    ['Flaten', layer, 'Flatten'],
    ['Desne', layer, 'Dense'],
    ['LSTM', layer, undefined],
    ['Dense', layer, undefined],
    ['kernelsize', keys, 'kernel_size'],
    ['kernel-size', keys, 'kernel_size'],
    ['kernal_size', keys, 'kernel_size'],
    ['filter', keys, 'filters'],
    ['tpye', keys, 'type'],
    ['lr', keys, 'learning_rate'],
    ['std', keys, 'stddev'],
    ['batch', keys, 'batch_size'],
    ['rate', keys, 'learning_rate'],
    ['kernel', keys, undefined],
    ['colour', keys, undefined],
    ['x', keys, undefined],
    ['', keys, undefined],
    ['k'.repeat(100_000), keys, undefined],
  ];
  for (const [word, candidates, expected] of cases)
    assert.equal(suggest(word, candidates), expected, word.slice(0, 40));
});

test('edit distance: insertions, removals, replacements and exchanges of neighbours', () => {
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(editDistance('abc', ''), 3);
  assert.equal(editDistance('kitten', 'sitting'), 3);
  assert.equal(editDistance('ab', 'ba'), 1);
  assert.equal(editDistance('ca', 'abc'), 3);
});

test('property: the distance is symmetric, zero only for the same word, and bounded by the longer word', () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b);
      assert.equal(distance, editDistance(b, a));
      assert.equal(distance === 0, a === b);
      assert.ok(distance <= Math.max(a.length, b.length));
      assert.ok(distance >= Math.abs(a.length - b.length));
    }),
  );
});

test('property: one slip in a longer word is always found', () => {
  const word = fc.stringMatching(/^[a-z]{5,12}$/);
  fc.assert(
    fc.property(word, fc.nat(), fc.constantFrom('remove', 'double', 'upper'), (meant, position, slip) => {
      const at = position % meant.length;
      const letter = meant.charAt(at);
      const replacement = { remove: '', double: letter + letter, upper: letter.toUpperCase() }[slip];
      const typed = meant.slice(0, at) + replacement + meant.slice(at + 1);
      assert.equal(suggest(typed, [meant]), meant);
    }),
  );
});
