/** Series of a chart, prepared for drawing. */
import { COLORS, SERIES_COLORS } from './style.ts';

export type Point = readonly [number, number];

export interface LineSeries {
  /** Written at the end of the curve; nothing if it is empty. */
  readonly name: string;
  /** Thin and gray, behind the others. */
  readonly quiet?: boolean;
  /** Values x and y, with ascending x. A value that is not finite interrupts the curve. */
  readonly points: readonly Point[];
  readonly style?: 'solid' | 'dashed';
  /** One for each point: how far its error bar reaches up and down, such as a standard deviation. */
  readonly deviations?: readonly (number | undefined)[];
}

/** A series in which values that cannot be drawn are NaN. */
export interface Curve {
  readonly name: string;
  readonly quiet: boolean;
  readonly points: readonly Point[];
  readonly dashed: boolean;
  readonly deviations: readonly (number | undefined)[];
  readonly color: { readonly line: string; readonly text: string };
}

/** For curves that others are compared with. */
const QUIET = { line: COLORS.axis, text: COLORS.quietText };

/**
 * @param index among the curves that have colours of their own
 * @param logX whether values of 0 and below cannot be drawn; `logY` likewise
 */
export function traceCurve(series: LineSeries, index: number, logX: boolean, logY: boolean): Curve {
  return {
    name: series.name,
    quiet: series.quiet === true,
    points: series.points.map(([x, y]) => [
      drawable(x, logX) ? x : Number.NaN,
      drawable(y, logY) ? y : Number.NaN,
    ]),
    deviations: series.deviations ?? [],
    // Once the colours are used up, dashes distinguish curves of the same colour.
    dashed:
      series.style === undefined
        ? series.quiet !== true && index >= SERIES_COLORS.length
        : series.style === 'dashed',
    color:
      series.quiet === true
        ? QUIET
        : (SERIES_COLORS[index % SERIES_COLORS.length] ?? { line: COLORS.text, text: COLORS.text }),
  };
}

function drawable(value: number, log: boolean): boolean {
  return Number.isFinite(value) && (!log || value > 0);
}

export function isDrawn(point: Point | undefined): point is Point {
  return point !== undefined && !Number.isNaN(point[0]) && !Number.isNaN(point[1]);
}

/** Points that no line connects. */
export function lonePoints({ points }: Curve): readonly Point[] {
  return points.filter((point, at) => isDrawn(point) && !isDrawn(points[at - 1]) && !isDrawn(points[at + 1]));
}

/** Ends of a curve's error bars that can be drawn. */
export function errorBars(
  { points, deviations }: Curve,
  logY: boolean,
): readonly (readonly [Point, Point])[] {
  return points.flatMap((point, index) => {
    const reach = deviations[index] ?? 0;
    const [x, y] = point;
    return isDrawn(point) && reach > 0 && (!logY || y > reach)
      ? [
          [
            [x, y - reach],
            [x, y + reach],
          ] as const,
        ]
      : [];
  });
}
