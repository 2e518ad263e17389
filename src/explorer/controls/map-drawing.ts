/** Draws the map of latents: everything that stays is drawn once, and the chosen place on top of it. */
import { SIZE, type Place } from '../page/frame.ts';
import type { Player } from '../player.ts';
import { make } from './dom.ts';
import { imageData } from './picture.ts';

const POINT = 4;
const HANDLE = 9;
/** The smallest cell of the grid of decoded images, in CSS pixels. */
const CELL = 30;

interface Point {
  readonly place: Place;
  readonly color: string;
  /** Whether it is drawn as one of those that the reader did not ask for. */
  readonly faint: boolean;
}

interface Background {
  readonly points: readonly Point[];
  /** Images over the plane, row by row from the top left; absent: none. */
  readonly tiles?: readonly ImageData[];
  readonly columns: number;
}

/** Two layers, one above the other: the upper one is transparent. */
export class MapDrawing {
  readonly canvas: HTMLCanvasElement;
  readonly #background: HTMLCanvasElement;
  readonly #ratio = Math.min(3, Math.ceil(devicePixelRatio || 1));

  constructor() {
    const side = SIZE * this.#ratio;
    this.canvas = make('canvas', { width: side, height: side });
    this.#background = make('canvas', { width: side, height: side });
  }

  drawBackground({ points, tiles, columns }: Background): void {
    const context = this.#contextOf(this.#background);
    if (context === null) return;
    context.clearRect(0, 0, SIZE, SIZE);
    if (tiles !== undefined) drawTiles(context, tiles, columns);
    for (const { place, color, faint } of points) {
      context.globalAlpha = faint ? 0.12 : 0.9;
      context.beginPath();
      context.arc(...place, POINT, 0, 2 * Math.PI);
      context.fillStyle = color;
      context.fill();
      // Sets points apart from each other, and dark ones from a dark page.
      context.strokeStyle = '#ffffff';
      context.lineWidth = 0.75;
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  drawHandle(
    [x, y]: Place,
    colors: { readonly ring: string; readonly halo: string; readonly line: string },
  ): void {
    const context = this.#contextOf(this.canvas);
    if (context === null) return;
    context.clearRect(0, 0, SIZE, SIZE);
    context.drawImage(this.#background, 0, 0, SIZE, SIZE);
    context.strokeStyle = colors.line;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, SIZE);
    context.moveTo(0, y);
    context.lineTo(SIZE, y);
    context.stroke();
    for (const [width, color] of [
      [6, colors.halo],
      [3, colors.ring],
    ] as const) {
      context.beginPath();
      context.arc(x, y, HANDLE, 0, 2 * Math.PI);
      context.strokeStyle = color;
      context.lineWidth = width;
      context.stroke();
    }
  }

  #contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D | null {
    const context = canvas.getContext('2d');
    context?.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
    return context;
  }
}

/** How many decoded images stand side by side. */
export function columnsFor({ data }: Player): number {
  const [height, width] = data.output;
  return Math.max(4, Math.floor(SIZE / Math.max(CELL, Math.min(width, height))));
}

function drawTiles(context: CanvasRenderingContext2D, tiles: readonly ImageData[], columns: number): void {
  const side = SIZE / columns;
  const [first] = tiles;
  if (first === undefined) return;
  const sheet = make('canvas', { width: first.width, height: first.height });
  const scale = Math.min(side / first.width, side / first.height);
  const [width, height] = [first.width * scale, first.height * scale];
  context.imageSmoothingEnabled = false;
  for (const [index, tile] of tiles.entries()) {
    sheet.getContext('2d')?.putImageData(tile, 0, 0);
    const [column, row] = [index % columns, Math.floor(index / columns)];
    context.drawImage(
      sheet,
      (column + 0.5) * side - width / 2,
      (row + 0.5) * side - height / 2,
      width,
      height,
    );
  }
}

/** Colours of the pixels of a decoded image, for a grid. */
export function tileOf(player: Player, output: Float32Array): ImageData {
  return imageData(player.paint(output, 'output'), player.data.output[1]);
}
