/** A figure of curves over a common axis: loss against epoch, error against latent size. */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { failure } from '../core/diagnostic.ts';
import type { Figure } from './figure.ts';
import { layoutHeader, type HeaderText } from './header.ts';
import { spread } from './spread.ts';
import { COLORS, MARGIN, SERIES_COLORS, TYPE } from './style.ts';
import { formatLength, svgDocument, textElement } from './svg.ts';
import { linearScale, logScale, type Scale } from './ticks.ts';
import { textWidth, truncateText } from './type.ts';

export interface LineSeries {
  /** Written at the end of the curve. */
  readonly name: string;
  /** Values x and y, by ascending x. A value that is not finite interrupts the curve. */
  readonly points: readonly (readonly [number, number])[];
  readonly style?: 'solid' | 'dashed';
}

export interface LineChartOptions extends HeaderText {
  /** With the unit, if there is one: `Time (s)`. */
  readonly xLabel: string;
  readonly yLabel: string;
  /** At least one, and at least one finite point in all. */
  readonly series: readonly LineSeries[];
  /** A logarithmic axis; values of 0 and below interrupt the curve. */
  readonly logX?: boolean;
  readonly logY?: boolean;
}

const WIDTH = 680;
const PLOT_HEIGHT = 300;
const TICK_LENGTH = 5;
/** Between the ends of curves and their names. */
const NAME_GAP = 14;
const NAME_WIDTH = 150;
/** Curves of so many points at most show each of them. */
const MARKED_POINTS = 15;

/**
 * Draws curves. Whole numbers on the x axis get ticks at whole numbers only.
 *
 * @throws Failure if there is nothing to draw
 */
export function lineChart(options: LineChartOptions): Figure {
  const { title, subtitle, xLabel, yLabel, logX = false, logY = false } = options;
  const curves = options.series.map((series, index) => traceCurve(series, index, logX, logY));
  const points = curves.flatMap((curve) => curve.points.filter(isDrawn));
  if (points.length === 0) {
    throw failure('out-of-range', `The chart of ${yLabel} has no finite value to draw.`);
  }
  const x = scaleX(
    points.map(([value]) => value),
    logX,
  );
  const y = scaleY(
    points.map(([, value]) => value),
    logY,
  );

  const header = layoutHeader({ title, subtitle }, WIDTH - 2 * MARGIN);
  const names = curves.map((curve) => truncateText(curve.name, TYPE.seriesName, NAME_WIDTH));
  const nameWidth = Math.max(...names.map((name) => textWidth(name, TYPE.seriesName)));
  const tickWidth = Math.max(...y.labels.map((label) => textWidth(label, TYPE.label)));
  const top = header.bottom + TYPE.label.line + 10;
  const frame = {
    left: Math.ceil(MARGIN + tickWidth + TICK_LENGTH + 4),
    right: Math.floor(WIDTH - MARGIN - nameWidth - NAME_GAP),
    top,
    bottom: top + Math.max(PLOT_HEIGHT, curves.length * TYPE.seriesName.line),
  };
  const height = frame.bottom + TICK_LENGTH + 2 * TYPE.label.line + 10 + MARGIN;

  const plot = drawPlot(curves, x, y, frame, { width: WIDTH, height, logX, logY });
  const parts = [
    ...header.parts,
    textElement(yLabel, { x: MARGIN, y: top - 12, style: TYPE.label, fill: COLORS.quietText }),
    ...plot.parts,
    textElement(xLabel, {
      x: (frame.left + frame.right) / 2,
      y: height - MARGIN - 4,
      style: TYPE.label,
      anchor: 'middle',
      fill: COLORS.quietText,
    }),
    ...drawNames(curves, names, frame, plot.place),
  ];
  const description = [title ?? yLabel, `${yLabel} by ${xLabel}`, names.join(', ')].join('. ');
  return { svg: svgDocument(WIDTH, height, description, parts), width: WIDTH, height };
}

/** Edges of the area that the curves are drawn in. */
interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** A series with values that cannot be drawn replaced by NaN. */
interface Curve extends LineSeries {
  readonly color: { readonly line: string; readonly text: string };
  /** Points to be marked with a dot. */
  readonly marked: readonly (readonly [number, number])[];
}

function traceCurve(series: LineSeries, index: number, logX: boolean, logY: boolean): Curve {
  const points = series.points.map(([x, y]): [number, number] => [
    drawable(x, logX) ? x : Number.NaN,
    drawable(y, logY) ? y : Number.NaN,
  ]);
  const marked = points.filter((point, at) => {
    const alone = !isDrawn(points[at - 1]) && !isDrawn(points[at + 1]);
    return isDrawn(point) && (alone || points.length <= MARKED_POINTS);
  });
  const color = SERIES_COLORS[index % SERIES_COLORS.length] ?? { line: COLORS.text, text: COLORS.text };
  return { ...series, points, marked, color };
}

