/** Metrics of reconstructions: computed for every image. */
import type { LayersModel } from '@tensorflow/tfjs';
import { sizeOf } from '../../core/shape.ts';
import type { Tf } from '../engine.ts';
import { classesOf, conditioned, withLabels } from './condition.ts';
import { forwardWithLogits } from './forward.ts';
import { lossOfRows, type LossName } from './losses.ts';
import { modelShapes, modelState } from './predict.ts';
import { computeRows, type ForwardEngine, type RowOptions, type RowWork } from './rows.ts';
import { gatherRows, inShapes, type SamplePair } from './samples.ts';
import { ssim } from './ssim.ts';

export type MetricName = 'mse' | 'mae' | 'binary_crossentropy' | 'squared_error' | 'psnr' | 'ssim';

/** The kind of images that are compared. */
export interface ImageKind {
  /** Height, width, channels. */
  readonly shape: readonly [number, number, number];
  /** Highest minus lowest possible intensity of the target: 1 for images from 0 to 1. */
  readonly span: number;
}

/** The peak signal-to-noise ratio of equal images, which would be infinite, in decibels. */
export const HIGHEST_PSNR = 100;

/** A metric that follows from a loss of the image. */
interface Derived {
  readonly loss: LossName;
  readonly of: (loss: number, kind: ImageKind) => number;
}

const same = (loss: number): number => loss;

const DERIVED: Readonly<Record<Exclude<MetricName, 'ssim'>, Derived>> = {
  /** Mean of the squared differences, 0 or more. */
  mse: { loss: 'mse', of: same },
  /** Mean of the absolute differences, 0 or more. */
  mae: { loss: 'mae', of: same },
  /** In nats, 0 or more, for targets from 0 to 1: from the logits, or else from clipped outputs, as in `losses`. */
  binary_crossentropy: { loss: 'binary_crossentropy', of: same },
  /** Sum of the squared differences over the values of an image, 0 or more. */
  squared_error: { loss: 'mse', of: (mse, { shape }) => mse * sizeOf(shape) },
  /** 10 log10(span^2 / mse) in decibels, like `tf.image.psnr`, but at most `HIGHEST_PSNR`. */
  psnr: { loss: 'mse', of: (mse, { span }) => Math.min(10 * Math.log10(span ** 2 / mse), HIGHEST_PSNR) },
};

/** The values of each image from which the metrics follow. */
type Measures = ReadonlyMap<LossName | 'ssim', ArrayLike<number>>;

/**
 * Measures a model's reconstructions. The engine computes the losses of each image in float32; `ssim`, and what follows from the
 * losses, are computed in float64.
 *
 * @param pair inputs, and the images that the outputs are compared with
 * @returns the values of each row, by metric in their order
 * @throws Failure `shape-mismatch` for `ssim` of images that are too small; `interrupted`
 */
export async function measureImages(
  engine: ForwardEngine,
  model: LayersModel,
  pair: SamplePair,
  rows: Int32Array,
  { metrics, kind, ...options }: MeasureOptions,
): Promise<ReadonlyMap<MetricName, Float64Array>> {
  const { x, y } = inShapes(pair, modelShapes(model));
  const losses = lossesFor(metrics);
  const samples = withLabels(x === y ? [x] : [x, y], classesOf(model));
  const work = { samples, ...measuringWork(engine.tf, model, metrics) };
  const found = new Map(metrics.map((metric) => [metric, new Float64Array(rows.length)]));
  let end = 0;
  for await (const { rows: part, results } of computeRows(engine, work, rows, options)) {
    const measures = new Map<LossName | 'ssim', ArrayLike<number>>(
      losses.map((loss, index) => [loss, results[index] ?? []]),
    );
    const outputs = results[losses.length];
    if (outputs !== undefined) measures.set('ssim', similarities(gatherRows(y, part), outputs, kind));
    for (const [metric, values] of found) values.set(metricOf(metric, measures, part.length, kind), end);
    end += part.length;
  }
  return found;
}

/** A metric of each image. */
export function metricOf(
  metric: MetricName,
  measures: Measures,
  count: number,
  kind: ImageKind,
): Float64Array {
  const { loss, of } = metric === 'ssim' ? { loss: metric, of: same } : DERIVED[metric];
  const values = measures.get(loss);
  return Float64Array.from({ length: count }, (_, index) => of(values?.[index] ?? Number.NaN, kind));
}

/** Computes the values from which the metrics of each image follow: losses and, for `ssim`, the output. From inputs and targets. */
export function measuringWork(
  tf: Tf,
  model: LayersModel,
  metrics: readonly MetricName[],
): Omit<RowWork, 'samples'> {
  const forward = forwardWithLogits(tf, model);
  return {
    state: modelState(tf, model),
    compute: (inputs) => {
      const { rest, join } = conditioned(tf, inputs, classesOf(model));
      const [input, given = input] = rest;
      if (input === undefined || given === undefined) throw new TypeError('a model without an input');
      const outputs = forward(join(input), false);
      const target = given.reshape(outputs.values.shape);
      const losses = lossesFor(metrics).map((loss) => lossOfRows(tf, loss, target, outputs));
      return metrics.includes('ssim') ? [...losses, outputs.values] : losses;
    },
  };
}

export interface MeasureOptions extends RowOptions {
  readonly metrics: readonly MetricName[];
  readonly kind: ImageKind;
}

function lossesFor(metrics: readonly MetricName[]): readonly LossName[] {
  return [...new Set(metrics.flatMap((metric) => (metric === 'ssim' ? [] : DERIVED[metric].loss)))];
}

function similarities(
  targets: Float32Array,
  outputs: Float32Array,
  { shape, span }: ImageKind,
): Float64Array {
  const size = sizeOf(shape);
  return Float64Array.from({ length: outputs.length / size }, (_, index) => {
    const [start, end] = [index * size, (index + 1) * size];
    return ssim(targets.subarray(start, end), outputs.subarray(start, end), shape, span);
  });
}
