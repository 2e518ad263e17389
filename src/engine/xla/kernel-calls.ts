/** Instructions that Hourglass's own kernels compute (`src/engine/kernels`): XLA's are slower, or there are none. */
import { sizeOf } from '../../core/shape.ts';
import type { Epilogue, InstructionOf, OpName, Value } from '../program/program.ts';
import { ProgramError } from '../program/types.ts';
import type { Window } from '../program/windows.ts';
import type { Body, Ref } from './body.ts';
import { customCall, integers } from './custom-call.ts';
import type { ResidentSamples } from './resident.ts';

interface Writing {
  readonly body: Body;
  readonly refs: readonly Ref[];
}

type CallOf<Op extends OpName> = (
  writing: Writing,
  instruction: InstructionOf<Op>,
) => readonly Ref[] | undefined;

/** Of fewer elements, XLA takes no longer than for a call. */
const MIN_ELEMENTS = 1024;

type Called =
  | 'matmul'
  | 'convolution'
  | 'convolution_input_gradient'
  | 'convolution_filter_gradient'
  | 'reduce_sum'
  | 'uniform';

/** Undefined where an operation of TensorFlow is as good. */
export const KERNEL_CALLS: { readonly [Op in Called]: CallOf<Op> } = {
  matmul: ({ body, refs }, { attributes, results }) =>
    attributes.transpose_a
      ? undefined
      : customCall(body, {
          target: 'hourglass_dense',
          operands: refs,
          results: shapesOf(results),
          config: { transposed: String(attributes.transpose_b), ...epilogueOf(attributes) },
        }),
  convolution: ({ body, refs }, { attributes, results }) =>
    customCall(body, {
      target: 'hourglass_convolution',
      operands: refs,
      results: shapesOf(results),
      config: { transposed: 'false', ...windowOf(attributes), ...epilogueOf(attributes) },
    }),
  convolution_input_gradient: ({ body, refs }, { attributes, results }) =>
    customCall(body, {
      target: 'hourglass_convolution',
      operands: refs,
      results: shapesOf(results),
      config: { transposed: 'true', ...windowOf(attributes), ...epilogueOf(attributes) },
    }),
  convolution_filter_gradient: ({ body, refs }, { attributes, results }) =>
    customCall(body, {
      target: 'hourglass_kernel_gradient',
      operands: refs,
      results: shapesOf(results),
      config: { ...windowOf(attributes), summed: `${SUMS[attributes.sums]} : i64` },
    }),
  /** The sum of all elements. */
  reduce_sum: ({ body, refs: [x] }, { operands: [operand], results }) => {
    const count = sizeOf(operand?.type.shape ?? []);
    if (x === undefined || count < MIN_ELEMENTS || sizeOf(results[0]?.type.shape ?? []) !== 1)
      return undefined;
    return customCall(body, {
      target: 'hourglass_total',
      operands: [body.reshape(x, [count])],
      results: shapesOf(results),
      config: {},
    });
  },
  uniform: ({ body, refs: [step] }, { attributes: { seed, halves }, results }) =>
    step &&
    customCall(body, {
      target: 'hourglass_uniform',
      operands: [step],
      results: shapesOf(results),
      config: { seed: integers(seed), halves: String(halves) },
    }),
};

/** As `addon.cc` numbers them. */
const SUMS = { none: 0, gradient: 1, images: 2 } as const;

function shapesOf(values: readonly Value[]): readonly (readonly number[])[] {
  return values.map(({ type }) => type.shape);
}

function epilogueOf({ epilogue }: Epilogue): Readonly<Record<string, string>> {
  const has = (step: Epilogue['epilogue'][number]): string => String(epilogue.includes(step));
  return { bias: has('bias'), relu: has('relu'), mask: has('mask') };
}

/** @throws ProgramError for dilations, which the kernels do not have */
function windowOf({
  strides,
  padding: [[top], [left]],
  dilations,
}: Window): Readonly<Record<string, string>> {
  if (dilations.some((dilation) => dilation !== 1)) throw new ProgramError('XLA has no dilated convolution');
  return { stride: integers(strides), padding: integers([top, left]) };
}

/**
 * The rows of a batch as intensities.
 *
 * @param rows numbers of rows, int32 [batch size]
 */
export function gatherRows(
  body: Body,
  data: Ref,
  rows: Ref,
  { count, shape, scale, offset }: ResidentSamples,
  batchSize: number,
): Ref {
  const [batch] = customCall(body, {
    target: 'hourglass_rows',
    operands: [body.reshape(data, [count, sizeOf(shape)]), { ...rows, shape: [batchSize], dtype: 'int32' }],
    results: [[batchSize, ...shape]],
    config: { scale: float(scale), offset: float(offset) },
  });
  if (batch === undefined) throw new TypeError('a batch without rows');
  return batch;
}

/** As MLIR writes a float32: with a point. */
function float(value: number): string {
  return `${value.toExponential(9)} : f32`;
}
