/** tfjs's kernels as instructions: elementwise functions, reductions, movements, products. */
import type * as tfjs from '@tensorflow/tfjs';
import { sizeOf } from '../../core/shape.ts';
import type { UniformAttributes } from '../tfjs/uniform.ts';
import type { ElementwiseName } from '../program/elementwise.ts';
import type { Attributes, OpName, Value } from '../program/program.ts';
import { ProgramError } from '../program/types.ts';
import type { Recorder } from './recorder.ts';

/** A call of a kernel: its tensors as values, by tfjs's names, and its attributes. */
export interface Call {
  readonly recorder: Recorder;
  /** @throws ProgramError if there is none of this name */
  value(name: string): Value;
  has(name: string): boolean;
  /** The tensors of a kernel that takes a list of them. */
  readonly list: readonly Value[];
  readonly attributes: Readonly<Record<string, unknown>>;
}

export type Kernel = (call: Call) => Value | readonly Value[];

/** Functions whose attributes and meaning are those of an instruction, with the names of their operands. */
function simple(op: ElementwiseName, ...names: readonly string[]): Kernel {
  return ({ recorder, value }) => recorder.add(op, names.map(value), {} as Attributes[OpName]);
}

const unary: Readonly<Record<string, ElementwiseName>> = {
  Abs: 'abs',
  Ceil: 'ceil',
  Cos: 'cos',
  Elu: 'elu',
  Erf: 'erf',
  Exp: 'exp',
  Expm1: 'expm1',
  Floor: 'floor',
  Log: 'log',
  Log1p: 'log1p',
  LogicalNot: 'not',
  Neg: 'neg',
  Reciprocal: 'reciprocal',
  Relu: 'relu',
  Relu6: 'relu6',
  Round: 'round',
  Rsqrt: 'rsqrt',
  Selu: 'selu',
  Sigmoid: 'sigmoid',
  Sign: 'sign',
  Sin: 'sin',
  Softplus: 'softplus',
  Sqrt: 'sqrt',
  Square: 'square',
  Tanh: 'tanh',
};

const binary: Readonly<Record<string, ElementwiseName>> = {
  Add: 'add',
  Equal: 'eq',
  FloorDiv: 'floor_div',
  Greater: 'gt',
  GreaterEqual: 'ge',
  Less: 'lt',
  LessEqual: 'le',
  LogicalAnd: 'and',
  LogicalOr: 'or',
  Maximum: 'max',
  Minimum: 'min',
  Mod: 'mod',
  Multiply: 'mul',
  NotEqual: 'ne',
  Pow: 'pow',
  RealDiv: 'div',
  Sub: 'sub',
};

const named = (names: Readonly<Record<string, ElementwiseName>>, ...operands: readonly string[]) =>
  Object.entries(names).map(([name, op]) => [name, simple(op, ...operands)] as const);

