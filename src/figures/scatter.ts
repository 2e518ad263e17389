/** Figures of points in a plane, coloured by class: latent spaces and their projections. */
import { failure } from '../core/diagnostic.ts';
import type { Figure } from './figure.ts';
import { layoutHeader, type HeaderText } from './header.ts';
import { drawTile, type ImageTile } from './image-grid.ts';
import { drawPlot, INSET, TICK_LENGTH, TICK_PADDING, type Axis, type Frame } from './plot.ts';
import { CAP_MIDDLE, CLASS_COLORS, COLORS, MARGIN, TYPE } from './style.ts';
import { escapeXml, formatLength, svgDocument, textElement } from './svg.ts';
import { linearScale } from './ticks.ts';
import { textWidth, truncateText } from './type.ts';

export interface ScatterOptions extends HeaderText {
  /** x and y of each point; at least one, all finite. */
  readonly points: ArrayLike<number>;
  /** The class of each point. Without it, all points look alike. */
  readonly labels?: ArrayLike<number> | undefined;
  /** Names of classes, by label; a class without a name is called by its label. */
  readonly classes?: readonly string[] | undefined;
  readonly axes: readonly [string, string];
  /** Images of some points, drawn at their places if there is room. */
  readonly thumbnails?: { readonly tiles: readonly ImageTile[]; readonly points: ArrayLike<number> };
}

const WIDTH = 720;
/** Room for short names; longer names get more, up to the second width. */
const [LEGEND_WIDTH, WIDEST_LEGEND] = [92, 180];
/** The space left and right of the names in a legend. */
const [LEGEND_INDENT, LEGEND_END] = [37, 4];
const LOWEST = 300;
const HIGHEST = 620;
/** Points are drawn in this many rounds, each with some of every class, so no class is above the others. */
const ROUNDS = 12;
/** The largest width of a name on the points. */
const NAME_WIDTH = 130;
/** Longest side of a thumbnail. */
const THUMBNAIL = 28;
/** Share of the plot's width that is left empty at each side. */
const BORDER = 0.03;

export interface ScatterFigure extends Figure {
  /** Where each point is drawn, in CSS pixels. */
  readonly places: readonly (readonly [number, number])[];
}

/** Both axes have one scale, so that distances can be compared. */
export function scatter(options: ScatterOptions): ScatterFigure {
  const { title, subtitle, points, labels, axes, thumbnails } = options;
  if (points.length < 2) throw failure('out-of-range', 'A scatter plot needs at least one point.');
  const classes = classesOf(points, labels, options.classes ?? []);
  const legend = legendWidth(classes);
  const header = layoutHeader({ title, subtitle }, WIDTH - 2 * MARGIN);
  const top = header.bottom + TYPE.label.line + 14;
  const { x, y, frame } = layoutPlane(points, top, legend);
  const plot = drawPlot({ curves: [], x, y, frame, marked: false });
  const place = (index: number): readonly [number, number] =>
    plot.place([points[2 * index] ?? 0, points[2 * index + 1] ?? 0]);
  const height = frame.bottom + TICK_LENGTH + 2 * TYPE.label.line + 10 + MARGIN;
  const faint = thumbnails !== undefined;
  const parts = [
    ...header.parts,
    textElement(axes[1], { x: MARGIN, y: top - 16, style: TYPE.label, fill: COLORS.quietText }),
    ...plot.parts,
    ...drawPoints(classes, place, faint),
    ...(thumbnails === undefined
      ? classes.length > 1
        ? drawNames(classes, place)
        : []
      : drawThumbnails(thumbnails, classes, place)),
    textElement(axes[0], {
      x: (frame.left + frame.right) / 2,
      y: height - MARGIN - 4,
      style: TYPE.label,
      anchor: 'middle',
      fill: COLORS.quietText,
    }),
    ...(classes.length > 1 ? drawLegend(classes, frame) : []),
  ];
  const count = points.length / 2;
  const description = [title, subtitle, `${count} points, ${axes[1]} by ${axes[0]}`];
  return {
    svg: svgDocument(WIDTH, height, description.filter((text) => text !== undefined).join('. '), parts),
    width: WIDTH,
    height,
    places: Array.from({ length: count }, (_, index) => place(index)),
  };
}

