/** Problems with a known optimum, and how many trials a search needs on them. */
import type { Json } from '../../../src/core/json.ts';
import { expandSweep } from '../../../src/sweep/expand.ts';
import { proposeTpe, type Observation, type Values } from '../../../src/sweep/search/tpe.ts';
import type { SweepParameter } from '../../../src/sweep/values.ts';

export interface Problem {
  readonly name: string;
  readonly parameters: Readonly<Record<string, SweepParameter>>;
  readonly loss: (values: Values) => number;
  /** The minimum loss. */
  readonly optimum: number;
  /** A loss within this distance of the optimum counts as found. */
  readonly within: number;
}

const uniform = (min: number, max: number): SweepParameter => ({ min, max, log: false });

/** F. H. Branin, 1972: three optima of equal depth. */
export const BRANIN: Problem = {
  name: 'Branin',
  // With integer ends, all values would be integers.
  parameters: { x: uniform(-5, 10.00001), y: uniform(0, 15.00001) },
  loss: ({ x, y }) => {
    const [a, b] = [Number(x), Number(y)];
    const bend = b - (5.1 / (4 * Math.PI ** 2)) * a ** 2 + (5 / Math.PI) * a - 6;
    return bend ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(a) + 10;
  },
  optimum: 0.397887,
  within: 0.1,
};

const HARTMANN_A = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const HARTMANN_P = [
  [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
  [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
  [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
  [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
];
const HARTMANN_WEIGHTS = [1, 1.2, 3, 3.2];

/** J. K. Hartman, 1973: six dimensions, six local optima. */
export const HARTMANN: Problem = {
  name: 'Hartmann-6',
  parameters: Object.fromEntries(
    Array.from({ length: 6 }, (_, index) => [`x${index}`, uniform(0, 1.00001)] as const),
  ),
  loss: (values) => {
    const x = Array.from({ length: 6 }, (_, index) => Number(values[`x${index}`]));
    return -HARTMANN_WEIGHTS.reduce((sum, weight, row) => {
      const exponent = x.reduce(
        (total, each, column) =>
          total + (HARTMANN_A[row]?.[column] ?? 0) * (each - (HARTMANN_P[row]?.[column] ?? 0)) ** 2,
        0,
      );
      return sum + weight * Math.exp(-exponent);
    }, 0);
  },
  optimum: -3.32237,
  within: 1,
};

/** Similar to training an autoencoder: a rate on a logarithmic range, integers, and a choice that matters. */
export const MIXED: Problem = {
  name: 'five parameters of three kinds',
  parameters: {
    rate: { min: 0.00001, max: 0.1, log: true },
    units: { min: 16, max: 512, log: true },
    latent: { min: 2, max: 64, step: 2, log: true },
    dropout: { min: 0, max: 0.9, log: false },
    activation: ['relu', 'elu', 'tanh', 'sigmoid', 'linear'],
  },
  loss: ({ rate, units, latent, dropout, activation }) =>
    (Math.log10(Number(rate)) + 3) ** 2 +
    0.3 * Math.log2(Number(units) / 256) ** 2 +
    0.2 * (Math.log2(Number(latent)) - 4) ** 2 +
    4 * (Number(dropout) - 0.2) ** 2 +
    (PENALTIES[String(activation)] ?? 9),
  optimum: 0,
  within: 0.5,
};

const PENALTIES: Readonly<Record<string, number>> = { relu: 0.2, elu: 0, tanh: 0.5, sigmoid: 1, linear: 2 };

export const PROBLEMS: readonly Problem[] = [BRANIN, HARTMANN, MIXED];

/** The random combinations of a sweep, which are also the first trials of `method: bayes`. */
export function randomDraws({ parameters }: Problem, count: number, seed: number): readonly Values[] {
  const sweep = {
    method: 'random' as const,
    parameters: parameters as Record<string, SweepParameter>,
    run_cap: count,
    include: [],
    exclude: [],
    replicates: 1,
  };
  return expandSweep(sweep, seed).combinations.map((combination): Values =>
    Object.fromEntries([...combination].map(([name, { value }]): [string, Json] => [name, value])),
  );
}

export interface Run {
  readonly values: readonly Values[];
  readonly losses: readonly number[];
}

interface SearchOptions {
  readonly startup?: number;
  readonly lag?: number;
  /** Ends the search before its last trial. */
  readonly until?: (loss: number) => boolean;
}

export function searchAtRandom(problem: Problem, count: number, seed: number): Run {
  const values = randomDraws(problem, count, seed);
  return { values, losses: values.map(problem.loss) };
}

export function searchByTpe(
  problem: Problem,
  count: number,
  seed: number,
  { startup = 20, lag = 4, until = () => false }: SearchOptions = {},
): Run {
  const values: Values[] = [...randomDraws(problem, Math.min(count, startup), seed)];
  const losses = values.map(problem.loss);
  const space = { parameters: problem.parameters, seed, isExcluded: () => false };
  while (values.length < count && !losses.some(until)) {
    const trials = values.map((own, place): Observation => ({
      values: own,
      // Trials at most `lag - 1` places before may still be running.
      loss: place <= values.length - lag ? (losses[place] ?? Infinity) : Infinity,
    }));
    const next = proposeTpe(space, trials);
    if (next === undefined) break;
    values.push(next);
    losses.push(problem.loss(next));
  }
  return { values, losses };
}

/** Number of trials until the loss is close enough to the optimum; `Infinity` if it never is. */
export function trialsNeeded({ losses }: Run, { optimum, within }: Problem): number {
  const place = losses.findIndex((loss) => loss - optimum <= within);
  return place === -1 ? Infinity : place + 1;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => (a === b ? 0 : a - b));
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
