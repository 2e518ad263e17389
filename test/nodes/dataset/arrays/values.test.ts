/** Values of the user's arrays: scaling and messages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../../src/core/diagnostic.ts';
import { npy } from '../../../formats/numpy-files.ts';
import { bytesOf, load, type Options } from './load.ts';

test('integers are scaled by the range of their type, equally in both splits', async (t) => {
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

test('values above `white_level` are refused', async (t) => {
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
