/** Ops that are written as others: our own kernel of random numbers, and what TensorFlow computes faster in another form. */
import { sizeOf } from '../../core/shape.ts';
import { PHILOX } from '../random.ts';
import type { Body, Ref } from './body.ts';
import { isPlain, thinConvolution, thinKernelGradient, thinTransposed } from './thin.ts';
import { attributeOf, UNIFORM_OP, type TraceNode } from './trace.ts';

/** What stands for the outputs of a node; undefined where the node is written as it is. */
export function lower(body: Body, node: TraceNode, inputs: readonly Ref[]): readonly Ref[] | undefined {
  const lowered = LOWERINGS[node.op]?.(body, node, inputs);
  return lowered === undefined ? undefined : [lowered];
}

type Lowering = (body: Body, node: TraceNode, inputs: readonly Ref[]) => Ref | undefined;

const LOWERINGS: Readonly<Record<string, Lowering>> = {
  [UNIFORM_OP]: uniform,
  Add: biasAdd,
  BatchMatMulV2: matMul,
  Cast: cast,
  Conv2D: thinConvolution,
  Conv2DBackpropFilter: thinKernelGradient,
  Conv2DBackpropInput: (body, node, inputs) =>
    thinTransposed(body, node, inputs) ?? asConvolution(body, node, inputs),
  Identity: (_body, _node, [input]) => input,
  Reshape: (body, { outputs }, [input]) =>
    input === undefined ? undefined : body.reshape(input, outputs[0]?.shape ?? []),
  Sum: biasGradient,
};

/**
 * The numbers of `uniformByTensorFlow` in `random.ts`: the counter starts at `step * 2^32`. TensorFlow makes a float of the
 * lower 23 bits of a word, XLA of the upper ones; so both are asked for whole words, and the float is made here.
 */
function uniform(body: Body, node: TraceNode, [step]: readonly Ref[]): Ref | undefined {
  const shape = numbersOf(node, 'shape');
  const [low = 0, high = 0] = numbersOf(node, 'seed');
  if (step === undefined) return undefined;
  const wide = (value: bigint, dimensions: readonly number[]): Ref =>
    body.constant('uint64', dimensions, BigUint64Array.of(value));
  const key = wide(BigInt(low) + BigInt(high) * 2n ** 32n, [1]);
  const count = body.cast(step, 'uint64');
  const shifted = body.add('Mul', [count, wide(2n ** 32n, [])]);
  const counter = body.add('Pack', [shifted, wide(0n, [])], { axis: { int: 0 } });
  const words = (dimensions: readonly number[]): Ref =>
    body.add(
      'StatelessRandomUniformFullIntV2',
      [body.integers(dimensions), key, counter, body.integer(PHILOX)],
      { dtype: { type: 'int32' } },
    );
  return flagOf(node, 'halves') ? fromHalves(body, words, shape) : fromFraction(body, words(shape));
}

/** As TensorFlow makes a float of a word: its lower 23 bits become the fraction of a number from 1 to 2. */
function fromFraction(body: Body, words: Ref): Ref {
  const fraction = body.add('BitwiseAnd', [words, body.integer(0x7fffff)]);
  const bits = body.add('BitwiseOr', [fraction, body.integer(0x3f800000)]);
  const float = body.add('Bitcast', [bits], { type: { type: 'float32' } });
  return body.add('Sub', [float, body.float(1)]);
}

/** Two numbers of each word, of its lower half first. */
function fromHalves(body: Body, words: (shape: readonly number[]) => Ref, shape: readonly number[]): Ref {
  const count = sizeOf(shape);
  const pairs = Math.ceil(count / 2);
  const shifts = body.constant('int32', [1, 2], Int32Array.of(0, 16));
  const shifted = body.add('RightShift', [words([pairs, 1]), shifts]);
  const halves = body.add('BitwiseAnd', [shifted, body.integer(0xffff)]);
  const flat = body.reshape({ ...halves, shape: [pairs, 2] }, [2 * pairs]);
  const wanted =
    count === 2 * pairs
      ? flat
      : { ...body.add('Slice', [flat, body.integers([0]), body.integers([count])]), shape: [count] };
  const numbers = body.cast(body.reshape(wanted, shape), 'float32');
  return body.add('Mul', [numbers, body.float(2 ** -16)]);
}