/** By the names that tfjs calls them. */
export const KERNELS: Readonly<Record<string, Kernel>> = {
  ...Object.fromEntries(named(unary, 'x')),
  ...Object.fromEntries(named(binary, 'a', 'b')),
  ReluGrad: simple('relu_gradient', 'dy', 'y'),
  Select: simple('select', 'condition', 't', 'e'),
  LeakyRelu: ({ recorder, value, attributes }) =>
    recorder.add('leaky_relu', [value('x')], { alpha: Number(attributes['alpha']) }),
  ClipByValue: ({ recorder, value, attributes }) =>
    recorder.add('clamp', [value('x')], {
      low: Number(attributes['clipValueMin']),
      high: Number(attributes['clipValueMax']),
    }),
  Cast: ({ recorder, value, attributes }) => {
    const { dtype } = attributes as unknown as tfjs.CastAttrs;
    if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool')
      throw new ProgramError(`it computes with ${dtype}`);
    const x = value('x');
    return x.type.dtype === dtype ? x : recorder.add('cast', [x], { dtype });
  },
  SquaredDifference: ({ recorder, value }) =>
    recorder.add('square', [recorder.add('sub', [value('a'), value('b')], {})], {}),
  /** 1 above 0, else `alpha`. */
  Step: ({ recorder, value, attributes }) =>
    recorder.add(
      'select',
      [
        recorder.add('gt', [value('x'), recorder.scalar(0)], {}),
        recorder.scalar(1),
        recorder.scalar(Number(attributes['alpha'] ?? 0)),
      ],
      {},
    ),
  Prelu: ({ recorder, value }) =>
    recorder.add(
      'select',
      [
        recorder.add('lt', [value('x'), recorder.scalar(0)], {}),
        recorder.add('mul', [value('x'), value('alpha')], {}),
        value('x'),
      ],
      {},
    ),
  /** dy where y is not below 0, else dy (y + 1). */
  EluGrad: ({ recorder, value }) => {
    const slope = recorder.add('add', [value('y'), recorder.scalar(1)], {});
    return recorder.add(
      'select',
      [
        recorder.add('lt', [value('y'), recorder.scalar(0)], {}),
        recorder.add('mul', [value('dy'), slope], {}),
        value('dy'),
      ],
      {},
    );
  },
  Identity: ({ value }) => value('x'),
  Fill: ({ recorder, attributes }) => {
    const { shape, value, dtype } = attributes as unknown as tfjs.FillAttrs;
    const type = dtype === 'int32' || dtype === 'bool' ? dtype : 'float32';
    return recorder.add('broadcast', [recorder.scalar(Number(value), type)], { shape: [...shape] });
  },
  ZerosLike: ({ recorder, value }) => filled(recorder, value('x'), 0),
  OnesLike: ({ recorder, value }) => filled(recorder, value('x'), 1),

  Sum: reduction('reduce_sum'),
  Max: reduction('reduce_max'),
  Min: reduction('reduce_min'),
  Mean: (call) => {
    const { recorder, value } = call;
    const sum = reduction('reduce_sum')(call);
    if (Array.isArray(sum)) throw new TypeError('a sum with several results');
    const count = sizeOf(value('x').type.shape) / sizeOf((sum as Value).type.shape);
    return recorder.add('div', [sum as Value, recorder.scalar(count)], {});
  },
  Softmax: ({ recorder, value }) => {
    const logits = value('logits');
    const along = { axes: [logits.type.shape.length - 1], keep: true };
    const shifted = recorder.add('sub', [logits, recorder.add('reduce_max', [logits], along)], {});
    const powers = recorder.add('exp', [shifted], {});
    return recorder.add('div', [powers, recorder.add('reduce_sum', [powers], along)], {});
  },

  Reshape: ({ recorder, value, attributes }) => {
    const x = value('x');
    const shape = (attributes['shape'] as readonly number[]).map((length) => Number(length));
    const others = shape.reduce((product, length) => (length === -1 ? product : product * length), 1);
    return reshaped(
      recorder,
      x,
      shape.map((length) => (length === -1 ? sizeOf(x.type.shape) / others : length)),
    );
  },
  ExpandDims: ({ recorder, value, attributes: { dim } }) => {
    const x = value('input');
    const shape = [...x.type.shape];
    const at = Number(dim);
    shape.splice(at < 0 ? shape.length + 1 + at : at, 0, 1);
    return reshaped(recorder, x, shape);
  },
  Transpose: ({ recorder, value, attributes: { perm } }) => {
    const x = value('x');
    const all = x.type.shape.map((_, axis) => axis);
    const permutation = Array.isArray(perm) ? perm.map(Number) : all.reverse();
    return recorder.add('transpose', [x], { permutation });
  },
  Slice: ({ recorder, value, attributes }) => {
    const x = value('x');
    const begin = attributes['begin'] as readonly number[];
    const size = attributes['size'] as readonly number[];
    const axes = x.type.shape;
    return recorder.add('slice', [x], {
      begin: axes.map((_, axis) => begin[axis] ?? 0),
      size: axes.map((length, axis) => {
        const wanted = size[axis] ?? -1;
        return wanted === -1 ? length - (begin[axis] ?? 0) : wanted;
      }),
    });
  },
  PadV2: ({ recorder, value, attributes }) => {
    const { paddings, constantValue } = attributes as unknown as tfjs.PadV2Attrs;
    return recorder.add('pad', [value('x')], { padding: paddings, value: constantValue });
  },
  /** Repeats each axis as a whole, by repeating a new axis in front of it. */
  Tile: ({ recorder, value, attributes: { reps } }) => {
    const x = value('x');
    const times = x.type.shape.map((_, axis) => Number((reps as readonly number[])[axis] ?? 1));
    const split = x.type.shape.flatMap((length) => [1, length]);
    const repeated = x.type.shape.flatMap((length, axis) => [times[axis] ?? 1, length]);
    const wide = recorder.add('broadcast', [reshaped(recorder, x, split)], { shape: repeated });
    return reshaped(
      recorder,
      wide,
      x.type.shape.map((length, axis) => length * (times[axis] ?? 1)),
    );
  },
  BroadcastTo: ({ recorder, value, attributes: { shape } }) =>
    recorder.add('broadcast', [value('x')], { shape: [...(shape as readonly number[])] }),
  Concat: ({ recorder, list, attributes: { axis } }) =>
    recorder.add('concatenate', list, { axis: axisOf(list[0], axis) }),
  Pack: ({ recorder, list, attributes: { axis } }) => {
    const rank = (list[0]?.type.shape.length ?? 0) + 1;
    const at = (Number(axis) + rank) % rank;
    const parts = list.map((part) => reshaped(recorder, part, withAxis(part.type.shape, at)));
    return recorder.add('concatenate', parts, { axis: at });
  },
  Unpack: ({ recorder, value, attributes: { axis } }) => {
    const x = value('value');
    const at = axisOf(x, axis);
    const rest = x.type.shape.filter((_, other) => other !== at);
    return Array.from({ length: x.type.shape[at] ?? 0 }, (_, index) =>
      reshaped(recorder, cut(recorder, x, at, index, 1), rest),
    );
  },
  SplitV: ({ recorder, value, attributes }) => {
    const { numOrSizeSplits, axis } = attributes as unknown as tfjs.SplitVAttrs;
    const x = value('x');
    const at = axisOf(x, axis);
    const length = x.type.shape[at] ?? 0;
    const sizes = Array.isArray(numOrSizeSplits)
      ? numOrSizeSplits
      : Array.from({ length: numOrSizeSplits }, () => length / numOrSizeSplits);
    let begin = 0;
    return sizes.map((size) => {
      begin += size;
      return cut(recorder, x, at, begin - size, size);
    });
  },

  BatchMatMul: ({ recorder, value, attributes }) => product(recorder, value('a'), value('b'), attributes),
  _FusedMatMul: (call) => {
    const { recorder, value, attributes } = call;
    return withBiasAndActivation(call, product(recorder, value('a'), value('b'), attributes));
  },
  StatelessUniform: ({ recorder, value, attributes }) => {
    const { shape, seed, halves } = attributes as unknown as UniformAttributes;
    return recorder.add('uniform', [value('step')], { shape, seed, halves });
  },
};

