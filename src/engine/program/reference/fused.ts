/**
 * Instructions with a body. A target may run a body without memory for the values inside. The result is that of the body's
 * instructions, run one after another, with all roundings.
 */
import type { Attributes, Program } from '../program.ts';
import { matmul } from './products.ts';
import { reduceSum } from './reductions.ts';
import type { Tensor } from './tensor.ts';

/** Computes the results of a program for the values of its parameters, in order. */
export type RunBody = (body: Program, parameters: readonly Tensor[]) => readonly Tensor[];

/** results = body(operands) */
export function fused(operands: readonly Tensor[], body: Program, run: RunBody): readonly Tensor[] {
  return run(body, operands);
}

/**
 * results = body(gradient, remaining operands), where the gradient is
 *
 *     product: first^T second, of [rows, m] and [rows, n]
 *     sum:     the sum over the rows of the first, [rows, n]
 *     given:   the first operand
 */
export function fusedUpdate(
  operands: readonly Tensor[],
  { gradient, body }: Attributes['fused_update'],
  run: RunBody,
): readonly Tensor[] {
  const [first, second, ...rest] = operands;
  if (gradient === 'given' || first === undefined) return run(body, operands);
  if (gradient === 'sum') {
    return run(body, [reduceSum(first, { axes: [0], keep: false }), ...operands.slice(1)]);
  }
  if (second === undefined) throw new RangeError('the second factor is missing');
  const product = matmul(first, second, [], { transpose_a: true, transpose_b: false, epilogue: [] });
  return run(body, [product, ...rest]);
}
