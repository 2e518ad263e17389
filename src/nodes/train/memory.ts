/** How much memory a training takes, estimated before it begins: the system may kill a process that asks for too much, without a word. */
import { failure } from '../../core/diagnostic.ts';
import type { SamplePair } from '../../engine/train/samples.ts';
import type { TrainableAutoencoder } from '../../layers/build.ts';

export interface TrainingSize {
  /** Images that are trained and validated on. */
  readonly data: readonly SamplePair[];
  readonly parameters: number;
  /** Values that all layers give for one image. */
  readonly activations: number;
  readonly batchSize: number;
}

const FLOAT = 4;

/** Weights, gradients, two slots of the optimizer, the best and the kept weights, and a checkpoint on its way to the disk. */
const COPIES_OF_WEIGHTS = 8;

/** Forward and backward. */
const COPIES_OF_ACTIVATIONS = 2;

/** Images in JavaScript and in TensorFlow. */
const COPIES_OF_IMAGES = 2;

/** Bytes that a training needs besides the program itself; within a factor of two or so. */
export function estimateMemory({ data, parameters, activations, batchSize }: TrainingSize): number {
  const images = new Set(data.flatMap(({ x, y }) => [x.data, y.data]));
  const imageBytes = [...images].reduce((sum, { byteLength }) => sum + byteLength, 0);
  return (
    COPIES_OF_IMAGES * imageBytes +
    FLOAT * (COPIES_OF_WEIGHTS * parameters + COPIES_OF_ACTIVATIONS * activations * batchSize)
  );
}

/** What a model adds to a training's size. */
export function modelSize({
  layers,
  weights,
}: TrainableAutoencoder['autoencoder']): Pick<TrainingSize, 'parameters' | 'activations'> {
  const sizeOf = (shape: readonly (number | null)[]): number =>
    shape.slice(1).reduce<number>((product, length) => product * (length ?? 1), 1);
  const shapes = layers.flatMap(({ outputShape }) =>
    Array.isArray(outputShape[0]) ? (outputShape as (number | null)[][]) : [outputShape as (number | null)[]],
  );
  return {
    parameters: weights.reduce((sum, { shape }) => sum + sizeOf([null, ...shape]), 0),
    activations: shapes.reduce((sum, shape) => sum + sizeOf(shape), 0),
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
    `the training would need about ${gigabytes(needed)} of memory, and ${gigabytes(available)} are left`,
    'use fewer images (`limit`), a smaller `batch_size` or a smaller model, or close other programs',
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toPrecision(2)} GB`;
}
