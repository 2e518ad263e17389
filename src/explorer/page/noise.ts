/** Noise in a page: what a `noise` stage does to images, with other random numbers. */
import { Philox } from '../../core/philox.ts';
import type { ImageShape } from '../../core/stage-type.ts';
import { corruptionOf } from '../../nodes/noise/kinds.ts';
import type { NoiseSettings } from '../../schema/generated/settings.ts';
import { isInteger, isNumber, isObject, isShape, type Fields } from './checks.ts';

type Kind = NoiseSettings['kind'];

const isShare = (value: unknown): boolean => isNumber(value) && value >= 0 && value <= 1;
const isSpread = (value: unknown): boolean => isNumber(value) && value >= 0;
const isAbove0 =
  (most: number) =>
  (value: unknown): boolean =>
    isNumber(value) && value > 0 && value <= most;

/** What must be true of the settings of each kind, as the schema of `noise` says. */
const RULES: Readonly<Record<Kind, Readonly<Record<string, (value: unknown) => boolean>>>> = {
  gaussian: { mean: isNumber, stddev: isSpread },
  speckle: { mean: isNumber, stddev: isSpread },
  salt_and_pepper: { amount: isShare, salt_vs_pepper: isShare },
  masking: { amount: isShare, value: isNumber },
  poisson: { peak: isAbove0(1e6) },
  occlusion: {
    size: (value) => isShape(value, [2, 2], MOST_PIXELS),
    count: (value) => isInteger(value, 1, 100),
    value: isNumber,
  },
  blur: { sigma: isAbove0(100) },
};

const MOST_PIXELS = 2 ** 24;

/** Whether these are settings of noise for images of a shape and a range, with all values filled in. */
export function isNoise(
  value: unknown,
  [height, width]: ImageShape,
  [low, high]: readonly [number, number],
): value is NoiseSettings {
  if (!isObject(value) || typeof value['kind'] !== 'string' || !Object.hasOwn(RULES, value['kind']))
    return false;
  const kind = value['kind'] as Kind;
  if (!Object.entries(RULES[kind]).every(([name, is]) => is(value[name])) || !hasClip(value)) return false;
  if (kind === 'poisson') return low >= 0 && high > 0;
  const { size } = value;
  return kind !== 'occlusion' || (Array.isArray(size) && size[0] <= height && size[1] <= width);
}

function hasClip({ clip }: Fields): boolean {
  return (
    clip === null ||
    (Array.isArray(clip) && clip.length === 2 && clip.every(isNumber) && Number(clip[0]) <= Number(clip[1]))
  );
}

/**
 * @param pixels not below 0 for `poisson`
 * @param settings checked by `isNoise`
 */
export function withNoise(
  pixels: Float32Array,
  settings: NoiseSettings,
  {
    shape,
    range,
    seed,
  }: { readonly shape: ImageShape; readonly range: readonly [number, number]; readonly seed: number },
): Float32Array {
  const generator = new Philox([seed >>> 0, Math.floor(seed / 2 ** 32)]);
  const corruption = corruptionOf(settings, { generator, shape, range });
  const [lowest, highest] = settings.clip ?? [-Infinity, Infinity];
  const noisy = new Float32Array(pixels.length);
  corruption.draw(noisy, pixels);
  return noisy.map((drawn, index) =>
    Math.min(highest, Math.max(lowest, corruption.apply(pixels[index] ?? 0, drawn))),
  );
}
