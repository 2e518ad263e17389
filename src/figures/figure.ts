/** A finished figure. SVG is its only source; the PNG is drawn from that SVG. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import { encodePng, type Bitmap } from './png.ts';
import { fontOptions } from './type.ts';

export interface Figure {
  /** A complete SVG document that refers to nothing outside itself. */
  readonly svg: string;
  /** In CSS pixels; whole numbers. */
  readonly width: number;
  readonly height: number;
}

/**
 * Draws a figure as PNG. The same figure has the same bytes in every process.
 *
 * @param scale pixels of the PNG per CSS pixel; whole numbers keep image tiles crisp
 */
export function renderPng(figure: Figure, scale = 2): Buffer {
  const { width, height, pixels } = renderPixels(figure, scale);
  return encodePng({ width, height, ...withoutAlpha(pixels) });
}

/** Draws a figure as opaque RGBA pixels, row-major [height, width, 4]. */
export function renderPixels(
  figure: Figure,
  scale: number,
): { readonly width: number; readonly height: number; readonly pixels: Uint8Array } {
  const resvg = new Resvg(figure.svg, {
    font: fontOptions(figure.svg),
    fitTo: { mode: 'zoom', value: scale },
    imageRendering: 1,
    logLevel: 'off',
  });
  const { width, height, pixels } = resvg.render();
  return { width, height, pixels };
}

/** Opaque RGBA pixels as RGB, or as grey if they have no colour: a third of the size. */
function withoutAlpha(rgba: Uint8Array): Pick<Bitmap, 'channels' | 'pixels'> {
  const count = rgba.length / 4;
  const grey = new Uint8Array(count);
  const rgb = new Uint8Array(count * 3);
  let colored = false;
  for (let pixel = 0; pixel < count; pixel++) {
    const red = rgba[pixel * 4] ?? 0;
    const green = rgba[pixel * 4 + 1] ?? 0;
    const blue = rgba[pixel * 4 + 2] ?? 0;
    grey[pixel] = red;
    rgb[pixel * 3] = red;
    rgb[pixel * 3 + 1] = green;
    rgb[pixel * 3 + 2] = blue;
    colored ||= red !== green || red !== blue;
  }
  return colored ? { channels: 3, pixels: rgb } : { channels: 1, pixels: grey };
}

/**
 * Writes `<name>.svg`, and `<name>.png` at twice the size, into an existing folder.
 *
 * @param name may be a path inside `folder`
 * @returns the two file names, the PNG first
 */
export async function writeFigure(figure: Figure, folder: string, name: string): Promise<string[]> {
  const files = [`${name}.png`, `${name}.svg`];
  await writeFile(join(folder, `${name}.png`), renderPng(figure));
  await writeFile(join(folder, `${name}.svg`), figure.svg);
  return files;
}
