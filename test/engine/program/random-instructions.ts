/** How each instruction is written at random: which operands it takes, and attributes of all kinds. */
import { sizeOf } from '../../../src/core/shape.ts';
import { isElementwise } from '../../../src/engine/program/elementwise.ts';
import type {
  EpilogueStep,
  OpName,
  OwnAttributes,
  PoolWindow,
  Value,
} from '../../../src/engine/program/program.ts';
import { DTYPES, float32, type Shape, type Type } from '../../../src/engine/program/types.ts';
import { forwardSize, type Pair, type Window } from '../../../src/engine/program/windows.ts';
import { writeFused, writeFusedUpdate } from './random-bodies.ts';
import { reduce, writeElementwise } from './random-elementwise.ts';
import { isWithin, type Choices, type RandomWriter, type Wanted } from './random-writer.ts';

type Write = (writer: RandomWriter, choices: Choices) => void;

export function writeInstruction(op: OpName, writer: RandomWriter, choices: Choices): void {
  if (isElementwise(op)) writeElementwise(op, writer, choices);
  else OWN[op](writer, choices);
}

const OWN: Readonly<Record<keyof OwnAttributes, Write>> = {
  constant: (writer, choices) => {
    const dtype = choices.of(DTYPES);
    writer.constant(choices, { dtype, shape: writer.shape(choices, choices.below(5)) });
  },
  reshape: (writer, choices) => {
    const x = writer.ofDType(choices, choices.of(DTYPES));
    writer.write('reshape', [x], { shape: otherShape(x.type.shape, choices) });
  },
  broadcast: (writer, choices) => {
    const x = writer.ofDType(choices, choices.of(DTYPES));
    const stretched = x.type.shape.map((length) => (length === 1 ? choices.of([1, 3, 17]) : length));
    const shape = [...writer.shape(choices, choices.below(2)), ...stretched];
    writer.write('broadcast', [x], { shape: isWithin(shape) ? shape : x.type.shape });
  },
  transpose: (writer, choices) => {
    const x = writer.ofDType(choices, choices.of(DTYPES));
    const left = x.type.shape.map((_, axis) => axis);
    const permutation = x.type.shape.flatMap(() => left.splice(choices.below(left.length), 1));
    writer.write('transpose', [x], { permutation });
  },
  slice: (writer, choices) => {
    const x = writer.ofDType(choices, choices.of(DTYPES));
    const begin = x.type.shape.map((length) => choices.below(length));
    const size = x.type.shape.map(
      (length, axis) => length - (begin[axis] ?? 0) - choices.below(length - (begin[axis] ?? 0)),
    );
    writer.write('slice', [x], { begin, size });
  },
  pad: (writer, choices) => {
    const x = writer.ofDType(choices, 'float32');
    const padding = x.type.shape.map((): Pair => [choices.below(3), choices.below(3)]);
    const shape = x.type.shape.map((length, axis) => length + sizesOf(padding[axis]));
    const none = x.type.shape.map((): Pair => [0, 0]);
    writer.write('pad', [x], {
      padding: isWithin(shape) ? padding : none,
      value: choices.of([0, 1, -0.1, Number.NEGATIVE_INFINITY]),
    });
  },
  concatenate: (writer, choices) => {
    const dtype = choices.of(DTYPES);
    const first = writer.operand(choices, {
      accepts: (type) => type.dtype === dtype && type.shape.length > 0,
      fresh: () => ({ dtype, shape: writer.shape(choices, 1 + choices.below(4)) }),
    });
    const { shape } = first.type;
    const axis = choices.below(shape.length);
    const others = Array.from({ length: choices.below(3) }, () =>
      writer.operand(choices, {
        accepts: (type) =>
          type.dtype === dtype &&
          type.shape.length === shape.length &&
          type.shape.every((length, at) => at === axis || length === shape[at]),
        fresh: () => ({
          dtype,
          shape: shape.map((length, at) => (at === axis ? choices.of([1, 3]) : length)),
        }),
      }),
    );
    writer.write('concatenate', [first, ...others], { axis });
  },
  reduce_sum: (writer, choices) => reduce('reduce_sum', writer, choices),
  reduce_max: (writer, choices) => reduce('reduce_max', writer, choices),
  reduce_min: (writer, choices) => reduce('reduce_min', writer, choices),
  matmul: (writer, choices) => {
    const a = writer.ofDType(choices, 'float32', 2);
    const [transpose_a, transpose_b] = [choices.isSo(), choices.isSo()];
    const [m = 1, k = 1] = transpose_a ? [...a.type.shape].reverse() : a.type.shape;
    const n = choices.of([1, 3, 17, 2]);
    const b = writer.ofType(choices, float32(...(transpose_b ? [n, k] : [k, n])));
    const [epilogue, rest] = randomEpilogue(writer, choices, [m, n]);
    writer.write('matmul', [a, b, ...rest], { transpose_a, transpose_b, epilogue });
  },
  convolution: (writer, choices) => {
    const x = writer.operand(choices, imagesOf(writer, choices));
    const { filter, window, outputs } = randomConvolution(x.type.shape, choices);
    const f = writer.ofType(choices, float32(...filter));
    const [epilogue, rest] = randomEpilogue(writer, choices, outputs);
    writer.write('convolution', [x, f, ...rest], { ...window, epilogue });
  },
  convolution_input_gradient: (writer, choices) => {
    const images = writer.images(choices);
    const { filter, window, outputs } = randomConvolution(images, choices);
    const dy = writer.ofType(choices, float32(...outputs));
    const f = writer.ofType(choices, float32(...filter));
    const [epilogue, rest] = randomEpilogue(writer, choices, images);
    writer.write('convolution_input_gradient', [dy, f, ...rest], {
      ...window,
      size: rowsAndColumns(images),
      epilogue,
    });
  },
  convolution_filter_gradient: (writer, choices) => {
    const x = writer.operand(choices, imagesOf(writer, choices));
    const { filter, window, outputs } = randomConvolution(x.type.shape, choices);
    const dy = writer.ofType(choices, float32(...outputs));
    const size: Pair = [filter[0] ?? 1, filter[1] ?? 1];
    const sums = choices.of(['none', 'gradient', 'images'] as const);
    const results = writer.builder.addAll('convolution_filter_gradient', [x, dy], { ...window, size, sums });
    writer.pool.push(...results);
  },
  max_pool: (writer, choices) => {
    const x = writer.operand(choices, imagesOf(writer, choices));
    writer.write('max_pool', [x], randomPooling(x.type.shape, choices));
  },
  max_pool_gradient: (writer, choices) => {
    const x = writer.operand(choices, imagesOf(writer, choices));
    const window = randomPooling(x.type.shape, choices);
    const y = writer.write('max_pool', [x], window);
    const dy = writer.ofType(choices, y.type);
    writer.write('max_pool_gradient', [x, y, dy], window);
  },
  average_pool: (writer, choices) => {
    const x = writer.operand(choices, imagesOf(writer, choices));
    writer.write('average_pool', [x], randomPooling(x.type.shape, choices));
  },
  average_pool_gradient: (writer, choices) => {
    const shape = writer.images(choices);
    const window = randomPooling(shape, choices);
    const [batch = 1, , , channels = 1] = shape;
    const size = forwardSize(rowsAndColumns(shape), window.size, window);
    const dy = writer.ofType(choices, float32(batch, ...size, channels));
    writer.write('average_pool_gradient', [dy], { ...window, shape });
  },
  upsample_nearest: (writer, choices) => upsample('upsample_nearest', writer, choices),
  upsample_nearest_gradient: (writer, choices) =>
    upsampleGradient('upsample_nearest_gradient', writer, choices),
  upsample_bilinear: (writer, choices) => upsample('upsample_bilinear', writer, choices),
  upsample_bilinear_gradient: (writer, choices) =>
    upsampleGradient('upsample_bilinear_gradient', writer, choices),
  uniform: (writer, choices) => {
    const step = writer.ofType(choices, { dtype: 'int32', shape: [] });
    writer.write('uniform', [step], {
      shape: writer.shape(choices, choices.below(5)),
      seed: [choices.below(2 ** 16), choices.of([0, 1, 2 ** 32 - 1])],
      halves: choices.isSo(),
    });
  },
  fused: writeFused,
  fused_update: writeFusedUpdate,
};

