/** Images on canvases: one canvas pixel for each pixel, enlarged by the style. */
import type { ImageShape } from '../../core/stage-type.ts';
import type { Player } from '../player.ts';
import { make } from './dom.ts';

type Kind = 'input' | 'output';

/** An image with a caption below it. */
export class Picture {
  readonly element: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  readonly #caption: HTMLElement;

  constructor([height, width]: ImageShape, caption: string) {
    this.canvas = make('canvas', { width, height, role: 'img', 'aria-label': caption });
    this.#caption = make('figcaption', {}, caption);
    this.element = make('figure', { class: 'picture' }, this.canvas, this.#caption);
  }

  show(player: Player, pixels: Float32Array, kind: Kind): void {
    paint(this.canvas, player.paint(pixels, kind));
  }

  /** Replaces the text below, and what a screen reader says of the image. */
  describe(caption: string): void {
    if (this.#caption.textContent === caption) return;
    this.#caption.textContent = caption;
    this.canvas.setAttribute('aria-label', caption);
  }
}

/** @param colors red, green, blue and opacity of each pixel */
export function paint(canvas: HTMLCanvasElement, colors: Uint8ClampedArray): void {
  canvas.getContext('2d')?.putImageData(imageData(colors, canvas.width), 0, 0);
}

export function imageData(colors: Uint8ClampedArray, width: number): ImageData {
  return new ImageData(new Uint8ClampedArray(colors), width);
}

/** A small image without a text of its own. */
export function thumbnail(player: Player, pixels: Float32Array, kind: Kind): HTMLCanvasElement {
  const [height, width] = kind === 'input' ? player.data.input : player.data.output;
  const canvas = make('canvas', { width, height, 'aria-hidden': 'true' });
  paint(canvas, player.paint(pixels, kind));
  return canvas;
}

/** `image 12 (cat)`: the place of an image in its data set, from 1 as elsewhere in the report, and its class. */
export function nameOfImage(player: Player, index: number): string {
  const label = player.labelOf(index);
  const place = player.data.images.places[index] ?? index;
  return `image ${place + 1}${label === undefined ? '' : ` (${player.className(label)})`}`;
}
