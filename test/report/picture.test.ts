import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderPng } from '../../src/figures/figure.ts';
import { readPicture } from '../../src/report/picture.ts';
import { drawing, makeOutputs } from './outputs.ts';

const FIGURE = drawing('Two <digits> & "more"', 2);
const PNG = renderPng(FIGURE);

test('of the files of a picture, the smaller complete one is used, with its description', async (t) => {
  const { folder, write } = makeOutputs(t);
  write('a/figure.svg', FIGURE.svg);
  write('a/figure.png', PNG);
  const { picture, unshown } = await readPicture(folder, ['a/figure.png', 'a/figure.svg'], 'fallback');
  assert.deepEqual(unshown, []);
  assert.equal(picture?.path, PNG.length < FIGURE.svg.length ? 'a/figure.png' : 'a/figure.svg');
  const svg = await readPicture(folder, ['a/figure.svg'], 'fallback');
  assert.equal(svg.picture?.alt, 'Two <digits> & "more"');
  assert.deepEqual([svg.picture?.width, svg.picture?.height], [FIGURE.width, FIGURE.height]);
  const png = await readPicture(folder, ['a/figure.png'], 'fallback');
  assert.equal(png.picture?.alt, 'fallback');
  assert.deepEqual([png.picture?.width, png.picture?.height], [FIGURE.width, FIGURE.height]);
});

test('any byte of a PNG that is changed, and any that is missing, is noticed', async (t) => {
  const { folder, write } = makeOutputs(t);
  for (const position of [0, 17, 30, PNG.length >> 1, PNG.length - 6]) {
    const changed = Buffer.from(PNG);
    changed.writeUInt8(changed.readUInt8(position) ^ 0x10, position);
    write('a/changed.png', changed);
    const { picture, unshown } = await readPicture(folder, ['a/changed.png'], '');
    assert.equal(picture, undefined, `byte ${position}`);
    assert.equal(unshown[0]?.path, 'a/changed.png');
  }
  for (const length of [0, 7, 20, PNG.length - 1]) {
    write('a/cut.png', PNG.subarray(0, length));
    assert.equal((await readPicture(folder, ['a/cut.png'], '')).picture, undefined, `${length} bytes`);
  }
});

test('a damaged file gives way to the whole one beside it', async (t) => {
  const { folder, write } = makeOutputs(t);
  write('a/figure.svg', FIGURE.svg.slice(0, -20));
  write('a/figure.png', PNG);
  const { picture, unshown } = await readPicture(folder, ['a/figure.png', 'a/figure.svg'], '');
  assert.equal(picture?.path, 'a/figure.png');
  assert.deepEqual(
    unshown.map(({ path }) => path),
    ['a/figure.svg'],
  );
});
