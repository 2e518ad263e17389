/** Figures of curves over a common axis: loss against epoch, error against latent size. */
import { failure } from '../core/diagnostic.ts';
import { errorBars, isDrawn, traceCurve, type Curve, type LineSeries, type Point } from './curve.ts';
import type { Figure } from './figure.ts';
import { layoutHeader, type HeaderText } from './header.ts';
import { drawPlot, INSET, TICK_LENGTH, TICK_PADDING, type Axis, type Frame } from './plot.ts';
import { spread } from './spread.ts';
import { CAP_MIDDLE, COLORS, MARGIN, TYPE } from './style.ts';
import { formatLength, svgDocument, textElement } from './svg.ts';
import { extent, linearScale, logScale, logScaleAt } from './ticks.ts';
import { textWidth, truncateText } from './type.ts';

export type { LineSeries } from './curve.ts';

/** Curves of one quantity. */
export interface LinePanel {
  /** With the unit, if it has one: `Time (s)`. */
  readonly yLabel: string;
  /** At least one, with at least one finite point in all. */
  readonly series: readonly LineSeries[];
  /** A logarithmic axis; values of 0 and below interrupt the curve. */
  readonly logY?: boolean;
  /** A place on the x axis that matters, with a few words beside its line. */
  readonly mark?: { readonly x: number; readonly label: string };
}

interface CommonOptions extends HeaderText {
  readonly xLabel: string;
  readonly logX?: boolean;
}

export interface LineChartOptions extends CommonOptions, LinePanel {}

export interface LinePanelsOptions extends CommonOptions {
  /** One below the other, over the same x axis. */
  readonly panels: readonly LinePanel[];
}

const WIDTH = 680;
const PLOT_HEIGHT = 300;
/** The height of each panel, if there are several. */
const PANEL_HEIGHT = 190;
const PANEL_GAP = 26;
/** The space between the axis's end and the names of curves. */
const NAME_GAP = 14;
const NAME_WIDTH = 150;
/** Curves with at most this many points show each of them. */
const MARKED_POINTS = 15;
/** A logarithmic x axis with at most this many whole numbers has a tick at each. */
const LOG_TICKS = 10;

/**
 * Draws curves. Whole numbers on the x axis get ticks at whole numbers only.
 *
 * @throws Failure if there is nothing to draw
 */
export function lineChart({ yLabel, series, logY = false, mark, ...common }: LineChartOptions): Figure {
  const panel = { yLabel, series, logY, ...(mark === undefined ? {} : { mark }) };
  return linePanels({ ...common, panels: [panel] });
}

/**
 * Draws charts of several quantities, each with its own scale, over one x axis.
 *
 * @throws Failure if there is nothing to draw in one of them
 */
export function linePanels({ title, subtitle, xLabel, logX = false, panels }: LinePanelsOptions): Figure {
  if (panels.length === 0) throw failure('out-of-range', 'A chart needs at least one quantity to draw.');
  const traced = panels.map((panel) => tracePanel(panel, logX));
  const x = scaleX(
    traced.flatMap(({ points }) => points.map(([value]) => value)),
    logX,
  );
  const curves = traced.flatMap((panel) => panel.curves);
  const nameWidth = Math.max(...curves.map(({ name }) => textWidth(name, TYPE.seriesName)));
  const tickWidth = Math.max(
    ...traced.flatMap(({ y }) => y.labels.map((label) => textWidth(label, TYPE.label))),
  );
  const left = Math.ceil(MARGIN + tickWidth + TICK_PADDING);
  const right = Math.floor(WIDTH - MARGIN - nameWidth - NAME_GAP);
  const marked = curves.every(({ points, quiet }) => quiet || points.length <= MARKED_POINTS);

  const header = layoutHeader({ title, subtitle }, WIDTH - 2 * MARGIN);
  const parts = [...header.parts];
  let bottom = header.bottom - PANEL_GAP;
  for (const panel of traced) {
    const top = bottom + PANEL_GAP + TYPE.label.line + 14;
    const wanted = traced.length === 1 ? PLOT_HEIGHT : PANEL_HEIGHT;
    const named = panel.curves.filter(({ name }) => name !== '');
    bottom = top + Math.max(wanted, named.length * TYPE.seriesName.line);
    const frame = { left, right, top, bottom };
    const plot = drawPlot({ curves: panel.curves, x, y: panel.y, frame, marked });
    parts.push(
      textElement(panel.yLabel, { x: MARGIN, y: top - 16, style: TYPE.label, fill: COLORS.quietText }),
      ...plot.parts,
      ...drawErrorBars(panel, plot.place),
      ...drawMark(panel, frame, plot.place),
      ...drawNames(named, frame, plot.place),
    );
    bottom += TICK_LENGTH + TYPE.label.line;
  }
  const height = bottom + TYPE.label.line + 10 + MARGIN;
  parts.push(
    textElement(xLabel, {
      x: (left + right) / 2,
      y: height - MARGIN - 4,
      style: TYPE.label,
      anchor: 'middle',
      fill: COLORS.quietText,
    }),
  );
  const description = [
    ...(title === undefined ? [] : [title]),
    ...traced.map(
      ({ yLabel, curves: own }) =>
        `${yLabel} by ${xLabel}: ${own.flatMap(({ name }) => (name === '' ? [] : [name])).join(', ')}`,
    ),
  ];
  return { svg: svgDocument(WIDTH, height, description.join('. '), parts), width: WIDTH, height };
}

