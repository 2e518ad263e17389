/** Numbers that stay on disk: every way of reading returns the same. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { Failure } from '../../src/core/diagnostic.ts';
import { findNpy, readNpy, writeNpy, writeNpyPieces } from '../../src/formats/npy.ts';
import { KeptBlocks, NumberFile, openNumbers } from '../../src/formats/number-file.ts';
import {
  gatherInto,
  JoinedNumbers,
  partOf,
  piecesOf,
  ScaledNumbers,
  TakenRows,
  typeOf,
  zeros,
  type HeldNumbers,
  type Numbers,
} from '../../src/formats/numbers.ts';

const root = mkdtempSync(join(tmpdir(), 'hourglass-numbers-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** A megabyte and a half: several blocks, the last one incomplete. */
const [ROWS, SIZE] = [2017, 777];
const bytes = Uint8Array.from({ length: ROWS * SIZE }, (_, index) => (index * 31 + (index >> 8)) % 251);
const floats = Float32Array.from(bytes, (value) => value / 7);

const pathOf = (data: HeldNumbers): string => join(root, `${data.constructor.name}.npy`);

async function onDisk(data: HeldNumbers, kept?: KeptBlocks): Promise<NumberFile> {
  const path = pathOf(data);
  const shape = [ROWS, SIZE];
  await writeNpy(path, { shape, data });
  const { begin } = await findNpy(path);
  const type = data instanceof Uint8Array ? 'uint8' : 'float32';
  return new NumberFile(path, { type, shape, begin }, kept);
}

function gathered(data: Numbers, rows: Int32Array): HeldNumbers {
  const target = zeros(typeOf(data), rows.length * SIZE);
  gatherInto(target, data, rows, SIZE);
  return target;
}

test('parts and rows are those of the array, whatever part of the file is in memory', async () => {
  const rowNumber = fc.nat(ROWS - 1);
  const near = fc
    .tuple(rowNumber, fc.array(fc.nat(40), { maxLength: 80 }))
    .map(([first, steps]) => steps.map((step) => Math.min(first + step, ROWS - 1)));
  for (const kept of [new KeptBlocks(1), new KeptBlocks(600_000), undefined]) {
    const file = await onDisk(floats, kept);
    if (kept === undefined) file.expectNeighbors();
    fc.assert(
      fc.property(fc.oneof(near, fc.array(rowNumber)), (rows) => {
        const wanted = Int32Array.from(rows);
        assert.deepEqual(gathered(file, wanted), gathered(floats, wanted));
      }),
      { numRuns: 60 },
    );
    fc.assert(
      fc.property(fc.nat(floats.length), fc.nat(5000), (start, length) => {
        const end = Math.min(start + length, floats.length);
        assert.deepEqual(partOf(file, start, end), floats.slice(start, end));
      }),
    );
  }
});

test('rows of a known order are those of the array, also again, among others, and after they had to go', async () => {
  const order = fc.shuffledSubarray(
    Array.from({ length: ROWS }, (_, row) => row),
    { minLength: 1000 },
  );
  const asked = fc.array(
    fc.record({ count: fc.integer({ min: 1, max: 300 }), again: fc.boolean(), other: fc.nat(ROWS - 1) }),
    {
      minLength: 1,
      maxLength: 12,
    },
  );
  for (const data of [bytes, floats])
    for (const most of [1, 400_000, undefined]) {
      const kept = most === undefined ? undefined : new KeptBlocks(most);
      const [file, neighbor] = [await onDisk(data, kept), await onDisk(data, kept)];
      fc.assert(
        fc.property(order, asked, fc.integer({ min: 1, max: 3 }), (rows, requests, files) => {
          const all = Int32Array.from(rows);
          file.expectOrder(all, files);
          let next = 0;
          for (const { count, again, other } of requests) {
            const part = all.subarray(next, next + count);
            next += count;
            assert.deepEqual(gathered(file, part), gathered(data, part));
            const near = Int32Array.from({ length: 40 }, (_, index) => Math.min(ROWS - 1, other + index));
            for (const source of [file, neighbor])
              assert.deepEqual(gathered(source, near), gathered(data, near));
            if (again) assert.deepEqual(gathered(file, part), gathered(data, part));
          }
        }),
        { numRuns: 8 },
      );
    }
});

