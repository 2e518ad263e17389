/** Arrays of the user: which types and shapes are taken, and which are refused and where. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readNumpyFile } from '../../../../src/formats/numpy.ts';
import type { IdxDatasetSettings } from '../../../../src/schema/generated/settings.ts';
import { Failure } from '../../../../src/core/diagnostic.ts';
import { sizeOf } from '../../../../src/core/shape.ts';
import { npy } from '../../../formats/numpy-files.ts';
import { temporaryFolder } from '../../context.ts';
import { bytesOf, load, refusal, run } from './load.ts';

const swapped = (data: Uint8Array, size: number): Uint8Array =>
  Uint8Array.from(data, (_, index) => data[index - (index % size) + size - 1 - (index % size)] ?? 0);

/** The types behind each name in the schema's and the documents' list, with the values 0, 1 and 200 or 100. */
const TYPES: Readonly<Record<string, ArrayBufferView>> = {
  b1: Uint8Array.of(0, 1, 1),
  i1: Int8Array.of(0, 1, 100),
  u1: Uint8Array.of(0, 1, 200),
  i2: Int16Array.of(0, 1, 200),
  u2: Uint16Array.of(0, 1, 200),
  i4: Int32Array.of(0, 1, 200),
  u4: Uint32Array.of(0, 1, 200),
  i8: BigInt64Array.of(0n, 1n, 200n),
  u8: BigUint64Array.of(0n, 1n, 200n),
  f2: Uint16Array.of(0, 0x3c00, 0x5a40),
  f4: Float32Array.of(0, 1, 200),
  f8: Float64Array.of(0, 1, 200),
};

test('every type is read as its values, in both byte orders', async (t) => {
  const highest: Readonly<Record<string, number>> = { b1: 1, i1: 100 };
  for (const [type, values] of Object.entries(TYPES)) {
    const size = Number(type.slice(1));
    const wanted = [0, 1, highest[type] ?? 200];
    for (const order of size === 1 ? ['|'] : ['<', '>']) {
      const data = order === '>' ? swapped(bytesOf(values), size) : bytesOf(values);
      const { train, record } = await load(
        t,
        { x: npy(`${order}${type}`, '(1, 1, 3)', data) },
        { normalize: 'none' },
      );
      assert.deepEqual([...train.data], wanted, `${order}${type}`);
      assert.deepEqual([train.scale, train.offset, record.scale], [1, 0, 1], `${order}${type}`);
      const labels = /^[iub]/.test(type) ? npy(`${order}${type}`, '(3,)', data) : undefined;
      if (labels === undefined) continue;
      const { train: labelled } = await load(t, {
        x: npy('|u1', '(3, 1, 1)', Uint8Array.of(0, 9, 255)),
        y: labels,
      });
      assert.deepEqual([...(labelled.labels ?? [])], wanted, `labels ${order}${type}`);
    }
  }
});

test('halves are the floats that their bits mean', async (t) => {
  const bits = Uint16Array.of(0x0001, 0x03ff, 0x0400, 0x3555, 0x7bff, 0xc000, 0x8000);
  const { train } = await load(t, { x: npy('<f2', '(1, 1, 7)', bytesOf(bits)) });
  const wanted = [2 ** -24, 1023 * 2 ** -24, 2 ** -14, 0.333251953125, 65_504, -2, -0];
  assert.deepEqual([...train.data], wanted);
  assert.equal(
    await refusal(load(t, { x: npy('<f2', '(1, 1, 1)', bytesOf(Uint16Array.of(0x7c00))) })),
    'data-corrupt train_images',
  );
});

test('the order of axes in the file does not matter', async (t) => {
  const path = join(temporaryFolder(t), 'x.npy');
  const axes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(axes, async (shape) => {
      const count = sizeOf(shape);
      // Each value encodes its position: the last axis varies fastest in C's order, the first in Fortran's.
      const fortran = Uint8Array.from({ length: count }, (_, index) => {
        let rest = index;
        const place = shape.map((length) => {
          const own = rest % length;
          rest = (rest - own) / length;
          return own;
        });
        return place.reduce((total, own, axis) => total * (shape[axis] ?? 1) + own, 0);
      });
      const text = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
      writeFileSync(path, npy('|u1', text, fortran, 'True'));
      const { data } = await readNumpyFile(path);
      assert.deepEqual([...data], [...Array(count).keys()]);
    }),
    { numRuns: 60 },
  );
});