function drawable(value: number, log: boolean): boolean {
  return Number.isFinite(value) && (!log || value > 0);
}

function isDrawn(point: readonly [number, number] | undefined): boolean {
  return point !== undefined && !Number.isNaN(point[0]) && !Number.isNaN(point[1]);
}

function scaleX(values: readonly number[], log: boolean): Scale {
  const [low, high] = extent(values);
  if (log) return logScale(low, high);
  return linearScale(low, high, { steps: 10, integer: values.every(Number.isInteger) });
}

function scaleY(values: readonly number[], log: boolean): Scale {
  const [low, high] = extent(values);
  return log ? logScale(low, high) : linearScale(low, high, { steps: 6, extend: true });
}

function extent(values: readonly number[]): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}

interface PlotOptions {
  readonly width: number;
  readonly height: number;
  readonly logX: boolean;
  readonly logY: boolean;
}

/** Lets Observable Plot draw grid, axes and curves, and takes its elements over. */
function drawPlot(curves: readonly Curve[], x: Scale, y: Scale, frame: Frame, options: PlotOptions) {
  const { width, height, logX, logY } = options;
  const label = (scale: Scale) => (tick: number) => scale.labels[scale.ticks.indexOf(tick)] ?? '';
  const text = { fill: COLORS.quietText, fontVariant: 'normal', tickSize: TICK_LENGTH, label: null };
  const at = { x: (point: readonly number[]) => point[0], y: (point: readonly number[]) => point[1] };
  const plot = Plot.plot({
    document: parseHTML('<!doctype html><html></html>').document,
    width,
    height,
    marginLeft: frame.left,
    marginRight: width - frame.right,
    marginTop: frame.top,
    marginBottom: height - frame.bottom,
    x: { type: logX ? 'log' : 'linear', domain: [...x.domain], insetLeft: 10, insetRight: 10 },
    y: { type: logY ? 'log' : 'linear', domain: [...y.domain] },
    marks: [
      Plot.gridY([...y.ticks], { stroke: COLORS.grid, strokeOpacity: 1 }),
      Plot.axisY([...y.ticks], { ...text, tickFormat: label(y), stroke: null, tickSize: 0, tickPadding: 9 }),
      Plot.axisX([...x.ticks], { ...text, tickFormat: label(x), stroke: COLORS.axis }),
      Plot.ruleY([y.domain[0]], { stroke: COLORS.axis }),
      ...curves.flatMap((curve) => [
        Plot.line(curve.points, {
          ...at,
          stroke: curve.color.line,
          strokeWidth: 2,
          ...(curve.style === 'dashed' ? { strokeDasharray: '6 4' } : {}),
        }),
        Plot.dot(curve.marked, { ...at, fill: curve.color.line, stroke: COLORS.background, r: 3.5 }),
      ]),
    ],
  });
  const drawn = [...plot.children].filter((child) => child.localName !== 'style');
  const xScale = plot.scale('x');
  const yScale = plot.scale('y');
  return {
    parts: [
      `<g font-size="${TYPE.label.size}" text-anchor="middle">`,
      ...drawn.map((child) => String(child.outerHTML)),
      '</g>',
    ],
    place: ([px, py]: readonly [number, number]) =>
      [Number(xScale?.apply(px)), Number(yScale?.apply(py))] as const,
  };
}

/** Writes each curve's name beside its last point, moved up or down where names would touch. */
function drawNames(
  curves: readonly Curve[],
  names: readonly string[],
  frame: Frame,
  place: (point: readonly [number, number]) => readonly [number, number],
): string[] {
  const ends = curves.flatMap((curve, index) => {
    const last = curve.points.findLast(isDrawn);
    return last === undefined ? [] : [{ color: curve.color, name: names[index] ?? '', end: place(last) }];
  });
  const heights = spread(
    ends.map(({ end }) => end[1]),
    TYPE.seriesName.line,
    [frame.top, frame.bottom],
  );
  return ends.flatMap(({ color, name, end: [endX, endY] }, index) => {
    const y = heights[index] ?? endY;
    const x = frame.right + NAME_GAP;
    const displaced = Math.abs(y - endY) > 1 || endX < frame.right - 11;
    const leader =
      `<path d="M${formatLength(endX + 5)} ${formatLength(endY)}L${formatLength(x - 3)} ${formatLength(y)}" ` +
      `fill="none" stroke="${color.line}" stroke-opacity="0.5"/>`;
    return [
      ...(displaced ? [leader] : []),
      textElement(name, { x, y: y + TYPE.seriesName.size * 0.36, style: TYPE.seriesName, fill: color.text }),
    ];
  });
}
