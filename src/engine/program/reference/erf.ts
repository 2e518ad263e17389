/**
 * The error function, 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x, by the series
 *
 *     erf(x) = 2/sqrt(pi) e^(-x^2) (x + 2 x^3 / 3 + 4 x^5 / (3 5) + 8 x^7 / (3 5 7) + ...)
 *
 * (M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions", 1964, 7.1.6). Its terms have one sign, so nothing
 * cancels: the error is some units in the last place of a float64.
 */
export function erf(x: number): number {
  if (Number.isNaN(x)) return x;
  // 1 - erf(6) is 2e-17, less than half a unit in the last place.
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 2 ** -54; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
