/** Rows in a known order are read in the order of the file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RowsAhead, type RowFile } from '../../src/formats/rows-ahead.ts';
import type { HeldNumbers } from '../../src/formats/numbers.ts';

const [ROWS, ROW_LENGTH, BLOCK_ROWS] = [1000, 3, 20];
const numbers = Float32Array.from({ length: ROWS * ROW_LENGTH }, (_, index) => index);

/** 7 and 1000 have no factor in common: each row comes once, far from the one before. */
const jumping = Int32Array.from({ length: ROWS }, (_, index) => (index * 7) % ROWS);

function ahead(bytes: number): { readonly rows: RowsAhead; readonly reads: number[]; drop(): void } {
  const reads: number[] = [];
  let drop = (): undefined => undefined;
  const file: RowFile = {
    ...{ type: 'float32', rowLength: ROW_LENGTH, rows: ROWS, blockRows: BLOCK_ROWS },
    readInto(target: HeldNumbers, start: number) {
      reads.push(start);
      target.set(numbers.subarray(start, start + target.length));
    },
  };
  const rows = new RowsAhead(file, jumping, bytes, (_, forget) => (drop = forget));
  return { rows, reads, drop: () => drop() };
}

function taken(rows: RowsAhead, from: number, to: number): number[] {
  const target = new Float32Array((to - from) * ROW_LENGTH);
  assert.ok(rows.take(jumping.subarray(from, to), target));
  return [...target].filter((_, index) => index % ROW_LENGTH === 0).map((value) => value / ROW_LENGTH);
}

test('blocks are read once each, one behind the other, for as many rows as are held', () => {
  const { rows, reads } = ahead(numbers.byteLength / 2);
  for (let from = 0; from < 500; from += 50)
    assert.deepEqual(taken(rows, from, from + 50), [...jumping.subarray(from, from + 50)]);
  assert.deepEqual(
    reads,
    Array.from({ length: ROWS / BLOCK_ROWS }, (_, block) => block * BLOCK_ROWS * ROW_LENGTH),
  );
});

test('rows that had to go are read again', () => {
  const { rows, reads, drop } = ahead(numbers.byteLength / 2);
  taken(rows, 0, 50);
  const before = reads.length;
  drop();
  assert.deepEqual(taken(rows, 50, 100), [...jumping.subarray(50, 100)]);
  assert.ok(reads.length > before);
});

test('rows that are not the next ones, or too many to be held, are left to others', () => {
  const { rows } = ahead(100 * ROW_LENGTH * 4);
  const target = new Float32Array(numbers.length);
  assert.equal(rows.take(jumping.subarray(5, 9), target), false);
  assert.equal(rows.take(jumping.subarray(0, 101), target), false);
  assert.equal(rows.take(jumping.subarray(0, 100), target), true);
  assert.equal(rows.take(jumping.subarray(990), target), false);
});
