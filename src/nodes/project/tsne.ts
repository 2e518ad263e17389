/**
 * t-SNE in two dimensions: L. van der Maaten, G. Hinton, "Visualizing data using t-SNE", JMLR 9, 2008, with the tree of L. van
 * der Maaten, "Accelerating t-SNE using tree-based algorithms", JMLR 15, 2014, and the learning rate of A. C. Belkina et al.,
 * "Automated optimized parameters for t-distributed stochastic neighbor embedding", Nature Communications 10, 2019. It uses no
 * random numbers: it starts from given points.
 */
import type { Affinities } from './affinities.ts';
import { Quadtree } from './quadtree.ts';

export interface TsneOptions {
  /** Row-major [points, 2]. It is rescaled. */
  readonly start: Float32Array;
  /** Awaited before each iteration. */
  readonly before?: (iteration: number) => Promise<void>;
}

export interface Embedding {
  /** Row-major [points, 2], centred. */
  readonly points: Float64Array;
  /** Kullback-Leibler divergence of the embedding's probabilities from the affinities, in nats. */
  readonly divergence: number;
}

export const ITERATIONS = 1000;
/** Early exaggeration: how many iterations it lasts, and its factor. It lets clusters form first. */
const EARLY = 250;
const EXAGGERATION = 12;
/** Standard deviation of the start's first axis: small compared with the result. */
const START = 1e-4;
const THETA = 0.5;
const LEAST_GAIN = 0.01;

export async function tsne(near: Affinities, { start, before }: TsneOptions): Promise<Embedding> {
  const points = scaledStart(start);
  const rate = Math.max(50, points.length / 2 / EXAGGERATION / 4);
  const speed = new Float64Array(points.length);
  const gains = new Float64Array(points.length).fill(1);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    await before?.(iteration);
    const early = iteration < EARLY;
    const gradient = gradientOf(near, points, { theta: THETA, exaggeration: early ? EXAGGERATION : 1 });
    const momentum = early ? 0.5 : 0.8;
    for (let index = 0; index < points.length; index++) {
      const slope = gradient[index] ?? 0;
      const pace = speed[index] ?? 0;
      const gain = gains[index] ?? 1;
      // Steps grow while they keep their direction, and shrink when it reverses.
      const next = slope > 0 === pace > 0 ? gain * 0.8 : gain + 0.2;
      gains[index] = Math.max(LEAST_GAIN, next);
      speed[index] = momentum * pace - rate * (gains[index] ?? 1) * slope;
      points[index] = (points[index] ?? 0) + (speed[index] ?? 0);
    }
    centre(points);
  }
  return { points, divergence: divergenceOf(near, points, THETA) };
}

/**
 * The gradient of the divergence: equation 8 of 2014.
 *
 * @param theta how coarsely the repulsion is approximated; 0 is exact
 */
export function gradientOf(
  { starts, columns, values }: Affinities,
  points: Float64Array,
  { theta, exaggeration }: { readonly theta: number; readonly exaggeration: number },
): Float64Array {
  const gradient = new Float64Array(points.length);
  const total = new Quadtree(points).repel(theta, gradient);
  for (let point = 0; point < points.length / 2; point++) {
    const x = points[2 * point] ?? 0;
    const y = points[2 * point + 1] ?? 0;
    let forceX = 0;
    let forceY = 0;
    const end = starts[point + 1] ?? 0;
    for (let at = starts[point] ?? 0; at < end; at++) {
      const other = columns[at] ?? 0;
      const dx = x - (points[2 * other] ?? 0);
      const dy = y - (points[2 * other + 1] ?? 0);
      const force = (values[at] ?? 0) / (1 + dx * dx + dy * dy);
      forceX += force * dx;
      forceY += force * dy;
    }
    gradient[2 * point] = 4 * (exaggeration * forceX - (gradient[2 * point] ?? 0) / total);
    gradient[2 * point + 1] = 4 * (exaggeration * forceY - (gradient[2 * point + 1] ?? 0) / total);
  }
  return gradient;
}

/** Kullback-Leibler divergence, in nats, which t-SNE minimises. */
export function divergenceOf(
  { starts, columns, values }: Affinities,
  points: Float64Array,
  theta: number,
): number {
  const total = new Quadtree(points).repel(theta, new Float64Array(points.length));
  let divergence = Math.log(total);
  for (let point = 0; point < points.length / 2; point++) {
    for (let at = starts[point] ?? 0; at < (starts[point + 1] ?? 0); at++) {
      const other = columns[at] ?? 0;
      const value = values[at] ?? 0;
      const dx = (points[2 * point] ?? 0) - (points[2 * other] ?? 0);
      const dy = (points[2 * point + 1] ?? 0) - (points[2 * other + 1] ?? 0);
      if (value > 0) divergence += value * Math.log(value * (1 + dx * dx + dy * dy));
    }
  }
  return divergence;
}

function scaledStart(start: Float32Array): Float64Array {
  const points = Float64Array.from(start);
  centre(points);
  let squares = 0;
  for (let index = 0; index < points.length; index += 2) squares += (points[index] ?? 0) ** 2;
  const deviation = Math.sqrt(squares / (points.length / 2));
  return deviation === 0 ? points : points.map((value) => (value / deviation) * START);
}

function centre(points: Float64Array): void {
  const count = points.length / 2;
  let [x, y] = [0, 0];
  for (let index = 0; index < points.length; index += 2) {
    x += (points[index] ?? 0) / count;
    y += (points[index + 1] ?? 0) / count;
  }
  for (let index = 0; index < points.length; index += 2) {
    points[index] = (points[index] ?? 0) - x;
    points[index + 1] = (points[index + 1] ?? 0) - y;
  }
}
