/** Products of matrices, and the epilogue that they share with convolutions. */
import type { Attributes, EpilogueStep } from '../program.ts';
import { named } from './elementwise.ts';
import { transpose } from './movement.ts';
import { elementAt, tensor, type Tensor } from './tensor.ts';

/** result[i, j] = sum over k of a[i, k] b[k, j], in float64, rounded once; then the epilogue. */
export function matmul(
  a: Tensor,
  b: Tensor,
  rest: readonly Tensor[],
  { transpose_a, transpose_b, epilogue }: Attributes['matmul'],
): Tensor {
  const left = transpose_a ? transpose(a, [1, 0]) : a;
  const right = transpose_b ? transpose(b, [1, 0]) : b;
  const [rows = 0, depth = 0] = left.type.shape;
  const [, columns = 0] = right.type.shape;
  const product = tensor('float32', [rows, columns], ([i = 0, j = 0]) => {
    let sum = 0;
    for (let k = 0; k < depth; k++) sum += elementAt(left, [i, k]) * elementAt(right, [k, j]);
    return sum;
  });
  return finish(product, epilogue, rest);
}

/**
 * The epilogue computes what separate instructions would, with the same roundings: `bias` is `add` with the operand stretched
 * over all but the channels, `mask` is `relu_gradient` with the operand in the place of `y`.
 *
 * @param operands one for each step but `relu`, in order
 */
export function finish(x: Tensor, epilogue: readonly EpilogueStep[], operands: readonly Tensor[]): Tensor {
  const left = [...operands];
  return epilogue.reduce((result, step) => {
    if (step === 'relu') return named('relu', 'float32', [result]);
    const operand = left.shift();
    if (operand === undefined) throw new RangeError('the epilogue lacks an operand');
    return named(step === 'bias' ? 'add' : 'relu_gradient', 'float32', [result, operand]);
  }, x);
}