interface PointClass {
  readonly name: string;
  /** Absent if the entry is for several classes. */
  readonly label?: number;
  readonly color: string;
  /** Numbers of its points. */
  readonly members: readonly number[];
}

/** By ascending label; if there are more classes than colours, the rarest share one. */
function classesOf(
  points: ArrayLike<number>,
  labels: ArrayLike<number> | undefined,
  names: readonly string[],
): readonly PointClass[] {
  const members = new Map<number, number[]>();
  for (let index = 0; index < points.length / 2; index++) {
    const label = labels?.[index] ?? 0;
    const own = members.get(label);
    if (own === undefined) members.set(label, [index]);
    else own.push(index);
  }
  const frequent = [...members].sort(
    ([one, many], [other, more]) => more.length - many.length || one - other,
  );
  const shown = frequent.length > CLASS_COLORS.length ? CLASS_COLORS.length - 1 : CLASS_COLORS.length;
  const named = frequent
    .slice(0, shown)
    .sort(([one], [other]) => one - other)
    .map(([label, own], index) => ({
      name: names[label] ?? String(label),
      label,
      color: CLASS_COLORS[index] ?? COLORS.axis,
      members: own,
    }));
  const others = frequent.slice(shown);
  if (others.length === 0) return named;
  const rest = {
    name: `${others.length} others`,
    color: COLORS.axis,
    members: others.flatMap(([, own]) => own),
  };
  return [...named, rest];
}

function legendWidth(classes: readonly PointClass[]): number {
  if (classes.length < 2) return 0;
  const longest = Math.max(...classes.map(({ name }) => textWidth(name, TYPE.label)));
  return Math.min(WIDEST_LEGEND, Math.max(LEGEND_WIDTH, LEGEND_INDENT + Math.ceil(longest) + LEGEND_END));
}

/** The axes, in which a unit has the same length. */
function layoutPlane(
  points: ArrayLike<number>,
  top: number,
  legend: number,
): { readonly x: Axis; readonly y: Axis; readonly frame: Frame } {
  const [[left, right], [low, high]] = [extent(points, 0), extent(points, 1)];
  const longest = Math.max(right - left, high - low) || 1;
  const spanX = Math.max(right - left, longest / 4) * (1 + 2 * BORDER);
  const wantedY = Math.max(high - low, longest / 4) * (1 + 2 * BORDER);
  // Numbers on the y axis are narrower than this: the axis is chosen once its height is known.
  const start = MARGIN + 44;
  const end = WIDTH - MARGIN - legend;
  const wide = end - start - 2 * INSET;
  const height = Math.round(Math.min(HIGHEST, Math.max(LOWEST, (wide * wantedY) / spanX)));
  const unit = Math.min(wide / spanX, height / wantedY);
  const width = Math.round(unit * spanX) < wide * 0.6 ? Math.round(wide * 0.6) : wide;
  const axis = (middle: number, span: number): Axis => ({
    ...linearScale(middle - span / 2, middle + span / 2, { steps: 6 }),
    log: false,
  });
  const x = axis((left + right) / 2, width / unit);
  const y = axis((low + high) / 2, height / unit);
  const tickWidth = Math.max(...y.labels.map((label) => textWidth(label, TYPE.label)));
  const frameLeft = Math.max(start, Math.ceil(MARGIN + tickWidth + TICK_PADDING));
  return {
    x,
    y,
    frame: { left: frameLeft, right: frameLeft + width + 2 * INSET, top, bottom: top + height },
  };
}

function extent(points: ArrayLike<number>, axis: 0 | 1): readonly [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (let index = axis; index < points.length; index += 2) {
    low = Math.min(low, points[index] ?? 0);
    high = Math.max(high, points[index] ?? 0);
  }
  return [low, high];
}

type Place = (index: number) => readonly [number, number];

