/** Projects vectors or raw pixels. */
import type {
  ProjectSettings,
  TsneProjectSettings,
  UmapProjectSettings,
} from '../../schema/generated/settings.ts';
import { takeNames } from '../../formats/image-names.ts';
import { writeVectorSet } from '../../formats/vectors.ts';
import { failure, unreachable } from '../../core/diagnostic.ts';
import { permutation } from '../../core/philox.ts';
import type { Engine } from '../../engine/engine.ts';
import { Pace } from '../../engine/train/pace.ts';
import type { StageContext, StageResult } from '../contract.ts';
import { readRows, toMatrix, type LabelledRows, type Matrix } from '../encode/rows.ts';
import { nearestNeighbors, type Neighbors } from '../probe/neighbors.ts';
import { requireInput } from '../train/pairs.ts';
import { affinities } from './affinities.ts';
import { NEIGHBORS_BY_PERPLEXITY, pointsNeeded } from './points.ts';
import { principalComponents } from './principal.ts';
import { ITERATIONS, tsne } from './tsne.ts';
import { umap } from './umap.ts';

interface Projection {
  /** Row-major [points, axes]. */
  readonly points: Float32Array;
  readonly axes: readonly string[];
  readonly metrics: Readonly<Record<string, number>>;
}

/** Writes a vector set of one split. */
export async function runProject(context: StageContext<ProjectSettings>): Promise<StageResult> {
  const { settings, inputs, folder, seed } = context;
  const { split, limit } = settings;
  const engine = await context.engine();
  const input = requireInput(inputs, 'data');
  const samples = await readRows(input, split);
  const chosen =
    limit === null || limit >= samples.count
      ? undefined
      : permutation(seed('choice'), samples.count).slice(0, limit).sort();
  const matrix = toMatrix(samples, chosen);
  const needed = pointsNeeded(settings);
  if (matrix.count < needed) {
    throw failure(
      'bad-setting',
      `\`${settings.method}\` with these settings needs at least ${needed} points, but \`${input.stage}\` has ${matrix.count}`,
      settings.method === 'tsne' ? 'lower `perplexity`' : 'use more samples',
    );
  }
  const { points, axes, metrics } = await project(context, engine, matrix);
  if (!points.every(Number.isFinite))
    throw failure('not-finite', 'the projection has values that are NaN or infinite');
  await writeVectorSet(folder, {
    size: axes.length,
    axes,
    splits: { [split]: { data: points, count: matrix.count, ...chosenPart(samples, chosen) } },
  });
  return { metrics, highlights: ['vectors.json'] };
}

/** Labels, image numbers and names of the chosen rows; of all rows if `chosen` is undefined. */
function chosenPart({ labels, classes, rows, names }: LabelledRows, chosen: Int32Array | undefined) {
  const numbers = chosen === undefined ? rows : chosen.map((row) => rows?.[row] ?? row);
  const kept = chosen === undefined ? labels : labels && chosen.map((row) => labels[row] ?? 0);
  return {
    ...(kept === undefined ? {} : { labels: kept }),
    ...(classes === undefined ? {} : { classes }),
    ...(numbers === undefined ? {} : { rows: numbers }),
    ...(names === undefined ? {} : { names: chosen === undefined ? names : takeNames(names, chosen) }),
  };
}

async function project(
  context: StageContext<ProjectSettings>,
  engine: Engine,
  matrix: Matrix,
): Promise<Projection> {
  const { settings } = context;
  switch (settings.method) {
    case 'pca':
      return projectByPca(context, engine, matrix, settings.components);
    case 'tsne':
      return projectByTsne(context, engine, matrix, settings);
    case 'umap':
      return projectByUmap(context, engine, matrix, settings);
    default:
      return unreachable(settings);
  }
}

async function projectByPca(
  { seed, signal, progress }: StageContext<ProjectSettings>,
  engine: Engine,
  matrix: Matrix,
  components: number,
): Promise<Projection> {
  if (components > matrix.size) {
    throw failure('out-of-range', `vectors of ${matrix.size} values have no ${components} components`);
  }
  progress({ text: 'components', fraction: 0 });
  const { coordinates, shares } = await principalComponents(engine, matrix, {
    components,
    seed: seed('pca'),
    signal,
  });
  return {
    points: coordinates,
    axes: shares.map((share, axis) => `PCA ${axis + 1} (${(100 * share).toFixed(1)} % of the variance)`),
    metrics: { explained_variance: shares.reduce((sum, share) => sum + share, 0) },
  };
}

/** Share of the work that finding the neighbours takes, for the progress display. */
const NEIGHBORS_SHARE = 0.1;

async function findNeighbors(
  { signal, progress }: StageContext<ProjectSettings>,
  engine: Engine,
  matrix: Matrix,
  k: number,
): Promise<Neighbors> {
  return nearestNeighbors(engine, matrix, matrix, {
    k,
    withoutSelf: true,
    signal,
    onProgress: (share) => progress({ text: 'neighbours', fraction: share * NEIGHBORS_SHARE }),
  });
}

/** Reports the steps of a layout, and yields to the event loop. */
function stepper({ signal, progress }: StageContext<ProjectSettings>) {
  const pace = new Pace(signal);
  return async (step: number, steps: number): Promise<void> => {
    const fraction = NEIGHBORS_SHARE + (1 - NEIGHBORS_SHARE) * (step / steps);
    if (pace.due()) progress({ text: `iteration ${step} of ${steps}`, fraction });
    await pace.next();
  };
}

/** Starts from the first two principal components. This preserves the global structure, and needs no random numbers. */
async function projectByTsne(
  context: StageContext<ProjectSettings>,
  engine: Engine,
  matrix: Matrix,
  { perplexity }: TsneProjectSettings,
): Promise<Projection> {
  const k = Math.ceil(NEIGHBORS_BY_PERPLEXITY * perplexity);
  const near = affinities(await findNeighbors(context, engine, matrix, k), perplexity);
  const step = stepper(context);
  const { points, divergence } = await tsne(near, {
    start: await startOf(context, engine, matrix),
    before: (iteration) => step(iteration, ITERATIONS),
  });
  return {
    points: Float32Array.from(points),
    axes: ['t-SNE 1', 't-SNE 2'],
    metrics: { kl_divergence: divergence },
  };
}

async function startOf(
  { seed, signal }: StageContext<ProjectSettings>,
  engine: Engine,
  matrix: Matrix,
): Promise<Float32Array> {
  if (matrix.size >= 2) {
    const options = { components: 2, seed: seed('pca'), signal };
    return (await principalComponents(engine, matrix, options)).coordinates;
  }
  return Float32Array.from({ length: 2 * matrix.count }, (_, index) =>
    index % 2 === 0 ? (matrix.data[index / 2] ?? 0) : 0,
  );
}

async function projectByUmap(
  context: StageContext<ProjectSettings>,
  engine: Engine,
  matrix: Matrix,
  { components, neighbors, min_distance: minDistance }: UmapProjectSettings,
): Promise<Projection> {
  // umap-js counts a point among its own neighbours.
  const found = await findNeighbors(context, engine, matrix, neighbors - 1);
  const points = await umap(found, {
    components,
    minDistance,
    seed: context.seed('umap'),
    before: stepper(context),
  });
  return {
    points,
    axes: Array.from({ length: components }, (_, axis) => `UMAP ${axis + 1}`),
    metrics: {},
  };
}
