/** How values of one or a few groups are distributed, over a common axis. */
import { failure } from '../core/diagnostic.ts';
import { traceCurve, type Point } from './curve.ts';
import type { Figure } from './figure.ts';
import { layoutHeader, type HeaderText } from './header.ts';
import { drawPlot, TICK_LENGTH, TICK_PADDING } from './plot.ts';
import { COLORS, MARGIN, SERIES_COLORS, TYPE } from './style.ts';
import { formatLength, svgDocument, textElement } from './svg.ts';
import { extent, linearScale } from './ticks.ts';
import { textWidth } from './type.ts';

export interface HistogramGroup {
  readonly name: string;
  readonly values: ArrayLike<number>;
}

export interface HistogramOptions extends HeaderText {
  readonly xLabel: string;
  /** What each group's bars are shares of: `Share of the images of each kind`. */
  readonly yLabel: string;
  readonly groups: readonly HistogramGroup[];
  /** A place on the x axis that matters, with a few words beside its line. */
  readonly mark: { readonly x: number; readonly label: string };
}

const WIDTH = 680;
const PLOT_HEIGHT = 260;
const BINS = 50;
const SWATCH = 10;

/**
 * Draws the groups over each other. Each has an area of its own, however many values it has.
 *
 * @throws Failure if there are no finite values
 */
export function histogram({ title, subtitle, xLabel, yLabel, groups, mark }: HistogramOptions): Figure {
  const values = groups.map((group) => Array.from(group.values).filter(Number.isFinite));
  const [low, high] = extent([...values.flat(), mark.x]);
  if (!Number.isFinite(high - low))
    throw failure('out-of-range', 'A histogram needs at least one value to draw.');
  const x = { ...linearScale(low, high, { steps: 8 }), log: false };
  const shares = values.map((own) => sharesOf(own, low, high));
  const y = { ...linearScale(0, Math.max(...shares.flat()), { steps: 5, extend: true }), log: false };
  const tickWidth = Math.max(...y.labels.map((label) => textWidth(label, TYPE.label)));
  const left = Math.ceil(MARGIN + tickWidth + TICK_PADDING);
  const right = WIDTH - MARGIN;
  const header = layoutHeader({ title, subtitle }, WIDTH - 2 * MARGIN);
  const top = header.bottom + TYPE.label.line + 14;
  const bottom = top + PLOT_HEIGHT;
  // A bar of equal values has some width.
  const binWidth = high === low ? (x.domain[1] - x.domain[0]) / BINS : (high - low) / BINS;
  const first = high === low ? low - binWidth / 2 : low;
  const curves = shares.map((own, index) =>
    traceCurve({ name: '', points: outline(own, first, binWidth) }, index, false, false),
  );
  const plot = drawPlot({ curves, x, y, frame: { left, right, top, bottom }, marked: false });
  const [markX] = plot.place([mark.x, 0]);
  const isRight = markX > (left + right) / 2;
  const height = bottom + TICK_LENGTH + 2 * TYPE.label.line + 10 + MARGIN;
  const parts = [
    ...header.parts,
    textElement(yLabel, { x: MARGIN, y: top - 16, style: TYPE.label, fill: COLORS.quietText }),
    ...legend(groups, right, top - 16),
    ...curves.map(({ points, color }) => {
      const path = points.map(plot.place).map(([px, py]) => `${formatLength(px)} ${formatLength(py)}`);
      return `<path d="M${path.join('L')}Z" fill="${color.line}" fill-opacity="0.18"/>`;
    }),
    ...plot.parts,
    `<path d="M${formatLength(markX)} ${formatLength(top - 8)}V${formatLength(bottom)}" fill="none" stroke="${COLORS.text}" stroke-dasharray="3 3"/>`,
    textElement(mark.label, {
      x: isRight ? markX - 6 : markX + 6,
      y: top + TYPE.label.line + 3,
      style: TYPE.label,
      anchor: isRight ? 'end' : 'start',
    }),
    textElement(xLabel, {
      x: (left + right) / 2,
      y: height - MARGIN - 4,
      style: TYPE.label,
      anchor: 'middle',
      fill: COLORS.quietText,
    }),
  ];
  const description = [
    title,
    subtitle,
    `${yLabel} by ${xLabel}: ${groups.map(({ name }) => name).join(', ')}`,
  ];
  const text = description.filter((part) => part !== undefined).join('. ');
  return { svg: svgDocument(WIDTH, height, text, parts), width: WIDTH, height };
}

/** The share of the values in each of `BINS` equal intervals; a single interval if all values are equal. */
function sharesOf(values: readonly number[], low: number, high: number): readonly number[] {
  const counts = Array.from({ length: BINS }, () => 0);
  for (const value of values) {
    const bin = high === low ? 0 : Math.min(BINS - 1, Math.floor(((value - low) / (high - low)) * BINS));
    counts[bin] = (counts[bin] ?? 0) + 1 / values.length;
  }
  return counts;
}

/** The outline of bars, from the axis back to the axis. */
function outline(shares: readonly number[], first: number, width: number): readonly Point[] {
  const last = shares.findLastIndex((share) => share > 0);
  const bars = shares.slice(0, last + 1).flatMap((share, bin): readonly Point[] => [
    [first + bin * width, share],
    [first + (bin + 1) * width, share],
  ]);
  return [[first, 0], ...bars, [bars.at(-1)?.[0] ?? first, 0]];
}

/** Names with their colours, at the right above the plot. */
function legend(groups: readonly HistogramGroup[], right: number, y: number): readonly string[] {
  let end = right;
  return groups
    .map(({ name }, index) => ({ name, color: SERIES_COLORS[index % SERIES_COLORS.length] }))
    .toReversed()
    .flatMap(({ name, color }) => {
      const start = end - textWidth(name, TYPE.seriesName);
      end = start - SWATCH - 5 - 18;
      return [
        `<rect x="${formatLength(start - SWATCH - 5)}" y="${formatLength(y - SWATCH + 1)}" width="${SWATCH}" height="${SWATCH}" fill="${color?.line ?? COLORS.text}"/>`,
        textElement(name, { x: start, y, style: TYPE.seriesName, fill: color?.text ?? COLORS.text }),
      ];
    });
}