interface TracedPanel {
  readonly yLabel: string;
  readonly curves: readonly Curve[];
  /** Of all curves, those that are drawn. */
  readonly points: readonly Point[];
  readonly y: Axis;
  readonly mark: LinePanel['mark'];
}

function tracePanel({ yLabel, series, logY = false, mark }: LinePanel, logX: boolean): TracedPanel {
  const colored = series.filter(({ quiet }) => quiet !== true);
  const curves = series
    .map((one) => [one, truncateText(one.name, TYPE.seriesName, NAME_WIDTH)] as const)
    .map(([one, name]) => traceCurve({ ...one, name }, colored.indexOf(one), logX, logY));
  const points = curves.flatMap((curve) => curve.points.filter(isDrawn));
  if (points.length === 0) {
    throw failure('out-of-range', `The chart of \`${yLabel}\` has no value that can be drawn.`);
  }
  const reached = curves.flatMap((curve) => errorBars(curve, logY)).flat();
  const [low, high] = extent([...points, ...reached].map(([, value]) => value));
  const scale = logY ? logScale(low, high) : linearScale(low, high, { steps: 6, extend: true });
  return { yLabel, curves, points, mark, y: { ...scale, log: logY } };
}

function scaleX(values: readonly number[], log: boolean): Axis {
  const [low, high] = extent(values);
  const integer = values.every(Number.isInteger);
  if (!log) return { ...linearScale(low, high, { steps: 10, integer }), log };
  const few = integer && new Set(values).size <= LOG_TICKS;
  return { ...(few ? logScaleAt(values) : logScale(low, high)), log };
}

/** Thin bars with caps, in the colour of their curve. */
function drawErrorBars({ curves, y }: TracedPanel, place: (point: Point) => Point): string[] {
  return curves.flatMap((curve) => {
    const bars = errorBars(curve, y.log).map(([low, high]) => {
      const [x, bottom] = place(low);
      const [, top] = place(high);
      const cap = (at: number): string => `M${formatLength(x - 4)} ${formatLength(at)}h8`;
      return `M${formatLength(x)} ${formatLength(bottom)}V${formatLength(top)}${cap(bottom)}${cap(top)}`;
    });
    return bars.length === 0
      ? []
      : [`<path d="${bars.join('')}" fill="none" stroke="${curve.color.line}" stroke-width="1.25"/>`];
  });
}

/** A dashed line from top to bottom, and its words beside its upper end. */
function drawMark({ mark, points }: TracedPanel, frame: Frame, place: (point: Point) => Point): string[] {
  const [first] = points;
  if (mark === undefined || first === undefined) return [];
  const [x] = place([mark.x, first[1]]);
  const isRight = x > (frame.left + frame.right) / 2;
  const text = {
    x: isRight ? x - 6 : x + 6,
    y: frame.top + TYPE.label.line + 3,
    style: TYPE.label,
    fill: COLORS.text,
  };
  return [
    `<path d="M${formatLength(x)} ${formatLength(frame.top - 8)}V${formatLength(frame.bottom)}" ` +
      `fill="none" stroke="${COLORS.axis}" stroke-dasharray="3 3"/>`,
    textElement(mark.label, { ...text, anchor: isRight ? 'end' : 'start' }),
  ];
}

/** Writes each curve's name beside its last point; a thin line connects names that had to move. */
function drawNames(curves: readonly Curve[], frame: Frame, place: (point: Point) => Point): string[] {
  const ends = curves.flatMap((curve) => {
    const last = curve.points.findLast(isDrawn);
    return last === undefined ? [] : [{ curve, end: place(last) }];
  });
  const heights = spread(
    ends.map(({ end }) => end[1]),
    TYPE.seriesName.line,
    [frame.top, frame.bottom],
  );
  return ends.flatMap(({ curve: { name, color }, end: [endX, endY] }, index) => {
    const y = heights[index] ?? endY;
    const x = frame.right + NAME_GAP;
    const away = Math.abs(y - endY) > 1 || endX < frame.right - INSET - 1;
    const leader =
      `<path d="M${formatLength(endX + 6)} ${formatLength(endY)}L${formatLength(x - 4)} ${formatLength(y)}" ` +
      `fill="none" stroke="${color.line}" stroke-opacity="0.6" stroke-dasharray="1 2"/>`;
    const label = { x, y: y + TYPE.seriesName.size * CAP_MIDDLE, style: TYPE.seriesName, fill: color.text };
    return [...(away ? [leader] : []), textElement(name, label)];
  });
}
