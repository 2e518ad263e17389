/** The linear mapping of intensities. */
import type { NormalizeSettings } from '../../schema/generated/settings.ts';

/** `x` becomes `factor * x + shift`. */
export interface Mapping {
  readonly factor: number;
  readonly shift: number;
}

type Range = readonly [number, number];

/** Whether the mapping depends on the images, and not on the settings alone. */
export function isMeasured(settings: NormalizeSettings): boolean {
  return settings.method === 'standard' || settings.from === null;
}

/** Maps the ends of one range to those of another. The first must not be empty. */
export function mapTo(from: Range, to: Range): Mapping {
  const factor = (to[1] - to[0]) / (from[1] - from[0]);
  return { factor, shift: to[0] - from[0] * factor };
}

export function mapRange({ factor, shift }: Mapping, [low, high]: Range): Range {
  return [low * factor + shift, high * factor + shift];
}
