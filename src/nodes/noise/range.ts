import type { NoiseSettings } from '../../schema/generated/settings.ts';

/**
 * Lowest and highest intensity of corrupted images; undefined if they are random.
 *
 * @param range range of the clean images, if known
 */
export function rangeAfter(
  settings: NoiseSettings,
  range: readonly [number, number] | undefined,
): readonly [number, number] | undefined {
  if (settings.clip !== null) return settings.clip;
  switch (settings.kind) {
    case 'salt_and_pepper':
    case 'blur':
      return range;
    case 'masking':
    case 'occlusion':
      return range && [Math.min(range[0], settings.value), Math.max(range[1], settings.value)];
    default:
      return undefined;
  }
}
