/** Decoding and resizing, compared with what Pillow makes of the same files (`pillow/pillow.py`). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { Failure } from '../../src/core/diagnostic.ts';
import { decodeImage } from '../../src/formats/decode.ts';
import { resizer } from '../../src/formats/resample.ts';
import { packageRoot } from '../../src/core/package-root.ts';
import type { ImageShape } from '../../src/core/stage-type.ts';

interface Facts {
  readonly resized: readonly { readonly from: ImageShape; readonly to: [number, number]; values: string }[];
  readonly decoded: readonly {
    readonly name: string;
    readonly file: string;
    readonly rgb: readonly number[];
    readonly gray: readonly number[];
  }[];
  /** Partly transparent images on red 255, green 0, blue 200. */
  readonly over: { readonly file: string; readonly rgb: readonly number[] };
  /** TIFF files of 16 bits, 2x2. */
  readonly wide: { readonly values: readonly number[]; readonly files: readonly string[] };
  /** A TIFF file of floats. */
  readonly floats: string;
  /** A GIF file with a transparent colour. */
  readonly hidden: string;
}

const FACTS = JSON.parse(
  readFileSync(join(packageRoot, 'test', 'formats', 'pillow', 'pillow.json'), 'utf8'),
) as Facts;

const GRAY = { crop: null, size: null, color: 'gray' } as const;
const RGB = { ...GRAY, color: 'rgb' } as const;

/** The images of `pillow.py`. */
function pattern([height, width, channels]: ImageShape): Uint8Array {
  return Uint8Array.from({ length: height * width * channels }, (_, index) => {
    const c = index % channels;
    const x = Math.floor(index / channels) % width;
    const y = Math.floor(index / channels / width);
    return (37 * y * y + 91 * x + 53 * x * y + 120 * c) % 256;
  });
}

function png(data: Uint8Array, [height, width, channels]: ImageShape): Promise<Buffer> {
  const raw = { width, height, channels: channels === 1 ? 1 : 3 } as const;
  const image = sharp(Buffer.from(data), { raw });
  return (channels === 1 ? image.toColourspace('b-w') : image).png().toBuffer();
}

function assertClose(
  found: ArrayLike<number>,
  wanted: ArrayLike<number>,
  name: string,
  levels: number,
): void {
  assert.equal(found.length, wanted.length, name);
  for (let index = 0; index < wanted.length; index++) {
    const difference = Math.abs((found[index] ?? NaN) - (wanted[index] ?? NaN));
    assert.ok(difference <= levels, `${name}: ${found[index]} for ${wanted[index]} at ${index}`);
  }
}

test('resizing equals Pillow within one level, while decoding and as a step', async () => {
  for (const { from, to, values } of FACTS.resized) {
    const wanted = Buffer.from(values, 'base64');
    const name = `${from.join('x')} to ${to.join('x')}`;
    assertClose(resizer(from, to)(pattern(from)), wanted, name, 1);
    const color = from[2] === 1 ? 'gray' : 'rgb';
    const file = await png(pattern(from), from);
    const { data, shape } = await decodeImage(file, { crop: null, size: to, color });
    assert.deepEqual(shape, [...to, from[2]]);
    assertClose(data, wanted, name, 1);
  }
});

test('a centred blob keeps its place at every size', () => {
  const blob = Uint8Array.from({ length: 784 }, (_, index) => {
    const [y, x] = [Math.floor(index / 28) - 13.5, (index % 28) - 13.5];
    return Math.round(255 * Math.exp(-(x * x + y * y) / 30));
  });
  for (const [rows, columns] of [
    [56, 56],
    [14, 14],
    [29, 41],
    [9, 112],
  ] as const) {
    const image = resizer([28, 28, 1], [rows, columns])(blob);
    let [sum, down, right] = [0, 0, 0];
    image.forEach((value, index) => {
      sum += value;
      down += value * Math.floor(index / columns);
      right += value * (index % columns);
    });
    assert.ok(Math.abs(down / sum - (rows - 1) / 2) < 1e-9, `${rows}x${columns}`);
    assert.ok(Math.abs(right / sum - (columns - 1) / 2) < 1e-9, `${rows}x${columns}`);
  }
});

test('every kind of file gives the colours and the luma that Pillow gives', async () => {
  for (const { name, file, rgb, gray } of FACTS.decoded) {
    const bytes = Buffer.from(file, 'base64');
    // Decoders of JPEG round differently.
    const levels = bytes[0] === 0xff ? 2 : 0;
    const colors = await decodeImage(bytes, RGB);
    assertClose(colors.data.subarray(0, 48), rgb, `${name} in colour`, levels);
    const luma = await decodeImage(bytes, GRAY);
    assertClose(luma.data.subarray(0, 16), gray, `${name} in gray`, levels);
    const transparent = /alpha|transparent/.test(name);
    assert.deepEqual([colors.transparent, luma.transparent], [transparent, transparent], name);
  }
});

