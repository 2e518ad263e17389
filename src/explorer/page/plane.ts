/** The plane on which latents are shown: their two values, or the first two principal components of those of the images. */

export interface Plane {
  readonly kind: 'values' | 'components';
  /** The share of the latents' variance that lies in the plane, from 0 to 1. */
  readonly share: number;
  /** Where a latent is shown: its projection. */
  place(latent: Float32Array): readonly [x: number, y: number];
  /** The latent at a place: the mean of the latents plus the two components. */
  latentAt(x: number, y: number): Float32Array;
}

const MOST_ROUNDS = 500;
/** The share by which the variance must grow for another round. */
const TOLERANCE = 1e-9;

/** @param latents at least one, all of one length, at least two values each */
export function planeOf(latents: readonly Float32Array[]): Plane {
  const size = latents[0]?.length ?? 0;
  if (size === 2) {
    return {
      kind: 'values',
      share: 1,
      place: ([x = 0, y = 0]) => [x, y],
      latentAt: (x, y) => Float32Array.of(x, y),
    };
  }
  const mean = meanOf(latents);
  const centred = latents.map((latent) =>
    Float64Array.from(latent, (value, axis) => value - (mean[axis] ?? 0)),
  );
  const [first = new Float64Array(size), second = new Float64Array(size)] = principalAxes(centred, size);
  const total = centred.reduce((sum, row) => sum + dot(row, row), 0);
  const inPlane = centred.reduce((sum, row) => sum + dot(row, first) ** 2 + dot(row, second) ** 2, 0);
  return {
    kind: 'components',
    share: total === 0 ? 1 : inPlane / total,
    place: (latent) => {
      const difference = Float64Array.from(latent, (value, axis) => value - (mean[axis] ?? 0));
      return [dot(difference, first), dot(difference, second)];
    },
    latentAt: (x, y) =>
      Float32Array.from(mean, (value, axis) => value + x * (first[axis] ?? 0) + y * (second[axis] ?? 0)),
  };
}

export function meanOf(latents: readonly Float32Array[]): Float64Array {
  const mean = new Float64Array(latents[0]?.length ?? 0);
  for (const latent of latents) latent.forEach((value, axis) => (mean[axis] = (mean[axis] ?? 0) + value));
  return mean.map((value) => value / latents.length);
}

/** The variance of each latent value over the latents. */
export function variancesOf(latents: readonly Float32Array[]): Float64Array {
  const mean = meanOf(latents);
  const sums = new Float64Array(mean.length);
  for (const latent of latents)
    latent.forEach((value, axis) => (sums[axis] = (sums[axis] ?? 0) + (value - (mean[axis] ?? 0)) ** 2));
  return sums.map((sum) => sum / latents.length);
}

/**
 * The first two principal axes, by subspace iteration: the rows' scatter matrix is applied to two vectors, which are made
 * orthogonal again, until the variance in their plane no longer grows. Then they are turned within the plane.
 */
function principalAxes(rows: readonly Float64Array[], size: number): readonly Float64Array[] {
  // Hardly any axis of a latent is orthogonal to both.
  let axes: readonly Float64Array[] = [1.7, 2.9].map((step) =>
    Float64Array.from({ length: size }, (_, axis) => Math.cos((axis + 1) * step)),
  );
  let before = 0;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    axes = orthonormal(axes.map((axis) => applyScatter(rows, axis)));
    const variance = axes.reduce((sum, axis) => sum + dot(applyScatter(rows, axis), axis), 0);
    if (variance - before <= TOLERANCE * variance) break;
    before = variance;
  }
  // The sign is free: it is chosen by the sum, so that equal latents give equal maps.
  return turned(rows, axes).map((axis) => {
    const sum = axis.reduce((total, value) => total + value, 0);
    return sum < 0 ? axis.map((value) => -value) : axis;
  });
}

/** Turns two axes within their plane, so that the first has the most variance: the eigenvectors of a matrix of 2 by 2. */
function turned(rows: readonly Float64Array[], axes: readonly Float64Array[]): readonly Float64Array[] {
  const [one = new Float64Array(), other = new Float64Array()] = axes;
  const image = applyScatter(rows, one);
  const [a, b, c] = [dot(image, one), dot(image, other), dot(applyScatter(rows, other), other)];
  const angle = Math.atan2(2 * b, a - c) / 2;
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  return [
    one.map((value, axis) => cosine * value + sine * (other[axis] ?? 0)),
    other.map((value, axis) => cosine * value - sine * (one[axis] ?? 0)),
  ];
}

function applyScatter(rows: readonly Float64Array[], axis: Float64Array): Float64Array {
  const result = new Float64Array(axis.length);
  for (const row of rows) {
    const along = dot(row, axis);
    for (let index = 0; index < axis.length; index++)
      result[index] = (result[index] ?? 0) + along * (row[index] ?? 0);
  }
  return result;
}

/** The method of Gram and Schmidt, twice, since once is not exact enough. Vectors that depend on earlier ones become zero. */
function orthonormal(vectors: readonly Float64Array[]): Float64Array[] {
  const done: Float64Array[] = [];
  for (const vector of vectors) {
    const length = Math.sqrt(dot(vector, vector));
    const rest = Float64Array.from(vector);
    for (let pass = 0; pass < 2; pass++) {
      for (const other of done) {
        const along = dot(rest, other);
        for (let index = 0; index < rest.length; index++)
          rest[index] = (rest[index] ?? 0) - along * (other[index] ?? 0);
      }
    }
    const left = Math.sqrt(dot(rest, rest));
    done.push(rest.map((value) => (left <= 1e-12 * length || left === 0 ? 0 : value / left)));
  }
  return done;
}

function dot(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < one.length; index++) sum += (one[index] ?? 0) * (other[index] ?? 0);
  return sum;
}
