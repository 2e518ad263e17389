/** Pieces of SVG text: escaping, type, the document around a figure. Same input, same bytes. */
import { printableLines } from '../core/text.ts';
import { COLORS, FONT_FAMILY, type TypeStyle } from './style.ts';

/**
 * Text made safe for element content and quoted attributes. Control characters, including those that XML
 * 1.0 does not allow, are shown as `·`.
 */
export function escapeXml(text: string): string {
  return printableLines(text)
    .replace(/[\ufffe\uffff]/g, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** A coordinate with at most two decimals. */
export function formatLength(value: number): string {
  return String(Math.round(value * 100) / 100);
}

export interface TextPlacement {
  readonly x: number;
  /** The baseline. */
  readonly y: number;
  readonly style: TypeStyle;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly fill?: string;
}

/** One line of text as a `<text>` element. */
export function textElement(text: string, placement: TextPlacement): string {
  const { x, y, style, anchor = 'start', fill = COLORS.text } = placement;
  const attributes = [
    `x="${formatLength(x)}"`,
    `y="${formatLength(y)}"`,
    `font-size="${style.size}"`,
    ...(style.weight === 400 ? [] : [`font-weight="${style.weight}"`]),
    ...(anchor === 'start' ? [] : [`text-anchor="${anchor}"`]),
    `fill="${fill}"`,
  ];
  return `<text ${attributes.join(' ')}>${escapeXml(text)}</text>`;
}

/**
 * A complete SVG document on a white background.
 *
 * @param description screen readers read it instead of the drawing
 * @param parts elements in drawing order, one on each line
 */
export function svgDocument(
  width: number,
  height: number,
  description: string,
  parts: readonly string[],
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
      `role="img" aria-label="${escapeXml(description)}" font-family="${FONT_FAMILY}">`,
    `<rect width="${width}" height="${height}" fill="${COLORS.background}"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}
