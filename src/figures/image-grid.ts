/** A figure of small images in rows: previews, samples, originals beside reconstructions. */
import { failure } from '../core/diagnostic.ts';
import type { ImageShape } from '../core/stage-type.ts';
import type { Figure } from './figure.ts';
import { layoutHeader, type HeaderText } from './header.ts';
import { encodePng, type Bitmap } from './png.ts';
import { CAP_MIDDLE, COLORS, MARGIN, MAX_WIDTH, TYPE } from './style.ts';
import { svgDocument, textElement } from './svg.ts';
import { textWidth, truncateText, wrapText } from './type.ts';

export interface ImageTile {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  /**
   * Row-major [height, width, channels]. Floats from 0 (black) to 1, clipped to these; NaN shows as black. Bytes are
   * shown as they are.
   */
  readonly values: Float32Array | Uint8Array;
}

export interface ImageRow {
  /** The label at the left of the row. */
  readonly label?: string;
  readonly images: readonly ImageTile[];
  /** Captions below the images, one for each; shortened if they would touch. */
  readonly captions?: readonly string[];
  /** The captions are positions along the row: if they would touch, only every second, third, … is written, and none is shortened. */
  readonly isAxis?: boolean;
  /** The values of black and white: a bar at the right shows them, one for adjacent rows of the same scale. */
  readonly scale?: ValueScale;
}

export interface ValueScale {
  readonly black: string;
  readonly white: string;
}

export interface ImageGridOptions extends HeaderText {
  /** At least one image in all. Rows may differ in length. */
  readonly rows: readonly ImageRow[];
  /** Pixels at 1x for a pixel of an image, a whole number; by default so that tiles are about 96 px large. */
  readonly tileScale?: number;
  /** Pixels at 1x between images: 4 by default, 0 if they form one picture. */
  readonly gap?: number;
}

/** A rectangle in pixels at 1x. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The positions of all parts. */
export interface GridLayout {
  readonly width: number;
  readonly height: number;
  readonly scale: number;
  readonly rows: readonly RowLayout[];
}

export interface RowLayout {
  readonly label: readonly { readonly text: string; readonly y: number }[];
  /** Right edge of the label. */
  readonly labelEnd: number;
  readonly tiles: readonly Box[];
  readonly captions: readonly { readonly text: string; readonly x: number; readonly y: number }[];
}

const GAP = 4;
/** The space between the label and its row. */
const LABEL_GAP = 12;
const LABEL_WIDTH = 160;
const TILE_SIZE = 96;

/**
 * Draws images in rows. Enlarged pixels stay sharp: each is a square of `tileScale` pixels, at 1x and at 2x.
 *
 * @throws Failure if there is no image
 */
export function imageGrid(options: ImageGridOptions): Figure {
  const { rows, title, subtitle } = options;
  const columns = Math.max(0, ...rows.map((row) => row.images.length));
  if (columns === 0) throw failure('out-of-range', 'A figure of images needs at least one image.');
  const bodyWidth = layoutGrid(options, 0).width - 2 * MARGIN;
  const header = layoutHeader({ title, subtitle }, bodyWidth);
  const layout = layoutGrid(options, header.bottom);
  const bars = drawScales(rows, layout);
  const width = Math.max(layout.width + bars.width, Math.ceil(header.width) + 2 * MARGIN);
  const body = layout.rows.flatMap((row, index) => drawRow(row, rows[index]?.images ?? [], layout.scale));
  const description = [title, subtitle, ...rows.map((row) => row.label)].filter((text) => text !== undefined);
  return {
    svg: svgDocument(width, layout.height, description.join('. ') || 'Images', [
      ...header.parts,
      ...body,
      ...bars.parts,
    ]),
    width,
    height: layout.height,
  };
}

