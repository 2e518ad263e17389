/** Formats the numbers of a column with the same number of decimals, so that they can be compared at a glance. */
import { formatCount } from '../core/format.ts';

/** A mean over replicates; without a deviation, a single value. */
export interface Quantity {
  readonly mean: number;
  readonly deviation?: number;
}

export type FormatQuantity = (quantity: Quantity | undefined) => string;

/** Shown if there is no number. */
const NOTHING = '–';
/** Significant digits of the largest number of a column. */
const DIGITS = 4;
/** Maximum for the largest number, if more digits are needed to tell numbers of the column apart. */
const MOST_DIGITS = 7;
/** Significant digits of the smallest number. */
const FEWEST_DIGITS = 2;
/** Range of powers of ten in which a column is written without exponents. */
const PLAIN = { lowest: -7, highest: 9, span: 5 } as const;

/**
 * The format of a column: integers with thousands separators, other numbers with equal decimals. A deviation of 0 means an exact
 * quantity, and is not shown.
 */
export function columnFormat(column: readonly (Quantity | undefined)[]): FormatQuantity {
  const quantities = column.flatMap((each) =>
    each === undefined || !Number.isFinite(each.mean) ? [] : [each],
  );
  const write = writerOf(quantities);
  return (quantity) => {
    if (quantity === undefined || !Number.isFinite(quantity.mean)) return NOTHING;
    const { mean, deviation = 0 } = quantity;
    return deviation > 0 ? `${write(mean)} ± ${write(deviation)}` : write(mean);
  };
}

/** A single number: `0.0700` or `12,000`. */
export function formatOne(value: number): string {
  return columnFormat([{ mean: value }])({ mean: value });
}

function writerOf(quantities: readonly Quantity[]): (value: number) => string {
  const means = quantities.map(({ mean }) => mean);
  const deviations = quantities.flatMap(({ deviation = 0 }) => (deviation > 0 ? [deviation] : []));
  const powers = means.flatMap((mean) => (mean === 0 ? [] : [powerOf(mean)]));
  const [highest, lowest] = [Math.max(...powers), Math.min(...powers)];
  if (highest >= PLAIN.highest || lowest < PLAIN.lowest || highest - lowest > PLAIN.span) {
    return (value) => (value === 0 ? '0' : value.toExponential(DIGITS - 1));
  }
  const areWhole = means.every(Number.isInteger);
  if (areWhole && deviations.length === 0) return formatCount;
  const top = powers.length === 0 ? 0 : highest;
  const most = Math.max(0, MOST_DIGITS - 1 - top);
  let decimals = Math.max(0, DIGITS - 1 - top, powers.length === 0 ? 0 : FEWEST_DIGITS - 1 - lowest);
  if (deviations.length > 0) {
    const needed = -powerOf(Math.min(...deviations));
    decimals = areWhole ? Math.max(0, needed + 1) : Math.max(decimals, needed);
  }
  decimals = Math.min(decimals, Math.max(most, FEWEST_DIGITS - 1 - (powers.length === 0 ? 0 : lowest)));
  const count = new Set(means).size;
  while (decimals < most && new Set(means.map((mean) => mean.toFixed(decimals))).size < count) decimals += 1;
  const smallest = 10 ** -decimals / 2;
  return (value) =>
    value > 0 && value < smallest ? `<${fixed(10 ** -decimals, decimals)}` : fixed(value, decimals);
}

function fixed(value: number, decimals: number): string {
  const rounded = value.toLocaleString('en-US', {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return /^-[0.]+$/.test(rounded) ? rounded.slice(1) : rounded;
}

function powerOf(value: number): number {
  return Math.floor(Math.log10(Math.abs(value)));
}
