/**
 * L-BFGS, which minimises a smooth function of many variables: J. Nocedal, S. J. Wright, "Numerical optimization", 2nd edition,
 * 2006, algorithms 7.4 and 7.5, with a backtracking line search.
 */
export interface Evaluation {
  readonly value: number;
  readonly gradient: Float64Array;
}

export interface LbfgsOptions {
  readonly evaluate: (point: Float64Array) => Evaluation;
  readonly start: Float64Array;
  readonly iterations: number;
  /** Converged when no component of the gradient is larger. */
  readonly tolerance: number;
  /** Awaited before each iteration. */
  readonly before?: (iteration: number) => Promise<void>;
}

export interface Minimum {
  readonly point: Float64Array;
  readonly value: number;
  readonly iterations: number;
  /** False if the gradient was not small enough after the last iteration. */
  readonly converged: boolean;
}

/** Steps remembered to model the curvature. */
const MEMORY = 10;
/** A step must lower the value by at least this share of the decrease that the slope predicts (Armijo). */
const DECREASE = 1e-4;
const HALVINGS = 20;

interface Step {
  readonly move: Float64Array;
  readonly change: Float64Array;
  readonly curvature: number;
}

export async function minimize(options: LbfgsOptions): Promise<Minimum> {
  const { evaluate, iterations, tolerance, before } = options;
  let point = options.start;
  let { value, gradient } = evaluate(point);
  const memory: Step[] = [];
  for (let iteration = 0; iteration < iterations; iteration++) {
    if (largest(gradient) <= tolerance) return { point, value, iterations: iteration, converged: true };
    await before?.(iteration);
    const direction = descent(gradient, memory);
    const slope = dot(direction, gradient);
    let length = memory.length === 0 ? Math.min(1, 1 / largest(gradient)) : 1;
    let next: Evaluation | undefined;
    let reached = point;
    for (let halving = 0; halving <= HALVINGS && next === undefined; halving++, length /= 2) {
      reached = along(point, direction, length);
      const tried = evaluate(reached);
      if (tried.value <= value + DECREASE * length * slope) next = tried;
    }
    // Within floating-point precision, the value cannot be lowered further.
    if (next === undefined) return { point, value, iterations: iteration, converged: true };
    const move = along(reached, point, -1);
    const change = along(next.gradient, gradient, -1);
    const curvature = dot(move, change);
    if (curvature > 1e-12) memory.push({ move, change, curvature });
    if (memory.length > MEMORY) memory.shift();
    point = reached;
    ({ value, gradient } = next);
  }
  return { point, value, iterations, converged: largest(gradient) <= tolerance };
}

/** The negative gradient times the inverse curvature estimated from the remembered steps: algorithm 7.4. */
function descent(gradient: Float64Array, memory: readonly Step[]): Float64Array {
  let direction: Float64Array = gradient.map((component) => -component);
  const shares: number[] = [];
  for (const { move, change, curvature } of memory.toReversed()) {
    const share = dot(move, direction) / curvature;
    shares.unshift(share);
    direction = along(direction, change, -share);
  }
  const last = memory.at(-1);
  if (last !== undefined) {
    const scale = last.curvature / dot(last.change, last.change);
    direction = direction.map((component) => component * scale);
  }
  memory.forEach(({ move, change, curvature }, index) => {
    const share = dot(change, direction) / curvature;
    direction = along(direction, move, (shares[index] ?? 0) - share);
  });
  return direction;
}

/** `start + length * direction` */
function along(start: Float64Array, direction: Float64Array, length: number): Float64Array {
  return start.map((component, index) => component + length * (direction[index] ?? 0));
}

function dot(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < one.length; index++) sum += (one[index] ?? 0) * (other[index] ?? 0);
  return sum;
}

function largest(vector: Float64Array): number {
  let most = 0;
  for (const component of vector) most = Math.max(most, Math.abs(component));
  return most;
}
