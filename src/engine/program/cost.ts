/**
 * What instructions cost, counted from shapes alone.
 *
 * `operations` counts arithmetic on elements, floating-point or not: FLOP, as papers and vendors count them, with one addition
 * and one multiplication for each pair of factors in a product. An elementwise function is one operation for each element,
 * `exp` as well as `add`. Savings of a kernel (skipped zeros, Winograd's method) are not subtracted, and padding counts as if
 * its zeros were multiplied: the number describes the task, not the kernel.
 *
 * `read` and `written` count the bytes of operands and results, each once, as if all were in memory. A `fused` instruction
 * adds up the operations of its body, but moves only its operands and results: the difference is what fusing saves.
 */
import { sizeOf } from '../../core/shape.ts';
import { isElementwise } from './elementwise.ts';
import type { Epilogue, Instruction, Program, Value } from './program.ts';
import { bytesOf } from './types.ts';

export interface Cost {
  readonly operations: number;
  /** Bytes. */
  readonly read: number;
  readonly written: number;
}

/** The cost of running an instruction once. */
export function costOf(instruction: Instruction): Cost {
  return { operations: operationsOf(instruction), ...bytesMoved(instruction) };
}

/** The total cost of all instructions. */
export function costOfProgram({ instructions }: Program): Cost {
  return sumOf(instructions.map(costOf));
}

export function sumOf(costs: readonly Cost[]): Cost {
  const total = (part: keyof Cost): number => costs.reduce((sum, cost) => sum + cost[part], 0);
  return { operations: total('operations'), read: total('read'), written: total('written') };
}

/** A constant is written into the code, and a reshape moves nothing. */
function bytesMoved({ op, operands, results }: Instruction): Pick<Cost, 'read' | 'written'> {
  if (op === 'constant' || op === 'reshape') return { read: 0, written: 0 };
  const bytes = (values: Iterable<Value>): number =>
    [...values].reduce((sum, { type }) => sum + bytesOf(type), 0);
  const written = bytes(results);
  // A slice reads only the part that it returns.
  return { read: op === 'slice' ? written : bytes(new Set(operands)), written };
}

/** For one output pixel: four neighbours, each multiplied by its share and added up. */
const BILINEAR = 8;

/** For one word of Philox4x32-10: ten rounds of 2 multiplications, 4 exclusive ors and 2 additions make four words. */
const PHILOX = (10 * (2 + 4 + 2)) / 4;

function operationsOf(instruction: Instruction): number {
  const { op, operands, results } = instruction;
  const [given, other] = operands.map(elements);
  const result = elements(results[0]);
  if (isElementwise(op)) return result;
  switch (op) {
    // They only move elements.
    case 'constant':
    case 'reshape':
    case 'broadcast':
    case 'transpose':
    case 'slice':
    case 'pad':
    case 'concatenate':
    case 'upsample_nearest':
      return 0;
    // n elements take n - 1 additions or comparisons.
    case 'reduce_sum':
    case 'reduce_max':
    case 'reduce_min':
      return (given ?? 0) - result;
    // Each of m n results is a sum of k products.
    case 'matmul': {
      const [rows = 0, columns = 0] = operands[0]?.type.shape ?? [];
      const depth = instruction.attributes.transpose_a ? rows : columns;
      return 2 * result * depth + afterwards(instruction.attributes, result);
    }
    // Each output pixel and channel is a sum over the filter's pixels and the input channels. Both gradients take the same
    // products, and add them up in other places.
    case 'convolution':
      return 2 * result * perOutput(operands[1]) + afterwards(instruction.attributes, result);
    case 'convolution_input_gradient':
      return 2 * (given ?? 0) * perOutput(operands[1]) + afterwards(instruction.attributes, result);
    case 'convolution_filter_gradient': {
      const { sums } = instruction.attributes;
      const summed = sums === 'none' ? 0 : sums === 'images' ? (given ?? 0) : (other ?? 0);
      return 2 * (other ?? 0) * perOutput(results[0]) + summed;
    }
    // A comparison or an addition for each pixel under each window.
    case 'max_pool':
    case 'average_pool':
      return result * sizeOf(instruction.attributes.size);
    case 'max_pool_gradient':
      return (other ?? 0) * sizeOf(instruction.attributes.size);
    case 'average_pool_gradient':
      return (given ?? 0) * sizeOf(instruction.attributes.size);
    // Each gradient is added to that of the pixel which was repeated.
    case 'upsample_nearest_gradient':
      return given ?? 0;
    case 'upsample_bilinear':
      return result * BILINEAR;
    case 'upsample_bilinear_gradient':
      return (given ?? 0) * BILINEAR;
    case 'uniform':
      return result * (instruction.attributes.halves ? PHILOX / 2 : PHILOX);
    case 'fused':
      return costOfProgram(instruction.attributes.body).operations;
    // The gradient, as `matmul` and `reduce_sum` would compute it, and the body.
    case 'fused_update': {
      const { gradient, body } = instruction.attributes;
      const [rows = 0] = operands[0]?.type.shape ?? [];
      const factors = { given: 0, sum: (given ?? 0) - result, product: 2 * rows * result };
      return factors[gradient] + costOfProgram(body).operations;
    }
  }
}

/** A step of an epilogue is one operation for each element. */
function afterwards({ epilogue }: Epilogue, result: number): number {
  return epilogue.length * result;
}

/** Products for one output pixel and channel, of a filter [height, width, inputs, outputs]. */
function perOutput(filter: Value | undefined): number {
  const [height = 0, width = 0, inputs = 0] = filter?.type.shape ?? [];
  return height * width * inputs;
}

function elements(value: Value | undefined): number {
  return value === undefined ? 0 : sizeOf(value.type.shape);
}
