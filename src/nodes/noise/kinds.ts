/**
 * What each kind of noise does to one value. Names and parameters are those of scikit-image's `random_noise` if it has the kind;
 * `stddev` is the square root of its `var`.
 */
import type { NoiseSettings, OcclusionNoiseSettings } from '../../schema/generated/settings.ts';
import { unreachable } from '../../core/diagnostic.ts';
import type { Philox } from '../../core/philox.ts';
import type { ImageShape } from '../../core/stage-type.ts';
import { blurImages } from './blur.ts';
import { drawPhotons } from './poisson.ts';

/** Corruption in two steps, so that random numbers for many images are generated at once. */
export interface Corruption {
  /** Fills `drawn` with one random number for each value of the split's next images. */
  draw(drawn: Float32Array, clean: Float32Array): void;
  /** The corrupted value, before clipping. */
  apply(clean: number, drawn: number): number;
}

export interface Surroundings {
  readonly generator: Philox;
  readonly shape: ImageShape;
  /** Lowest and highest intensity of the clean images. */
  readonly range: readonly [number, number];
}

/** @throws Failure `bad-setting` if `poisson` is used on images with negative values */
export function corruptionOf(settings: NoiseSettings, around: Surroundings): Corruption {
  const { generator, shape, range } = around;
  const normal = (drawn: Float32Array): void => generator.normal(drawn);
  const uniform = (drawn: Float32Array): void => generator.uniform(drawn);
  switch (settings.kind) {
    case 'gaussian': {
      const { mean, stddev } = settings;
      return { draw: normal, apply: (clean, drawn) => clean + mean + stddev * drawn };
    }
    case 'speckle': {
      const { mean, stddev } = settings;
      return { draw: normal, apply: (clean, drawn) => clean + clean * (mean + stddev * drawn) };
    }
    case 'salt_and_pepper': {
      const { amount, salt_vs_pepper: salt } = settings;
      const [pepperValue, saltValue] = range;
      // One number decides both: given that it is below `amount`, it is uniform there.
      const apply = (clean: number, drawn: number): number => {
        if (drawn >= amount) return clean;
        return drawn < amount * salt ? saltValue : pepperValue;
      };
      return { draw: uniform, apply };
    }
    // P. Vincent et al., "Stacked denoising autoencoders", JMLR 11, 2010, section 3.3.
    case 'masking': {
      const { amount, value } = settings;
      return { draw: uniform, apply: (clean, drawn) => (drawn < amount ? value : clean) };
    }
    case 'poisson': {
      const photons = settings.peak / range[1];
      return {
        draw: (drawn, clean) => drawPhotons(drawn, clean, photons, generator),
        apply: (_clean, drawn) => drawn / photons,
      };
    }
    case 'occlusion': {
      const { value } = settings;
      return {
        draw: (drawn) => drawRectangles(drawn, shape, settings, generator),
        apply: (clean, drawn) => (drawn === HIDDEN ? value : clean),
      };
    }
    case 'blur':
      return {
        draw: (drawn, clean) => blurImages(drawn, clean, shape, settings.sigma),
        apply: (_clean, drawn) => drawn,
      };
    default:
      return unreachable(settings);
  }
}

const HIDDEN = 1;

/**
 * Marks rectangles that are entirely inside the image, with all positions equally likely. In T. DeVries and G. W. Taylor,
 * "Improved regularization of convolutional neural networks with cutout", 2017, they may extend beyond the border.
 */
function drawRectangles(
  marks: Float32Array,
  [height, width, channels]: ImageShape,
  { size: [rows, columns], count }: OcclusionNoiseSettings,
  generator: Philox,
): void {
  marks.fill(0);
  const size = height * width * channels;
  for (let start = 0; start < marks.length; start += size) {
    for (let each = 0; each < count; each++) {
      const top = generator.integer(height - rows + 1);
      const left = generator.integer(width - columns + 1);
      for (let row = top; row < top + rows; row++) {
        const from = start + (row * width + left) * channels;
        marks.fill(HIDDEN, from, from + columns * channels);
      }
    }
  }
}
