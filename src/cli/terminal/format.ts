/** Lines and columns for a terminal. */
import { formatNumber, formatPlural } from '../../core/format.ts';
import { printable } from '../../core/text.ts';

export { printable } from '../../core/text.ts';
export {
  formatBytes,
  formatCount,
  formatNumber,
  formatOperations,
  formatPlural,
  formatSeconds,
} from '../../core/format.ts';

/** A line about the engine. */
export function engineLine(text: string): string {
  return `engine: ${printable(text)}`;
}

/** `train_images 12,000, test_mse 0.0174`: as many as there is room for. */
export function formatMetrics(metrics: Readonly<Record<string, number>>, columns = Infinity): string {
  const parts = Object.entries(metrics).map(([name, value]) => `${name} ${formatNumber(value)}`);
  while (parts.length > 0 && parts.join(', ').length > columns) parts.pop();
  return parts.join(', ');
}

/** Scripts and symbols that are two columns wide in a terminal. */
const WIDE =
  /^(?:[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}\uff01-\uff60]|\p{Emoji_Presentation})/u;

/** Cuts a text that is too wide, and marks the cut with `…`. */
export function fit(text: string, columns: number): string {
  let used = 0;
  let kept = 0;
  for (const { segment, index } of new Intl.Segmenter().segment(text)) {
    used += WIDE.test(segment) ? 2 : 1;
    if (used > columns) return `${text.slice(0, kept)}…`;
    if (used < columns) kept = index + segment.length;
  }
  return text;
}

/** Rows with aligned columns, two blanks apart; the last column is not padded. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)));
  return rows.map((row) =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** What is said of the columns of a table that a terminal has no room for. */
export function leftOut(names: readonly string[], columns: number): string {
  const what = formatPlural(names.length, 'column');
  return fit(`${what} left out because the terminal is too narrow: ${names.join(', ')}`, columns);
}
