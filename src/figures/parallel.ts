/** Parallel coordinates: one axis for each of several quantities, one line for each of many points. */
import { failure } from '../core/diagnostic.ts';
import type { Figure } from './figure.ts';
import { layoutHeader, type HeaderText } from './header.ts';
import { CAP_MIDDLE, COLORS, MARGIN, MAX_WIDTH, SERIES_COLORS, TYPE } from './style.ts';
import { formatLength, svgDocument, textElement } from './svg.ts';
import { linearScale, linearScaleAt, logScale, logScaleAt, MOST_OWN_TICKS, type Scale } from './ticks.ts';
import { textWidth, truncateText, wrapText } from './type.ts';

/** An axis of numbers, or one of categories at even distances, the first at the top. */
export type ParallelAxis =
  | { readonly label: string; readonly kind: 'numbers'; readonly log: boolean }
  | { readonly label: string; readonly kind: 'categories'; readonly categories: readonly string[] };

export interface ParallelLine {
  /** One for each axis: a number, or the position of a category; undefined interrupts the line. */
  readonly values: readonly (number | undefined)[];
  /** From 0, the worst, to 1, the best: better lines are darker. */
  readonly rank: number;
  /** Drawn in colour, on top. */
  readonly best: boolean;
  /** Written at its end on the last axis, if it is one of the best. */
  readonly label?: string;
}

export interface ParallelOptions extends HeaderText {
  /** At least two. */
  readonly axes: readonly ParallelAxis[];
  readonly lines: readonly ParallelLine[];
}

const PLOT_HEIGHT = 320;
const TITLE_LINES = 2;
const TICK_LENGTH = 5;
const TICK_GAP = 4;
/** The gap between two axes, if there is room. */
const SPACING = 170;
const BEST = SERIES_COLORS[0] ?? { line: COLORS.text, text: COLORS.text };

interface PlacedAxis {
  readonly x: number;
  /** In lines. */
  readonly title: readonly string[];
  readonly ticks: readonly { readonly y: number; readonly label: string }[];
  readonly place: (value: number) => number;
}

/**
 * Draws lines over parallel axes.
 *
 * @throws Failure if there is nothing to draw
 */
export function parallelChart({ title, subtitle, axes, lines }: ParallelOptions): Figure {
  if (axes.length < 2 || lines.length === 0)
    throw failure('out-of-range', 'Parallel coordinates need two axes and a line.');
  const scales = axes.map((axis, index) => scaleOf(axis, columnOf(lines, index)));
  const left = MARGIN + Math.min(110, widest(scales[0]?.labels ?? [])) + TICK_LENGTH + TICK_GAP;
  const right = 70;
  const width = Math.min(MAX_WIDTH, Math.ceil(left + (axes.length - 1) * SPACING + right + MARGIN));
  const spacing = (width - left - right - MARGIN) / (axes.length - 1);
  const header = layoutHeader({ title, subtitle }, width - 2 * MARGIN);
  const titles = axes.map(({ label }) =>
    wrapText(label, TYPE.seriesName, spacing - 12).slice(0, TITLE_LINES),
  );
  const titleLines = Math.max(...titles.map(({ length }) => length));
  const top = header.bottom + titleLines * TYPE.seriesName.line + 18;
  const bottom = top + PLOT_HEIGHT;
  const placed = axes.map((axis, index): PlacedAxis => {
    const { share, ticks, labels } = scales[index] ?? scaleOf(axis, []);
    const place = (value: number): number => bottom - share(value) * PLOT_HEIGHT;
    return {
      x: left + index * spacing,
      title: titles[index] ?? [],
      ticks: ticks.map((value, at) => ({ y: place(value), label: labels[at] ?? '' })),
      place,
    };
  });
  const others = lines.filter(({ best }) => !best).toSorted((a, b) => a.rank - b.rank);
  const best = lines.filter((line) => line.best);
  const parts = [
    ...header.parts,
    ...others.map((line) => drawLine(line, placed, quietStyle(line.rank, others.length))),
    ...placed.map(({ x }) => vertical(x, top, bottom)),
    ...best.map((line) => drawLine(line, placed, `stroke="${BEST.line}" stroke-width="2.5"`)),
    ...placed.flatMap((axis, index) => drawLabels(axis, index === 0 ? left - MARGIN + 1 : spacing - 12, top)),
    ...best.flatMap((line) => drawDots(line, placed)),
    ...best.flatMap((line) => drawEnd(line, placed)),
  ];
  const height = Math.ceil(bottom + 14 + MARGIN);
  const description = `${title ?? 'Parallel coordinates'}. Axes: ${axes.map(({ label }) => label).join(', ')}`;
  return { svg: svgDocument(width, height, description, parts), width, height };
}

interface AxisScale {
  /** From 0 at the bottom to 1 at the top. */
  readonly share: (value: number) => number;
  readonly ticks: readonly number[];
  readonly labels: readonly string[];
}