function sizesOf(pair: Pair | undefined): number {
  return (pair?.[0] ?? 0) + (pair?.[1] ?? 0);
}

function otherShape(shape: Shape, choices: Choices): Shape {
  switch (choices.below(4)) {
    case 0:
      return [sizeOf(shape)];
    case 1: {
      const at = choices.below(shape.length + 1);
      return [...shape.slice(0, at), 1, ...shape.slice(at)];
    }
    case 2:
      return shape.filter((length) => length !== 1);
    default:
      return [...shape].reverse();
  }
}

/** Operands of four axes that are not too large to be walked through by windows. */
function imagesOf(writer: RandomWriter, choices: Choices): Wanted {
  return {
    accepts: ({ dtype, shape }) => dtype === 'float32' && shape.length === 4,
    fresh: () => float32(...writer.images(choices)),
  };
}

function randomEpilogue(
  writer: RandomWriter,
  choices: Choices,
  result: Shape,
): readonly [readonly EpilogueStep[], readonly Value[]] {
  const epilogue: EpilogueStep[] = [];
  const operands: Value[] = [];
  if (choices.isSo()) {
    epilogue.push('bias');
    operands.push(writer.ofType(choices, float32(result.at(-1) ?? 1)));
  }
  const last = choices.of(['none', 'relu', 'mask'] as const);
  if (last !== 'none') epilogue.push(last);
  if (last === 'mask') operands.push(writer.ofType(choices, float32(...result)));
  return [epilogue, operands];
}

