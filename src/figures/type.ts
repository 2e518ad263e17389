/** Measures and breaks text as it will be drawn, and lists the fonts that draw it. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Resvg, type ResvgRenderOptions } from '@resvg/resvg-js';
import { FONT_FAMILY, type TypeStyle } from './style.ts';
import { escapeXml } from './svg.ts';

const fontFolder = dirname(createRequire(import.meta.url).resolve('@expo-google-fonts/inter/package.json'));
const fontFiles = [
  join(fontFolder, '400Regular', 'Inter_400Regular.ttf'),
  join(fontFolder, '600SemiBold', 'Inter_600SemiBold.ttf'),
];

/** Latin, Greek, Cyrillic, punctuation, symbols: what the bundled font can draw. */
const COVERED = /^[\t\n\r\u0020-\u024f\u0370-\u052f\u1e00-\u22ff\ufffd]*$/;

/**
 * Fonts for drawing `text`. Only the bundled font, so that every machine draws the same pixels; the system's fonts are
 * used only for characters that it lacks, such as Chinese ones.
 */
export function fontOptions(text: string): NonNullable<ResvgRenderOptions['font']> {
  return { fontFiles, loadSystemFonts: !COVERED.test(text), defaultFontFamily: 'Inter' };
}

/** Width in pixels of one line of text as it will be drawn. */
export function textWidth(text: string, style: TypeStyle): number {
  const key = `${style.size}/${style.weight}/${text}`;
  const known = widths.get(key);
  if (known !== undefined) return known;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text font-family="${FONT_FAMILY}" ` +
    `font-size="${style.size}" font-weight="${style.weight}">${escapeXml(text)}</text></svg>`;
  const width = new Resvg(svg, { font: fontOptions(text) }).getBBox()?.width ?? 0;
  if (widths.size >= MOST_WIDTHS) widths.clear();
  widths.set(key, width);
  return width;
}

/** Widths that are already measured: a training run draws the same words every epoch. */
const widths = new Map<string, number>();
const MOST_WIDTHS = 1000;

/** Breaks text between words into lines of at most `width` pixels; a wider word is cut. */
export function wrapText(text: string, style: TypeStyle, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (textWidth(longer, style) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = truncateText(word, style, width);
  }
  return line === '' ? lines : [...lines, line];
}

/** The text, or the longest beginning of it that fits into `width` pixels with an ellipsis. */
export function truncateText(text: string, style: TypeStyle, width: number): string {
  if (textWidth(text, style) <= width) return text;
  const characters = [...text];
  let fits = 0;
  let tooLong = characters.length;
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (textWidth(`${characters.slice(0, middle).join('')}…`, style) <= width) fits = middle;
    else tooLong = middle;
  }
  return `${characters.slice(0, fits).join('').trimEnd()}…`;
}
