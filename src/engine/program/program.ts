/**
 * Programs: what one step of training or one forward pass computes, as a straight line of instructions without branches.
 * Each instruction makes new values of earlier ones; nothing is changed in place. The form is that of a jaxpr (R. Frostig,
 * M. J. Johnson, C. Leary, "Compiling machine learning programs via high-level tracing", SysML 2018): every value is
 * assigned once, and has a type. `print.ts` writes a program as text, `parse.ts` reads that text, `check.ts` tells whether a
 * program is valid, `cost.ts` what it costs.
 */
import type { ElementwiseName } from './elementwise.ts';
import type { DType, Elements, Shape, Type } from './types.ts';
import type { Pair, Window } from './windows.ts';

/** A value; two are the same only if they are one object. */
export interface Value {
  readonly type: Type;
}

/** Steps applied to each element of a product or a convolution before it is stored, in this order. */
export type EpilogueStep =
  /** Adds a number of an operand [channels]. */
  | 'bias'
  | 'relu'
  /** Replaces it by 0 where an operand of the result's shape is not positive. */
  | 'mask';

export interface Epilogue {
  readonly epilogue: readonly EpilogueStep[];
}

/** No attributes. */
type None = Readonly<Record<never, never>>;

export interface Reduction {
  /** Ascending, from 0. */
  readonly axes: readonly number[];
  /** Whether a reduced axis stays, with length 1. */
  readonly keep: boolean;
}

export interface OwnAttributes {
  /** Elements in a shape of `dtype`. */
  constant: { readonly dtype: DType; readonly shape: Shape; readonly elements: Elements };
  /** The same elements in another shape. */
  reshape: { readonly shape: Shape };
  /** Repeats axes of length 1 and adds leading axes, by NumPy's rules. */
  broadcast: { readonly shape: Shape };
  /** Axis `i` of the result is axis `permutation[i]` of the operand. */
  transpose: { readonly permutation: readonly number[] };
  /** The part that begins at `begin` and has the shape `size`. */
  slice: { readonly begin: readonly number[]; readonly size: Shape };
  /** Pads with `value`: for each axis, the numbers of elements before and after. */
  pad: { readonly padding: readonly Pair[]; readonly value: number };
  /** The operands, one after another along an axis. */
  concatenate: { readonly axis: number };
  reduce_sum: Reduction;
  reduce_max: Reduction;
  reduce_min: Reduction;
  /** [m, k] x [k, n], either of which may be given transposed; then the epilogue's operands. */
  matmul: { readonly transpose_a: boolean; readonly transpose_b: boolean } & Epilogue;
  /** images, filter [height, width, inputs, outputs], then the epilogue's operands. A correlation, as Keras's Conv2D. */
  convolution: Window & Epilogue;
  /** gradient with respect to the outputs, filter: the gradient with respect to images of `size`, height and width. */
  convolution_input_gradient: Window & Epilogue & { readonly size: Pair };
  /**
   * images, gradient with respect to the outputs: the gradient with respect to a filter of `size`. With `sums`, the second
   * result is the sum of one operand over all but its channels: the gradient with respect to a bias.
   */
  convolution_filter_gradient: Window & {
    readonly size: Pair;
    readonly sums: 'none' | 'images' | 'gradient';
  };
  /** The largest element under a window of `size`; padding is never the largest. Without elements, it is -Infinity. */
  max_pool: PoolWindow;
  /** images, their `max_pool`, gradient: it goes to the first largest element of each window, row by row. */
  max_pool_gradient: PoolWindow;
  /** The mean of the elements under a window of `size` that are inside the image; 0 if there are none. */
  average_pool: PoolWindow;
  /** gradient; `shape` is that of the images. */
  average_pool_gradient: PoolWindow & { readonly shape: Shape };
  /** Repeats each pixel `factors` times, down and to the right. */
  upsample_nearest: Factors;
  upsample_nearest_gradient: Factors;
  /** Linear between the centres of pixels, constant beyond those at the edges (TensorFlow's `half_pixel_centers`). */
  upsample_bilinear: Factors;
  upsample_bilinear_gradient: Factors;
  /**
   * step (int32): uniform numbers in [0, 1) of Philox4x32-10, keyed by the two words of `seed`, from the counter
   * `step * 2^32` on: multiples of 2^-23 or, with `halves`, multiples of 2^-16, two from each word.
   */
  uniform: { readonly shape: Shape; readonly seed: Pair; readonly halves: boolean };
  /** Elementwise instructions and reductions over one iteration space, run together: values inside never go through memory. */
  fused: { readonly body: Program };
  /**
   * The body changes variables of one shape, in place. Its first parameter is a gradient. With `gradient: product`, it is that
   * of a dense layer's weights: the first operand [rows, m], transposed, times the second [rows, n]. With `sum`, it is that of
   * a bias: the sum of the first operand's rows. With `given`, it is an ordinary operand.
   */
  fused_update: { readonly gradient: 'given' | 'sum' | 'product'; readonly body: Program };
}

