/** What of a `noise` stage's settings a slider can change, and settings of the kinds of noise that the pipeline does not have. */
import type { NoiseSettings } from '../../schema/generated/settings.ts';
import type { ExplorerData } from '../data.ts';

export interface Parameter {
  readonly label: string;
  readonly low: number;
  readonly high: number;
  readonly value: number;
  readonly step?: number;
  readonly logarithmic?: boolean;
  /** The settings with another value. */
  set(settings: NoiseSettings, value: number): NoiseSettings;
}

type Images = Pick<ExplorerData, 'input' | 'inputRange' | 'outputRange' | 'noise' | 'images'>;

/** The largest number of rectangles that a slider offers. */
const MOST_RECTANGLES = 10;

/** The settings as sliders. A range is extended where the pipeline's own value lies outside it. */
export function parametersOf(settings: NoiseSettings, images: Images): readonly Parameter[] {
  const [low, high] = images.outputRange;
  const span = high - low;
  const [height, width] = images.input;
  switch (settings.kind) {
    case 'gaussian':
      return [
        simple(settings, 'stddev', 'Standard deviation', [0, span]),
        simple(settings, 'mean', 'Mean', [-span, span]),
      ];
    case 'speckle':
      return [
        simple(settings, 'stddev', 'Standard deviation', [0, 1]),
        simple(settings, 'mean', 'Mean', [-1, 1]),
      ];
    case 'salt_and_pepper':
      return [
        simple(settings, 'amount', 'Share of the values', [0, 1]),
        simple(settings, 'salt_vs_pepper', 'Share of salt', [0, 1]),
      ];
    case 'masking':
      return [
        simple(settings, 'amount', 'Share of the values', [0, 1]),
        simple(settings, 'value', 'Their intensity', [low, high]),
      ];
    case 'poisson':
      return [{ ...simple(settings, 'peak', 'Photons at full intensity', [1, 1000]), logarithmic: true }];
    case 'blur':
      return [simple(settings, 'sigma', 'Standard deviation (pixels)', [0.1, 5])];
    case 'occlusion':
      return [
        side(settings.size[0], 0, 'Height (pixels)', height),
        side(settings.size[1], 1, 'Width (pixels)', width),
        { ...simple(settings, 'count', 'Rectangles', [1, MOST_RECTANGLES]), step: 1 },
        simple(settings, 'value', 'Their intensity', [low, high]),
      ];
  }
}

function simple<Settings extends NoiseSettings>(
  settings: Settings,
  key: keyof Settings,
  label: string,
  [low, high]: readonly [number, number],
): Parameter {
  const value = Number(settings[key]);
  return {
    label,
    low: Math.min(low, value),
    high: Math.max(high, value),
    value,
    set: (current, changed) => ({ ...current, [key]: changed }),
  };
}

/** Height or width of hidden rectangles. */
function side(value: number, axis: 0 | 1, label: string, most: number): Parameter {
  return {
    label,
    low: 1,
    high: Math.max(most, value),
    value,
    step: 1,
    set: (current, changed) => {
      if (current.kind !== 'occlusion') return current;
      const [rows, columns] = current.size;
      return { ...current, size: axis === 0 ? [changed, columns] : [rows, changed] };
    },
  };
}

/** Settings to start from, of the kinds that the pipeline does not have and that its images allow. */
export function otherNoises({
  input: [height, width],
  inputRange,
  outputRange: [low, high],
  noise,
  images,
}: Images): readonly NoiseSettings[] {
  const common = { type: 'noise', data: images.stage, clip: [low, high] } as const;
  const span = high - low;
  const all: readonly NoiseSettings[] = [
    { ...common, kind: 'gaussian', mean: 0, stddev: 0.3 * span, resample: false },
    { ...common, kind: 'salt_and_pepper', amount: 0.2, salt_vs_pepper: 0.5 },
    { ...common, kind: 'masking', amount: 0.3, value: low },
    { ...common, kind: 'speckle', mean: 0, stddev: 0.5 },
    { ...common, kind: 'poisson', peak: 10 },
    {
      ...common,
      kind: 'occlusion',
      size: [Math.ceil(height / 3), Math.ceil(width / 3)],
      count: 1,
      value: low,
    },
    { ...common, kind: 'blur', sigma: 1.5 },
  ];
  const own = new Set(noise.map(({ settings }) => settings.kind));
  // Photons cannot be counted where intensities are negative.
  return all.filter(
    ({ kind }) => !own.has(kind) && (kind !== 'poisson' || (inputRange[0] >= 0 && inputRange[1] > 0)),
  );
}
