/** A table of numbers as shades: a metric by two parameters. */
import { failure } from '../core/diagnostic.ts';
import type { Figure } from './figure.ts';
import { layoutHeader, type HeaderText } from './header.ts';
import { CAP_MIDDLE, COLORS, MARGIN, TYPE } from './style.ts';
import { svgDocument, textElement } from './svg.ts';
import { textWidth, truncateText } from './type.ts';

export interface HeatCell {
  readonly value: number;
  /** Written in the cell. */
  readonly text: string;
  /** Whether it is framed. */
  readonly best?: boolean;
}

export interface HeatMapOptions extends HeaderText {
  readonly xLabel: string;
  readonly yLabel: string;
  /** Labels of the columns. */
  readonly columns: readonly string[];
  /** As many cells in each row as there are columns; unknown ones stay empty. */
  readonly rows: readonly { readonly label: string; readonly cells: readonly (HeatCell | undefined)[] }[];
}

const CELL_HEIGHT = 34;
const LEAST_WIDTH = 62;
const LABEL_WIDTH = 160;
const GAP = 2;
/** The shade from which white text is easier to read than dark text. */
const WHITE_FROM = 0.65;
/** Shades of one blue, from light to dark: distinguishable with any colour vision, and in grey. */
const [LIGHT, DARK] = [
  [234, 243, 250],
  [0, 72, 120],
] as const;

/** @throws Failure if no cell has a value */
export function heatMap({ title, subtitle, xLabel, yLabel, columns, rows }: HeatMapOptions): Figure {
  const cells = rows.flatMap((row) => row.cells).filter((cell) => cell !== undefined);
  if (cells.length === 0) throw failure('out-of-range', 'A map needs at least one value to draw.');
  const values = cells.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const labels = rows.map(({ label }) => truncateText(label, TYPE.label, LABEL_WIDTH));
  const labelWidth = Math.ceil(Math.max(...labels.map((label) => textWidth(label, TYPE.label))));
  const texts = [...cells.map(({ text }) => text), ...columns];
  const cellWidth = Math.ceil(
    Math.max(LEAST_WIDTH, ...texts.map((text) => Math.min(LABEL_WIDTH, textWidth(text, TYPE.label)) + 14)),
  );
  const left = MARGIN + labelWidth + 10;
  const bodyWidth = left - MARGIN + columns.length * (cellWidth + GAP);
  const header = layoutHeader({ title, subtitle }, bodyWidth);
  const top = header.bottom + TYPE.label.line + 6;
  const parts = [
    ...header.parts,
    textElement(yLabel, { x: MARGIN, y: top - 8, style: TYPE.label, fill: COLORS.quietText }),
  ];
  const frames: string[] = [];
  rows.forEach((row, index) => {
    const y = top + index * (CELL_HEIGHT + GAP);
    const middle = y + CELL_HEIGHT / 2 + TYPE.label.size * CAP_MIDDLE;
    parts.push(
      textElement(labels[index] ?? '', { x: left - 10, y: middle, style: TYPE.label, anchor: 'end' }),
    );
    row.cells.forEach((cell, column) => {
      const x = left + column * (cellWidth + GAP);
      const box = `x="${x}" y="${y}" width="${cellWidth}" height="${CELL_HEIGHT}"`;
      if (cell === undefined) {
        parts.push(`<rect ${box} fill="none" stroke="${COLORS.grid}"/>`);
        return;
      }
      const share = high === low ? 0 : (cell.value - low) / (high - low);
      parts.push(
        `<rect ${box} fill="${shade(share)}"/>`,
        textElement(cell.text, {
          x: x + cellWidth / 2,
          y: middle,
          style: TYPE.label,
          anchor: 'middle',
          fill: share > WHITE_FROM ? COLORS.background : COLORS.text,
        }),
      );
      if (cell.best === true) frames.push(`<rect ${box} fill="none" stroke="#d55e00" stroke-width="2.5"/>`);
    });
  });
  const bottom = top + rows.length * (CELL_HEIGHT + GAP);
  columns.forEach((label, column) => {
    const x = left + column * (cellWidth + GAP) + cellWidth / 2;
    const text = truncateText(label, TYPE.label, cellWidth);
    parts.push(textElement(text, { x, y: bottom + TYPE.label.line, style: TYPE.label, anchor: 'middle' }));
  });
  const height = bottom + 2 * TYPE.label.line + 8 + MARGIN;
  const width = Math.max(
    left + columns.length * (cellWidth + GAP) + MARGIN,
    Math.ceil(header.width) + 2 * MARGIN,
  );
  parts.push(
    ...frames,
    textElement(xLabel, {
      x: left + (columns.length * (cellWidth + GAP)) / 2,
      y: height - MARGIN - 2,
      style: TYPE.label,
      anchor: 'middle',
      fill: COLORS.quietText,
    }),
  );
  const description = [title, `${yLabel} by ${xLabel}`].filter((text) => text !== undefined).join('. ');
  return { svg: svgDocument(width, height, description, parts), width, height };
}

/** @param share from 0, light, to 1, dark */
function shade(share: number): string {
  const mixed = LIGHT.map((from, channel) => Math.round(from + ((DARK[channel] ?? from) - from) * share));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}
