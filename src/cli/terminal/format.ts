/** Numbers, times, sizes and columns as people read them. */

/** `0.8 s`, `12 s`, `3 min 05 s`, `2 h 04 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${twoDigits(whole % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** Four significant digits; whole numbers with thousands separators. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value)) return formatCount(value);
  const size = Math.abs(value);
  if (size >= 1000) return formatCount(Math.round(value));
  return size < 1e-4 ? value.toExponential(3) : value.toPrecision(4);
}

/** `60,000`, whatever the locale. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `512 B`, `1.2 MB`: powers of 1000. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let power = 0;
  // What would be rounded to 1000 is shown in the next unit.
  while (power < UNITS.length - 1 && value >= 999.5) {
    value /= 1000;
    power += 1;
  }
  return `${power === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${UNITS[power] ?? ''}`;
}

/** `train_images 12,000, test_mse 0.0174`: the first of them that there is room for. */
export function formatMetrics(metrics: Readonly<Record<string, number>>, columns = Infinity): string {
  const parts = Object.entries(metrics).map(([name, value]) => `${name} ${formatNumber(value)}`);
  while (parts.length > 0 && parts.join(', ').length > columns) parts.pop();
  return parts.join(', ');
}

/** `1 error` */
export function formatPlural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Scripts and symbols that take two columns of a terminal. */
const WIDE =
  /^(?:[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}\uff01-\uff60]|\p{Emoji_Presentation})/u;

/** Cuts a text that takes more columns than there are; what is cut off is marked with `…`. */
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

/** Control characters, and marks that turn the direction of writing. */
const STEERING = /[\p{Cc}\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/**
 * A text of unknown origin, such as a key of somebody's pipeline, on one line and without the characters that could steer
 * a terminal.
 */
export function printable(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').replace(STEERING, '·');
}

/** Rows as columns that line up, two blanks apart; the last column is not padded. */
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
