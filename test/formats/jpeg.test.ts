/** Plain JPEG files are decoded to the bits that libvips gives. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp, { type JpegOptions } from 'sharp';
import { decodeImage } from '../../src/formats/decode.ts';
import { jpegHeader } from '../../src/formats/jpeg-header.ts';
import { JpegDecoder } from '../../src/formats/jpeg.ts';

const KINDS: readonly JpegOptions[] = [
  {},
  { chromaSubsampling: '4:4:4' },
  { quality: 15 },
  { quality: 100 },
  { optimiseCoding: false },
  { progressive: true },
];

/** Noise on slopes: all coefficients, and values beyond black and white. */
async function jpeg(width: number, height: number, channels: 1 | 3, kind: JpegOptions): Promise<Buffer> {
  const data = Buffer.from(
    Array.from({ length: width * height * channels }, (_, at) => {
      const slope = ((at * 7) % 300) - 20;
      return Math.max(0, Math.min(255, slope + ((at * 2_654_435_761) % 97)));
    }),
  );
  const image = sharp(data, { raw: { width, height, channels } });
  return (channels === 1 ? image.toColourspace('b-w') : image).jpeg(kind).toBuffer();
}

test('plain files of any size and kind decode to the bits of libvips', async () => {
  let plain = 0;
  const decoder = new JpegDecoder();
  for (const [width, height] of [
    [1, 1],
    [2, 3],
    [8, 8],
    [17, 33],
    [5, 16],
    [63, 64],
    [250, 127],
  ] as const) {
    for (const kind of KINDS) {
      for (const channels of [1, 3] as const) {
        const bytes = await jpeg(width, height, channels, kind);
        const expected = await sharp(bytes).toColourspace('srgb').removeAlpha().raw().toBuffer();
        const { data } = await decodeImage(bytes, { crop: null, size: null, color: 'rgb' });
        assert.deepEqual([...data], [...expected], `${width}x${height}x${channels} ${JSON.stringify(kind)}`);
        const header = jpegHeader(bytes);
        if (header?.isBaseline !== true) continue;
        if (decoder.decode(bytes, header) !== undefined) plain += 1;
      }
    }
  }
  assert.equal(plain, 7 * 5 * 2);
});

test('a crop keeps the same pixels as libvips', async () => {
  const bytes = await jpeg(40, 30, 3, {});
  const crop = { rows: [5, 19], columns: [7, 40] } as const;
  const { data, shape } = await decodeImage(bytes, { crop, size: null, color: 'rgb' });
  const area = { left: 7, top: 5, width: 33, height: 14 };
  assert.deepEqual(shape, [14, 33, 3]);
  assert.deepEqual([...data], [...(await sharp(bytes).extract(area).raw().toBuffer())]);
  const wide = { rows: [0, 5], columns: [0, 41] } as const;
  await assert.rejects(decodeImage(bytes, { crop: wide, size: null, color: 'rgb' }), { name: 'Failure' });
});

test('damaged files are left to libvips, and the next file is decoded as usual', async () => {
  const bytes = await jpeg(64, 48, 3, {});
  const header = jpegHeader(bytes);
  assert.ok(header);
  const decoder = new JpegDecoder();
  const first = decoder.decode(bytes, header)?.data;
  for (let at = 20; at < bytes.length; at += 37) {
    assert.equal(decoder.decode(bytes.subarray(0, at), header), undefined);
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 0xff;
    decoder.decode(changed, header);
    assert.deepEqual(decoder.decode(bytes, header)?.data, first);
  }
  assert.equal(decoder.decode(bytes, { ...header, width: 65 }), undefined);
  // Nor does a file without tables get those of the one before it.
  const frame = bytes.indexOf(Buffer.of(0xff, 0xc0));
  assert.equal(
    decoder.decode(Buffer.concat([bytes.subarray(0, 2), bytes.subarray(frame)]), header),
    undefined,
  );
});