/** Places tiles, labels and captions below `top`. All tiles are at whole pixels, in cells of one size. */
export function layoutGrid({ rows, tileScale, gap = GAP }: ImageGridOptions, top: number): GridLayout {
  const images = rows.flatMap((row) => row.images);
  const columns = Math.max(1, ...rows.map((row) => row.images.length));
  const imageWidth = Math.max(1, ...images.map((image) => image.width));
  const imageHeight = Math.max(1, ...images.map((image) => image.height));
  const scale = tileScale ?? chooseScale(imageWidth, imageHeight, columns, gap);
  const cellWidth = imageWidth * scale;
  const cellHeight = imageHeight * scale;

  const labels = rows.map((row) => wrapText(row.label ?? '', TYPE.label, LABEL_WIDTH));
  const labelWidth = Math.ceil(Math.max(0, ...labels.flat().map((line) => textWidth(line, TYPE.label))));
  const labelEnd = MARGIN + labelWidth;
  const left = labelWidth === 0 ? MARGIN : labelEnd + LABEL_GAP;

  let y = top;
  const placed = rows.map((row, index): RowLayout => {
    const lines = labels[index] ?? [];
    const captions = row.captions ?? [];
    const rowHeight = Math.max(cellHeight, lines.length * TYPE.label.line);
    const cellTop = y + Math.floor((rowHeight - cellHeight) / 2);
    const middle = y + rowHeight / 2;
    const layout = {
      label: lines.map((text, line) => ({
        text,
        y: middle + (line - (lines.length - 1) / 2) * TYPE.label.line + TYPE.label.size * CAP_MIDDLE,
      })),
      labelEnd,
      tiles: row.images.map((image, column) => ({
        x: left + column * (cellWidth + gap) + Math.floor((cellWidth - image.width * scale) / 2),
        y: cellTop + Math.floor((cellHeight - image.height * scale) / 2),
        width: image.width * scale,
        height: image.height * scale,
      })),
      captions: row.images.flatMap((_, column) => {
        const caption = captions[column] ?? '';
        if (row.isAxis === true && column % stepOf(captions, cellWidth) !== 0) return [];
        const text = row.isAxis === true ? caption : truncateText(caption, TYPE.caption, cellWidth - GAP);
        const x = left + column * (cellWidth + gap) + cellWidth / 2;
        return text === '' ? [] : [{ text, x, y: cellTop + cellHeight + TYPE.caption.line }];
      }),
    };
    y += rowHeight + (captions.length === 0 ? gap : TYPE.caption.line + 3 * GAP);
    return layout;
  });
  const bottom = y - (rows.at(-1)?.captions?.length ? 2 * GAP : gap);
  return {
    width: left + columns * (cellWidth + gap) - gap + MARGIN,
    height: bottom + MARGIN,
    scale,
    rows: placed,
  };
}

/** How many cells a caption takes, with the space to the next. */
function stepOf(captions: readonly string[], cellWidth: number): number {
  const widest = Math.max(0, ...captions.map((caption) => textWidth(caption, TYPE.caption)));
  return Math.ceil((widest + 2 * GAP) / cellWidth);
}

/** The whole factor that makes tiles about as large as intended, if that many fit in a row. */
function chooseScale(width: number, height: number, columns: number, gap: number): number {
  const wanted = Math.round(TILE_SIZE / Math.max(width, height));
  const fits = Math.floor((MAX_WIDTH - (columns - 1) * gap) / (columns * width));
  return Math.max(1, Math.min(wanted, fits));
}

const BAR_GAP = 16;
const BAR_WIDTH = 12;

/** Bars from black to white beside their rows. */
function drawScales(
  rows: readonly ImageRow[],
  { rows: placed, width }: GridLayout,
): { readonly parts: readonly string[]; readonly width: number } {
  const blocks: { scale: ValueScale; top: number; bottom: number }[] = [];
  let before: ValueScale | undefined;
  rows.forEach(({ scale }, index) => {
    const tiles = placed[index]?.tiles ?? [];
    if (scale !== undefined && tiles.length > 0) {
      const { y: top, height } = enclose(tiles);
      const block = blocks.at(-1);
      if (block !== undefined && scale === before) block.bottom = top + height;
      else blocks.push({ scale, top, bottom: top + height });
    }
    before = scale;
  });
  if (blocks.length === 0) return { parts: [], width: 0 };
  const left = width - MARGIN + BAR_GAP;
  const texts = left + BAR_WIDTH + 8;
  const parts = blocks.flatMap(({ scale, top, bottom }, index) => [
    `<linearGradient id="scale-${index}" x1="0" y1="0" x2="0" y2="1"><stop stop-color="#fff"/><stop offset="1"/></linearGradient>`,
    `<rect x="${left + 0.5}" y="${top + 0.5}" width="${BAR_WIDTH - 1}" height="${bottom - top - 1}" ` +
      `fill="url(#scale-${index})" stroke="${COLORS.axis}"/>`,
    textElement(scale.white, { x: texts, y: top + 9, style: TYPE.caption, fill: COLORS.quietText }),
    textElement(scale.black, { x: texts, y: bottom, style: TYPE.caption, fill: COLORS.quietText }),
  ]);
  const widest = Math.max(
    ...blocks.flatMap(({ scale }) => [scale.black, scale.white].map((text) => textWidth(text, TYPE.caption))),
  );
  return { parts, width: Math.ceil(texts + widest + MARGIN - width) };
}