/** Points as lines without length and with round ends: a tenth of the text that circles need. */
function drawPoints(classes: readonly PointClass[], place: Place, faint: boolean): readonly string[] {
  const count = classes.reduce((sum, { members }) => sum + members.length, 0);
  const size = count > 5000 ? 3 : count > 1000 ? 4 : 6;
  const parts = [
    `<g fill="none" stroke-linecap="round" stroke-width="${size}" stroke-opacity="${faint ? 0.35 : 0.8}">`,
  ];
  for (let round = 0; round < ROUNDS; round++) {
    for (const { members, color } of classes) {
      const path = members
        .filter((_, rank) => rank % ROUNDS === round)
        .map((member) => {
          const [x, y] = place(member);
          return `M${x.toFixed(1)} ${y.toFixed(1)}h0`;
        });
      if (path.length > 0) parts.push(`<path stroke="${color}" d="${path.join('')}"/>`);
    }
  }
  return [...parts, '</g>'];
}

/**
 * Writes each class where most of its points are, so that readers do not depend on colours. If names would overlap, only that of
 * the larger class is written.
 */
function drawNames(classes: readonly PointClass[], place: Place): readonly string[] {
  const { size, weight } = TYPE.title;
  const taken: { readonly x: number; readonly y: number; readonly width: number }[] = [];
  return classes
    .filter(({ label }) => label !== undefined)
    .toSorted((one, other) => other.members.length - one.members.length)
    .flatMap(({ name, members }) => {
      const places = members.map(place);
      const middle = (axis: 0 | 1): number =>
        places.map((at) => at[axis]).sort((one, other) => one - other)[places.length >> 1] ?? 0;
      const shown = truncateText(name, TYPE.title, NAME_WIDTH);
      const box = { x: middle(0), y: middle(1), width: textWidth(shown, TYPE.title) };
      const covers = taken.some(
        ({ x, y, width }) => Math.abs(y - box.y) < size && Math.abs(x - box.x) < (width + box.width) / 2,
      );
      if (covers) return [];
      taken.push(box);
      const [x, y] = [formatLength(box.x), formatLength(box.y + size * CAP_MIDDLE)];
      const text = `x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" text-anchor="middle"`;
      const content = escapeXml(shown);
      return [
        `<text ${text} fill="none" stroke="${COLORS.background}" stroke-width="5" stroke-linejoin="round">${content}</text>`,
        `<text ${text} fill="${COLORS.text}">${content}</text>`,
      ];
    });
}

function drawLegend(classes: readonly PointClass[], { right, top }: Frame): readonly string[] {
  const x = right + 24;
  const heading = textElement('Class', { x: x - 5, y: top + 10, style: TYPE.label, fill: COLORS.quietText });
  return [
    heading,
    ...classes.flatMap(({ name, color }, index) => {
      const y = top + 32 + index * 20;
      return [
        `<circle cx="${x}" cy="${y}" r="5" fill="${color}"/>`,
        textElement(truncateText(name, TYPE.label, WIDEST_LEGEND - LEGEND_INDENT - LEGEND_END), {
          x: x + 13,
          y: y + TYPE.label.size * CAP_MIDDLE,
          style: TYPE.label,
        }),
      ];
    }),
  ];
}

/** The first images that do not overlap, framed in the colour of their class. */
function drawThumbnails(
  { tiles, points }: NonNullable<ScatterOptions['thumbnails']>,
  classes: readonly PointClass[],
  place: Place,
): readonly string[] {
  const colors = new Map(classes.flatMap(({ members, color }) => members.map((member) => [member, color])));
  const taken: (readonly [number, number])[] = [];
  return tiles.flatMap((tile, index) => {
    const point = points[index] ?? 0;
    const [x, y] = place(point);
    const apart = taken.every(([ox, oy]) => Math.max(Math.abs(x - ox), Math.abs(y - oy)) > THUMBNAIL + 4);
    if (!apart) return [];
    taken.push([x, y]);
    const scale = THUMBNAIL / Math.max(tile.width, tile.height);
    const [width, height] = [tile.width * scale, tile.height * scale];
    const [left, top] = [Math.round(x - width / 2), Math.round(y - height / 2)];
    return [
      drawTile(tile, { x: left, y: top, width, height }),
      `<rect x="${left - 1}" y="${top - 1}" width="${formatLength(width + 2)}" height="${formatLength(height + 2)}" ` +
        `fill="none" stroke="${colors.get(point) ?? COLORS.axis}" stroke-width="2"/>`,
    ];
  });
}
