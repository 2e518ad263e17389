/** How much memory a training takes, estimated before it begins: the system may kill a process that asks for too much, without a word. */
import { failure } from '../../core/diagnostic.ts';
import { formatBytes } from '../../core/format.ts';
import { KEPT_BYTES } from '../../formats/number-file.ts';
import { NumberSource, type Numbers } from '../../formats/numbers.ts';
import { MAX_COPIED_BYTES } from '../../engine/train/calls.ts';
import type { SamplePair } from '../../engine/train/samples.ts';
import type { TrainableAutoencoder } from '../../layers/build.ts';

export interface TrainingSize {
  /** Images that are trained and validated on. */
  readonly data: readonly SamplePair[];
  readonly parameters: number;
  /** Those in weights of 32 MiB or more. */
  readonly largeParameters: number;
  /** Numbers that the optimizer remembers for each parameter. */
  readonly slots: number;
  /** Output values of all layers for one image. */
  readonly activations: number;
  /** Of the largest batch. */
  readonly batchSize: number;
  /** Whether XLA runs many steps in one call. */
  readonly compiled: boolean;
  /** Bytes that Hourglass's own kernels take for themselves. */
  readonly kernels: number;
}

const FLOAT = 4;

/** Gradients, the best and the kept weights, and those that were read from the disk. */
const COPIES_OF_WEIGHTS = 4;

/**
 * Of what a step changes, weights and what the optimizer remembers: the variables, what a step makes of them, a checkpoint and its
 * bytes on their way to the disk. A compiled step was traced before, and its loop has copies of its own. Measured as the highest
 * memory of processes: of small arrays, the system's allocator keeps some that are free.
 */
const COPIES_OF_STATE = { eager: 5, compiled: 8, large: 4 } as const;

/** glibc returns arrays of at least this many bytes to the system as soon as they are free. */
const LARGE = 2 ** 25;

/** Forward and backward; a step that is traced or runs op by op keeps intermediate results, too. */
const COPIES_OF_ACTIVATIONS = 8;

/** Images in JavaScript and in TensorFlow. */
const COPIES_OF_IMAGES = 2;

/** Of images that stay on the disk, the rows of one call: as they were read, in JavaScript and in TensorFlow. */
const COPIES_OF_ROWS = 3;

/** Bytes that a training needs besides the program itself: right within a factor of about two, more likely too high. */
export function estimateMemory(size: TrainingSize): number {
  const images = new Set(size.data.flatMap(({ x, y }) => [x.data, y.data]));
  const small =
    COPIES_OF_STATE[size.compiled ? 'compiled' : 'eager'] * (size.parameters - size.largeParameters);
  const state = (1 + size.slots) * (small + COPIES_OF_STATE.large * size.largeParameters);
  return (
    bytesOfImages([...images]) +
    FLOAT * (COPIES_OF_WEIGHTS * size.parameters + state) +
    FLOAT * COPIES_OF_ACTIVATIONS * size.activations * size.batchSize +
    size.kernels
  );
}

/** Files have one memory for their blocks together. */
function bytesOfImages(images: readonly Numbers[]): number {
  let [files, held] = [0, 0];
  for (const data of images) {
    if (data instanceof NumberSource) files += data.byteLength;
    else held += data.byteLength;
  }
  const read = Math.min(files, KEPT_BYTES) + COPIES_OF_ROWS * Math.min(files, MAX_COPIED_BYTES);
  return read + COPIES_OF_IMAGES * held;
}

/** Images of the largest batch: no more than there are. */
export function largestBatch(data: readonly SamplePair[], batchSize: number): number {
  return Math.min(batchSize, Math.max(...data.map(({ x }) => x.count)));
}

/** What a model adds to a training's size. */
export function modelSize({
  layers,
  weights,
}: TrainableAutoencoder['autoencoder']): Pick<
  TrainingSize,
  'parameters' | 'largeParameters' | 'activations'
> {
  const sizeOf = (shape: readonly (number | null)[]): number =>
    shape.slice(1).reduce<number>((product, length) => product * (length ?? 1), 1);
  const shapes = layers.flatMap(({ outputShape }) =>
    Array.isArray(outputShape[0]) ? (outputShape as (number | null)[][]) : [outputShape as (number | null)[]],
  );
  const sizes = weights.map(({ shape }) => sizeOf([null, ...shape]));
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
  return {
    parameters: sum(sizes),
    largeParameters: sum(sizes.filter((size) => FLOAT * size >= LARGE)),
    activations: sum(shapes.map(sizeOf)),
  };
}

/**
 * @param available bytes that this process can still have
 * @throws Failure `stage-failed` if the training needs more
 */
export function checkMemory(size: TrainingSize, available: number): void {
  const needed = estimateMemory(size);
  if (needed <= available) return;
  throw failure(
    'stage-failed',
    `the training would need about ${formatBytes(needed)} of memory, and ${formatBytes(available)} are left`,
    'use fewer images (`limit`), a smaller `batch_size` or a smaller model, or close other programs',
  );
}
