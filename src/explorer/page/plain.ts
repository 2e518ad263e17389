/**
 * Runs programs in plain JavaScript, for browsers that do not allow WebAssembly. The products, which take almost all of the time,
 * are loops over arrays; the reference interpreter computes the rest. Like it, sums are in float64, and rounded once.
 */
import { sizeOf } from '../../core/shape.ts';
import type { Attributes, Instruction, Program, Value } from '../../engine/program/program.ts';
import { evaluate } from '../../engine/program/reference/interpret.ts';
import { finish } from '../../engine/program/reference/products.ts';
import { rounded, type Tensor } from '../../engine/program/reference/tensor.ts';
import type { Elements } from '../../engine/program/types.ts';
import { forwardSize, type Window } from '../../engine/program/windows.ts';

/** @returns the elements of the first result */
export function runPlain(
  program: Program,
  variables: ReadonlyMap<string, Elements>,
  inputs: readonly Float32Array[],
): Float32Array {
  const values = new Map<Value, Tensor>();
  const left = [...inputs];
  for (const { kind, name, value } of program.parameters) {
    const elements = kind === 'input' ? left.shift() : variables.get(name);
    if (elements === undefined) throw new TypeError(`${name} has no elements`);
    values.set(value, { type: value.type, elements });
  }
  const valueOf = (value: Value | undefined): Tensor => {
    const found = value === undefined ? undefined : values.get(value);
    if (found === undefined) throw new TypeError('a value is used before it is computed');
    return found;
  };
  for (const instruction of program.instructions) {
    const results = compute(instruction, instruction.operands.map(valueOf));
    instruction.results.forEach((value, at) => {
      const result = results[at];
      if (result !== undefined) values.set(value, result);
    });
  }
  const { elements } = valueOf(program.results[0]);
  if (elements instanceof Float32Array) return elements;
  throw new TypeError('a result that is not float32');
}

function compute(instruction: Instruction, operands: readonly Tensor[]): readonly Tensor[] {
  const [one, other, ...rest] = operands;
  const { op, attributes } = instruction;
  if (one !== undefined && other !== undefined) {
    if (op === 'matmul' && !attributes.transpose_a && !attributes.transpose_b)
      return [finish(product(one, other), attributes.epilogue, rest)];
    if (op === 'convolution') return [finish(convolution(one, other, attributes), attributes.epilogue, rest)];
    if (op === 'convolution_input_gradient')
      return [finish(inputGradient(one, other, attributes), attributes.epilogue, rest)];
  }
  return evaluate(instruction, operands);
}

function product(a: Tensor, b: Tensor): Tensor {
  const [rows = 0, depth = 0] = a.type.shape;
  const [, columns = 0] = b.type.shape;
  const sums = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < depth; k++) {
      const factor = a.elements[row * depth + k] ?? 0;
      addScaled(sums, row * columns, factor, b.elements, k * columns, columns);
    }
  }
  return rounded([rows, columns], sums);
}

/** to[at…] += factor from[start…] */
function addScaled(
  to: Float64Array,
  at: number,
  factor: number,
  from: Elements,
  start: number,
  count: number,
): void {
  for (let index = 0; index < count; index++)
    to[at + index] = (to[at + index] ?? 0) + factor * (from[start + index] ?? 0);
}

/** Offsets of the first channels of an image's pixel, a tap of the filter and an output's pixel that belong together. */
type Visit = (image: number, tap: number, output: number) => void;

/** A convolution from images [batch, height, width, inputs] to outputs [batch, height, width, outputs]. */
interface Convolution {
  readonly images: readonly number[];
  readonly filter: readonly number[];
  readonly outputs: readonly number[];
  readonly window: Window;
}

function forEachTap({ images, filter, outputs, window }: Convolution, visit: Visit): void {
  const [batch = 0, height = 0, width = 0, inputs = 0] = images;
  const [rows = 0, columns = 0, , channels = 0] = filter;
  const [, outputRows = 0, outputColumns = 0] = outputs;
  const { strides, padding, dilations } = window;
  for (let n = 0; n < batch; n++) {
    for (let y = 0; y < outputRows; y++) {
      for (let x = 0; x < outputColumns; x++) {
        const output = ((n * outputRows + y) * outputColumns + x) * channels;
        for (let i = 0; i < rows; i++) {
          const row = y * strides[0] + i * dilations[0] - padding[0][0];
          if (row < 0 || row >= height) continue;
          for (let j = 0; j < columns; j++) {
            const column = x * strides[1] + j * dilations[1] - padding[1][0];
            if (column < 0 || column >= width) continue;
            visit(
              ((n * height + row) * width + column) * inputs,
              (i * columns + j) * inputs * channels,
              output,
            );
          }
        }
      }
    }
  }
}

function convolution(image: Tensor, filter: Tensor, window: Attributes['convolution']): Tensor {
  const [batch = 0, height = 0, width = 0, inputs = 0] = image.type.shape;
  const [rows = 0, columns = 0, , channels = 0] = filter.type.shape;
  const outputs = [batch, ...forwardSize([height, width], [rows, columns], window), channels];
  const sums = new Float64Array(sizeOf(outputs));
  forEachTap(
    { images: image.type.shape, filter: filter.type.shape, outputs, window },
    (pixel, tap, output) => {
      for (let c = 0; c < inputs; c++) {
        const factor = image.elements[pixel + c] ?? 0;
        addScaled(sums, output, factor, filter.elements, tap + c * channels, channels);
      }
    },
  );
  return rounded(outputs, sums);
}

/** What each pixel of the images adds to the outputs, weighted by their gradient: a transposed convolution. */
function inputGradient(
  gradient: Tensor,
  filter: Tensor,
  { size, ...window }: Attributes['convolution_input_gradient'],
): Tensor {
  const [batch = 0] = gradient.type.shape;
  const [, , inputs = 0, channels = 0] = filter.type.shape;
  const images = [batch, ...size, inputs];
  const sums = new Float64Array(sizeOf(images));
  forEachTap(
    { images, filter: filter.type.shape, outputs: gradient.type.shape, window },
    (pixel, tap, output) => {
      for (let c = 0; c < inputs; c++) {
        let sum = 0;
        const start = tap + c * channels;
        for (let o = 0; o < channels; o++)
          sum += (gradient.elements[output + o] ?? 0) * (filter.elements[start + o] ?? 0);
        sums[pixel + c] = (sums[pixel + c] ?? 0) + sum;
      }
    },
  );
  return rounded(images, sums);
}
