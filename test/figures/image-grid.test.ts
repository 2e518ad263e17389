import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { Failure } from '../../src/core/diagnostic.ts';
import { renderPng } from '../../src/figures/figure.ts';
import {
  imageGrid,
  imageTiles,
  inRows,
  layoutGrid,
  type Box,
  type ImageGridOptions,
  type ImageTile,
} from '../../src/figures/image-grid.ts';
import { decodePng } from './decode.ts';

/** A tile with another value at every pixel. */
function gradient(height: number, width: number, channels: 1 | 3 = 1): ImageTile {
  const length = height * width * channels;
  return {
    height,
    width,
    channels,
    values: Float32Array.from({ length }, (_, index) => index / (length - 1)),
  };
}

function texts(svg: string): string[] {
  return [...parseHTML(svg).document.querySelectorAll('text')].map((element) => element.textContent ?? '');
}

/** Compares every pixel of the PNG with the tiles, at 1x and 2x. */
async function assertPixels(options: ImageGridOptions): Promise<void> {
  const figure = imageGrid(options);
  const top = Number(/<image [^>]*y="(\d+)"/.exec(figure.svg)?.[1]);
  const { rows, scale } = layoutGrid(options, 0);
  const offset = top - (rows[0]?.tiles[0]?.y ?? 0);
  for (const zoom of [1, 2]) {
    const pixels = await decodePng(renderPng(figure, zoom));
    assert.deepEqual([pixels.width, pixels.height], [figure.width * zoom, figure.height * zoom]);
    for (const [index, row] of rows.entries()) {
      for (const [column, box] of row.tiles.entries()) {
        const tile = options.rows[index]?.images[column];
        assert.ok(tile !== undefined);
        for (let y = 0; y < box.height * zoom; y++) {
          for (let x = 0; x < box.width * zoom; x++) {
            const source = Math.floor(y / zoom / scale) * tile.width + Math.floor(x / zoom / scale);
            const found = pixels.at(box.x * zoom + x, (box.y + offset) * zoom + y);
            const bytes = [0, 1, 2].map((channel): number => {
              const value = tile.values[source * tile.channels + (tile.channels === 3 ? channel : 0)] ?? NaN;
              return tile.values instanceof Uint8Array ? value : Math.round(value * 255);
            });
            assert.deepEqual(found, bytes, `tile ${index}, ${column} at ${x}, ${y}`);
          }
        }
      }
    }
  }
}

test('every pixel of a tile is a sharp square of its value', async () => {
  await assertPixels({
    title: 'Digits',
    rows: [{ label: 'Original', images: [gradient(5, 4), gradient(5, 4)] }],
  });
  await assertPixels({ rows: [{ images: [gradient(7, 5, 3)] }, { images: [gradient(7, 5)] }], tileScale: 3 });
  await assertPixels({
    rows: [{ images: [{ height: 1, width: 2, channels: 1, values: Uint8Array.of(0, 255) }] }],
  });
});

test('values beyond the range are clipped, and NaN is black', async () => {
  const values = Float32Array.of(-1, 2, Number.NaN, 0.5);
  const figure = imageGrid({
    rows: [{ images: [{ height: 1, width: 4, channels: 1, values }] }],
    tileScale: 1,
  });
  const pixels = await decodePng(renderPng(figure, 1));
  const row = [20, 21, 22, 23].map((x) => pixels.at(x, 20)[0]);
  assert.deepEqual(row, [0, 255, 0, 128]);
});

test('tiles of 28 pixels are drawn three times as large, larger ones less', () => {
  const scale = (height: number, width: number, columns: number) =>
    layoutGrid({ rows: [{ images: Array.from({ length: columns }, () => gradient(height, width)) }] }, 0)
      .scale;
  assert.equal(scale(28, 28, 10), 3);
  assert.equal(scale(28, 28, 1), 3);
  assert.equal(scale(28, 28, 16), 2);
  assert.equal(scale(64, 48, 5), 2);
  assert.equal(scale(300, 300, 5), 1);
});

test('title, labels and captions are escaped', () => {
  const { svg } = imageGrid({
    title: 'A <b> & "c"',
    subtitle: 'values 0 to 255',
    rows: [{ label: 'Original', images: [gradient(28, 28), gradient(28, 28)], captions: ['7', '<'] }],
  });
  assert.deepEqual(texts(svg), ['A <b> & "c"', 'values 0 to 255', 'Original', '7', '<']);
});

