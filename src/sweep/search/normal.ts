/** The normal distribution's integral, to about 14 digits, including the far tails. */

/** Beyond this, the continued fraction needs fewer terms than the series. */
const FAR = 2.5;
const TERMS = 120;

/** Probability of a standard normal number below `z`. */
export function normalCdf(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const tail = x < FAR ? 0.5 - 0.5 * series(x) : 0.5 * fraction(x);
  return z < 0 ? tail : 1 - tail;
}

/** Probability of a normal number between `low` and `high`, without loss of precision in the tails. */
export function normalMass(low: number, high: number, mean: number, deviation: number): number {
  const [a, b] = [(low - mean) / deviation, (high - mean) / deviation];
  return a > 0 ? normalCdf(-a) - normalCdf(-b) : normalCdf(b) - normalCdf(a);
}

/** erf(x) = 2/sqrt(pi) exp(-x²) (x + 2x³/3 + 4x⁵/15 + …), whose terms are all positive. */
function series(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < TERMS && term > sum * Number.EPSILON; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** erfc(x) = exp(-x²)/sqrt(pi) / (x + 1/2 / (x + 1 / (x + 3/2 / (x + …)))), from the inside out. */
function fraction(x: number): number {
  let value = x;
  for (let n = TERMS / 2; n >= 1; n--) value = x + n / 2 / value;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / value;
}