/** The number of operands from which a `fused_update` computes its gradient. */
export const GRADIENT_FACTORS = { given: 0, sum: 1, product: 2 } as const;

export type PoolWindow = Window & { readonly size: Pair };

interface Factors {
  /** Whole numbers from 1: down and to the right. */
  readonly factors: Pair;
}

interface ElementwiseAttributes {
  leaky_relu: { readonly alpha: number };
  clamp: { readonly low: number; readonly high: number };
  cast: { readonly dtype: DType };
}

export type Attributes = OwnAttributes & {
  readonly [Name in ElementwiseName]: Name extends keyof ElementwiseAttributes
    ? ElementwiseAttributes[Name]
    : None;
};

export type OpName = keyof Attributes;

/** One instruction: the results of `op` applied to its operands. */
export type Instruction = { readonly [Op in OpName]: InstructionOf<Op> }[OpName];

export interface InstructionOf<Op extends OpName> {
  readonly op: Op;
  readonly operands: readonly Value[];
  readonly attributes: Attributes[Op];
  readonly results: readonly Value[];
}

/** An input of a program: the rows of a batch, or a variable as it is before the step. */
export interface Parameter {
  readonly kind: 'input' | 'variable';
  /** Unique within the program. */
  readonly name: string;
  readonly value: Value;
}

export interface Program {
  readonly parameters: readonly Parameter[];
  /** Each instruction comes after those that make its operands. */
  readonly instructions: readonly Instruction[];
  /** What it returns. */
  readonly results: readonly Value[];
  /** New values of variables; a variable without an update stays as it is. */
  readonly updates: readonly Update[];
}

export interface Update {
  /** The value of the parameter. */
  readonly variable: Value;
  /** Of the same type. */
  readonly value: Value;
}

/** The values that the outside world reads: results and updates. */
export function outputsOf({ results, updates }: Pick<Program, 'results' | 'updates'>): readonly Value[] {
  return [...results, ...updates.map(({ value }) => value)];
}

/** The instruction that makes each value. */
export function producersOf({ instructions }: Program): ReadonlyMap<Value, Instruction> {
  return new Map(
    instructions.flatMap((instruction) => instruction.results.map((value) => [value, instruction] as const)),
  );
}

/** The readers of a value: instructions, once for each operand, and `undefined` once for each output of the program. */
export type Readers = ReadonlyMap<Value, readonly (Instruction | undefined)[]>;

export function readersOf(program: Program): Readers {
  const readers = new Map<Value, (Instruction | undefined)[]>();
  const add = (value: Value, reader: Instruction | undefined): void => {
    const known = readers.get(value);
    if (known === undefined) readers.set(value, [reader]);
    else known.push(reader);
  };
  for (const instruction of program.instructions) {
    for (const operand of instruction.operands) add(operand, instruction);
  }
  for (const value of outputsOf(program)) add(value, undefined);
  return readers;
}
