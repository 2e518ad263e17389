/**
 * Parzen estimators: a density made of one normal distribution for each observed number, as wide as the distance to its
 * neighbours, and of a wide one for the prior. As in J. Bergstra, R. Bardenet, Y. Bengio,
 * B. Kégl, "Algorithms for hyper-parameter optimization", NIPS 2011, section 4; the constants are hyperopt's.
 */
import type { Philox } from '../../core/philox.ts';
import type { Line } from './axis.ts';
import { normalMass } from './normal.ts';

/** Number of the newest observations that have full weight. The weight of older ones decreases with age. */
const REMEMBERED = 25;

/** Weight of the prior, in observations. */
const PRIOR_WEIGHT = 1;

/** The minimum width of a distribution is the line's length divided by this. */
const MOST_NARROW = 100;

interface Component {
  readonly weight: number;
  readonly mean: number;
  readonly deviation: number;
}

/** Weights of the observations, the oldest first. */
export function forgettingWeights(count: number): readonly number[] {
  const older = count - REMEMBERED;
  return Array.from({ length: count }, (_, index) => {
    if (index >= older) return 1;
    return older === 1 ? 1 / count : 1 / count + ((1 - 1 / count) * index) / (older - 1);
  });
}

/** A density over a line, truncated at its ends. */
export class LineDensity {
  readonly #line: Line;
  readonly #components: readonly Component[];
  /** Share of the components' mass between the ends. */
  readonly #inside: number;

  /** @param positions observed positions, the oldest first */
  constructor(line: Line, positions: readonly number[]) {
    this.#line = line;
    this.#components = componentsOf(line, positions);
    this.#inside = this.#mass(line.low, line.high);
  }

  draw(generator: Philox): number {
    const { low, high } = this.#line;
    const normal = new Float32Array(1);
    for (;;) {
      const { mean, deviation } = pick(this.#components, generator);
      generator.normal(normal);
      const position = mean + deviation * (normal[0] ?? 0);
      if (position >= low && position < high) return this.#line.value(position);
    }
  }

  /** The logarithm of the probability of a value, or of the density on a continuous range. */
  logDensity(value: number): number {
    const cell = this.#line.cell(value);
    const density =
      cell === undefined ? this.#density(this.#line.position(value)) : this.#mass(cell[0], cell[1]);
    return Math.log(density / this.#inside);
  }

  #density(position: number): number {
    return this.#components.reduce((sum, { weight, mean, deviation }) => {
      const distance = (position - mean) / deviation;
      return sum + (weight * Math.exp(-0.5 * distance * distance)) / (deviation * Math.sqrt(2 * Math.PI));
    }, 0);
  }

  #mass(low: number, high: number): number {
    return this.#components.reduce(
      (sum, { weight, mean, deviation }) => sum + weight * normalMass(low, high, mean, deviation),
      0,
    );
  }
}

function componentsOf({ low, high }: Line, positions: readonly number[]): readonly Component[] {
  const length = high - low;
  const prior: Component = { weight: PRIOR_WEIGHT, mean: (low + high) / 2, deviation: length };
  const weights = forgettingWeights(positions.length);
  const observed = positions.map((mean, index) => ({ mean, weight: weights[index] ?? 1, isPrior: false }));
  const sorted = [{ ...prior, isPrior: true }, ...observed].sort((a, b) => a.mean - b.mean);
  const narrowest = length / Math.min(MOST_NARROW, 1 + sorted.length);
  const components = sorted.map(({ mean, weight, isPrior }, index): Component => {
    if (isPrior) return prior;
    const before = sorted[index - 1];
    const after = sorted[index + 1];
    const widest = Math.max(
      before === undefined ? 0 : mean - before.mean,
      after === undefined ? 0 : after.mean - mean,
    );
    const wanted = positions.length === 1 ? length / 2 : widest;
    return { mean, weight, deviation: Math.min(length, Math.max(narrowest, wanted)) };
  });
  const total = components.reduce((sum, { weight }) => sum + weight, 0);
  return components.map((component) => ({ ...component, weight: component.weight / total }));
}

/** Probabilities of categories. */
export class CategoryDensity {
  readonly #shares: readonly { readonly weight: number }[];

  /** @param indices observed categories, the oldest first */
  constructor(count: number, indices: readonly number[]) {
    const weights = forgettingWeights(indices.length);
    const sums = Array.from({ length: count }, () => PRIOR_WEIGHT);
    indices.forEach((index, place) => (sums[index] = (sums[index] ?? 0) + (weights[place] ?? 1)));
    const total = sums.reduce((sum, each) => sum + each, 0);
    this.#shares = sums.map((each) => ({ weight: each / total }));
  }

  draw(generator: Philox): number {
    return this.#shares.indexOf(pick(this.#shares, generator));
  }

  logDensity(index: number): number {
    return Math.log(this.#shares[index]?.weight ?? 0);
  }
}

/** Samples an index by weights, which sum to 1. */
function pick<Weighted extends { readonly weight: number }>(
  all: readonly Weighted[],
  generator: Philox,
): Weighted {
  let left = generator.next() / 2 ** 32;
  for (const each of all) {
    left -= each.weight;
    if (left < 0) return each;
  }
  const last = all.at(-1);
  if (last === undefined) throw new RangeError('nothing to pick from');
  return last;
}
