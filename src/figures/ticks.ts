/** Round numbers along an axis. */

export interface Scale {
  /** The ends of the axis. */
  readonly domain: readonly [number, number];
  /** In ascending order, within the domain. */
  readonly ticks: readonly number[];
  readonly labels: readonly string[];
}

/** Axes with at most this many different numbers have a tick at each. */
export const MOST_OWN_TICKS = 9;

export interface LinearScaleOptions {
  /** The most steps between ticks. */
  readonly steps: number;
  /** Ticks at whole numbers only. */
  readonly integer?: boolean;
  /** Extends the domain to the next ticks, and to zero if the data come near it; otherwise the domain is that of the data. */
  readonly extend?: boolean;
}

/** A linear axis for values from `low` to `high`, within what float32 holds, with ticks at multiples of 1, 2 or 5 times a power of ten. */
export function linearScale(low: number, high: number, options: LinearScaleOptions): Scale {
  const { steps, integer = false, extend = false } = options;
  const zero = extend && low >= 0 && low <= high / 2;
  const flat = high - low <= (integer ? 0 : FLAT * Math.abs(high));
  const [from, to] = flat ? around(high) : [zero ? 0 : low, high];
  const step = chooseStep((to - from) / steps, integer);

  const first = extend ? Math.floor(from / value(1, step) + 1e-9) : Math.ceil(from / value(1, step) - 1e-9);
  const last = extend ? Math.ceil(to / value(1, step) - 1e-9) : Math.floor(to / value(1, step) + 1e-9);
  const indices = Array.from({ length: Math.max(0, last - first) + 1 }, (_, index) => first + index);
  const ticks = indices.map((index) => value(index, step));
  return {
    domain: extend ? [ticks[0] ?? from, ticks.at(-1) ?? to] : [from, to],
    ticks,
    labels: ticks.map((tick) => formatNumber(tick, step.exponent, Math.max(Math.abs(from), Math.abs(to)))),
  };
}

/** A logarithmic axis for few whole numbers above 0. It ends with the data, and has its ticks at the data. */
export function logScaleAt(values: readonly number[]): Scale {
  const ticks = [...new Set(values)].sort((a, b) => a - b);
  const [low = 1, high = 1] = [ticks[0], ticks.at(-1)];
  return {
    domain: low === high ? [low / 2, high * 2] : [low, high],
    ticks,
    labels: ticks.map((tick) => formatNumber(tick, 0, high)),
  };
}

/** Closer ticks than this share of the axis have labels that touch. */
const CLOSEST = 0.06;

/** A linear axis for whole numbers that ends with the data. Its ends have ticks; few numbers have one each if they fit. */
export function linearScaleAt(values: readonly number[]): Scale {
  const different = [...new Set(values)].sort((a, b) => a - b);
  const [low = 0, high = 0] = [different[0], different.at(-1)];
  const { domain, ticks } = linearScale(low, high, { steps: 6, integer: true });
  const room = (domain[1] - domain[0]) * CLOSEST;
  const inner: number[] = [];
  for (const tick of different.length > MOST_OWN_TICKS ? ticks : different) {
    if (tick - (inner.at(-1) ?? low) >= room && high - tick >= room) inner.push(tick);
  }
  const all = low === high ? [low] : [low, ...inner, high];
  const largest = Math.max(Math.abs(low), Math.abs(high));
  return { domain, ticks: all, labels: all.map((tick) => formatNumber(tick, 0, largest)) };
}

/**
 * A logarithmic axis for finite, positive values, extended to the ticks around them: powers of ten, and also 2 and 5 times
 * these if there would be few.
 */
export function logScale(low: number, high: number): Scale {
  const lowest = Math.floor(Math.log10(low) + 1e-9);
  const highest = Math.ceil(Math.log10(high) - 1e-9);
  const decades = Math.max(1, highest - lowest);
  const factors = decades <= 2 ? [1, 2, 5] : [1];
  const every = Math.ceil(decades / 8);
  const ticks: { value: number; exponent: number }[] = [];
  for (let exponent = lowest; exponent <= highest + every; exponent += every) {
    for (const factor of factors) ticks.push({ value: value(1, { factor, exponent }), exponent });
  }
  const first = ticks.findLastIndex((tick) => tick.value <= low * (1 + 1e-9));
  const end = ticks.findIndex((tick, index) => index > first && tick.value >= high * (1 - 1e-9));
  const shown = ticks.slice(Math.max(0, first), end + 1);
  return {
    domain: [shown[0]?.value ?? low, shown.at(-1)?.value ?? high],
    ticks: shown.map((tick) => tick.value),
    labels: shown.map((tick) => formatNumber(tick.value, tick.exponent, tick.value)),
  };
}

/** Differences up to this share of the values are not shown: labels of seven digits could not tell their ticks apart. */
const FLAT = 1e-5;

/**
 * An interval for a single value: a whole number, such as an epoch, has no other tick beside it, unless it is
 * so large that a half could not be distinguished from it.
 */
function around(center: number): [number, number] {
  const reach = Number.isInteger(center) && Math.abs(center) * FLAT < 0.5 ? 0.5 : Math.abs(center) / 2;
  return [center - reach, center + reach];
}

/** Represents `factor * 10 ** exponent`. */
interface Step {
  readonly factor: number;
  readonly exponent: number;
}

/** The smallest step of 1, 2 or 5 times a power of ten that is at least as large as wanted. */
function chooseStep(wanted: number, integer: boolean): Step {
  const exponent = Math.floor(Math.log10(wanted));
  // The tiny shift keeps a step that misses its round number only by rounding.
  const mantissa = (wanted / 10 ** exponent) * (1 - 1e-9);
  const factor = [1, 2, 5].find((candidate) => candidate >= mantissa);
  const step = factor === undefined ? { factor: 1, exponent: exponent + 1 } : { factor, exponent };
  return integer && step.exponent < 0 ? { factor: 1, exponent: 0 } : step;
}

/** A multiple of a step, as the number nearest to its decimal form: 3 times 0.1 is 0.3. */
function value(multiple: number, step: Step): number {
  const mantissa = multiple * step.factor;
  return step.exponent < 0 ? mantissa / 10 ** -step.exponent : mantissa * 10 ** step.exponent;
}

/**
 * A number with as many decimals as its step has; beyond six digits as `2 × 10⁻⁷`, rounded to seven.
 *
 * @param exponent the power of ten of the step
 * @param largest the largest magnitude on the axis, so that all its labels have the same form
 */
function formatNumber(number: number, exponent: number, largest: number): string {
  if (number === 0) return '0';
  const sign = number < 0 ? '−' : '';
  const magnitude = Math.abs(number);
  if (exponent >= -5 && largest < 1e6) return sign + magnitude.toFixed(Math.max(0, -exponent));
  const [mantissa = '', power = ''] = Number(magnitude.toPrecision(7)).toExponential().split('e');
  const superscript = [...power].map((digit) => SUPERSCRIPTS[digit] ?? '').join('');
  return `${sign}${mantissa === '1' ? '' : `${mantissa} × `}10${superscript}`;
}

const SUPERSCRIPTS: Readonly<Record<string, string>> = {
  '-': '⁻',
  '0': '⁰',
  '1': '¹',
  '2': '²',
  '3': '³',
  '4': '⁴',
  '5': '⁵',
  '6': '⁶',
  '7': '⁷',
  '8': '⁸',
  '9': '⁹',
};

/** The lowest and the highest of some values, which may be too many for `Math.min`. */
export function extent(values: readonly number[]): readonly [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}
