/** Estimates the memory of a training before it begins: the system may kill a process that needs too much, without a message. */
import { failure } from '../../core/diagnostic.ts';
import { formatBytes } from '../../core/format.ts';
import { KEPT_BYTES } from '../../formats/number-file.ts';
import { NumberSource, type Numbers } from '../../formats/numbers.ts';
import { MAX_COPIED_BYTES } from '../../engine/train/calls.ts';
import { quantizerLayer } from '../../engine/train/quantizer.ts';
import type { SamplePair } from '../../engine/train/samples.ts';
import { variationalLayer } from '../../engine/train/variational.ts';
import type { TrainableAutoencoder } from '../../layers/build.ts';

export interface TrainingSize {
  /** Images for training and validation. */
  readonly data: readonly SamplePair[];
  readonly parameters: number;
  /** Parameters in weights of 32 MiB or more. */
  readonly largeParameters: number;
  /** Numbers that the optimizer stores for each parameter, on average. */
  readonly slots: number;
  /** Output values of all layers for one image. */
  readonly activations: number;
  /** Numbers that the loss computes for each pair of images of a batch. */
  readonly pairs: number;
  /** Of the largest batch. */
  readonly batchSize: number;
  /** Whether XLA runs many steps in one call. */
  readonly compiled: boolean;
  /** Bytes that Hourglass's custom kernels allocate. */
  readonly kernels: number;
}

const FLOAT = 4;

/** Gradients, the best and the kept weights, and those read from disk. */
const COPIES_OF_WEIGHTS = 4;

/**
 * Copies of weights and optimizer state, which each step changes: the variables, their new values, a checkpoint and its bytes
 * being written. A compiled step was also traced, and its loop has its own copies. Measured as the peak memory of processes: the
 * system's allocator keeps some freed small arrays.
 */
const COPIES_OF_STATE = { eager: 5, compiled: 8, large: 4 } as const;

/** glibc returns arrays of at least this many bytes to the system as soon as they are free. */
const LARGE = 2 ** 25;

/** Forward and backward. A step that is traced or runs op by op also keeps intermediate results. */
const COPIES_OF_ACTIVATIONS = 8;

/** Images in JavaScript and in TensorFlow. */
const COPIES_OF_IMAGES = 2;

/** The rows of one call, for images that stay on disk: as read, in JavaScript and in TensorFlow. */
const COPIES_OF_ROWS = 3;

/** Bytes that a training needs besides the program itself: within a factor of about two, rather too high than too low. */
export function estimateMemory(size: TrainingSize): number {
  const images = new Set(size.data.flatMap(({ x, y }) => [x.data, y.data]));
  const small =
    COPIES_OF_STATE[size.compiled ? 'compiled' : 'eager'] * (size.parameters - size.largeParameters);
  const state = (1 + size.slots) * (small + COPIES_OF_STATE.large * size.largeParameters);
  return (
    bytesOfImages([...images]) +
    FLOAT * (COPIES_OF_WEIGHTS * size.parameters + state) +
    FLOAT * COPIES_OF_ACTIVATIONS * (size.activations + size.pairs * size.batchSize) * size.batchSize +
    size.kernels
  );
}

/** All files share one cache for their blocks. */
function bytesOfImages(images: readonly Numbers[]): number {
  let [files, held] = [0, 0];
  for (const data of images) {
    if (data instanceof NumberSource) files += data.byteLength;
    else held += data.byteLength;
  }
  const read = Math.min(files, KEPT_BYTES) + COPIES_OF_ROWS * Math.min(files, MAX_COPIED_BYTES);
  return read + COPIES_OF_IMAGES * held;
}

/** Images in the largest batch: at most the number of images. */
export function largestBatch(data: readonly SamplePair[], batchSize: number): number {
  return Math.min(batchSize, Math.max(...data.map(({ x }) => x.count)));
}

/**
 * The model's part of a training's size.
 *
 * @param samples of the latents of each image, all of which are decoded
 */
export function modelSize(
  autoencoder: TrainableAutoencoder['autoencoder'],
  samples = 1,
): Pick<TrainingSize, 'parameters' | 'largeParameters' | 'activations'> {
  const { layers, weights } = autoencoder;
  const sizeOf = (shape: readonly (number | null)[]): number =>
    shape.slice(1).reduce<number>((product, length) => product * (length ?? 1), 1);
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
  const latent = variationalLayer(autoencoder);
  const decoder = latent === undefined ? layers.length : layers.indexOf(latent);
  const outputs = layers.map(({ outputShape }, index) => {
    const shapes = Array.isArray(outputShape[0]) ? outputShape : [outputShape];
    return (index < decoder ? 1 : samples) * sum((shapes as (number | null)[][]).map(sizeOf));
  });
  const quantizer = quantizerLayer(autoencoder);
  const vectors = quantizer === undefined ? [] : quantizer.outputShape.slice(0, -1).map(Number);
  // The distance of each vector of a quantised latent from each code.
  const distances = quantizer === undefined ? 0 : quantizer.codes * sizeOf(vectors);
  const sizes = weights.map(({ shape }) => sizeOf([null, ...shape]));
  return {
    parameters: sum(sizes),
    largeParameters: sum(sizes.filter((size) => FLOAT * size >= LARGE)),
    activations: sum(outputs) + distances,
  };
}

/**
 * @param available bytes that this process can still allocate
 * @throws Failure `stage-failed` if the training needs more
 */
export function checkMemory(size: TrainingSize, available: number): void {
  const needed = estimateMemory(size);
  if (needed <= available) return;
  throw failure(
    'stage-failed',
    `the training would need about ${formatBytes(needed)} of memory, but only ${formatBytes(available)} are available`,
    'use fewer images (`limit`), a smaller `batch_size` or a smaller model, or close other programs',
  );
}