interface Convolution {
  readonly filter: Shape;
  readonly window: Window;
  readonly outputs: Shape;
}

function randomConvolution(images: Shape, choices: Choices): Convolution {
  const [batch = 1, , , channels = 1] = images;
  const { size, ...window } = randomWindow(rowsAndColumns(images), choices, [1, 2]);
  const count = choices.of([1, 3, 2, 17]);
  const outputs = [batch, ...forwardSize(rowsAndColumns(images), size, window), count];
  const isSmall = isWithin(outputs) && sizeOf(outputs) * sizeOf(size) * channels < 6000;
  const [filter, results] = [count, 1].map((last) => [
    [...size, channels, last],
    [...outputs.slice(0, 3), last],
  ])[isSmall ? 0 : 1] ?? [[], []];
  return { filter: filter ?? [], window, outputs: results ?? [] };
}

function rowsAndColumns([, height = 1, width = 1]: Shape): Pair {
  return [height, width];
}

/** With dilations, a place of the window may have no pixel. */
function randomPooling(images: Shape, choices: Choices): PoolWindow {
  return randomWindow(rowsAndColumns(images), choices, [1, 1, 2]);
}

function randomWindow(image: Pair, choices: Choices, dilations: readonly number[]): PoolWindow {
  const [rows, columns] = [alongAxis(image[0], choices, dilations), alongAxis(image[1], choices, dilations)];
  return {
    size: [rows.size, columns.size],
    strides: [rows.stride, columns.stride],
    padding: [rows.padding, columns.padding],
    dilations: [rows.dilation, columns.dilation],
  };
}

/** Without padding, as TensorFlow pads for `same`, or in any other way; every place of the window reaches the image. */
function alongAxis(length: number, choices: Choices, dilations: readonly number[]) {
  const [size, stride, dilation] = [1 + choices.below(4), 1 + choices.below(3), choices.of(dilations)];
  const reach = (size - 1) * dilation + 1;
  const total = Math.max((Math.ceil(length / stride) - 1) * stride + reach - length, 0);
  const same: Pair = [Math.floor(total / 2), total - Math.floor(total / 2)];
  const other: Pair = [choices.below(reach), choices.below(reach)];
  const padding = choices.of([[0, 0], same, other] as readonly Pair[]);
  return { size, stride, dilation, padding: length + sizesOf(padding) < reach ? same : padding };
}

function randomFactors(choices: Choices): Pair {
  return [1 + choices.below(3), 1 + choices.below(3)];
}

function upsample(
  op: 'upsample_nearest' | 'upsample_bilinear',
  writer: RandomWriter,
  choices: Choices,
): void {
  const x = writer.operand(choices, imagesOf(writer, choices));
  const factors = randomFactors(choices);
  const isSmall = sizeOf(x.type.shape) * sizeOf(factors) <= 600;
  writer.write(op, [x], { factors: isSmall ? factors : [1, 1] });
}

function upsampleGradient(
  op: 'upsample_nearest_gradient' | 'upsample_bilinear_gradient',
  writer: RandomWriter,
  choices: Choices,
): void {
  const factors = randomFactors(choices);
  const fits = ({ dtype, shape }: Type): boolean =>
    dtype === 'float32' &&
    shape.length === 4 &&
    rowsAndColumns(shape).every((length, axis) => length % (factors[axis] ?? 1) === 0);
  const dy = writer.operand(choices, {
    accepts: fits,
    fresh: () => {
      const [batch = 1, height = 1, width = 1] = writer.images(choices);
      return float32(batch, height * factors[0], width * factors[1], choices.of([1, 3]));
    },
  });
  writer.write(op, [dy], { factors });
}
