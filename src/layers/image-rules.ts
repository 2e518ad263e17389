/** The rules of layers that work on images: convolution, pooling, resizing, borders. */
import type { Border, PaddingName, Pair } from '../schema/generated/settings.ts';
import type { LayerName, Shape } from './layer.ts';
import { type LayerRules, type Site, kernelAndBias, pairOf } from './rule.ts';

type ImageLayerName =
  | 'Conv2D'
  | 'Conv2DTranspose'
  | 'MaxPooling2D'
  | 'AveragePooling2D'
  | 'UpSampling2D'
  | 'ZeroPadding2D'
  | 'Cropping2D'
  | 'GlobalAveragePooling2D';

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
    output(args, { input }) {
      const kernel = pairOf(args.kernel_size);
      const strides = pairOf(args.strides);
      const grown = (length: number, axis: 0 | 1): number =>
        length * strides[axis] + (args.padding === 'valid' ? Math.max(kernel[axis] - strides[axis], 0) : 0);
      const [height, width] = sidesOf(input);
      return [grown(height, 0), grown(width, 1), args.filters];
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
};

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
