import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import { jpegHeader } from '../../src/formats/jpeg-header.ts';

const image = sharp({ create: { width: 17, height: 9, channels: 3, background: '#804020' } });

test('size, components and EXIF data are those that libvips finds', async () => {
  const cases = [
    await image.clone().jpeg().toBuffer(),
    await image.clone().jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer(),
    await image.clone().toColourspace('b-w').jpeg().toBuffer(),
    await image.clone().toColourspace('cmyk').jpeg().toBuffer(),
    await image.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    await image.clone().withIccProfile('p3').jpeg().toBuffer(),
  ];
  for (const bytes of cases) {
    const { width, height, channels, exif } = await sharp(bytes).metadata();
    const { depth, isBaseline, ...found } = jpegHeader(bytes) ?? {};
    assert.deepEqual(found, { width, height, components: channels, hasExif: exif !== undefined });
    assert.equal(depth, 8);
    assert.equal(isBaseline, bytes !== cases[1]);
  }
});

test('any bytes get an answer', async () => {
  const whole = await image.clone().jpeg().toBuffer();
  const change = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 });
  fc.assert(
    fc.property(change, fc.nat(whole.length), (changes, length) => {
      const bytes = Buffer.from(whole);
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      jpegHeader(bytes.subarray(0, length));
    }),
  );
  assert.equal(jpegHeader(Buffer.of()), undefined);
  assert.equal(jpegHeader(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')), undefined);
});
