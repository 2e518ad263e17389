/** Instructions that move elements without computing: each formula tells where an element of the result comes from. */
import type { Attributes } from '../program.ts';
import type { Shape } from '../types.ts';
import { stretch } from './elementwise.ts';
import { elementAt, tensor, type Tensor } from './tensor.ts';

/** result[i] = x[i], counted through all axes. */
export function reshape({ type, elements }: Tensor, shape: Shape): Tensor {
  return { type: { dtype: type.dtype, shape }, elements };
}

/** result[..., i, j] = x[i, j] or x[0, j], where an axis of length 1 is repeated. */
export function broadcast(x: Tensor, shape: Shape): Tensor {
  return tensor(x.type.dtype, shape, (index) => elementAt(x, stretch(x, index)));
}

/** result[i0, i1, ...] = x[j0, j1, ...] with j of `permutation[k]` = i of `k`. */
export function transpose(x: Tensor, permutation: readonly number[]): Tensor {
  const shape = permutation.map((axis) => x.type.shape[axis] ?? 1);
  return tensor(x.type.dtype, shape, (index) => {
    const source = [...index];
    permutation.forEach((axis, at) => (source[axis] = index[at] ?? 0));
    return elementAt(x, source);
  });
}

/** result[i] = x[i + begin] */
export function slice(x: Tensor, { begin, size }: Attributes['slice']): Tensor {
  return tensor(x.type.dtype, size, (index) =>
    elementAt(
      x,
      index.map((place, axis) => place + (begin[axis] ?? 0)),
    ),
  );
}

/** result[i] = x[i - before], or `value` outside. */
export function pad(x: Tensor, { padding, value }: Attributes['pad']): Tensor {
  const { dtype, shape } = x.type;
  const padded = shape.map((length, axis) => length + (padding[axis]?.[0] ?? 0) + (padding[axis]?.[1] ?? 0));
  return tensor(dtype, padded, (index) => {
    const source = index.map((place, axis) => place - (padding[axis]?.[0] ?? 0));
    const isInside = source.every((place, axis) => place >= 0 && place < (shape[axis] ?? 0));
    return isInside ? elementAt(x, source) : value;
  });
}

/** result[..., i, ...] = operand[..., i - start, ...], of the operand whose part along `axis` begins at `start`. */
export function concatenate(operands: readonly Tensor[], axis: number, shape: Shape): Tensor {
  const dtype = operands[0]?.type.dtype ?? 'float32';
  return tensor(dtype, shape, (index) => {
    const source = [...index];
    for (const operand of operands) {
      const length = operand.type.shape[axis] ?? 0;
      const place = source[axis] ?? 0;
      if (place < length) return elementAt(operand, source);
      source[axis] = place - length;
    }
    throw new RangeError('beyond the last operand');
  });
}