test('gray is the luma of Rec. 601, and a profile changes nothing', async () => {
  const colors = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255);
  const file = await png(colors, [2, 2, 3]);
  assert.deepEqual([...(await decodeImage(file, GRAY)).data], [76, 150, 29, 255]);
  const tagged = await sharp(file).withIccProfile('p3').png().toBuffer();
  const again = await sharp(tagged, { ignoreIcc: true }).raw().toBuffer();
  assert.deepEqual([...(await decodeImage(tagged, RGB)).data], [...again.subarray(0, 12)]);
});

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** A PNG file of one row with 16 bits a value; `type` is 0 for gray, 2 for colours, 4 and 6 with alpha. */
function deepPng(values: readonly number[], type: 0 | 2 | 4 | 6): Buffer {
  const channels = { 0: 1, 2: 3, 4: 2, 6: 4 }[type];
  const header = Buffer.alloc(13);
  header.writeUInt32BE(values.length / channels, 0);
  header.writeUInt32BE(1, 4);
  header.set([16, type, 0, 0, 0], 8);
  const row = Buffer.alloc(1 + 2 * values.length);
  values.forEach((value, index) => row.writeUInt16BE(value, 1 + 2 * index));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(row)),
    chunk('IEND', Buffer.of()),
  ]);
}

test('all 16 bits of a PNG file are read', async () => {
  const values = [0, 1, 17, 255, 256, 4095, 40_001, 65_535];
  for (const options of [GRAY, RGB]) {
    const { data } = await decodeImage(deepPng(values, 0), options);
    const times = options === GRAY ? 1 : 3;
    assert.deepEqual(data, Uint16Array.from(values.flatMap((value) => Array<number>(times).fill(value))));
  }
  assert.deepEqual((await decodeImage(deepPng([7, 65_535, 300, 9], 4), GRAY)).data, Uint16Array.of(7, 300));
  const colors = [65_535, 0, 0, 0, 65_535, 0, 0, 0, 65_535];
  assert.deepEqual((await decodeImage(deepPng(colors, 2), RGB)).data, Uint16Array.from(colors));
  assert.deepEqual(
    (await decodeImage(deepPng(colors, 2), GRAY)).data,
    Uint16Array.from([0.299, 0.587, 0.114].map((weight) => Math.round(65_535 * weight))),
  );
  const half = await decodeImage(deepPng([0, 1000], 0), { ...GRAY, size: [1, 4] });
  assert.deepEqual(half.data, Uint16Array.of(0, 250, 750, 1000));
});

test('photos are upright, and the crop is that of the upright photo', async () => {
  const rows = [
    [10, 20, 30],
    [40, 50, 60],
  ];
  const upright: Readonly<Record<number, readonly (readonly number[])[]>> = {
    1: rows,
    2: [
      [30, 20, 10],
      [60, 50, 40],
    ],
    3: [
      [60, 50, 40],
      [30, 20, 10],
    ],
    6: [
      [40, 10],
      [50, 20],
      [60, 30],
    ],
    8: [
      [30, 60],
      [20, 50],
      [10, 40],
    ],
  };
  for (const [orientation, wanted] of Object.entries(upright)) {
    const image = sharp(Buffer.from(rows.flat()), { raw: { width: 3, height: 2, channels: 1 } });
    const bytes = await image
      .png()
      .withMetadata({ orientation: Number(orientation) })
      .toBuffer();
    const { data, shape } = await decodeImage(bytes, GRAY);
    assert.deepEqual([shape, [...data]], [[wanted.length, wanted[0]?.length, 1], wanted.flat()]);
    const last = wanted.length;
    const crop = { rows: [last - 1, last], columns: [0, 1] } as const;
    assert.deepEqual([...(await decodeImage(bytes, { ...GRAY, crop })).data], [wanted.at(-1)?.[0]]);
  }
});

test('transparent pixels show the requested background', async () => {
  const bytes = Buffer.from(FACTS.over.file, 'base64');
  const { data, transparent } = await decodeImage(bytes, { ...RGB, background: [255, 0, 200] });
  assertClose(data, FACTS.over.rgb, 'over a background', 1);
  assert.ok(transparent);
  assert.ok((await decodeImage(Buffer.from(FACTS.hidden, 'base64'), RGB)).transparent);
  const opaque = await png(pattern([3, 4, 3]), [3, 4, 3]);
  const plain = await decodeImage(opaque, RGB);
  assert.deepEqual(await decodeImage(opaque, { ...RGB, background: [9, 9, 9] }), plain);
  const deep = await decodeImage(deepPng([65_535, 0, 1000, 65_535], 4), {
    ...GRAY,
    background: [255, 255, 255],
  });
  assert.deepEqual(deep.data, Uint16Array.of(65_535, 1000));
});

test('all 16 bits of a TIFF file are read', async () => {
  for (const file of FACTS.wide.files)
    assert.deepEqual(
      (await decodeImage(Buffer.from(file, 'base64'), GRAY)).data,
      Uint16Array.from(FACTS.wide.values),
    );
});

const refused = async (bytes: Uint8Array): Promise<void> =>
  assert.rejects(
    decodeImage(bytes, RGB),
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'data-corrupt',
  );

test('files that are cut off, swapped or declare what they do not have are refused', async () => {
  const files = FACTS.decoded.map(({ file }) => Buffer.from(file, 'base64'));
  for (const bytes of files)
    for (const length of [0, 1, 10, 26, 40]) await refused(bytes.subarray(0, length));
  const bitmap = Buffer.from(FACTS.decoded.find(({ name }) => name === 'bitmap, RGB')?.file ?? '', 'base64');
  for (const [at, value] of [
    [18, 0],
    [18, 100_000],
    [18, -4],
    [22, 2 ** 31 - 1],
    [22, 40],
    [10, 2 ** 31 - 1],
    [14, 7],
    [28, 77],
    [30, 99],
  ] as const) {
    const changed = Buffer.from(bitmap);
    changed.writeInt32LE(value, at);
    await refused(changed);
  }
  await refused(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>'));
  await refused(Buffer.from('GIF89a'));
  await refused(Buffer.from(FACTS.floats, 'base64'));
});