function scaleOf(axis: ParallelAxis, values: readonly number[]): AxisScale {
  if (axis.kind === 'categories') {
    const count = axis.categories.length;
    return {
      // A single category is in the middle.
      share: (value) => (count < 2 ? 0.5 : 1 - (value + 0.5) / count),
      ticks: [...axis.categories.keys()],
      labels: axis.categories,
    };
  }
  const different = [...new Set(values)];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const integer = values.every(Number.isInteger);
  const scale = (): Scale => {
    if (axis.log)
      return integer && different.length <= MOST_OWN_TICKS ? logScaleAt(values) : logScale(low, high);
    return integer ? linearScaleAt(values) : linearScale(low, high, { steps: 6, extend: true });
  };
  const { domain, ticks, labels } = scale();
  const at = (value: number): number => (axis.log ? Math.log(value) : value);
  const [from, to] = [at(domain[0]), at(domain[1])];
  return { share: (value) => (at(value) - from) / (to - from), ticks, labels };
}

function columnOf(lines: readonly ParallelLine[], index: number): readonly number[] {
  return lines.flatMap(({ values }) => values[index] ?? []);
}

function widest(labels: readonly string[]): number {
  return Math.max(0, ...labels.map((label) => textWidth(label, TYPE.label)));
}

/** The more lines there are, the fainter each is; better ones are darker. */
function quietStyle(rank: number, count: number): string {
  const faintest = count > 10 ? 0.35 : 0.7;
  const opacity = (count > 100 ? 0.3 : count > 30 ? 0.45 : 0.8) * (faintest + (1 - faintest) * rank ** 2);
  const color = rank > 0.75 ? '#59636e' : '#8c959f';
  return `stroke="${color}" stroke-width="1.25" stroke-opacity="${opacity.toFixed(2)}"`;
}

function drawLine({ values }: ParallelLine, axes: readonly PlacedAxis[], style: string): string {
  let path = '';
  let isOpen = false;
  axes.forEach(({ x, place }, index) => {
    const value = values[index];
    if (value !== undefined) path += `${isOpen ? 'L' : 'M'}${formatLength(x)} ${formatLength(place(value))}`;
    isOpen = value !== undefined;
  });
  return `<path d="${path}" fill="none" stroke-linejoin="round" ${style}/>`;
}

function drawDots({ values }: ParallelLine, axes: readonly PlacedAxis[]): readonly string[] {
  return axes.flatMap(({ x, place }, index) => {
    const value = values[index];
    if (value === undefined) return [];
    return `<circle cx="${formatLength(x)}" cy="${formatLength(place(value))}" r="4.5" fill="${BEST.line}" stroke="${COLORS.background}" stroke-width="1.5"/>`;
  });
}

function drawEnd({ values, label }: ParallelLine, axes: readonly PlacedAxis[]): readonly string[] {
  const [axis, value] = [axes.at(-1), values.at(-1)];
  if (axis === undefined || value === undefined || label === undefined) return [];
  const y = axis.place(value) + TYPE.seriesName.size * CAP_MIDDLE;
  return [textElement(label, { x: axis.x + 10, y, style: TYPE.seriesName, fill: BEST.text })];
}

function vertical(x: number, top: number, bottom: number): string {
  return `<path d="M${formatLength(x)} ${formatLength(top)}V${formatLength(bottom)}" stroke="${COLORS.axis}" stroke-width="1.25"/>`;
}

/** Labels that fit: labels that would look alike if their ends were cut lose their beginnings. */
function fitLabels(labels: readonly string[], room: number): readonly string[] {
  const fitted = labels.map((label) => truncateText(label, TYPE.label, room));
  return fitted.map((text, index) => {
    const isAlone = fitted.indexOf(text) === fitted.lastIndexOf(text);
    return isAlone ? text : reversed(truncateText(reversed(labels[index] ?? ''), TYPE.label, room));
  });
}

function reversed(text: string): string {
  return [...text].reverse().join('');
}

/** The name above an axis, and its ticks with their labels on its left, in front of the lines. */
function drawLabels({ x, title, ticks }: PlacedAxis, room: number, top: number): readonly string[] {
  const name = title.map((line, index) =>
    textElement(line, {
      x,
      y: top - 14 - (title.length - 1 - index) * TYPE.seriesName.line,
      style: TYPE.seriesName,
      anchor: 'middle',
    }),
  );
  const labelRoom = room - TICK_LENGTH - TICK_GAP;
  const fits = fitLabels(
    ticks.map(({ label }) => label),
    labelRoom,
  );
  const marks = ticks.flatMap(({ y }, index) => {
    const fitted = fits[index] ?? '';
    const at = {
      x: x - TICK_LENGTH - TICK_GAP,
      y: y + TYPE.label.size * CAP_MIDDLE,
      style: TYPE.label,
      anchor: 'end',
    } as const;
    const halo = `<g stroke="${COLORS.background}" stroke-width="4" stroke-opacity="0.85" stroke-linejoin="round">${textElement(fitted, { ...at, fill: COLORS.background })}</g>`;
    const tick = `<path d="M${formatLength(x - TICK_LENGTH)} ${formatLength(y)}h${TICK_LENGTH}" stroke="${COLORS.axis}" stroke-width="1.25"/>`;
    return [halo, tick, textElement(fitted, { ...at, fill: COLORS.quietText })];
  });
  return [...name, ...marks];
}
