/** A row of small bars: the course of a loss in a few columns. */

/** From the lowest value to the highest, and what is not a finite number. */
export interface SparkSymbols {
  readonly levels: string;
  readonly broken: string;
}

export const SPARKS: SparkSymbols = { levels: '▁▂▃▄▅▆▇█', broken: '×' };

/** For terminals without Unicode. */
export const ASCII_SPARKS: SparkSymbols = { levels: '_.:-=+*#', broken: 'x' };

/**
 * Draws values in at most so many columns. Where there are more values, a column shows the mean of several. Positive values are
 * drawn on a logarithmic scale, on which the end of a training is visible, too.
 */
export function sparkline(
  values: readonly number[],
  columns: number,
  symbols: SparkSymbols = SPARKS,
): string {
  const points = inColumns(values, columns);
  const isLogarithmic = points.every((value) => !Number.isFinite(value) || value > 0);
  const heights = isLogarithmic ? points.map(Math.log) : points;
  const finite = heights.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const top = symbols.levels.length - 1;
  return heights
    .map((value) => {
      if (!Number.isFinite(value)) return symbols.broken;
      // Halved, as the difference of two large numbers may be infinite.
      const span = high / 2 - low / 2;
      const share = span > 0 ? (value / 2 - low / 2) / span : 0;
      return symbols.levels[Math.round(share * top)] ?? '';
    })
    .join('');
}

/** One value for each column. A mean with a value that is not finite is not finite either, so that none is hidden. */
function inColumns(values: readonly number[], columns: number): readonly number[] {
  if (values.length <= columns) return values;
  return Array.from({ length: Math.max(0, columns) }, (_, column) => {
    const start = Math.floor((column * values.length) / columns);
    const part = values.slice(start, Math.floor(((column + 1) * values.length) / columns));
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}
