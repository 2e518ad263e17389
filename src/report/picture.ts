/** Reads PNG and SVG files, which may be damaged or untrusted. */
import { lstat, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { Resvg } from '@resvg/resvg-js';
import type { Picture } from './exhibit.ts';

/** Larger files are not included in a report. */
const MOST_BYTES = 4 * 1024 * 1024;

/** PNG figures have twice the pixels of their displayed size. */
const PNG_SCALE = 2;

/**
 * One picture from its files, such as `figure.svg` and `figure.png`: the smallest intact file.
 *
 * @param paths paths relative to `folder`
 * @param fallback the description of a picture that has none
 */
export async function readPicture(
  folder: string,
  paths: readonly string[],
  fallback: string,
): Promise<{
  readonly picture?: Picture;
  readonly unshown: readonly { readonly path: string; readonly reason: string }[];
}> {
  const unshown: { path: string; reason: string }[] = [];
  const pictures: Picture[] = [];
  for (const path of paths) {
    const result = await readOne(folder, path, fallback);
    if (typeof result === 'string') unshown.push({ path, reason: result });
    else pictures.push(result);
  }
  const [picture] = pictures.sort((one, other) => one.data.length - other.data.length);
  return { ...(picture === undefined ? {} : { picture }), unshown };
}

/** @returns the picture, or the reason why it cannot be shown */
async function readOne(folder: string, path: string, fallback: string): Promise<Picture | string> {
  const found = await lstat(join(folder, path)).catch(() => undefined);
  if (found?.isFile() !== true) return 'it does not exist';
  if (found.size > MOST_BYTES) return 'it is too large for a report';
  const data = await readFile(join(folder, path)).catch(() => undefined);
  if (data === undefined) return 'it cannot be read';
  if (extname(path) === '.svg') return readSvg(path, data, fallback);
  const size = pngSize(data);
  if (size === undefined) return 'it is damaged';
  const [width, height] = size.map((length) => Math.max(1, Math.round(length / PNG_SCALE)));
  return { path, mime: 'image/png', data, width: width ?? 1, height: height ?? 1, alt: fallback };
}

function readSvg(path: string, data: Buffer, fallback: string): Picture | string {
  try {
    return svgPicture(path, data.toString('utf8'), fallback);
  } catch {
    return 'it is damaged';
  }
}

/**
 * A picture from SVG text.
 *
 * @param fallback its description, if the picture has none
 * @throws Error if it is not an SVG
 */
export function svgPicture(path: string, text: string, fallback = path): Picture {
  const { width, height } = new Resvg(text, { font: { loadSystemFonts: false }, logLevel: 'off' });
  const alt = descriptionOf(text) ?? fallback;
  return { path, mime: 'image/svg+xml', data: Buffer.from(text), width, height, alt };
}

/** `aria-label` of the root element: the description in Hourglass's figures. */
function descriptionOf(svg: string): string | undefined {
  const [root = ''] = /<svg\b[^<>]*>/.exec(svg) ?? [];
  const label = /\saria-label="([^"]*)"/.exec(root)?.[1];
  if (label === undefined || label.trim() === '') return undefined;
  const entities = new Map([
    ['lt', '<'],
    ['gt', '>'],
    ['quot', '"'],
    ['apos', "'"],
    ['amp', '&'],
  ]);
  return label.replace(/&(\w+);/g, (whole, name: string) => entities.get(name) ?? whole);
}

/** Width and height of a PNG whose chunks are complete and unaltered; undefined for any other file. */
function pngSize(data: Buffer): readonly [number, number] | undefined {
  if (data.toString('latin1', 0, 8) !== '\x89PNG\r\n\x1a\n') return undefined;
  let size: readonly [number, number] | undefined;
  for (let offset = 8; offset + 12 <= data.length;) {
    const length = data.readUInt32BE(offset);
    const end = offset + 8 + length;
    if (end + 4 > data.length) return undefined;
    if (crc32(data.subarray(offset + 4, end)) !== data.readUInt32BE(end)) return undefined;
    const type = data.toString('latin1', offset + 4, offset + 8);
    if (type === 'IHDR' && length === 13)
      size = [data.readUInt32BE(offset + 8), data.readUInt32BE(offset + 12)];
    if (type === 'IEND') return size;
    offset = end + 4;
  }
  return undefined;
}
