import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderPng } from '../../src/figures/figure.ts';
import { encodePng } from '../../src/figures/png.ts';
import {
  floatsOf,
  isDrawingOf,
  similarFloats,
  similarJson,
  similarPng,
  similarSvg,
} from '../../src/submission/similar.ts';

const text = (value: unknown): Buffer =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const sameJson = (submitted: unknown, ours: unknown): boolean =>
  similarJson(text(submitted), text(ours), 'measuring');

test('JSON is compared member by member, and numbers within the tolerances of their names', () => {
  const ours = {
    mse: 0.02,
    images: 5,
    title: 'loss 0.25 after 3 epochs',
    converged: true,
    log: false,
    none: null,
    list: [1, null, { psnr: 18 }],
  };
  assert.ok(sameJson(ours, ours));
  for (const changed of [
    { mse: 0.0200001 },
    { title: 'loss 0.26 after 3 epochs' },
    { converged: false },
    { list: [1, null, { psnr: 18.005 }] },
  ]) {
    assert.ok(sameJson({ ...ours, ...changed }, ours), JSON.stringify(changed));
  }
  for (const changed of [
    { mse: 0.021 },
    { mse: '0.02' },
    { images: 6 },
    { title: 'loss 0.29 after 3 epochs' },
    { title: 'gain 0.25 after 3 epochs' },
    { title: 'loss 0.25' },
    { title: '' },
    { title: 5 },
    { converged: 1 },
    { log: true },
    { none: 0 },
    { list: [1, null] },
    { list: [null, null, { psnr: 18 }] },
    { list: [1, null, 18] },
    { list: { 0: 1 } },
    { more: 1 },
  ]) {
    assert.ok(!sameJson({ ...ours, ...changed }, ours), JSON.stringify(changed));
  }
  const { none: _none, ...less } = ours;
  assert.ok(!sameJson({ ...less, other: null }, ours));
  assert.ok(!sameJson('{', ours));
  assert.ok(!sameJson([], ours));
  assert.ok(!sameJson({}, ''));
});

test('float32 files are compared number by number', () => {
  const floats = (...values: readonly number[]): Buffer => Buffer.from(Float32Array.from(values).buffer);
  assert.ok(similarFloats(floats(1, -2), floats(1.00001, -2)));
  assert.ok(!similarFloats(floats(1, -2), floats(1.01, -2)));
  assert.ok(!similarFloats(floats(NaN), floats(1)));
  assert.ok(!similarFloats(floats(1), floats(1, 2)));
  assert.deepEqual([...floatsOf(Buffer.concat([floats(3), Buffer.alloc(2)]))], [3]);
});

/** A PNG of grey pixels. */
const png = (width: number, values: readonly number[]): Buffer =>
  Buffer.from(
    encodePng({ width, height: values.length / width, channels: 1, pixels: Uint8Array.from(values) }),
  );

test('pictures are compared pixel by pixel, more closely for the same weights', async () => {
  const ours = png(4, [0, 50, 100, 150, 200, 250, 0, 0]);
  const close = png(4, [0, 51, 100, 150, 200, 250, 0, 0]);
  const rough = png(4, [0, 60, 100, 150, 200, 250, 0, 0]);
  const far = png(4, [255, 255, 255, 0, 0, 0, 255, 255]);
  assert.ok(await similarPng(close, ours, 'measuring'));
  assert.ok(!(await similarPng(rough, ours, 'measuring')));
  assert.ok(await similarPng(rough, ours, 'training'));
  assert.ok(!(await similarPng(far, ours, 'training')));
  assert.ok(!(await similarPng(png(2, [0, 50, 100, 150, 200, 250, 0, 0]), ours, 'training')));
  assert.ok(!(await similarPng(text('no picture'), ours, 'training')));
  assert.ok(!(await similarPng(ours, text('no picture'), 'training')));
});

const svg = (inside: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="8" height="4" viewBox="0 0 8 4">${inside}</svg>`;
const image = (data: Buffer): string => `<image href="data:image/png;base64,${data.toString('base64')}"/>`;

test('figures agree if only coordinates, texts and images differ by rounding', async () => {
  const same = (submitted: string, ours: string): Promise<boolean> =>
    similarSvg(text(svg(submitted)), text(svg(ours)), 'measuring');
  const ours = png(1, [10, 20, 30, 40, 50]);
  assert.ok(await same('<rect x="1.2"/>', '<rect x="1.5"/>'));
  assert.ok(!(await same('<rect x="1"/>', '<rect x="3"/>')));
  assert.ok(!(await same('<rect y="1"/>', '<rect x="1"/>')));
  assert.ok(!(await same('<script/>', '<rect/>')));
  assert.ok(await same('<text>mse 0.21</text>', '<text>mse 0.22</text>'));
  assert.ok(!(await same('<text>mse 0.21</text>', '<text>ssim 0.22</text>')));
  assert.ok(await same('<g aria-label="loss 0.5"/>', '<g aria-label="loss 0.6"/>'));
  assert.ok(!(await same('<g fill="#ff0000"/>', '<g fill="#00ff00"/>')));
  assert.ok(await same(image(png(1, [10, 21, 30, 40, 50])), image(ours)));
  assert.ok(!(await same(image(png(1, [10, 99, 30, 40, 50])), image(ours))));
  assert.ok(!(await same('<image href="https://a.b/c"/>', image(ours))));
  assert.ok(!(await same('', '<rect/>')));
  assert.ok(!(await similarSvg(Buffer.alloc(0), text(svg('')), 'measuring')));
});

test('a picture is recognised as the rendering of its figure, or another one', async () => {
  const figure = (fill: string): string => svg(`<rect width="8" height="4" fill="${fill}"/>`);
  const drawn = Buffer.from(renderPng({ svg: figure('#204060'), width: 8, height: 4 }, 2));
  assert.ok(await isDrawingOf(drawn, text(figure('#204060'))));
  assert.ok(!(await isDrawingOf(drawn, text(figure('#a04060')))));
  assert.ok(!(await isDrawingOf(drawn, text(svg('').replaceAll('8', '16')))));
  assert.ok(!(await isDrawingOf(drawn, text(svg('').replaceAll('4"', '6"')))));
  assert.ok(!(await isDrawingOf(text('no picture'), text(figure('#204060')))));
});
