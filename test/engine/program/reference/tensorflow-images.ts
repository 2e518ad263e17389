/** Instructions on images, and TensorFlow's operations. */
import type * as tfjs from '@tensorflow/tfjs';
import type { PoolWindow } from '../../../../src/engine/program/program.ts';
import type { Pair, Window } from '../../../../src/engine/program/windows.ts';
import { float, op, tf, type OpAttributes, type Results, type Table } from './tensorflow-case.ts';

/** For images of 7x5 pixels and windows of 3x2; none is the same along rows and columns. */
const WINDOWS: readonly Window[] = [
  [
    [1, 1],
    [0, 0],
    [0, 0],
  ],
  [
    [1, 2],
    [1, 1],
    [0, 1],
  ],
  [
    [2, 1],
    [0, 1],
    [1, 0],
  ],
  [
    [3, 2],
    [1, 0],
    [1, 1],
  ],
].map(([strides, rows, columns]) => ({
  strides: pair(strides),
  padding: [pair(rows), pair(columns)],
  dilations: [1, 1],
}));
const SIZE: Pair = [3, 2];

function pair(numbers: readonly number[] | undefined): Pair {
  return [numbers?.[0] ?? 0, numbers?.[1] ?? 0];
}

/** Rows and columns under a window of `SIZE`. */
function placesOf({ strides, padding }: Window): Pair {
  const along = (axis: 0 | 1, length: number): number =>
    Math.floor((length + padding[axis][0] + padding[axis][1] - SIZE[axis]) / strides[axis]) + 1;
  return [along(0, 7), along(1, 5)];
}

function convolutionOp({ strides, padding, dilations }: Window): OpAttributes {
  return {
    strides: [1, ...strides, 1],
    padding: 'EXPLICIT',
    explicit_paddings: [0, 0, ...padding[0], ...padding[1], 0, 0],
    data_format: 'NHWC',
    dilations: [1, ...dilations, 1],
  };
}

function poolOp(window: Window): OpAttributes {
  const { dilations: _, ...attributes } = convolutionOp(window);
  return { ...attributes, ksize: [1, ...SIZE, 1] };
}

/** TensorFlow's mean knows `same` alone. */
const SAME: readonly PoolWindow[] = [
  {
    size: SIZE,
    strides: [1, 1],
    padding: [
      [1, 1],
      [0, 1],
    ],
    dilations: [1, 1],
  },
  {
    size: SIZE,
    strides: [2, 3],
    padding: [
      [1, 1],
      [0, 0],
    ],
    dilations: [1, 1],
  },
];

function sameOp({ strides, size }: PoolWindow): OpAttributes {
  return { strides: [1, ...strides, 1], ksize: [1, ...size, 1], padding: 'SAME', data_format: 'NHWC' };
}

function integers(...numbers: readonly number[]): tfjs.Tensor {
  return tf.tensor1d([...numbers], 'int32');
}

const IMAGES = [2, 7, 5, 3];
const FILTER = [...SIZE, 3, 4];
const HALF_PIXEL = { align_corners: false, half_pixel_centers: true };
const FACTORS: readonly Pair[] = [
  [2, 3],
  [1, 4],
  [3, 1],
];

type ImageOp = Extract<
  keyof Table,
  `convolution${string}` | `${string}_pool${string}` | `upsample_${string}`
>;

