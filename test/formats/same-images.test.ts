import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { joinNames, namesOf, takeNames, type ImageNames } from '../../src/formats/image-names.ts';
import { compareNames, countShared, isGuess } from '../../src/formats/same-images.ts';

const files = (...paths: readonly string[]): ImageNames => ({
  ...namesOf(`folder/${paths.join()}`, paths.length),
  files: paths,
});

const same = (one: ImageNames, other: ImageNames): boolean => compareNames(one, other) === undefined;

test('files are paired by their paths without extension', () => {
  const png = files('01.png', '02.png');
  assert.ok(same(png, files('01.jpg', '02.PNG')));
  assert.ok(same(files('caf\u00e9.png'), files('cafe\u0301.png')));
  assert.ok(!same(png, files('01.png', '03.png')));
  assert.ok(!same(png, files('02.png', '01.png')));
  assert.ok(!same(files('a.b.png'), files('a.c.png')));
  assert.ok(!same(png, files('01.png')));
});

test('class folders count where both sets have them', () => {
  const classes = files('cat/01.png', 'dog/02.png');
  assert.ok(same(classes, files('cat/01.jpg', 'dog/02.jpg')));
  assert.ok(!same(classes, files('cat/01.png', 'cat/02.png')));
  assert.ok(same(classes, files('01.png', '02.png')));
  assert.ok(!same(classes, files('02.png', '01.png')));
});

test('arrays are paired by place; a folder beside an array, too', () => {
  const [one, other] = [namesOf('array/1', 3), namesOf('array/2', 3)];
  assert.ok(same(one, other));
  assert.ok(same(one, files('a.png', 'b.png', 'c.png')));
  const left = takeNames(files('a.png', 'b.png', 'c.png'), Int32Array.of(0, 2));
  assert.ok(!same(takeNames(one, Int32Array.of(0, 1)), left));
  assert.ok(same(takeNames(one, Int32Array.of(0, 2)), left));
});

test('known sets, and sets in exchanged places, are different images', () => {
  assert.ok(!same(namesOf('mnist/train', 3), namesOf('fashion-mnist/train', 3)));
  assert.ok(!same(namesOf('mnist/train', 3), namesOf('mnist/test', 3)));
  assert.ok(same(namesOf('mnist/train', 3), namesOf('array/1', 3)));
  const [a, b] = [namesOf('array/1', 3), namesOf('array/2', 3)];
  assert.ok(!same(joinNames(a, b), joinNames(b, a)));
  // Noisy and clean images beside the clean ones twice: some pairs of noise, some of none.
  assert.ok(same(joinNames(a, b), joinNames(b, b)));
});

test('only images without names are compared by position', () => {
  assert.ok(!isGuess(namesOf('array/1', 3), namesOf('array/2', 3)));
  assert.ok(!isGuess(namesOf('stage/1', 3), namesOf('stage/1', 3)));
  assert.ok(isGuess(namesOf('stage/1', 3), namesOf('array/1', 3)));
});

test('the difference says what only one set has, and where they first differ', () => {
  const difference = compareNames(files('00.png', '01.png', '03.png'), files('00.png', '02.png', '03.png'));
  assert.deepEqual(difference?.missing, [['01.png'], ['02.png']]);
  assert.deepEqual(difference?.first, { row: 1, names: ['01.png', '02.png'] });
});

test('a set is the same as itself in this order alone', () => {
  const sources = fc.constantFrom(
    namesOf('array/1', 6),
    files('a.png', 'b.png', 'c.png', 'd.png', 'e.png', 'f.png'),
  );
  const rows = fc.uniqueArray(fc.nat(5), { minLength: 1 });
  fc.assert(
    fc.property(sources, sources, rows, rows, (one, other, first, second) => {
      const [a, b] = [takeNames(one, Int32Array.from(first)), takeNames(other, Int32Array.from(second))];
      assert.equal(same(a, b), first.join() === second.join());
      assert.equal(same(b, a), same(a, b));
    }),
  );
});

test('images of two sets are counted if they come from the same place of the same source', () => {
  const [one, other] = [
    joinNames(namesOf('a/1', 9), namesOf('a/2', 9)),
    joinNames(namesOf('a/2', 3), namesOf('a/3', 9)),
  ];
  assert.equal(countShared(one, other), 3);
  assert.equal(countShared(takeNames(one, Int32Array.of(0, 1, 2, 10)), other), 1);
  assert.equal(countShared(one, namesOf('a/3', 9)), 0);
});

test('more images than a JavaScript set can hold are compared', () => {
  const many = namesOf('array/1', 2 ** 24 + 1);
  assert.equal(countShared(many, namesOf('array/1', 5)), 5);
  const difference = compareNames(many, namesOf('array/2', 1));
  assert.deepEqual(difference, { byFile: false, otherSet: false });
});
