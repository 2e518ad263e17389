/** The rules of layers that work on images: convolution, pooling, resizing, borders. */
import type { Border, PaddingName, Pair } from '../schema/generated/settings.ts';
import type { LayerArguments, LayerName, Shape } from './layer.ts';
import { type LayerRules, type Site, kernelAndBias, pairOf } from './rule.ts';

type ImageLayerName =
  | 'Conv2D'
  | 'Conv2DTranspose'
  | 'MaxPooling2D'
  | 'AveragePooling2D'
  | 'UpSampling2D'
  | 'ZeroPadding2D'
  | 'Cropping2D'
  | 'GlobalAveragePooling2D'
  | 'GlobalMaxPooling2D'
  | 'SpatialDropout2D';

/** Height and width, or a setting for each. */
type Two = readonly [number, number];

export const imageRules: LayerRules<ImageLayerName> = {
  Conv2D: {
    image: true,
    output(args, site) {
      const strides = pairOf(args.strides);
      const dilation = pairOf(args.dilation_rate);
      if (Math.max(...strides) > 1 && Math.max(...dilation) > 1) {
        site.report({
          code: 'bad-setting',
          message: '`strides` and `dilation_rate` of `Conv2D` are both more than 1',
          hint: 'leave one of them out',
          argument: 'dilation_rate',
        });
      }
      const kernel = pairOf(args.kernel_size);
      const reach: Two = [(kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1];
      return slide('Conv2D', 'kernel_size', reach, strides, args.padding, args.filters, site);
    },
    weights: (args, input) =>
      kernelAndBias(args, [...pairOf(args.kernel_size), channelsOf(input), args.filters], args.filters),
  },
  Conv2DTranspose: {
    image: true,
    output(args, site) {
      const sides = transposedSides(args, site);
      return sides === undefined ? undefined : [...sides, args.filters];
    },
    // The kernel of the convolution that it reverses: that convolution's outputs are this layer's inputs.
    weights: (args, input) =>
      kernelAndBias(args, [...pairOf(args.kernel_size), args.filters, channelsOf(input)], args.filters),
  },
  MaxPooling2D: {
    image: true,
    output: (args, site) => pool('MaxPooling2D', args, site),
  },
  AveragePooling2D: {
    image: true,
    output: (args, site) => pool('AveragePooling2D', args, site),
  },
  UpSampling2D: {
    image: true,
    output({ size }, { input }) {
      const [vertical, horizontal] = pairOf(size);
      const [height, width] = sidesOf(input);
      return [height * vertical, width * horizontal, channelsOf(input)];
    },
  },
  ZeroPadding2D: {
    image: true,
    output({ padding }, { input }) {
      const [[top, bottom], [left, right]] = borderOf(padding);
      const [height, width] = sidesOf(input);
      return [height + top + bottom, width + left + right, channelsOf(input)];
    },
  },
  Cropping2D: {
    image: true,
    output({ cropping }, { input, giver, report }) {
      const [[top, bottom], [left, right]] = borderOf(cropping);
      const [height, width] = sidesOf(input);
      if (top + bottom < height && left + right < width) {
        return [height - top - bottom, width - left - right, channelsOf(input)];
      }
      report({
        code: 'shape-mismatch',
        message:
          `\`Cropping2D\` cuts off ${top + bottom} rows and ${left + right} columns, ` +
          `but ${giver} an image of ${height}x${width}`,
        argument: 'cropping',
      });
      return undefined;
    },
  },
  GlobalAveragePooling2D: {
    image: true,
    output: (_args, { input }) => [channelsOf(input)],
  },
  GlobalMaxPooling2D: {
    image: true,
    output: (_args, { input }) => [channelsOf(input)],
  },
  SpatialDropout2D: {
    image: true,
    output: (_args, { input }) => input,
  },
};

/** Keras's rule for a side of an image after a transposed convolution with `output_padding`. */
export function transposedLength(
  length: number,
  { size, stride, padding, extra }: { size: number; stride: number; padding: PaddingName; extra: number },
): number {
  const cut = padding === 'same' ? 2 * Math.floor(size / 2) : 0;
  return (length - 1) * stride + size - cut + extra;
}

/**
 * Height and width after a transposed convolution, by Keras's rules. Without `output_padding`, `padding: same` gives the largest of
 * the sizes from which the convolution would return to the input; with it, the size can be chosen.
 */
function transposedSides(args: LayerArguments['Conv2DTranspose'], { input, report }: Site): Two | undefined {
  const kernel = pairOf(args.kernel_size);
  const strides = pairOf(args.strides);
  const sides = sidesOf(input);
  const extra = args.output_padding === undefined ? undefined : pairOf(args.output_padding);
  const grown = (axis: 0 | 1): number => {
    const [length, size, stride] = [sides[axis], kernel[axis], strides[axis]];
    if (extra === undefined)
      return length * stride + (args.padding === 'valid' ? Math.max(size - stride, 0) : 0);
    return transposedLength(length, { size, stride, padding: args.padding, extra: extra[axis] });
  };
  const found: Two = [grown(0), grown(1)];
  if (extra === undefined) return found;
  const problem = (message: string, hint: string): undefined => {
    report({ code: 'out-of-range', message, hint, argument: 'output_padding' });
  };
  for (const axis of [0, 1] as const) {
    const [padding, stride] = [extra[axis], strides[axis]];
    if (padding >= stride) {
      return problem(
        `\`output_padding\` is ${padding}, but must be less than \`strides\`, here ${stride}`,
        stride === 1 ? 'remove it' : `use ${stride - 1} or less`,
      );
    }
    // With `padding: same`, the convolution of the output must have the size of the input.
    if (args.padding === 'same' && Math.ceil(found[axis] / stride) !== sides[axis]) {
      const least = extra[axis] + (sides[axis] - 1) * stride + 1 - found[axis];
      return problem(
        `with \`output_padding: ${padding}\`, the output would have ${found[axis]} ${axis === 0 ? 'rows' : 'columns'}, from which a convolution does not return to ${sides[axis]}`,
        least < stride ? `use ${least} or more` : 'use another `kernel_size`, or `padding: valid`',
      );
    }
  }
  return found;
}

/** [[top, bottom], [left, right]]. */
export function borderOf(border: Border): readonly [Two, Two] {
  const [vertical, horizontal] = typeof border === 'number' ? [border, border] : border;
  return [pairOf(vertical), pairOf(horizontal)];
}

function sidesOf(image: Shape): Two {
  return [image[0] ?? 0, image[1] ?? 0];
}

function channelsOf(image: Shape): number {
  return image[2] ?? 0;
}

function pool(
  layer: LayerName,
  args: { readonly pool_size: Pair; readonly strides: Pair | null; readonly padding: PaddingName },
  site: Site,
): Shape | undefined {
  const window = pairOf(args.pool_size);
  const strides = args.strides === null ? window : pairOf(args.strides);
  return slide(layer, 'pool_size', window, strides, args.padding, channelsOf(site.input), site);
}

/** The output of a window that moves over an image. */
function slide(
  layer: LayerName,
  argument: string,
  window: Two,
  strides: Two,
  padding: PaddingName,
  channels: number,
  { input, giver, report }: Site,
): Shape | undefined {
  const [height, width] = sidesOf(input);
  if (padding === 'same') return [Math.ceil(height / strides[0]), Math.ceil(width / strides[1]), channels];
  if (window[0] <= height && window[1] <= width) {
    return [
      Math.floor((height - window[0]) / strides[0]) + 1,
      Math.floor((width - window[1]) / strides[1]) + 1,
      channels,
    ];
  }
  report({
    code: 'shape-mismatch',
    message: `\`${layer}\` needs at least ${window.join('x')} pixels, but ${giver} an image of ${height}x${width}`,
    hint: `use a smaller \`${argument}\`, or \`padding: same\``,
    argument,
  });
  return undefined;
}
