/** Gaussian blur like scikit-image's `gaussian`: the kernel is truncated at 4 sigma, and border values are repeated outwards. */
import type { ImageShape } from '../../core/stage-type.ts';

const TRUNCATE = 4;

/**
 * Blurs whole images, each channel separately: first along the columns, then along the rows.
 *
 * @param out row-major [images, height, width, channels], like `images`
 * @param sigma standard deviation of the kernel, in pixels, above 0
 */
export function blurImages(out: Float32Array, images: Float32Array, shape: ImageShape, sigma: number): void {
  const [height, width, channels] = shape;
  const kernel = gaussianKernel(sigma);
  const size = height * width * channels;
  const between = new Float64Array(size);
  for (let start = 0; start < images.length; start += size) {
    const image = images.subarray(start, start + size);
    filterAxis(between, image, kernel, { length: height, step: width * channels });
    filterAxis(out.subarray(start, start + size), between, kernel, { length: width, step: channels });
  }
}

/** Weights at distances 0, 1, 2, …; over all distances in both directions they sum to 1. */
function gaussianKernel(sigma: number): Float64Array {
  const radius = Math.floor(TRUNCATE * sigma + 0.5);
  const weights = Float64Array.from({ length: radius + 1 }, (_, x) =>
    Math.exp((-x * x) / (2 * sigma * sigma)),
  );
  const sum = weights.reduce((total, weight) => total + 2 * weight, -1);
  return weights.map((weight) => weight / sum);
}

/** An axis of an image: the number of values along it, and their distance in memory. */
interface Axis {
  readonly length: number;
  readonly step: number;
}

function filterAxis(
  out: Float32Array | Float64Array,
  image: Float32Array | Float64Array,
  kernel: Float64Array,
  { length, step }: Axis,
): void {
  for (let index = 0; index < image.length; index++) {
    const place = Math.floor(index / step) % length;
    const first = index - place * step;
    const last = first + (length - 1) * step;
    let sum = (kernel[0] ?? 0) * (image[index] ?? 0);
    for (let distance = 1; distance < kernel.length; distance++) {
      const before = image[Math.max(first, index - distance * step)] ?? 0;
      const after = image[Math.min(last, index + distance * step)] ?? 0;
      sum += (kernel[distance] ?? 0) * (before + after);
    }
    out[index] = sum;
  }
}
