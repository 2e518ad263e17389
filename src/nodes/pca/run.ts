/** Fits principal components, and measures the error of reconstructing with only some of them. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { openImages, toFloat32, type ImageArray } from '../../formats/images.ts';
import type { PcaSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import { sizeOf } from '../../core/shape.ts';
import { prepareRowsComputation } from '../../engine/computation.ts';
import type { Engine } from '../../engine/engine.ts';
import type { StageContext, StageResult } from '../contract.ts';
import { requireInput } from '../train/pairs.ts';
import { metricNames } from './names.ts';

/** Images processed at once. */
const CHUNK = 5000;

interface Row {
  readonly components: number;
  readonly mse: number;
  /** Mean per image, summed over its values. */
  readonly squared_error: number;
  /** Share of the training images' variance that the components keep, 0 to 1. */
  readonly explained_variance: number;
}

/** Writes `pca.json`, with one row per number of components. */
export async function runPca(context: StageContext<PcaSettings>): Promise<StageResult> {
  const { settings, inputs, folder } = context;
  const engine = await context.engine();
  const data = requireInput(inputs, 'data');
  const training = await openImages(data.folder, 'train');
  const measured = settings.split === 'train' ? training : await openImages(data.folder, settings.split);

  context.progress({ text: 'covariances', fraction: 0 });
  const { mean, covariance } = await moments(context, engine, training);
  context.progress({ text: 'components', fraction: 0.4 });
  await nextTurn();
  const { vectors, values } = decompose(covariance);
  context.progress({ text: 'measuring', fraction: 0.8 });
  const energy = await projectedEnergy(context, engine, measured, mean, vectors);

  const size = mean.length;
  const variance = values.reduce((sum, value) => sum + value, 0);
  const total = energy.reduce((sum, value) => sum + value, 0);
  const metrics: Record<string, number> = {};
  const rows = settings.components.map((components): Row => {
    // By Pythagoras, the squared error is the energy in the other components.
    const kept = energy.subarray(0, components).reduce((sum, value) => sum + value, 0);
    const squaredError = Math.max(0, total - kept) / measured.count;
    const [mse, squared] = metricNames(components, settings);
    metrics[mse] = squaredError / size;
    metrics[squared] = squaredError;
    const explained = values.slice(0, components).reduce((sum, value) => sum + value, 0);
    return {
      components,
      mse: squaredError / size,
      squared_error: squaredError,
      explained_variance: variance === 0 ? 1 : explained / variance,
    };
  });
  await writeFile(join(folder, 'pca.json'), `${JSON.stringify(rows, undefined, 2)}\n`);
  return { metrics, highlights: ['pca.json'] };
}

type Abortable = Pick<StageContext, 'signal'>;

/** Calls `work` with chunks of images as rows, minus `mean`: [rows, values]. */
async function eachChunk(
  { signal }: Abortable,
  images: ImageArray,
  mean: Float64Array,
  work: (rows: Float32Array) => void,
): Promise<void> {
  for (let start = 0; start < images.count; start += CHUNK) {
    await nextTurn();
    if (signal.aborted) throw failure('interrupted', 'stopped while finding components');
    const end = Math.min(start + CHUNK, images.count);
    const rows = toFloat32(images, { start, end });
    for (let index = 0; index < rows.length; index++) {
      rows[index] = (rows[index] ?? 0) - (mean[index % mean.length] ?? 0);
    }
    work(rows);
  }
}

/** Mean and covariance of an image's values. The engine computes products; chunks are summed in float64. */
async function moments(
  context: Abortable,
  engine: Engine,
  images: ImageArray,
): Promise<{ readonly mean: Float64Array; readonly covariance: Matrix }> {
  const size = sizeOf(images.shape);
  const mean = new Float64Array(size);
  await eachChunk(context, images, new Float64Array(size), (rows) => {
    for (let index = 0; index < rows.length; index++) {
      mean[index % size] = (mean[index % size] ?? 0) + (rows[index] ?? 0) / images.count;
    }
  });
  const products = new Float64Array(size * size);
  const computation = prepareRowsComputation(engine, size, {}, ({ rows }) => [
    engine.tf.matMul(rows, rows, true, false),
  ]);
  try {
    await eachChunk(context, images, mean, (rows) => {
      const [part] = computation.run(rows);
      for (let index = 0; index < products.length; index++) {
        products[index] = (products[index] ?? 0) + (part?.[index] ?? 0) / images.count;
      }
    });
  } finally {
    computation.dispose();
  }
  return { mean, covariance: Matrix.from1DArray(size, size, [...products]) };
}

/** Eigenvalues in descending order, and the eigenvectors as columns in the same order. */
function decompose(covariance: Matrix): { readonly vectors: Matrix; readonly values: readonly number[] } {
  const { eigenvectorMatrix, realEigenvalues } = new EigenvalueDecomposition(covariance, {
    assumeSymmetric: true,
  });
  const order = realEigenvalues
    .map((_, index) => index)
    .sort((one, other) => (realEigenvalues[other] ?? 0) - (realEigenvalues[one] ?? 0));
  const rows = covariance.rows;
  const all = Array.from({ length: rows }, (_, index) => index);
  return {
    vectors: eigenvectorMatrix.selection(all, order),
    values: order.map((index) => Math.max(0, realEigenvalues[index] ?? 0)),
  };
}

/** For each component, the squared coordinates of the images along it, summed over the images. */
async function projectedEnergy(
  context: Abortable,
  engine: Engine,
  images: ImageArray,
  mean: Float64Array,
  vectors: Matrix,
): Promise<Float64Array> {
  const size = mean.length;
  const basis = { shape: [size, size], numbers: Float32Array.from(vectors.to1DArray()) };
  const computation = prepareRowsComputation(engine, size, { basis }, (inputs) => [
    inputs.rows.matMul(inputs.basis).square().sum(0),
  ]);
  const energy = new Float64Array(size);
  try {
    await eachChunk(context, images, mean, (rows) => {
      const [part] = computation.run(rows);
      for (let index = 0; index < size; index++) energy[index] = (energy[index] ?? 0) + (part?.[index] ?? 0);
    });
  } finally {
    computation.dispose();
  }
  return energy;
}
