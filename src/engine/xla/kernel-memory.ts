/** An upper bound of the scratch memory of Hourglass's own kernels in training, which `parallel.h` counts. */
import type { layers, LayersModel } from '@tensorflow/tfjs';
import { sizeOf } from '../../core/shape.ts';

const FLOAT = 4;

/** As in `parallel.h`: floats of sums or of rearranged weights that a call takes at a time. */
const MOST_SHARED = 2 ** 24;

/** As in `lanes.h`: the widest vectors, and the columns of a tile. */
const LANES = 16;
const WIDE = 2 * LANES;

/** As in `winograd.h` and `gradient.h`. */
const ELEMENTS = 16;
const BLOCKS = 56;
const GROUPS = 8;

/** As in `nonzeros.h` and `update_plan.h`. */
const TERM_DEPTH = 32;
const UPDATE_ROWS = 64;
const UPDATE_PRODUCT = 2 ** 16;

/** Calls that XLA makes at the same time, such as the two gradients of a layer. */
const CALLS = 2;

/** Floats that the kernels take for some layers. */
interface Need {
  /** By one call. */
  readonly shared: number;
  /** By each thread, for its part of the work. */
  readonly own: number;
}

/**
 * Bytes at most, for a model that is trained by XLA.
 *
 * @param model whose layers are in the order in which they compute, each of one output
 * @param batchSize rows of one step
 * @param threads of TensorFlow
 */
export function kernelMemory(
  { layers: all }: Pick<LayersModel, 'layers'>,
  batchSize: number,
  threads: number,
): number {
  const needs: Need[] = [];
  let packed = 0;
  for (const [index, layer] of all.entries()) {
    const [input, output] = [all[index - 1] ?? layer, layer].map(({ outputShape }) => shapeOf(outputShape));
    if (input === undefined || output === undefined) continue;
    const kernel = shapeOf(layer.weights[0]?.shape);
    if (/^Conv2D(Transpose)?$/.test(layer.getClassName()))
      needs.push(convolutionNeed(kernel, [input, output]));
    if (layer.getClassName() !== 'Dense') continue;
    const [inputs = 1, outputs = 1] = [input.at(-1), output.at(-1)];
    const product = { rows: batchSize * (sizeOf(input) / inputs), inputs, outputs };
    needs.push(productNeed(product));
    packed += packedSize(product);
  }
  // Operands of the products for gradients are packed for all layers at once.
  const shared = Math.max(packed, ...needs.map((need) => need.shared));
  const own = Math.max(0, ...needs.map((need) => need.own));
  return FLOAT * (CALLS * shared + (threads + 1) * own);
}

function convolutionNeed(kernel: readonly number[], images: readonly (readonly number[])[]): Need {
  const [tall = 1, long = 1, ...channels] = kernel;
  const [few = 1, many = 1] = channels.map((count) => roundUp(count, LANES)).sort((a, b) => a - b);
  const each = Math.max(tall * long, ELEMENTS);
  // A block has at least one tile, however many rows that has.
  const sums = Math.min(GROUPS * each * few * many, Math.max(MOST_SHARED, GROUPS * each * LANES * WIDE));
  const weights = Math.min(each * few * many, Math.max(MOST_SHARED, each * many * WIDE));
  const own = images.map(([rows = 1, columns = 1]) => {
    const across = Math.ceil(columns / 2);
    const blocks = Math.min(Math.ceil(rows / 2), Math.max(1, Math.floor(BLOCKS / across))) * across;
    const frame = (rows + 2 * tall + 2) * (columns + 2 * long + 2) * many + 64;
    // Inputs, products and gradients, of convolutions and of their gradients.
    return frame + rows * columns * many + 4 * ELEMENTS * blocks * many;
  });
  return { shared: Math.max(sums, weights), own: Math.max(...own) + GROUPS * many };
}

interface Product {
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
}

function productNeed({ rows, inputs, outputs }: Product): Need {
  const lists = rows * listSize(inputs);
  const turned = roundUp(rows, WIDE) * outputs;
  // Lists of an update's rows or a copy of them, and their sums; sums of a product's columns, and its weights.
  const own =
    UPDATE_ROWS * (listSize(rows) + rows) +
    Math.max(UPDATE_PRODUCT, outputs) +
    2 * rows * 8 * LANES +
    2 ** 15;
  return { shared: Math.max(lists, turned), own };
}

/** Factors of a row, and where they belong. */
function listSize(depth: number): number {
  const filled = roundUp(depth, TERM_DEPTH);
  return 2 * (filled + LANES) + filled / TERM_DEPTH;
}

function packedSize({ rows, inputs, outputs }: Product): number {
  return roundUp(rows, TERM_DEPTH) * inputs + rows * (outputs + 8 * LANES);
}

/** Without the batch, whose length is null. */
function shapeOf(shape: layers.Layer['outputShape'] | undefined): readonly number[] {
  return (shape ?? []).flatMap((length) => (typeof length === 'number' ? [length] : []));
}

function roundUp(count: number, step: number): number {
  return Math.ceil(count / step) * step;
}
