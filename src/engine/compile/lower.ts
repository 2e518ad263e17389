/** Ops that are written as others: our own kernel of random numbers, and what TensorFlow computes faster in another form. */
import type { Body, Ref } from './emit.ts';
import { UNIFORM_OP, type TraceNode } from './trace.ts';

/** What stands for the outputs of a node; undefined where the node is written as it is. */
export function lower(body: Body, node: TraceNode, inputs: readonly Ref[]): readonly Ref[] | undefined {
  const lowered = LOWERINGS[node.op]?.(body, node, inputs);
  return lowered === undefined ? undefined : [lowered];
}

type Lowering = (body: Body, node: TraceNode, inputs: readonly Ref[]) => Ref | undefined;

const LOWERINGS: Readonly<Record<string, Lowering>> = {
  [UNIFORM_OP]: uniform,
};

/** TensorFlow's number of the Philox algorithm. */
const PHILOX = 1;

/**
 * The numbers of `uniformByTensorFlow` in `random.ts`: the counter starts at `step * 2^32`. TensorFlow makes a float of the
 * lower 23 bits of a word, XLA of the upper ones; so both are asked for whole words, and the float is made here, as
 * TensorFlow makes it: the bits become the fraction of a number from 1 to 2.
 */
function uniform(body: Body, node: TraceNode, [step]: readonly Ref[]): Ref | undefined {
  const shape = numbersOf(node, 'shape');
  const [low = 0, high = 0] = numbersOf(node, 'seed');
  if (step === undefined) return undefined;
  const wide = (value: bigint, dimensions: readonly number[]): Ref =>
    body.constant('uint64', dimensions, BigUint64Array.of(value));
  const word = (value: number): Ref => body.constant('uint32', [], Uint32Array.of(value));
  const key = wide(BigInt(low) + BigInt(high) * 2n ** 32n, [1]);
  const count = body.add('Cast', [step], { DstT: { type: 'uint64' } });
  const shifted = body.add('Mul', [count, wide(2n ** 32n, [])]);
  const counter = body.add('Pack', [shifted, wide(0n, [])], { axis: { int: 0 } });
  const words = body.add(
    'StatelessRandomUniformFullIntV2',
    [body.integers(shape), key, counter, body.integer(PHILOX)],
    { dtype: { type: 'uint32' } },
  );
  const fraction = body.add('BitwiseAnd', [words, word(0x7fffff)]);
  const bits = body.add('BitwiseOr', [fraction, word(0x3f800000)]);
  const float = body.add('Bitcast', [bits], { type: { type: 'float32' } });
  return body.add('Sub', [float, body.float(1)]);
}

function numbersOf({ op, attributes }: TraceNode, name: string): readonly number[] {
  const value = attributes.find((attribute) => attribute.name === name)?.value;
  if (Array.isArray(value) && value.every((item) => typeof item === 'number')) return value;
  throw new TypeError(`${op} has no numbers ${name}`);
}
