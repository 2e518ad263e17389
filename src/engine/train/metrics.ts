/**
 * Metrics of reconstructions, in plain JavaScript and float64: they do not depend on the engine, its threads or the size of
 * batches. Each is computed for every image, and averaged over the images.
 */
import { sizeOf } from '../../core/shape.ts';
import { LARGEST_LOGIT, PROBABILITIES } from './losses.ts';
import { ssim } from './ssim.ts';

export type MetricName = 'mse' | 'mae' | 'binary_crossentropy' | 'squared_error' | 'psnr' | 'ssim';

/** The kind of images that are compared. */
export interface ImageKind {
  /** Height, width, channels. */
  readonly shape: readonly [number, number, number];
  /** Highest less lowest possible intensity of the target: 1 for images from 0 to 1. */
  readonly span: number;
}

/** @param logits whose sigmoid is the output, where there are any */
type ImageMetric = (
  target: Float32Array,
  output: Float32Array,
  kind: ImageKind,
  logits: Float32Array | undefined,
) => number;

/** The peak signal-to-noise ratio of images that are equal, which would be infinite, in decibels. */
export const HIGHEST_PSNR = 100;

const METRICS: Readonly<Record<MetricName, ImageMetric>> = {
  /** Mean of the squared differences, 0 or more. */
  mse: meanSquaredError,
  /** Mean of the differences' sizes, 0 or more. */
  mae: (target, output) => meanOf(target, output, (y, p) => Math.abs(y - p)),
  /** In nats, 0 or more, for targets from 0 to 1: of the logits, or else of outputs that are first clipped, as in `losses`. */
  binary_crossentropy: (target, output, _kind, logits) =>
    logits === undefined
      ? meanOf(target, output, entropyOfProbability)
      : meanOf(target, logits, entropyOfLogit),
  /** Sum of the squared differences over the values of an image, 0 or more. */
  squared_error: (target, output) => meanSquaredError(target, output) * target.length,
  /** 10 log10(span^2 / mse) in decibels, as `tf.image.psnr`, but at most `HIGHEST_PSNR`. */
  psnr: (target, output, { span }) =>
    Math.min(10 * Math.log10(span ** 2 / meanSquaredError(target, output)), HIGHEST_PSNR),
  ssim: (target, output, { shape, span }) => ssim(target, output, shape, span),
};

/** Adds up metrics image by image. */
export class MetricMeans {
  readonly #kind: ImageKind;
  readonly #sums: Map<MetricName, number>;
  #count = 0;

  constructor(metrics: readonly MetricName[], kind: ImageKind) {
    this.#kind = kind;
    this.#sums = new Map(metrics.map((metric) => [metric, 0]));
  }

  /**
   * @param targets one or more images, row-major [count, ...shape]
   * @param outputs as many
   * @param logits as many, where the outputs are their sigmoids
   * @throws Failure `shape-mismatch` for `ssim` of images that are too small
   */
  add(targets: Float32Array, outputs: Float32Array, logits?: Float32Array): void {
    const size = sizeOf(this.#kind.shape);
    if (targets.length !== outputs.length || (logits ?? targets).length !== targets.length)
      throw new RangeError('as many outputs and logits as targets are needed');
    for (let start = 0; start < targets.length; start += size) {
      const target = targets.subarray(start, start + size);
      const output = outputs.subarray(start, start + size);
      for (const [metric, sum] of this.#sums) {
        this.#sums.set(
          metric,
          sum + METRICS[metric](target, output, this.#kind, logits?.subarray(start, start + size)),
        );
      }
      this.#count += 1;
    }
  }

  /** The means over all images so far, in the order of the metrics. */
  means(): ReadonlyMap<MetricName, number> {
    return new Map([...this.#sums].map(([metric, sum]) => [metric, sum / this.#count]));
  }
}

function meanSquaredError(target: Float32Array, output: Float32Array): number {
  return meanOf(target, output, (y, p) => (y - p) ** 2);
}

function meanOf(target: Float32Array, output: Float32Array, of: (y: number, p: number) => number): number {
  let sum = 0;
  for (let index = 0; index < target.length; index++) sum += of(target[index] ?? 0, output[index] ?? 0);
  return sum / target.length;
}

function entropyOfProbability(y: number, p: number): number {
  const probability = Math.min(Math.max(p, PROBABILITIES[0]), PROBABILITIES[1]);
  return -(y * Math.log(probability) + (1 - y) * Math.log(1 - probability));
}

function entropyOfLogit(y: number, logit: number): number {
  const x = Math.min(Math.max(logit, -LARGEST_LOGIT), LARGEST_LOGIT);
  return Math.max(x, 0) - x * y + Math.log1p(Math.exp(-Math.abs(x)));
}