test('arrays that are not images are refused, with the line that fixes them', async (t) => {
  const shapes = [
    [6, 2, 4, 4, 3],
    [6, 28, 28, 1, 1],
    [6, 1, 28, 28, 1],
    [6, 784],
    [10, 30],
    [28, 28],
    [784],
    [],
    [6, 3, 32, 32],
    [6, 1, 28, 28],
    [6, 3, 20, 30],
    [6, 4, 16, 16],
    [32, 32, 3],
    [28, 28, 1],
    [0, 28, 28],
    [6, 0, 28],
    [6, 28, 28, 0],
    [2, 2, 2, 2, 2, 2],
  ];
  for (const shape of shapes) {
    const text = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
    const x = npy(
      '|u1',
      text,
      Uint8Array.from({ length: sizeOf(shape) }, (_, index) => index),
    );
    assert.equal(await refusal(load(t, { x })), 'data-corrupt train_images', text);
  }
  for (const shape of ['(9, 9, 3)', '(2, 8, 1)', '(5, 6, 4)'])
    await assert.rejects(
      load(t, { x: npy('|u1', shape, sizeOf(shape.slice(1, -1).split(', ').map(Number))) }),
      (error) => {
        const hint = error instanceof Failure ? error.diagnostics[0]?.hint : undefined;
        // A picture, or narrow gray ones.
        assert.ok(hint?.includes('x[None]') && hint.includes(`x.reshape${shape.replace(')', ', 1)')}`), hint);
        return true;
      },
    );
  for (const shape of ['(2, 5, 7)', '(2, 5, 7, 1)', '(2, 5, 7, 3)', '(2, 1, 5, 3)', '(5, 2, 3)']) {
    const size = sizeOf(shape.slice(1, -1).split(', ').map(Number));
    await load(t, {
      x: npy(
        '|u1',
        shape,
        Uint8Array.from({ length: size }, (_, index) => 255 - index),
      ),
    });
  }
});

test('labels that do not belong to the images are refused at their setting', async (t) => {
  const x = npy(
    '|u1',
    '(6, 2, 2)',
    Uint8Array.from({ length: 24 }, (_, index) => index * 11),
  );
  const wrong: Readonly<Record<string, Buffer>> = {
    'too few': npy('|u1', '(4,)', 4),
    'too many': npy('|u1', '(8,)', 8),
    none: npy('|u1', '(0,)', 0),
    'one-hot without a 1': npy('<f4', '(6, 10)', 240),
    'one-hot with two': npy('|u1', '(6, 2)', Uint8Array.of(1, 0, 0, 1, 1, 1, 0, 1, 1, 0, 1, 0)),
    'one-hot with others': npy('|u1', '(6, 2)', Uint8Array.of(1, 0, 0, 1, 2, 0, 0, 1, 1, 0, 1, 0)),
    'a grid': npy('|u1', '(2, 3)', 6),
    'broken floats': npy('<f4', '(6,)', bytesOf(Float32Array.of(0.5, 0, 0, 0, 0, 0))),
    nan: npy('<f4', '(6,)', bytesOf(Float32Array.of(NaN, 0, 0, 0, 0, 0))),
    negative: npy('<i8', '(6,)', bytesOf(BigInt64Array.of(-1n, 0n, 0n, 0n, 0n, 0n))),
    huge: npy('<u4', '(6,)', bytesOf(Uint32Array.of(2 ** 32 - 1, 0, 0, 0, 0, 0))),
    'empty texts': npy('<U3', '(6,)', 72),
    'texts that are none': npy('<U1', '(6,)', new Uint8Array(24).fill(0xff)),
    objects: npy('|O', '(6,)', 48),
  };
  for (const [name, y] of Object.entries(wrong)) {
    assert.equal(await refusal(load(t, { x, y })), 'data-corrupt train_labels', name);
  }
});