test('files keep no more than they may together', async () => {
  const most = 600_000;
  let held = 0;
  const kept = new KeptBlocks(most);
  const counted = new (class extends KeptBlocks {
    override add(bytes: number, drop: () => HeldNumbers | undefined): HeldNumbers | undefined {
      held += bytes;
      const spare = kept.add(bytes, () => {
        held -= bytes;
        return drop();
      });
      assert.ok(held <= most);
      return spare;
    }
  })(most);
  const files = [await onDisk(bytes, counted), await onDisk(floats, counted)];
  const near = Int32Array.from({ length: 400 }, (_, index) => index);
  for (let round = 0; round < 5; round++)
    for (const [index, file] of files.entries()) {
      const rows = near.map((row) => row + round * 200);
      assert.deepEqual(gathered(file, rows), gathered(index === 0 ? bytes : floats, rows));
    }
  assert.ok(held > 0);
});

test('chosen, joined and scaled rows are those that are made in memory', async () => {
  const [file, both] = [await onDisk(bytes), await onDisk(floats)];
  const rows = fc.array(fc.nat(ROWS - 1), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(rows, rows, fc.nat(2 * SIZE), (chosen, again, start) => {
      const wanted = Int32Array.from(chosen);
      const held = Uint8Array.from(gathered(bytes, wanted));
      const taken = new TakenRows(file, wanted);
      const end = Math.min(start + SIZE, held.length);
      assert.deepEqual(partOf(taken, Math.min(start, end), end), held.slice(Math.min(start, end), end));
      const joined = new JoinedNumbers(held, file, SIZE);
      const all = Uint8Array.from([...held, ...bytes.subarray(0, 3 * SIZE)]);
      assert.deepEqual(partOf(joined, start, all.length), all.slice(start));
      const numbers = Int32Array.from([...again, ...again.map((row) => row + chosen.length)]);
      const expected = zeros('uint8', numbers.length * SIZE);
      numbers.forEach((row, place) =>
        expected.set(
          row < chosen.length
            ? held.subarray(row * SIZE, (row + 1) * SIZE)
            : bytes.subarray((row - chosen.length) * SIZE, (row - chosen.length + 1) * SIZE),
          place * SIZE,
        ),
      );
      const found = zeros('uint8', numbers.length * SIZE);
      joined.gather(numbers, found);
      assert.deepEqual(found, expected);
    }),
    { numRuns: 40 },
  );
  const scaled = new ScaledNumbers(both, SIZE, { scale: 1 / 3, offset: -0.25 });
  assert.deepEqual(
    Float32Array.from([...piecesOf(scaled)].flatMap((piece) => [...piece.subarray(0, 100)])),
    Float32Array.from(floats.subarray(0, 100), (value) => value / 3 - 0.25),
  );
});

test('a file is read in pieces where it takes more bytes than are held', async () => {
  await onDisk(floats);
  const path = pathOf(floats);
  const [held, read] = [
    await openNumbers(path, floats.byteLength),
    await openNumbers(path, floats.byteLength - 1),
  ];
  assert.ok(held.data instanceof Float32Array);
  assert.ok(read.data instanceof NumberFile);
  assert.deepEqual(read.shape, held.shape);
  assert.deepEqual(read.data.read(0, floats.length), floats);
});

test('an array that is written piece by piece is the one that is written at once', async () => {
  const [one, other] = [join(root, 'one.npy'), join(root, 'other.npy')];
  await writeNpy(one, { shape: [ROWS, SIZE], data: floats });
  const pieces = [floats.subarray(0, 1000), floats.subarray(1000, 1001), floats.subarray(1001)];
  await writeNpyPieces(other, { dtype: '<f4', shape: [ROWS, SIZE] }, pieces);
  assert.deepEqual(await readNpy(other), await readNpy(one));
  await assert.rejects(
    writeNpyPieces(other, { dtype: '<f4', shape: [ROWS, SIZE] }, pieces.slice(1)),
    RangeError,
  );
});

test('a file that has become shorter, or is gone, is named', async () => {
  const file = await onDisk(bytes);
  truncateSync(pathOf(bytes), 1000);
  const isCorrupt = (error: unknown): boolean =>
    error instanceof Failure && error.diagnostics[0]?.code === 'data-corrupt';
  assert.throws(() => file.read(0, bytes.length), isCorrupt);
  assert.throws(() => gathered(file, Int32Array.of(ROWS - 1)), isCorrupt);
  const gone = new NumberFile(join(root, 'gone.npy'), { type: 'uint8', shape: [1, 1], begin: 0 });
  assert.throws(
    () => gone.read(0, 1),
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'data-missing',
  );
});