function filled(recorder: Recorder, { type }: Value, number: number): Value {
  return recorder.add('broadcast', [recorder.scalar(number, type.dtype)], { shape: type.shape });
}

function reduction(op: 'reduce_sum' | 'reduce_max' | 'reduce_min'): Kernel {
  return ({ recorder, value, attributes }) => {
    const x = value('x');
    const given = attributes['axis'] ?? attributes['reductionIndices'];
    const rank = x.type.shape.length;
    const all =
      given === undefined || given === null
        ? x.type.shape.map((_, axis) => axis)
        : [given].flat().map(Number);
    const axes = [...new Set(all.map((axis) => (axis + rank) % rank))].sort((a, b) => a - b);
    return recorder.add(op, [x], { axes, keep: attributes['keepDims'] === true });
  };
}

function reshaped(recorder: Recorder, x: Value, shape: readonly number[]): Value {
  return x.type.shape.join() === shape.join() ? x : recorder.add('reshape', [x], { shape });
}

function withAxis(shape: readonly number[], at: number): readonly number[] {
  return [...shape.slice(0, at), 1, ...shape.slice(at)];
}

function axisOf(x: Value | undefined, axis: unknown): number {
  const rank = x?.type.shape.length ?? 1;
  return (Number(axis ?? 0) + rank) % rank;
}

function cut(recorder: Recorder, x: Value, axis: number, begin: number, size: number): Value {
  return recorder.add('slice', [x], {
    begin: x.type.shape.map((_, other) => (other === axis ? begin : 0)),
    size: x.type.shape.map((length, other) => (other === axis ? size : length)),
  });
}

/** tfjs multiplies matrices in batches; here there is one. */
function product(
  recorder: Recorder,
  a: Value,
  b: Value,
  { transposeA, transposeB }: Readonly<Record<string, unknown>>,
): Value {
  const [one, other] = [a, b].map(({ type: { shape } }) => shape);
  const leading = one?.slice(0, -2) ?? [];
  if (one === undefined || other === undefined || sizeOf(leading) !== 1 || sizeOf(other.slice(0, -2)) !== 1)
    throw new ProgramError('it multiplies several matrices at once');
  const result = recorder.add(
    'matmul',
    [reshaped(recorder, a, one.slice(-2)), reshaped(recorder, b, other.slice(-2))],
    {
      transpose_a: transposeA === true,
      transpose_b: transposeB === true,
      epilogue: [],
    },
  );
  return reshaped(recorder, result, [...leading, ...result.type.shape]);
}

/** What tfjs's fused kernels do after a product or a convolution: add a bias, apply an activation. */
export function withBiasAndActivation({ recorder, value, has, attributes }: Call, result: Value): Value {
  const sum = has('bias') ? recorder.add('add', [result, value('bias')], {}) : result;
  const { activation, leakyreluAlpha } = attributes;
  if (activation === undefined || activation === null || activation === 'linear') return sum;
  if (activation === 'leakyrelu')
    return recorder.add('leaky_relu', [sum], { alpha: Number(leakyreluAlpha ?? 0.2) });
  if (activation === 'relu' || activation === 'relu6' || activation === 'elu' || activation === 'sigmoid')
    return recorder.add(activation, [sum], {});
  throw new ProgramError(`it fuses the activation ${String(activation)}`);
}