/** A row's images as one embedded PNG, with outlines, label and captions. */
function drawRow(row: RowLayout, images: readonly ImageTile[], scale: number): string[] {
  const label = row.label.map(({ text, y }) =>
    textElement(text, { x: row.labelEnd, y, style: TYPE.label, anchor: 'end' }),
  );
  const captions = row.captions.map(({ text, x, y }) =>
    textElement(text, { x, y, style: TYPE.caption, anchor: 'middle', fill: COLORS.quietText }),
  );
  if (images.length === 0) return label;
  const area = enclose(row.tiles);
  const outlines = row.tiles.map(
    ({ x, y, width, height }) => `M${x - 0.5} ${y - 0.5}h${width + 1}v${height + 1}h${-width - 1}z`,
  );
  return [
    ...label,
    embedPng(paintTiles(area, row.tiles, images, scale), area),
    `<path d="${outlines.join('')}" fill="none" stroke="${COLORS.tileOutline}"/>`,
    ...captions,
  ];
}

function enclose(boxes: readonly Box[]): Box {
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  const width = Math.max(...boxes.map((box) => box.x + box.width)) - x;
  const height = Math.max(...boxes.map((box) => box.y + box.height)) - y;
  return { x, y, width, height };
}

/** Paints enlarged tiles on white. They are enlarged here, because not every viewer enlarges without blurring. */
function paintTiles(area: Box, boxes: readonly Box[], images: readonly ImageTile[], scale: number): Bitmap {
  const channels = images.some((image) => image.channels === 3) ? 3 : 1;
  const pixels = new Uint8Array(area.width * area.height * channels).fill(255);
  const stride = area.width * channels;
  for (const [index, image] of images.entries()) {
    const box = boxes[index];
    if (box === undefined) continue;
    const bytes = displayBytes(image);
    const left = (box.x - area.x) * channels;
    for (let row = 0; row < image.height; row++) {
      const first = (box.y - area.y + row * scale) * stride + left;
      let at = first;
      for (let column = 0; column < image.width; column++) {
        const source = (row * image.width + column) * image.channels;
        for (let repeat = 0; repeat < scale; repeat++) {
          for (let channel = 0; channel < channels; channel++) {
            pixels[at++] = bytes[source + (image.channels === 3 ? channel : 0)] ?? 0;
          }
        }
      }
      for (let repeat = 1; repeat < scale; repeat++) pixels.copyWithin(first + repeat * stride, first, at);
    }
  }
  return { width: area.width, height: area.height, channels, pixels };
}

/** A single image, with sharp pixels. */
export function drawTile(tile: ImageTile, { x, y, width, height }: Box): string {
  const bitmap = {
    width: tile.width,
    height: tile.height,
    channels: tile.channels,
    pixels: displayBytes(tile),
  };
  return embedPng(bitmap, { x, y, width, height });
}

function embedPng(bitmap: Bitmap, { x, y, width, height }: Box): string {
  return (
    // Viewers differ in which of the two ways to request sharp pixels they support.
    `<image x="${x}" y="${y}" width="${width}" height="${height}" ` +
    `image-rendering="optimizeSpeed" style="image-rendering:pixelated" ` +
    `href="data:image/png;base64,${encodePng(bitmap).toString('base64')}"/>`
  );
}

/** Intensities as bytes: 0 to 1 becomes 0 to 255, rounded. */
export function displayBytes({ values }: ImageTile): Uint8Array {
  if (values instanceof Uint8Array) return values;
  const bytes = new Uint8ClampedArray(values.length);
  // A clamped array clips, and rounds halves to even; NaN becomes 0.
  for (let index = 0; index < values.length; index++) bytes[index] = (values[index] ?? 0) * 255;
  return new Uint8Array(bytes.buffer);
}

/**
 * Images as tiles.
 *
 * @param values intensities, row-major [count, height, width, channels]
 * @param range intensities that are drawn black and white; those beyond are clipped
 * @throws Failure if the images do not have 1 or 3 channels
 */
export function imageTiles(
  values: Float32Array,
  [height, width, channels]: ImageShape,
  [low, high]: readonly [number, number],
): ImageTile[] {
  if (channels !== 1 && channels !== 3) {
    throw failure('shape-mismatch', `Images of ${channels} channels cannot be drawn, only of 1 or 3.`);
  }
  const size = height * width * channels;
  const span = high > low ? high - low : 1;
  return Array.from({ length: size === 0 ? 0 : Math.floor(values.length / size) }, (_, index) => ({
    height,
    width,
    channels,
    values: values.subarray(index * size, (index + 1) * size).map((value) => (value - low) / span),
  }));
}

/** Rows of `columns` images each, in reading order. */
export function inRows(images: readonly ImageTile[], columns: number): ImageRow[] {
  const rows: ImageRow[] = [];
  for (let start = 0; start < images.length; start += columns) {
    rows.push({ images: images.slice(start, start + columns) });
  }
  return rows;
}
