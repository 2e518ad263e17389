/** Arrays of the user: which types and shapes are taken, which are refused and where, and what is said of their values. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { readNumpyFile } from '../../../../src/formats/numpy.ts';
import {
  readImages,
  readImageSet,
  type HeldImages,
  type ImageSetRecord,
} from '../../../../src/formats/images.ts';
import type {
  DatasetSettings,
  IdxDatasetSettings,
  NpyDatasetSettings,
} from '../../../../src/schema/generated/settings.ts';
import { Failure, type Diagnostic } from '../../../../src/core/diagnostic.ts';
import { sizeOf } from '../../../../src/core/shape.ts';
import { datasetNode } from '../../../../src/nodes/dataset/node.ts';
import { npy } from '../../../formats/numpy-files.ts';
import { fakeContext, temporaryFolder } from '../../context.ts';

type Options = Partial<NpyDatasetSettings>;

interface Loaded {
  readonly record: ImageSetRecord;
  readonly train: HeldImages;
  readonly warnings: readonly string[];
}

async function run(t: TestContext, settings: DatasetSettings, files: Readonly<Record<string, Uint8Array>>) {
  const root = temporaryFolder(t);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(root, name), bytes);
  const warnings: string[] = [];
  const context = fakeContext(root, settings);
  await datasetNode.run({
    ...context,
    log: (_level, message) => void warnings.push(message),
  });
  return { folder: context.folder, warnings };
}

/** Loads `x.npy`, and the other files that are given under the names of their settings. */
async function load(
  t: TestContext,
  files: Readonly<Record<'x', Uint8Array>> & Readonly<Record<string, Uint8Array>>,
  options: Options = {},
): Promise<Loaded> {
  const settings: NpyDatasetSettings = {
    ...{ type: 'dataset', source: 'npy', limit: null, normalize: 'minmax', train_images: 'x.npy' },
    data_format: 'channels_last',
    ...('y' in files ? { train_labels: 'y.npy' } : {}),
    ...('xt' in files ? { test_images: 'xt.npy' } : {}),
    ...options,
  };
  const named = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${name}.npy`, bytes]));
  const { folder, warnings } = await run(t, settings, named);
  return { record: await readImageSet(folder), train: await readImages(folder, 'train'), warnings };
}

/** Code and place of what is refused; the advice must hold a line of Python, or a setting. */
async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => assert.fail('nothing was refused'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Failure, String(error));
  const [found] = error.diagnostics as readonly [Diagnostic];
  assert.match(found.hint ?? '', /np\.save\w*\(|`[a-z_]+/, found.message);
  return [found.code, ...(found.at ?? [])].join(' ');
}

const bytesOf = (data: ArrayBufferView): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const swapped = (data: Uint8Array, size: number): Uint8Array =>
  Uint8Array.from(data, (_, index) => data[index - (index % size) + size - 1 - (index % size)] ?? 0);

/** What stands behind each name in the schema's and the documents' list, with the values 0, 1 and 200 or 100. */
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
      // Each value tells its own place: the last axis runs fastest in C's order, the first in Fortran's.
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