export const imageCases: Pick<Table, ImageOp> = {
  convolution: [
    ...WINDOWS,
    {
      strides: [1, 1] as const,
      padding: [
        [2, 1],
        [0, 2],
      ] as const,
      dilations: [2, 3] as const,
    },
  ].flatMap((window, index) => {
    const convolution = (at: (at: number) => tfjs.Tensor): tfjs.Tensor =>
      op('Conv2D', convolutionOp(window), [at(0), at(1)]);
    return [
      index % 2 === 0
        ? {
            operands: [float(IMAGES), float(FILTER)],
            attributes: { ...window, epilogue: [] },
            expected: convolution,
          }
        : {
            operands: [float(IMAGES), float(FILTER), float([4])],
            attributes: { ...window, epilogue: ['bias', 'relu'] },
            expected: (at) => convolution(at).add(at(2)).relu(),
          },
    ];
  }),
  convolution_input_gradient: WINDOWS.map((window) => ({
    operands: [float([2, ...placesOf(window), 4]), float(FILTER), float(IMAGES)],
    attributes: { ...window, size: [7, 5], epilogue: ['mask'] },
    expected: (at) =>
      op('ReluGrad', {}, [
        op('Conv2DBackpropInput', convolutionOp(window), [integers(...IMAGES), at(1), at(0)]),
        at(2),
      ]),
  })),
  convolution_filter_gradient: WINDOWS.flatMap((window) =>
    (['none', 'images', 'gradient'] as const).map((sums) => ({
      operands: [float(IMAGES), float([2, ...placesOf(window), 4])],
      attributes: { ...window, size: SIZE, sums },
      expected: (at): Results => {
        const filter = op('Conv2DBackpropFilter', convolutionOp(window), [at(0), integers(...FILTER), at(1)]);
        return sums === 'none' ? filter : [filter, tf.sum(sums === 'images' ? at(0) : at(1), [0, 1, 2])];
      },
    })),
  ),
  max_pool: WINDOWS.map((window) => ({
    operands: [float(IMAGES)],
    attributes: { ...window, size: SIZE },
    expected: (at) => op('MaxPool', poolOp(window), [at(0)]),
  })),
  max_pool_gradient: WINDOWS.flatMap((window) =>
    // With few different numbers there are many ties.
    [float(IMAGES), float(IMAGES, 1, 1)].map((images) => ({
      operands: [images, float([2, ...placesOf(window), 3]), float([2, ...placesOf(window), 3])],
      attributes: { ...window, size: SIZE },
      expected: (at) =>
        op('MaxPoolGrad', poolOp(window), [at(0), op('MaxPool', poolOp(window), [at(0)]), at(2)]),
    })),
  ),
  average_pool: SAME.map((window) => ({
    operands: [float(IMAGES)],
    attributes: window,
    expected: (at) => op('AvgPool', sameOp(window), [at(0)]),
  })),
  average_pool_gradient: SAME.map((window) => ({
    operands: [float([2, Math.ceil(7 / window.strides[0]), Math.ceil(5 / window.strides[1]), 3])],
    attributes: { ...window, shape: IMAGES },
    expected: (at) => op('AvgPoolGrad', sameOp(window), [integers(...IMAGES), at(0)]),
  })),
  upsample_nearest: FACTORS.map((factors) => ({
    operands: [float(IMAGES)],
    attributes: { factors },
    expected: (at) =>
      op('ResizeNearestNeighbor', HALF_PIXEL, [at(0), integers(7 * factors[0], 5 * factors[1])]),
  })),
  upsample_nearest_gradient: FACTORS.map((factors) => ({
    operands: [float([2, 7 * factors[0], 5 * factors[1], 3])],
    attributes: { factors },
    expected: (at) => op('ResizeNearestNeighborGrad', HALF_PIXEL, [at(0), integers(7, 5)]),
  })),
  upsample_bilinear: FACTORS.map((factors) => ({
    operands: [float(IMAGES)],
    attributes: { factors },
    expected: (at) => op('ResizeBilinear', HALF_PIXEL, [at(0), integers(7 * factors[0], 5 * factors[1])]),
  })),
  upsample_bilinear_gradient: FACTORS.map((factors) => ({
    operands: [float([2, 7 * factors[0], 5 * factors[1], 3])],
    attributes: { factors },
    expected: (at) => op('ResizeBilinearGrad', HALF_PIXEL, [at(0), tf.zeros(IMAGES)]),
  })),
};
