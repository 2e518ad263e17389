/**
 * The structural similarity of two images: Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image quality assessment:
 * from error visibility to structural similarity", IEEE Transactions on Image Processing 13(4), 2004, with the paper's
 * constants and TensorFlow's conventions (`tf.image.ssim`): windows lie within the image, and channels are averaged.
 */
import { failure } from '../../core/diagnostic.ts';

/** Height and width of the Gaussian window, in pixels. */
export const SSIM_WINDOW = 11;

const SIGMA = 1.5;
const K1 = 0.01;
const K2 = 0.03;

/** The window in one direction, from its ends to its middle, with the sum 1: that of both directions is the product. */
const [W0 = 0, W1 = 0, W2 = 0, W3 = 0, W4 = 0, W5 = 0]: Float64Array = gaussian();

function gaussian(): Float64Array {
  const middle = (SSIM_WINDOW - 1) / 2;
  const weights = Float64Array.from({ length: SSIM_WINDOW }, (_, index) =>
    Math.exp(-((index - middle) ** 2) / (2 * SIGMA ** 2)),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/**
 * The mean structural similarity, from -1 to 1; 1 for equal images. Computed in float64.
 *
 * @param shape height, width, channels; row-major
 * @param span highest minus lowest possible intensity
 * @throws Failure `shape-mismatch` for images smaller than the window
 */
export function ssim(
  one: Float32Array,
  other: Float32Array,
  [height, width, channels]: readonly [number, number, number],
  span: number,
): number {
  if (height < SSIM_WINDOW || width < SSIM_WINDOW) {
    throw failure(
      'shape-mismatch',
      `\`ssim\` needs images of at least ${SSIM_WINDOW}x${SSIM_WINDOW} pixels, but these are ${height}x${width}`,
      'leave `ssim` out of `metrics`',
    );
  }
  const luminance = (K1 * span) ** 2;
  const contrast = (K2 * span) ** 2;
  const pixels = height * width;
  const x = new Float64Array(pixels);
  const y = new Float64Array(pixels);
  const products = new Float64Array(pixels);
  const squares = new Float64Array(pixels);
  let sum = 0;
  let count = 0;
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      const a = one[pixel * channels + channel] ?? 0;
      const b = other[pixel * channels + channel] ?? 0;
      x[pixel] = a;
      y[pixel] = b;
      products[pixel] = a * b;
      squares[pixel] = a * a + b * b;
    }
    const meanX = blur(x, height, width);
    const meanY = blur(y, height, width);
    const meanProduct = blur(products, height, width);
    const meanSquares = blur(squares, height, width);
    for (let index = 0; index < meanX.length; index++) {
      const product = (meanX[index] ?? 0) * (meanY[index] ?? 0);
      const square = (meanX[index] ?? 0) ** 2 + (meanY[index] ?? 0) ** 2;
      const covariance = (meanProduct[index] ?? 0) - product;
      const variances = (meanSquares[index] ?? 0) - square;
      sum +=
        ((2 * product + luminance) / (square + luminance)) *
        ((2 * covariance + contrast) / (variances + contrast));
    }
    count += meanX.length;
  }
  return sum / count;
}

/** Means under the window at all positions where it fits: [height - 10, width - 10]. */
function blur(image: Float64Array, height: number, width: number): Float64Array {
  const wide = width - SSIM_WINDOW + 1;
  const tall = height - SSIM_WINDOW + 1;
  const rows = new Float64Array(height * wide);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < wide; column++) {
      rows[row * wide + column] = weighted(image, row * width + column, 1);
    }
  }
  const result = new Float64Array(tall * wide);
  for (let index = 0; index < result.length; index++) result[index] = weighted(rows, index, wide);
  return result;
}

/** Written out, which is three times as fast: the window is symmetric. */
function weighted(values: Float64Array, start: number, step: number): number {
  const at = (index: number): number => values[start + index * step] ?? 0;
  return (
    W0 * (at(0) + at(10)) +
    W1 * (at(1) + at(9)) +
    W2 * (at(2) + at(8)) +
    W3 * (at(3) + at(7)) +
    W4 * (at(4) + at(6)) +
    W5 * at(5)
  );
}
