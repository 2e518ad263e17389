/** The contents of an image set, as text. */
import type { Look, Omitted, SplitLook } from '../../nodes/dataset/look.ts';
import { formatCount, formatNumber, formatPlural, printable, table } from './format.ts';
import type { Style } from './style.ts';

/** Classes and files that are listed. */
const LISTED = 10;

/** @param all whether long lists are printed in full */
export function renderLook(
  stage: string,
  look: Look,
  omitted: readonly Omitted[],
  style: Style,
  all: boolean,
): string {
  const most = all ? Infinity : LISTED;
  return [
    `${style('bold', stage)}: ${describeShape(look)}`,
    ...block(renderValues(look), style),
    ...block(renderHistograms(look), style),
    ...block(renderClasses(look, most), style),
    ...renderOmitted(omitted, most),
  ].join('\n');
}

/** `images of 28x28, gray` */
function describeShape({ shape: [height, width, channels] }: Look): string {
  const kind = channels === 1 ? 'gray' : channels === 3 ? 'in colour' : `with ${channels} channels`;
  return `images of ${height}x${width} (height x width), ${kind}`;
}

/** A table below an empty line, its head faint. */
function block(lines: readonly string[], style: Style): readonly string[] {
  return lines.length === 0
    ? []
    : ['', ...lines.map((line, index) => (index === 0 ? style('dim', line) : line))];
}

function renderValues({ splits }: Look): readonly string[] {
  const ends = ({ minimum, maximum }: SplitLook['values']): string =>
    `${formatNumber(minimum)} to ${formatNumber(maximum)}`;
  return table([
    ['', 'images', 'type', 'as stored', 'as used', 'mean', 'std'],
    ...splits.map(({ split, count, dtype, stored, values }) => [
      split,
      formatCount(count),
      dtype,
      ends(stored),
      ends(values),
      formatNumber(values.mean),
      formatNumber(values.standard_deviation),
    ]),
  ]);
}

const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

function renderHistograms({ splits, range: [low, high] }: Look): readonly string[] {
  const title = `how often each value from ${formatNumber(low)} to ${formatNumber(high)} occurs`;
  return [title, ...table(splits.map(({ split, histogram }) => [split, bars(histogram.counts)]))];
}

/** A bar for each count, none for 0; the largest count has the highest bar. */
function bars(counts: readonly number[]): string {
  const most = Math.max(...counts);
  return counts
    .map((count) => (count === 0 ? ' ' : (BARS[Math.ceil((BARS.length * count) / most) - 1] ?? BARS[0])))
    .join('');
}

function renderClasses({ splits }: Look, most: number): readonly string[] {
  const labelled = splits.filter(({ classes }) => classes !== undefined);
  if (labelled.length === 0) return [];
  const counts = labelled.map(({ classes = [] }) => new Map(classes.map(({ name, count }) => [name, count])));
  const names = [...new Set(counts.flatMap((one) => [...one.keys()]))];
  const rows = names
    .slice(0, most)
    .map((name) => [printable(name), ...counts.map((one) => formatCount(one.get(name) ?? 0))]);
  const left = names.slice(most).flatMap((name) => counts.map((one) => one.get(name) ?? 0));
  return [
    ...table([[formatClasses(names.length), ...labelled.map(({ split }) => split)], ...rows]),
    ...(left.length === 0
      ? []
      : [`and ${formatCount(names.length - most)} more, of ${between(least(left), greatest(left))}`]),
  ];
}

/** `1 to 12 images` */
function between(low: number, high: number): string {
  return low === high
    ? `${formatPlural(low, 'image')} each`
    : `${formatCount(low)} to ${formatPlural(high, 'image')}`;
}

function formatClasses(count: number): string {
  return count === 1 ? '1 class' : `${formatCount(count)} classes`;
}

// Spreading into arguments works for thousands of numbers, but not for millions.
const least = (values: readonly number[]): number => values.reduce((one, other) => Math.min(one, other));
const greatest = (values: readonly number[]): number => values.reduce((one, other) => Math.max(one, other));

function renderOmitted(omitted: readonly Omitted[], most: number): readonly string[] {
  if (omitted.length === 0) return [];
  const rows = omitted.slice(0, most).map(({ name, reason }) => [`  ${printable(name)}`, printable(reason)]);
  const left = omitted.length - rows.length;
  return [
    '',
    `skipped: ${formatPlural(omitted.length, 'file')}`,
    ...table(rows),
    ...(left === 0 ? [] : [`  and ${formatCount(left)} more; --verbose lists them`]),
  ];
}
