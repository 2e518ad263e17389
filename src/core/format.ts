/** Numbers, times and sizes for people. */

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

/** `60,000`, in every locale. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** `1 error` */
export function formatPlural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

const BYTES = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `512 B`, `1.2 MB`: powers of 1000. */
export function formatBytes(bytes: number): string {
  return inUnits(bytes, BYTES);
}

const OPERATIONS = ['FLOP', 'kFLOP', 'MFLOP', 'GFLOP', 'TFLOP'] as const;

/** `512 FLOP`, `1.2 MFLOP` */
export function formatOperations(operations: number): string {
  return inUnits(operations, OPERATIONS);
}

function inUnits(count: number, units: readonly string[]): string {
  let value = count;
  let power = 0;
  // A value that rounds to 1000 is shown in the next unit.
  while (power < units.length - 1 && value >= 999.5) {
    value /= 1000;
    power += 1;
  }
  return `${power === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[power] ?? ''}`;
}
