/** Grid, axes and curves by Observable Plot, which needs a document (here linkedom's) and has no suitable defaults. */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { isDrawn, lonePoints, type Curve, type Point } from './curve.ts';
import { COLORS, TYPE } from './style.ts';
import type { Scale } from './ticks.ts';

/** The area that curves are drawn in, by its edges. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** An axis and its kind. */
export interface Axis extends Scale {
  readonly log: boolean;
}

export interface PlotOptions {
  readonly curves: readonly Curve[];
  readonly x: Axis;
  readonly y: Axis;
  readonly frame: Frame;
  /** Whether every point has a dot, or only those that no line connects. */
  readonly marked: boolean;
}

export interface Plotted {
  /** SVG elements. */
  readonly parts: readonly string[];
  /** Where a point is drawn. */
  readonly place: (point: Point) => Point;
}

/** Length of the marks below the x axis. */
export const TICK_LENGTH = 5;
/** Between an axis and its numbers. */
export const TICK_PADDING = 9;
/** Between the ends of the x axis and the first and last point. */
export const INSET = 10;

/** Curves of one kind are one mark, because there may be hundreds; the more there are, the fainter each is. */
function quietLines(curves: readonly Curve[]): Plot.Markish {
  const points = curves.flatMap((curve, index) => curve.points.map(([x, y]) => ({ x, y, index })));
  return Plot.line(points, {
    ...{ x: 'x', y: 'y', z: 'index' },
    stroke: curves[0]?.color.line ?? COLORS.axis,
    strokeWidth: 1.25,
    strokeOpacity: curves.length > 60 ? 0.3 : curves.length > 15 ? 0.5 : 0.75,
  });
}

export function drawPlot({ curves, x, y, frame, marked }: PlotOptions): Plotted {
  const numbers = { fill: COLORS.quietText, fontVariant: 'normal', label: null };
  const at = { x: (point: Point) => point[0], y: (point: Point) => point[1] };
  const quiet = curves.filter((curve) => curve.quiet);
  const loud = curves.filter((curve) => !curve.quiet);
  const plot = Plot.plot({
    document: parseHTML('<!doctype html><html></html>').document,
    width: frame.right,
    height: frame.bottom,
    marginLeft: frame.left,
    marginRight: 0,
    marginTop: frame.top,
    marginBottom: 0,
    x: { type: x.log ? 'log' : 'linear', domain: [...x.domain], inset: INSET },
    y: { type: y.log ? 'log' : 'linear', domain: [...y.domain] },
    marks: [
      Plot.gridY([...y.ticks], { stroke: COLORS.grid, strokeOpacity: 1 }),
      // Labels are passed as text, because Plot omits some on a logarithmic axis.
      Plot.axisY([...y.ticks], { ...numbers, text: [...y.labels], tickSize: 0, tickPadding: TICK_PADDING }),
      Plot.axisX([...x.ticks], {
        ...numbers,
        text: [...x.labels],
        tickSize: TICK_LENGTH,
        stroke: COLORS.axis,
      }),
      Plot.ruleY([y.domain[0]], { stroke: COLORS.axis }),
      ...(quiet.length === 0 ? [] : [quietLines(quiet)]),
      ...quiet.map((curve) => Plot.dot(lonePoints(curve), { ...at, fill: curve.color.line, r: 2.5 })),
      ...loud.map((curve) =>
        Plot.line(curve.points, {
          ...at,
          stroke: curve.color.line,
          strokeWidth: 2,
          ...(curve.dashed ? { strokeDasharray: '6 4' } : {}),
        }),
      ),
      ...loud.map((curve) =>
        Plot.dot(marked ? curve.points.filter(isDrawn) : lonePoints(curve), {
          ...at,
          fill: curve.color.line,
          stroke: COLORS.background,
          r: 3.5,
        }),
      ),
    ],
  });
  const drawn = [...plot.children].filter((child) => child.localName !== 'style');
  const [xScale, yScale] = [plot.scale('x'), plot.scale('y')];
  return {
    parts: [
      `<g font-size="${TYPE.label.size}" text-anchor="middle">`,
      ...drawn.map((child) => String(child.outerHTML)),
      '</g>',
    ],
    place: ([px, py]) => [Number(xScale?.apply(px)), Number(yScale?.apply(py))],
  };
}