function numbersOf(node: TraceNode, name: string): readonly number[] {
  const value = attributeOf(node, name);
  if (Array.isArray(value) && value.every((item) => typeof item === 'number')) return value;
  throw new TypeError(`${node.op} has no numbers ${name}`);
}

/** tfjs converts what has the right type already. */
function cast(_body: Body, { outputs }: TraceNode, [input]: readonly Ref[]): Ref | undefined {
  return input !== undefined && input.dtype === outputs[0]?.dtype ? input : undefined;
}

/** tfjs multiplies matrices in batches of one, which TensorFlow does not fuse with what follows. */
function matMul(body: Body, node: TraceNode, [a, b]: readonly Ref[]): Ref | undefined {
  const shapes = node.inputs.map(({ shape }) => shape);
  if (
    a === undefined ||
    b === undefined ||
    !shapes.every(({ length, 0: count }) => length === 3 && count === 1)
  ) {
    return undefined;
  }
  const [one, other] = [a, b].map((matrix, index) => body.reshape(matrix, shapes[index]?.slice(1) ?? []));
  if (one === undefined || other === undefined) return undefined;
  const shape = node.outputs[0]?.shape ?? [];
  const product = body.add('MatMul', [one, other], {
    transpose_a: { bool: flagOf(node, 'adj_x') },
    transpose_b: { bool: flagOf(node, 'adj_y') },
  });
  return body.reshape({ ...product, shape: shape.slice(1) }, shape);
}

/** A sum with one number for each channel: an op of its own is faster, and fuses with a convolution. */
function biasAdd(body: Body, node: TraceNode, [values, bias]: readonly Ref[]): Ref | undefined {
  const [left, right] = node.inputs.map(({ shape }) => shape);
  if (values === undefined || bias === undefined || left === undefined || right === undefined)
    return undefined;
  const channels = left.at(-1);
  if (values.dtype !== 'float32') return undefined;
  if (left.length < 2 || channels === undefined || channels === 1) return undefined;
  if (right.at(-1) !== channels || sizeOf(right) !== channels || right.length > left.length) return undefined;
  // Where the leading axes are of length 1, they may as well be left out.
  const flat = left.length === 3 && left[0] === 1 ? left.slice(1) : left;
  const sum = body.add('BiasAdd', [body.reshape(values, flat), body.reshape(bias, [channels])]);
  return body.reshape({ ...sum, shape: flat }, left);
}

/** The sum over all axes but the channels. */
function biasGradient(body: Body, node: TraceNode, [values]: readonly Ref[]): Ref | undefined {
  const [input, axes] = node.inputs;
  if (values?.dtype !== 'float32' || input === undefined || axes?.source.kind !== 'constant')
    return undefined;
  const rank = input.shape.length;
  const summed = [...axes.source.values].map((axis) => (Number(axis) + rank) % rank).sort((a, b) => a - b);
  const isAllButLast = summed.length === rank - 1 && summed.every((axis, index) => axis === index);
  const channels = input.shape.at(-1);
  if (rank < 2 || !isAllButLast || channels === undefined) return undefined;
  const flat = input.shape.length === 3 && input.shape[0] === 1 ? input.shape.slice(1) : input.shape;
  const sum = body.add('BiasAddGrad', [body.reshape(values, flat)]);
  return body.reshape({ ...sum, shape: [channels] }, node.outputs[0]?.shape ?? []);
}

function flagOf(node: TraceNode, name: string): boolean {
  return attributeOf(node, name) === true;
}

/**
 * With stride 1 and an odd kernel, a transposed convolution is a convolution with the kernel turned by half a circle; as one,
 * it fuses with the bias and the activation that follow.
 */
function asConvolution(body: Body, node: TraceNode, [, kernel, given]: readonly Ref[]): Ref | undefined {
  const [rows = 0, columns = 0] = node.inputs[1]?.shape ?? [];
  if (kernel === undefined || given === undefined || !isPlain(node)) return undefined;
  if (rows % 2 === 0 || columns % 2 === 0) return undefined;
  const turned = body.add('ReverseV2', [kernel, body.integers([0, 1])]);
  const swapped = body.add('Transpose', [turned, body.integers([0, 1, 3, 2])]);
  return body.add('Conv2D', [given, swapped], {
    strides: { ints: [1, 1, 1, 1] },
    padding: { string: 'SAME' },
    data_format: { string: 'NHWC' },
  });
}
