/** What follows a product or a convolution, and is done along with it: a bias, a rectifier, a mask. */
import { sizeOf } from '../../../core/shape.ts';
import type { Body, Ref } from '../body.ts';
import type { TraceNode, Use } from '../trace.ts';
import type { Users } from './rewrite.ts';

/** What a kernel does to its sums before it stores them. */
export interface Finish {
  readonly bias: Use | undefined;
  readonly relu: boolean;
  /** Where this is not positive, the result is 0. */
  readonly mask: Use | undefined;
}

/** Follows a product as long as nobody else takes what it gives. */
export function finishOf(
  product: TraceNode,
  users: Users,
): Finish & { readonly last: TraceNode; readonly inner: readonly TraceNode[] } {
  const chain = [product];
  let finish: Finish = { bias: undefined, relu: false, mask: undefined };
  for (let last = product; ;) {
    const [user, ...others] = users.get(last) ?? [];
    if (user === undefined || others.length > 0) break;
    const next = withStep(finish, user, last);
    if (next === undefined) break;
    finish = next;
    last = user;
    chain.push(user);
  }
  return { ...finish, last: chain.at(-1) ?? product, inner: chain.slice(0, -1) };
}

/** A finish and one more step; undefined where the kernel cannot do it. */
function withStep(finish: Finish, { op, inputs, outputs }: TraceNode, given: TraceNode): Finish | undefined {
  const [values, other] = inputs;
  const shape = given.outputs[0]?.shape ?? [];
  if (values?.source.kind !== 'output' || values.source.node !== given) return undefined;
  if (!isSame(values.shape, shape)) return undefined;
  if (op === 'Reshape') return isSame(outputs[0]?.shape ?? [], shape) ? finish : undefined;
  if (finish.relu || finish.mask !== undefined) return undefined;
  if (op === 'Relu') return { ...finish, relu: true };
  if (other === undefined) return undefined;
  if (op === 'Add' && finish.bias === undefined) {
    const channels = shape.at(-1);
    return sizeOf(other.shape) === channels && other.shape.at(-1) === channels
      ? { ...finish, bias: other }
      : undefined;
  }
  return op === 'ReluGrad' && isSame(other.shape, shape) ? { ...finish, mask: other } : undefined;
}

/** tfjs gives matrices leading axes of length 1, and takes them away again. */
function isSame(one: readonly number[], other: readonly number[]): boolean {
  return squeezed(one).join() === squeezed(other).join();
}

function squeezed(shape: readonly number[]): readonly number[] {
  const first = shape.findIndex((length) => length !== 1);
  return first === -1 ? [] : shape.slice(first);
}

/** The operands of a finish, and its attributes. */
export function finishArguments(
  body: Body,
  refOf: (use: Use) => Ref,
  { bias, relu, mask }: Finish,
): { readonly operands: readonly Ref[]; readonly config: Readonly<Record<string, string>> } {
  const flat = bias === undefined ? [] : [body.reshape(refOf(bias), [bias.shape.at(-1) ?? 1])];
  return {
    operands: [...flat, ...(mask === undefined ? [] : [refOf(mask)])],
    config: {
      bias: String(bias !== undefined),
      relu: String(relu),
      mask: String(mask !== undefined),
    },
  };
}
