/** Rows of numbers with class labels, for stages that compare them: vectors, or the raw pixels of images. */
import type { ImageNames } from '../../formats/image-names.ts';
import { openImages, readImageSet } from '../../formats/images.ts';
import { openVectors, readVectorSet } from '../../formats/vectors.ts';
import { failure } from '../../core/diagnostic.ts';
import { sizeOf } from '../../core/shape.ts';
import type { Split } from '../../core/stage-type.ts';
import { mostHeld } from '../../files/memory.ts';
import { gatherRows, rowNumbers, type Samples } from '../../engine/train/samples.ts';
import type { InputArtifact } from '../contract.ts';

export interface LabelledRows extends Samples {
  /** Class labels, one per row, from 0. */
  readonly labels?: Uint8Array | Int32Array;
  /** Names of the classes, by label. */
  readonly classes?: readonly string[];
  /** The numbers of the rows' images; absent if row n is image n. */
  readonly rows?: Int32Array;
  /** The names of the rows' images; absent where unknown. */
  readonly names?: ImageNames;
}

/** @throws Failure if the split is missing or empty, or a file is damaged */
export async function readRows(input: InputArtifact, split: Split): Promise<LabelledRows> {
  const found =
    input.kind === 'images' ? await openImages(input.folder, split) : await vectorRows(input, split);
  if (found.count === 0) throw failure('missing-split', `\`${input.stage}\` has no ${split} samples`);
  return found;
}

async function vectorRows({ folder }: InputArtifact, split: Split): Promise<LabelledRows> {
  const { size } = await readVectorSet(folder);
  return { ...(await openVectors(folder, split)), shape: [size], scale: 1, offset: 0 };
}

/** The splits that a stage has. @throws Failure if its record is damaged */
export async function splitsOf(input: InputArtifact): Promise<readonly Split[]> {
  const { splits } =
    input.kind === 'images' ? await readImageSet(input.folder) : await readVectorSet(input.folder);
  return (['train', 'test'] as const).filter((split) => splits[split] !== undefined);
}

/** Rows as a matrix in memory. */
export interface Matrix {
  /** Row-major [count, size]. */
  readonly data: Float32Array;
  readonly count: number;
  readonly size: number;
}

/** @param rows numbers of rows; all by default */
export function toMatrix(samples: Samples, rows: Int32Array = rowNumbers(samples.count)): Matrix {
  const size = sizeOf(samples.shape);
  return { data: gatherRows(samples, rows), count: rows.length, size };
}

/** Rows in blocks, so that they need not all be in memory at once. */
export interface RowBlocks {
  readonly count: number;
  /** Values of a row. */
  readonly size: number;
  readonly blocks: readonly RowBlock[];
}

export interface RowBlock {
  /** The number of its first row. */
  readonly start: number;
  readonly count: number;
  read(): Matrix;
}

/**
 * Rows in one block or, if they take more than `most` bytes, in blocks of a quarter of that.
 *
 * @param rows numbers of rows
 * @param most maximum bytes held in memory
 */
export function toBlocks(samples: Samples, rows: Int32Array, most = mostHeld()): RowBlocks {
  const size = sizeOf(samples.shape);
  const rowBytes = size * Float32Array.BYTES_PER_ELEMENT;
  if (rows.length * rowBytes <= most) return oneBlock(toMatrix(samples, rows));
  const step = Math.max(1, Math.floor(most / 4 / rowBytes));
  const blocks = Array.from({ length: Math.ceil(rows.length / step) }, (_, index): RowBlock => {
    const part = rows.subarray(index * step, (index + 1) * step);
    return { start: index * step, count: part.length, read: () => toMatrix(samples, part) };
  });
  return { count: rows.length, size, blocks };
}

/** A matrix as a single block of rows. */
export function oneBlock(matrix: Matrix): RowBlocks {
  const { count, size } = matrix;
  return { count, size, blocks: [{ start: 0, count, read: () => matrix }] };
}