test('arrays that are no images are refused, with the line that mends them', async (t) => {
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

test('values that are no pixels are refused', async (t) => {
  const wrong: Readonly<Record<string, Buffer>> = {
    nan: npy('<f4', '(1, 1, 2)', bytesOf(Float32Array.of(0, NaN))),
    infinite: npy('>f8', '(1, 1, 2)', swapped(bytesOf(Float64Array.of(0, -Infinity)), 8)),
    'beyond float32': npy('<f8', '(1, 1, 2)', bytesOf(Float64Array.of(0, 1e300))),
    negative: npy('<i2', '(1, 1, 2)', bytesOf(Int16Array.of(0, -5))),
    'beyond 16 bits': npy('<i8', '(1, 1, 2)', bytesOf(BigInt64Array.of(0n, 65_536n))),
    complex: npy('<c8', '(1, 1, 2)', 16),
    times: npy('<M8', '(1, 1, 2)', 16),
    'a huge declared size': npy('|u1', '(99999999999, 28, 28)', 784),
    'a size too small': npy('|u1', '(1, 1, 1)', 2),
  };
  for (const [name, x] of Object.entries(wrong)) {
    assert.equal(await refusal(load(t, { x })), 'data-corrupt train_images', name);
  }
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

test('integers are scaled by what their type can hold, in both splits alike', async (t) => {
  const range = async (type: string, values: ArrayBufferView, options: Options = {}): Promise<unknown> => {
    const x = npy(type, '(1, 1, 3)', bytesOf(values));
    const { train, record } = await load(t, { x }, options);
    return [[...train.data].map((value) => value * train.scale), record.range];
  };
  assert.deepEqual(await range('|u1', Uint8Array.of(0, 51, 255)), [
    [0, 51 / 255, 1],
    [0, 1],
  ]);
  assert.deepEqual(await range('<u2', Uint16Array.of(0, 13_107, 65_535)), [
    [0, 13_107 / 65_535, 1],
    [0, 1],
  ]);
  assert.deepEqual(await range('<i4', Int32Array.of(0, 51, 255)), [
    [0, 51 / 255, 1],
    [0, 1],
  ]);
  assert.deepEqual(await range('|b1', Uint8Array.of(0, 0, 1)), [
    [0, 0, 1],
    [0, 1],
  ]);
  assert.deepEqual(await range('|u1', Uint8Array.of(0, 3, 15), { white_level: 15 }), [
    [0, 3 / 15, 1],
    [0, 1],
  ]);
  assert.deepEqual(await range('<f4', Float32Array.of(0, 51, 255), { white_level: 255 }), [
    [0, 51 / 255, 1],
    [0, 1],
  ]);
  const none = { normalize: 'none' } as const;
  assert.deepEqual(await range('|u1', Uint8Array.of(0, 1, 1), none), [
    [0, 1, 1],
    [0, 1],
  ]);
  assert.deepEqual(await range('|u1', Uint8Array.of(0, 1, 9), none), [
    [0, 1, 9],
    [0, 255],
  ]);
  assert.deepEqual(await range('<u2', Uint16Array.of(0, 1, 300), none), [
    [0, 1, 300],
    [0, 65_535],
  ]);
  // Floats: a range that many sets share, or their own.
  assert.deepEqual(await range('<f4', Float32Array.of(0.25, 0.5, 0.75)), [
    [0.25, 0.5, 0.75],
    [0, 1],
  ]);
  assert.deepEqual(await range('<f4', Float32Array.of(-0.5, 0, 0.5)), [
    [-0.5, 0, 0.5],
    [-1, 1],
  ]);
  assert.deepEqual(await range('<f4', Float32Array.of(-3, 0, 2)), [
    [-3, 0, 2],
    [-3, 2],
  ]);
  // Of wide integers, one split alone does not tell how many bits there are.
  const x = npy('<i8', '(1, 1, 2)', bytesOf(BigInt64Array.of(0n, 200n)));
  const xt = npy('<i8', '(1, 1, 2)', bytesOf(BigInt64Array.of(0n, 40_000n)));
  const { record, train } = await load(t, { x, xt });
  assert.deepEqual([record.scale, train.data], [1 / 65_535, Float32Array.of(0, 200)]);
});

test('what a white level does not cover is refused', async (t) => {
  const x = npy('|u1', '(1, 1, 2)', Uint8Array.of(0, 16));
  await assert.rejects(load(t, { x }, { white_level: 15 }), (error) => {
    assert.ok(error instanceof Failure);
    const [{ code, at } = {}] = error.diagnostics;
    assert.deepEqual([code, at], ['out-of-range', ['white_level']]);
    return true;
  });
});

test('values that would be almost black, or are not scaled, are pointed out', async (t) => {
  const warned = async (type: string, values: ArrayBufferView, options: Options = {}): Promise<string> => {
    const { warnings } = await load(t, { x: npy(type, '(1, 1, 2)', bytesOf(values)) }, options);
    assert.ok(warnings.length <= 1, warnings.join());
    return warnings[0] ?? '';
  };
  const cases: readonly (readonly [string, ArrayBufferView, number])[] = [
    ['|u1', Uint8Array.of(0, 1), 1],
    ['|u1', Uint8Array.of(0, 15), 15],
    ['|u1', Uint8Array.of(3, 100), 100],
    ['<i8', BigInt64Array.of(0n, 16n), 16],
    ['<u2', Uint16Array.of(0, 255), 255],
    ['<u2', Uint16Array.of(0, 4095), 4095],
    ['<u2', Uint16Array.of(0, 1000), 1023],
    ['<f4', Float32Array.of(0, 255), 255],
    ['<f8', Float64Array.of(0, 16), 16],
    ['<f4', Float32Array.of(0, 0.5 ** 8), 0.003906],
  ];
  for (const [type, values, level] of cases) {
    assert.match(await warned(type, values), new RegExp(`\`white_level: ${level}\``), `${type} ${level}`);
  }
  assert.notEqual(await warned('|u1', Uint8Array.of(7, 7)), '');
  const quiet: readonly (readonly [string, ArrayBufferView, Options])[] = [
    ['|u1', Uint8Array.of(0, 200), {}],
    ['|u1', Uint8Array.of(0, 1), { white_level: 1 }],
    ['|u1', Uint8Array.of(0, 1), { normalize: 'none' }],
    ['|b1', Uint8Array.of(0, 1), {}],
    ['<u2', Uint16Array.of(0, 60_000), {}],
    ['<u2', Uint16Array.of(0, 4095), { white_level: 4095 }],
    ['<f4', Float32Array.of(0, 1), {}],
    ['<f4', Float32Array.of(0, 255), { normalize: 'none' }],
    ['<f4', Float32Array.of(-2, 3), {}],
  ];
  for (const [type, values, options] of quiet) assert.equal(await warned(type, values, options), '', type);
  // Twelve channels may be meant, or be the width.
  const x = npy(
    '|u1',
    '(1, 20, 3, 12)',
    Uint8Array.from({ length: 720 }, (_, index) => index),
  );
  assert.equal((await load(t, { x })).warnings.length, 1);
});

test('training and test images of two scales, or the same twice, are pointed out', async (t) => {
  const warned = async (
    type: string,
    [train, test]: readonly [ArrayBufferView, ArrayBufferView],
    options: Options = {},
  ): Promise<readonly string[]> => {
    const array = (values: ArrayBufferView): Uint8Array => npy(type, '(1, 1, 2)', bytesOf(values));
    return (await load(t, { x: array(train), xt: array(test) }, options)).warnings;
  };
  const apart: readonly (readonly [string, ArrayBufferView, ArrayBufferView])[] = [
    ['|u1', Uint8Array.of(0, 1), Uint8Array.of(0, 255)],
    ['|u1', Uint8Array.of(0, 255), Uint8Array.of(0, 1)],
    ['<f4', Float32Array.of(-1, 1), Float32Array.of(-100, 20)],
  ];
  for (const [type, train, test] of apart) assert.equal((await warned(type, [train, test])).length, 1, type);
  const bytes = [Float32Array.of(0, 1), Float32Array.of(0, 255)] as const;
  const [unscaled = '', ...others] = await warned('<f4', bytes);
  assert.equal(others.length, 1);
  // The array with the high values is named, not the other.
  assert.match(unscaled, /`xt\.npy`/);
  assert.equal((await warned('<f4', bytes, { white_level: 255 })).length, 1);
  assert.equal((await warned('|u1', [Uint8Array.of(0, 200), Uint8Array.of(0, 200)])).length, 1);
  const alike = [Uint8Array.of(0, 255), Uint8Array.of(3, 60)] as const;
  assert.deepEqual(await warned('|u1', alike), []);
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
