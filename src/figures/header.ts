/** The head of a figure: its title and the text below it. */
import { COLORS, MARGIN, MAX_WIDTH, TYPE } from './style.ts';
import type { Figure } from './figure.ts';
import { svgDocument, textElement } from './svg.ts';
import { textWidth, wrapText } from './type.ts';

export interface HeaderText {
  readonly title?: string | undefined;
  /** Smaller and grey, below the title. */
  readonly subtitle?: string | undefined;
}

export interface Header {
  readonly parts: readonly string[];
  /** Where the body of the figure may begin, measured from the figure's top edge. */
  readonly bottom: number;
  /** The width of the widest line. */
  readonly width: number;
}

/** The space below the last line of a header. */
const SPACE_BELOW = 12;

/**
 * Places title and subtitle at the top left.
 *
 * @param bodyWidth the width of the body below, which short headers do not exceed
 */
export function layoutHeader({ title, subtitle }: HeaderText, bodyWidth: number): Header {
  const wanted = Math.max(textWidth(title ?? '', TYPE.title), textWidth(subtitle ?? '', TYPE.subtitle));
  const room = Math.max(bodyWidth, Math.min(wanted, NARROW_FIGURE));
  const lines = [
    ...wrapText(title ?? '', TYPE.title, room).map((text) => ({
      text,
      style: TYPE.title,
      fill: COLORS.text,
    })),
    ...wrapText(subtitle ?? '', TYPE.subtitle, room).map((text) => ({
      text,
      style: TYPE.subtitle,
      fill: COLORS.quietText,
    })),
  ];
  let bottom = MARGIN;
  const parts = lines.map(({ text, style, fill }) => {
    bottom += style.line;
    return textElement(text, {
      x: MARGIN,
      y: bottom - (style.line - style.size) / 2 - style.size * 0.2,
      style,
      fill,
    });
  });
  const width = Math.max(0, ...lines.map(({ text, style }) => textWidth(text, style)));
  return { parts, bottom: lines.length === 0 ? MARGIN : bottom + SPACE_BELOW, width };
}

/** A finished figure with a title above it; without a title, the figure itself. */
export function withTitle(figure: Figure, title: string | undefined): Figure {
  if (title === undefined || title === '') return figure;
  const header = layoutHeader({ title }, figure.width - 2 * MARGIN);
  // The figure has its own margin at the top.
  const top = Math.ceil(header.bottom) - MARGIN;
  const width = Math.max(figure.width, Math.ceil(header.width) + 2 * MARGIN);
  const height = top + figure.height;
  const body = `<g transform="translate(0 ${top})">${figure.svg.trimEnd()}</g>`;
  return { svg: svgDocument(width, height, title, [body, ...header.parts]), width, height };
}

/** A figure with a narrow body may grow up to this width for its title. */
const NARROW_FIGURE = 0.4 * MAX_WIDTH;
