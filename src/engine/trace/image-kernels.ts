/** tfjs's kernels for images as instructions: convolutions, pooling, up-sampling, batch normalization. */
import type * as tfjs from '@tensorflow/tfjs';
import type { Tf } from '../engine.ts';
import type { Value } from '../program/program.ts';
import { ProgramError } from '../program/types.ts';
import type { Pair, Window } from '../program/windows.ts';
import { withBiasAndActivation, type Call, type Kernel } from './kernels.ts';

type Images = [number, number, number, number];

/** By the names that tfjs calls them. */
export function imageKernels(tf: Tf): Readonly<Record<string, Kernel>> {
  const { computeConv2DInfo, computePool2DInfo } = tf.backend_util;

  const windowOf = (
    images: readonly number[],
    filter: readonly number[],
    attributes: Call['attributes'],
  ): Window => {
    const { strides, pad, dilations = 1, dimRoundingMode } = attributes as unknown as tfjs.Conv2DAttrs;
    const info = computeConv2DInfo(
      quadruple(images),
      quadruple(filter),
      strides,
      dilations,
      pad,
      dimRoundingMode,
    );
    return asWindow(info);
  };
  const convolution: Kernel = (call) => {
    const { recorder, value, attributes } = call;
    const [x, filter] = [value('x'), value('filter')];
    requireNhwc(attributes);
    const window = windowOf(x.type.shape, filter.type.shape, attributes);
    return withBiasAndActivation(call, recorder.add('convolution', [x, filter], { ...window, epilogue: [] }));
  };
  const poolOf = (
    images: readonly number[],
    attributes: Call['attributes'],
  ): Window & { readonly size: Pair } => {
    const { filterSize, strides, pad, dimRoundingMode } = attributes as unknown as tfjs.MaxPoolAttrs;
    const info = computePool2DInfo(quadruple(images), filterSize, strides, 1, pad, dimRoundingMode);
    return { ...asWindow(info), size: [info.effectiveFilterHeight, info.effectiveFilterWidth] };
  };

  return {
    Conv2D: convolution,
    FusedConv2D: convolution,
    Conv2DBackpropInput: ({ recorder, value, attributes }) => {
      const [dy, filter] = [value('dy'), value('filter')];
      const [, height = 0, width = 0] = attributes['inputShape'] as readonly number[];
      requireNhwc(attributes);
      const window = windowOf(attributes['inputShape'] as readonly number[], filter.type.shape, attributes);
      return recorder.add('convolution_input_gradient', [dy, filter], {
        ...window,
        size: [height, width],
        epilogue: [],
      });
    },
    Conv2DBackpropFilter: ({ recorder, value, attributes }) => {
      const [x, dy] = [value('x'), value('dy')];
      const filter = attributes['filterShape'] as readonly number[];
      requireNhwc(attributes);
      const window = windowOf(x.type.shape, filter, attributes);
      const size: Pair = [filter[0] ?? 1, filter[1] ?? 1];
      return recorder.add('convolution_filter_gradient', [x, dy], { ...window, size, sums: 'none' });
    },
    MaxPool: ({ recorder, value, attributes }) =>
      recorder.add('max_pool', [value('x')], poolOf(value('x').type.shape, attributes)),
    MaxPoolGrad: ({ recorder, value, attributes }) => {
      const [x, y, dy] = [value('input'), value('output'), value('dy')];
      return recorder.add('max_pool_gradient', [x, y, dy], poolOf(x.type.shape, attributes));
    },
    AvgPool: ({ recorder, value, attributes }) =>
      recorder.add('average_pool', [value('x')], poolOf(value('x').type.shape, attributes)),
    AvgPoolGrad: ({ recorder, value, attributes }) => {
      const { shape } = value('input').type;
      return recorder.add('average_pool_gradient', [value('dy')], { ...poolOf(shape, attributes), shape });
    },
    ResizeNearestNeighbor: ({ recorder, value, attributes }) =>
      recorder.add('upsample_nearest', [value('images')], {
        factors: factorsOf(value('images'), attributes['size']),
      }),
    ResizeNearestNeighborGrad: ({ recorder, value }) => {
      const [dy, images] = [value('dy'), value('images')];
      return recorder.add('upsample_nearest_gradient', [dy], {
        factors: factorsOf(images, dy.type.shape.slice(1, 3)),
      });
    },
    ResizeBilinear: ({ recorder, value, attributes }) => {
      if (attributes['halfPixelCenters'] !== true)
        throw new ProgramError('it resizes between the corners of pixels');
      return recorder.add('upsample_bilinear', [value('images')], {
        factors: factorsOf(value('images'), attributes['size']),
      });
    },
    UpsampleBilinearGradient: ({ recorder, value, attributes }) =>
      recorder.add('upsample_bilinear_gradient', [value('dy')], { factors: attributes['factors'] as Pair }),
    /** (x - mean) / sqrt(variance + epsilon) scale + offset. */
    FusedBatchNorm: ({ recorder, value, has, attributes }) => {
      const epsilon = recorder.scalar(Number(attributes['varianceEpsilon']));
      const rate = recorder.add('rsqrt', [recorder.add('add', [value('variance'), epsilon], {})], {});
      const factor = has('scale') ? recorder.add('mul', [rate, value('scale')], {}) : rate;
      const centred = recorder.add('sub', [value('x'), value('mean')], {});
      const scaled = recorder.add('mul', [centred, factor], {});
      return has('offset') ? recorder.add('add', [scaled, value('offset')], {}) : scaled;
    },
  };
}

function quadruple(shape: readonly number[]): Images {
  const [a = 1, b = 1, c = 1, d = 1] = shape;
  return [a, b, c, d];
}

function asWindow({
  strideHeight,
  strideWidth,
  dilationHeight,
  dilationWidth,
  padInfo: { top, bottom, left, right },
}: ReturnType<Tf['backend_util']['computeConv2DInfo']>): Window {
  return {
    strides: [strideHeight, strideWidth],
    padding: [
      [top, bottom],
      [left, right],
    ],
    dilations: [dilationHeight, dilationWidth],
  };
}

function requireNhwc({ dataFormat }: Call['attributes']): void {
  if (dataFormat !== undefined && dataFormat !== 'NHWC') throw new ProgramError('its images are not NHWC');
}

/** How many times larger images are after they are resized. */
function factorsOf({ type: { shape } }: Value, size: unknown): Pair {
  const [height = 1, width = 1] = size as readonly number[];
  const factors: Pair = [height / (shape[1] ?? 1), width / (shape[2] ?? 1)];
  if (!factors.every(Number.isInteger)) throw new ProgramError('it resizes by factors that are not integers');
  return factors;
}
