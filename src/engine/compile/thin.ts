/**
 * Convolutions with one channel at one side, which greyscale images bring with them. TensorFlow's kernels leave most of their
 * vector lanes empty there: one from 64 channels to 1 takes as long as one from 64 to 32. As a product of matrices over the
 * channels, and a sum of shifted images over the pixels of the kernel, it takes a fraction of that.
 *
 * A pixel of the kernel is called a tap. All here holds for stride 1 and padding `same`.
 */
import type { Body, Ref } from './body.ts';
import { attributeOf, type TraceNode } from './trace.ts';

/** With fewer channels at the other side there is nothing to gain. */
const MANY = 8;

interface Sizes {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** Of the kernel. */
  readonly taps: readonly [number, number];
}

/** From many channels to one: `Conv2D` with a kernel [height, width, many, 1]. */
export function thinConvolution(
  body: Body,
  node: TraceNode,
  [input, kernel]: readonly Ref[],
): Ref | undefined {
  const [images, filter] = node.inputs.map(({ shape }) => shape);
  const [rows = 0, columns = 0, many = 0, one] = filter ?? [];
  if (input === undefined || kernel === undefined || !isPlain(node) || one !== 1 || many < MANY)
    return undefined;
  const sizes = sizesOf(images, [rows, columns]);
  const planes = product(
    body,
    body.reshape(kernel, [rows * columns, many]),
    body.reshape(input, [-1, many]),
    'second',
  );
  return sumOfShifted(body, planes, sizes, 'as is');
}

/** The same of a transposed convolution, or of a gradient: a kernel [height, width, 1, many]. */
export function thinTransposed(
  body: Body,
  node: TraceNode,
  [, kernel, given]: readonly Ref[],
): Ref | undefined {
  const [, filter, images] = node.inputs.map(({ shape }) => shape);
  const [rows = 0, columns = 0, one, many = 0] = filter ?? [];
  if (given === undefined || kernel === undefined || !isPlain(node) || one !== 1 || many < MANY)
    return undefined;
  const sizes = sizesOf(images, [rows, columns]);
  const planes = product(
    body,
    body.reshape(kernel, [rows * columns, many]),
    body.reshape(given, [-1, many]),
    'second',
  );
  return sumOfShifted(body, planes, sizes, 'mirrored');
}

/** The gradient by a kernel with one channel at either side. */
export function thinKernelGradient(
  body: Body,
  node: TraceNode,
  [input, , given]: readonly Ref[],
): Ref | undefined {
  const [images, , gradient] = node.inputs.map(({ shape }) => shape);
  const [rows = 0, columns = 0, inputs = 0, outputs = 0] = node.outputs[0]?.shape ?? [];
  if (input === undefined || given === undefined || !isPlain(node)) return undefined;
  const shape = [rows, columns, inputs, outputs];
  if (inputs === 1 && outputs >= MANY) {
    const shifted = shiftedImages(body, input, sizesOf(images, [rows, columns]), 'as is');
    return body.reshape(product(body, shifted, body.reshape(given, [-1, outputs])), shape);
  }
  if (outputs === 1 && inputs >= MANY) {
    const shifted = shiftedImages(body, given, sizesOf(gradient, [rows, columns]), 'mirrored');
    return body.reshape(product(body, shifted, body.reshape(input, [-1, inputs])), shape);
  }
  return undefined;
}

export function isPlain(node: TraceNode): boolean {
  const valueOf = (name: string): unknown => attributeOf(node, name);
  const isOnes = (value: unknown): boolean =>
    value === undefined || (Array.isArray(value) && value.every((step) => step === 1));
  return (
    valueOf('padding') === 'SAME' &&
    valueOf('data_format') === 'NHWC' &&
    isOnes(valueOf('strides')) &&
    isOnes(valueOf('dilations'))
  );
}

function sizesOf(images: readonly number[] | undefined, taps: Sizes['taps']): Sizes {
  const [count = 0, height = 0, width = 0] = images ?? [];
  return { count, height, width, taps };
}

function product(body: Body, a: Ref, b: Ref, transposed?: 'second'): Ref {
  const attributes = { transpose_a: { bool: false }, transpose_b: { bool: transposed === 'second' } };
  return body.add('MatMul', [a, b], attributes);
}

/** Which way the taps shift: as a convolution does, or as its transpose. */
type Way = 'as is' | 'mirrored';

/** Zeros around the last two axes: what padding `same` adds, which is more at the end. */
function padded(body: Body, planes: Ref, leading: number, { taps }: Sizes, way: Way): Ref {
  const borders = taps.map((length) => {
    const before = Math.floor((length - 1) / 2);
    const after = length - 1 - before;
    return way === 'as is' ? [before, after] : [after, before];
  });
  const all = [...Array.from({ length: leading }, () => [0, 0]), ...borders].flat();
  return body.add('Pad', [planes, body.constant('int32', [leading + 2, 2], Int32Array.from(all))]);
}

/** Where the image of each tap begins inside of the padded one. */
function shifts({ taps: [rows, columns] }: Sizes, way: Way): readonly (readonly [number, number])[] {
  return Array.from({ length: rows * columns }, (_, tap) => {
    const [row, column] = [Math.floor(tap / columns), tap % columns];
    return way === 'as is' ? [row, column] : [rows - 1 - row, columns - 1 - column];
  });
}

/** Images of one channel, once for each tap, shifted by it: [taps, pixels of all images]. */
function shiftedImages(body: Body, images: Ref, sizes: Sizes, way: Way): Ref {
  const { count, height, width } = sizes;
  const around = padded(body, body.reshape(images, [count, height, width]), 1, sizes, way);
  const parts = shifts(sizes, way).map(([row, column]) =>
    body.add('Slice', [around, body.integers([0, row, column]), body.integers([count, height, width])]),
  );
  const stacked = body.add('Pack', parts, { axis: { int: 0 } });
  return body.reshape(stacked, [parts.length, count * height * width]);
}

/** From [taps, pixels of all images] to images of one channel, each the sum of what its taps give. */
function sumOfShifted(body: Body, planes: Ref, sizes: Sizes, way: Way): Ref {
  const { count, height, width, taps } = sizes;
  const around = padded(body, body.reshape(planes, [taps[0] * taps[1], count, height, width]), 2, sizes, way);
  const parts = shifts(sizes, way).map(([row, column], tap) =>
    body.add('Slice', [
      around,
      body.integers([tap, 0, row, column]),
      body.integers([1, count, height, width]),
    ]),
  );
  return body.reshape(body.add('AddN', parts), [count, height, width, 1]);
}