test('values that are not pixels are refused', async (t) => {
  const wrong: Readonly<Record<string, Buffer>> = {
    nan: npy('<f4', '(1, 1, 2)', bytesOf(Float32Array.of(0, NaN))),
    infinite: npy('>f8', '(1, 1, 2)', swapped(bytesOf(Float64Array.of(0, -Infinity)), 8)),
    'beyond float32': npy('<f8', '(1, 1, 2)', bytesOf(Float64Array.of(0, 1e300))),
    negative: npy('<i2', '(1, 1, 2)', bytesOf(Int16Array.of(0, -5))),
    'beyond 16 bits': npy('<i8', '(1, 1, 2)', bytesOf(BigInt64Array.of(0n, 65_536n))),
    complex: npy('<c8', '(1, 1, 2)', 16),
    times: npy('<M8', '(1, 1, 2)', 16),
    texts: npy('|S3', '(1, 1, 2)', Buffer.from('catdog')),
    'texts that are numbers': npy('|S3', '(1, 1, 2)', Buffer.from('127255')),
    'a huge declared size': npy('|u1', '(99999999999, 28, 28)', 784),
    'a size too small': npy('|u1', '(1, 1, 1)', 2),
  };
  for (const [name, x] of Object.entries(wrong)) {
    assert.equal(await refusal(load(t, { x })), 'data-corrupt train_images', name);
  }
});

test('for records and strings instead of pixels, the message says how to convert them or where they belong', async (t) => {
  // The list of fields has no quotation marks.
  const fields = npy('', '(3,)', 24).toString('latin1').replace("''", "[('a', '<f4'), ('b', '<f4')]");
  const length = fields.indexOf('\n') - 9;
  const records = Buffer.from(fields, 'latin1');
  records.writeUInt16LE(length, 8);
  const cases: readonly (readonly [Buffer, RegExp])[] = [
    [records, /structured_to_unstructured\(x\)/],
    [npy('|S3', '(2,)', Buffer.from('catdog')), /train_labels/],
    [npy('|S3', '(2,)', Buffer.from('127255')), /x\.astype/],
  ];
  for (const [x, advice] of cases)
    await assert.rejects(load(t, { x }), (error) => {
      assert.ok(error instanceof Failure);
      const [{ code, at, hint } = { code: '', at: [] }] = error.diagnostics;
      assert.deepEqual([code, at], ['data-corrupt', ['train_images']]);
      assert.match(hint ?? '', advice);
      return true;
    });
});

test('test images of another size or type are refused at their own setting', async (t) => {
  const x = npy(
    '|u1',
    '(2, 2, 3)',
    Uint8Array.from({ length: 12 }, (_, index) => index * 20),
  );
  for (const xt of [
    npy('|u1', '(2, 3, 2)', 12),
    npy('|u1', '(2, 2, 3, 3)', 36),
    npy('<f4', '(2, 2, 3)', 48),
    npy('<u2', '(2, 2, 3)', 24),
    npy('|b1', '(2, 2, 3)', 12),
  ]) {
    assert.equal(await refusal(load(t, { x, xt })), 'data-corrupt test_images');
  }
});

/** An IDX file of bytes. */
function idx(shape: readonly number[], data: Uint8Array, magic = 0x0800): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt32BE(magic + shape.length);
  shape.forEach((length, index) => header.writeUInt32BE(length, 4 + 4 * index));
  return Buffer.concat([header, data]);
}

test('IDX files are held to the same rules', async (t) => {
  const settings: IdxDatasetSettings = {
    ...{ type: 'dataset', source: 'idx', limit: null, normalize: 'minmax' },
    ...{ train_images: 'x', train_labels: 'y' },
  };
  const x = idx([2, 2, 2], Uint8Array.of(0, 1, 1, 0, 1, 0, 0, 1));
  const y = idx([2], Uint8Array.of(3, 4));
  const { warnings } = await run(t, settings, { x, y });
  assert.equal(warnings.length, 1);
  assert.deepEqual((await run(t, { ...settings, white_level: 1 }, { x, y })).warnings, []);
  const wrong = {
    'data-corrupt train_images': [
      { x: idx([8], new Uint8Array(8)), y },
      { x: idx([2, 4], new Uint8Array(8)), y },
      { x: idx([2, 3, 8, 8], new Uint8Array(384)), y },
      { x: idx([2, 2, 2], new Uint8Array(32), 0x0a00), y },
      { x: idx([2, 2, 2], new Uint8Array(32).fill(0xff), 0x0d00), y },
    ],
    'data-corrupt train_labels': [
      { x, y: idx([3], new Uint8Array(3)) },
      { x, y: idx([2, 1, 1], new Uint8Array(2)) },
    ],
  };
  for (const [place, files] of Object.entries(wrong)) {
    for (const each of files) {
      await assert.rejects(run(t, settings, each), (error) => {
        assert.ok(error instanceof Failure);
        const [{ code, at = [] } = {}] = error.diagnostics;
        assert.equal([code, ...at].join(' '), place);
        return true;
      });
    }
  }
});