test('a caption that is too wide for its tile is shortened', () => {
  const captions = ['a caption much wider than its tile', 'b'];
  const { svg } = imageGrid({ rows: [{ images: [gradient(28, 28), gradient(28, 28)], captions }] });
  assert.match(texts(svg)[0] ?? '', /^a caption.*…$/);
});

test('positions along a row are whole: where they would touch, some are left out, the first never', () => {
  const captions = Array.from({ length: 20 }, (_, index) => String(index - 10.25));
  const images = captions.map(() => gradient(28, 28));
  const drawn = texts(imageGrid({ rows: [{ images, captions, isAxis: true }], gap: 0 }).svg);
  assert.equal(drawn[0], captions[0]);
  assert.ok(drawn.length > 4 && drawn.length < 20, drawn.join());
  const step = captions.indexOf(drawn[1] ?? '');
  assert.deepEqual(
    drawn,
    captions.filter((_, index) => index % step === 0),
  );
  const few = texts(
    imageGrid({ rows: [{ images: images.slice(3), captions: ['1', '2', '3'], isAxis: true }] }).svg,
  );
  assert.deepEqual(few, ['1', '2', '3']);
});

test('odd grids', async () => {
  const constant = { height: 28, width: 28, channels: 1 as const, values: new Float32Array(784).fill(1) };
  const odd: ImageGridOptions[] = [
    { rows: [{ images: [constant] }] },
    { rows: [{ images: [] }, { label: 'only one', images: [gradient(1, 1)] }] },
    { title: 'a title that is far wider than the only tile below it', rows: [{ images: [gradient(4, 4)] }] },
    {
      rows: inRows(
        Array.from({ length: 7 }, () => gradient(64, 48, 3)),
        1,
      ),
    },
    { rows: [{ images: [gradient(3, 9), gradient(9, 3, 3)] }] },
  ];
  for (const options of odd) {
    const figure = imageGrid(options);
    const { width, height } = await decodePng(renderPng(figure));
    assert.deepEqual([width, height], [2 * figure.width, 2 * figure.height]);
  }
});

test('no image at all is a failure', () => {
  for (const rows of [[], [{ label: 'empty', images: [] }]]) {
    assert.throws(
      () => imageGrid({ rows }),
      (error) => error instanceof Failure && error.diagnostics[0]?.code === 'out-of-range',
    );
  }
});

const sizes = fc.integer({ min: 1, max: 40 });
const rows = fc.array(
  fc.record(
    {
      label: fc.constantFrom('Original', 'a label long enough to be broken into lines', ''),
      images: fc.array(
        fc.tuple(sizes, sizes).map(([height, width]) => gradient(height, width)),
        { maxLength: 6 },
      ),
      captions: fc.array(fc.constantFrom('7', 'Ankle boot'), { maxLength: 6 }),
    },
    { requiredKeys: ['images'] },
  ),
  { minLength: 1, maxLength: 5 },
);

test('tiles are at whole pixels, inside the figure, and do not overlap', () => {
  const overlap = (a: Box, b: Box) =>
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
  fc.assert(
    fc.property(rows, fc.nat({ max: 200 }), (list, top) => {
      const layout = layoutGrid({ rows: list }, top);
      const boxes = layout.rows.flatMap((row) => row.tiles);
      for (const [index, box] of boxes.entries()) {
        assert.ok([box.x, box.y, box.width, box.height].every(Number.isInteger));
        assert.ok(box.y >= top && box.x + box.width < layout.width && box.y + box.height < layout.height);
        assert.ok(boxes.slice(index + 1).every((other) => !overlap(box, other)));
      }
      for (const row of layout.rows) {
        assert.ok(row.tiles.every((box) => row.label.length === 0 || box.x > row.labelEnd));
        assert.ok([...row.label, ...row.captions].every(({ y }) => y > top && y < layout.height));
        const [caption] = row.captions;
        assert.ok(caption === undefined || row.tiles.every((box) => box.y + box.height < caption.y));
      }
    }),
    { numRuns: 100 },
  );
});

test('images become tiles with their range from black to white', () => {
  const tiles = imageTiles(Float32Array.of(0, 255, 51, 102, 300, -1), [1, 2, 1], [0, 255]);
  assert.equal(tiles.length, 3);
  assert.deepEqual(tiles[1], { height: 1, width: 2, channels: 1, values: Float32Array.of(0.2, 0.4) });
  assert.throws(() => imageTiles(new Float32Array(4), [1, 2, 2], [0, 1]), Failure);
});
