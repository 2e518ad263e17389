/** Square charts of shares from 0 to 1, side by side: the curves of a binary classifier. */
import { traceCurve, type LineSeries, type Point } from './curve.ts';
import type { Figure } from './figure.ts';
import { layoutHeader, type HeaderText } from './header.ts';
import { drawPlot, TICK_LENGTH, TICK_PADDING, type Frame } from './plot.ts';
import { COLORS, MARGIN, SERIES_COLORS, TYPE } from './style.ts';
import { formatLength, svgDocument, textElement } from './svg.ts';
import { linearScale } from './ticks.ts';
import { textWidth } from './type.ts';

export interface SquareChart {
  readonly xLabel: string;
  readonly yLabel: string;
  /** Values from 0 to 1, with ascending x. */
  readonly points: readonly Point[];
  /** What chance would give, dashed. */
  readonly chance: readonly Point[];
  /** A dot on the curve, with a few words. */
  readonly mark?: { readonly point: Point; readonly label: string };
}

export interface SquareChartsOptions extends HeaderText {
  readonly charts: readonly SquareChart[];
}

const SIDE = 280;
const GAP = 44;
/** Points closer than this to the one before are left out: about half a pixel. */
const LEAST_STEP = 0.002;
const DOT = 5;

export function squareCharts({ title, subtitle, charts }: SquareChartsOptions): Figure {
  const axis = { ...linearScale(0, 1, { steps: 5 }), log: false };
  const tickWidth = Math.max(...axis.labels.map((label) => textWidth(label, TYPE.label)));
  const indent = Math.ceil(tickWidth + TICK_PADDING);
  const width = 2 * MARGIN + charts.length * (indent + SIDE) + (charts.length - 1) * GAP;
  const header = layoutHeader({ title, subtitle }, width - 2 * MARGIN);
  const top = header.bottom + TYPE.label.line + 14;
  const bottom = top + SIDE;
  const parts = [...header.parts];
  charts.forEach((chart, index) => {
    const left = MARGIN + indent + index * (indent + SIDE + GAP);
    const frame = { left, right: left + SIDE, top, bottom };
    const chance: LineSeries = { name: '', points: chart.chance, style: 'dashed' };
    const curve = traceCurve({ name: '', points: thinned(chart.points) }, 0, false, false);
    const plot = drawPlot({ curves: [curve], x: axis, y: axis, frame, marked: false });
    parts.push(
      textElement(chart.yLabel, {
        x: left - indent,
        y: top - 16,
        style: TYPE.label,
        fill: COLORS.quietText,
      }),
      dashedLine(chance.points.map(plot.place)),
      ...plot.parts,
      ...drawMark(chart.mark, frame, plot.place),
      textElement(chart.xLabel, {
        x: left + SIDE / 2,
        y: bottom + TICK_LENGTH + 2 * TYPE.label.line + 6,
        style: TYPE.label,
        anchor: 'middle',
        fill: COLORS.quietText,
      }),
    );
  });
  const height = bottom + TICK_LENGTH + 2 * TYPE.label.line + 10 + MARGIN;
  const description = [
    title,
    subtitle,
    ...charts.map(({ xLabel, yLabel }) => `${yLabel} by ${xLabel.toLowerCase()}`),
  ].filter((text) => text !== undefined);
  return { svg: svgDocument(width, height, description.join('. '), parts), width, height };
}

function dashedLine(points: readonly Point[]): string {
  const path = points.map(([x, y]) => `${formatLength(x)} ${formatLength(y)}`).join('L');
  return `<path d="M${path}" fill="none" stroke="${COLORS.axis}" stroke-dasharray="3 3"/>`;
}

/** A dot, and its words where the curve leaves most room. */
function drawMark(
  mark: SquareChart['mark'],
  frame: Frame,
  place: (point: Point) => Point,
): readonly string[] {
  if (mark === undefined) return [];
  const [x, y] = place(mark.point);
  const color = SERIES_COLORS[1] ?? { line: COLORS.text, text: COLORS.text };
  const isRight = x > (frame.left + frame.right) / 2;
  const isLow = y > (frame.top + frame.bottom) / 2;
  return [
    `<circle cx="${formatLength(x)}" cy="${formatLength(y)}" r="${DOT}" fill="${color.line}" stroke="${COLORS.background}" stroke-width="1.5"/>`,
    textElement(mark.label, {
      x: isRight ? x - DOT - 5 : x + DOT + 5,
      y: isLow ? y - DOT - 4 : y + DOT + 12,
      style: TYPE.label,
      anchor: isRight ? 'end' : 'start',
      fill: color.text,
    }),
  ];
}

/** A curve may have a point for each of many thousand images. */
function thinned(points: readonly Point[]): readonly Point[] {
  const kept: Point[] = [];
  for (const [index, point] of points.entries()) {
    const last = kept.at(-1);
    const isFar =
      last === undefined || Math.abs(point[0] - last[0]) + Math.abs(point[1] - last[1]) >= LEAST_STEP;
    if (isFar || index === points.length - 1) kept.push(point);
  }
  return kept;
}
