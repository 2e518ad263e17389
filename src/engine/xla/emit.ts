/**
 * Writes a program as the body of a TensorFlow function, which XLA compiles. Movements, and elementwise instructions and reductions
 * over few elements, become TensorFlow's operations, which XLA fuses; the others are calls of Hourglass's own kernels.
 */
import type { ElementwiseName } from '../program/elementwise.ts';
import type { Instruction, InstructionOf, OpName, Program, Reduction, Value } from '../program/program.ts';
import { ProgramError } from '../program/types.ts';
import type { Body, Ref } from './body.ts';
import { isByKernel, kernelCalls } from './kernel-calls.ts';
import type { OpName as TensorFlowOp } from './ops.ts';
import type { Attributes } from './saved-model.ts';
import { callUpdates } from './update-call.ts';

/** What is needed to write an instruction. */
export interface Writing {
  readonly body: Body;
  /** The refs of the operands. */
  readonly refs: readonly Ref[];
}

/**
 * Writes all instructions.
 *
 * @param given the refs of the parameters
 * @returns the ref of a value
 * @throws ProgramError for an instruction that has no operation here
 */
export function emitProgram(
  body: Body,
  program: Program,
  given: ReadonlyMap<Value, Ref>,
): (value: Value) => Ref {
  const refs = new Map(given);
  const refOf = (value: Value): Ref => {
    const ref = refs.get(value);
    if (ref === undefined) throw new TypeError('a value is used before it is made');
    return ref;
  };
  for (const instruction of program.instructions) {
    if (instruction.op === 'fused_update') continue;
    const written = emit({ body, refs: instruction.operands.map(refOf) }, instruction);
    instruction.results.forEach((value, index) => {
      const ref = written[index];
      if (ref !== undefined) refs.set(value, { ...ref, shape: value.type.shape });
    });
  }
  for (const [value, ref] of callUpdates(body, program, refOf)) refs.set(value, ref);
  return refOf;
}

function emit(writing: Writing, instruction: Instruction): readonly Ref[] {
  if (isByKernel(instruction)) return kernelCalls(writing.body, instruction, writing.refs);
  if (instruction.op === 'fused') return emitBody(writing, instruction.attributes.body);
  const write = (OPERATIONS as Partial<Record<OpName, Write>>)[instruction.op];
  if (write === undefined) throw new ProgramError(`XLA has no operation for \`${instruction.op}\``);
  return [write(writing, instruction)];
}

/** A body that XLA fuses itself. */
function emitBody({ body, refs }: Writing, program: Program): readonly Ref[] {
  const given = new Map<Value, Ref>();
  program.parameters.forEach(({ value }, index) => {
    const ref = refs[index];
    if (ref !== undefined) given.set(value, { ...ref, shape: value.type.shape });
  });
  return program.results.map(emitProgram(body, program, given));
}

type Write = (writing: Writing, instruction: Instruction) => Ref;

type WriteOf<Op extends OpName> = (writing: Writing, instruction: InstructionOf<Op>) => Ref;

/** An operation that takes the operands as they are. */
function plain(op: TensorFlowOp, attributes: Attributes = {}): (writing: Writing) => Ref {
  return ({ body, refs }) => body.add(op, refs, attributes);
}

const comparison = { incompatible_shape_error: { bool: true } } as const;

const ELEMENTWISE: { readonly [Name in ElementwiseName]: WriteOf<Name> } = {
  neg: plain('Neg'),
  abs: plain('Abs'),
  sign: plain('Sign'),
  square: plain('Square'),
  sqrt: plain('Sqrt'),
  rsqrt: plain('Rsqrt'),
  reciprocal: plain('Reciprocal'),
  exp: plain('Exp'),
  expm1: plain('Expm1'),
  log: plain('Log'),
  log1p: plain('Log1p'),
  sin: plain('Sin'),
  cos: plain('Cos'),
  tanh: plain('Tanh'),
  sigmoid: plain('Sigmoid'),
  softplus: plain('Softplus'),
  erf: plain('Erf'),
  relu: plain('Relu'),
  relu6: plain('Relu6'),
  elu: plain('Elu'),
  selu: plain('Selu'),
  leaky_relu: ({ body, refs }, { attributes: { alpha } }) =>
    body.add('LeakyRelu', refs, { alpha: { float: alpha } }),
  floor: plain('Floor'),
  ceil: plain('Ceil'),
  round: plain('Round'),
  clamp: ({ body, refs }, { attributes: { low, high } }) =>
    body.add('ClipByValue', [...refs, body.float(low), body.float(high)]),
  add: plain('AddV2'),
  sub: plain('Sub'),
  mul: plain('Mul'),
  div: plain('RealDiv'),
  floor_div: plain('FloorDiv'),
  mod: plain('FloorMod'),
  max: plain('Maximum'),
  min: plain('Minimum'),
  pow: plain('Pow'),
  relu_gradient: plain('ReluGrad'),
  eq: plain('Equal', comparison),
  ne: plain('NotEqual', comparison),
  lt: plain('Less'),
  le: plain('LessEqual'),
  gt: plain('Greater'),
  ge: plain('GreaterEqual'),
  and: plain('LogicalAnd'),
  or: plain('LogicalOr'),
  not: plain('LogicalNot'),
  select: plain('SelectV2'),
  cast: ({ body, refs: [x] }, { attributes: { dtype } }) => body.cast(required(x), dtype),
};

function reduction(op: 'Sum' | 'Max' | 'Min') {
  return (
    { body, refs: [x] }: Writing,
    { attributes: { axes, keep } }: { readonly attributes: Reduction },
  ): Ref => body.add(op, [required(x), body.integers(axes)], { keep_dims: { bool: keep } });
}

type Written =
  | ElementwiseName
  | 'constant'
  | 'reshape'
  | 'broadcast'
  | 'transpose'
  | 'slice'
  | 'pad'
  | 'concatenate'
  | 'reduce_sum'
  | 'reduce_max'
  | 'reduce_min'
  | 'upsample_nearest'
  | 'upsample_nearest_gradient';

const OPERATIONS: { readonly [Op in Written]: WriteOf<Op> } = {
  ...ELEMENTWISE,
  constant: ({ body }, { attributes: { dtype, shape, elements } }) => body.constant(dtype, shape, elements),
  reshape: ({ body, refs: [x] }, { attributes: { shape } }) => body.reshape(required(x), shape),
  broadcast: ({ body, refs: [x] }, { attributes: { shape } }) =>
    body.add('BroadcastTo', [required(x), body.integers(shape)]),
  transpose: ({ body, refs: [x] }, { attributes: { permutation } }) =>
    body.add('Transpose', [required(x), body.integers(permutation)]),
  slice: ({ body, refs: [x] }, { attributes: { begin, size } }) =>
    body.add('Slice', [required(x), body.integers(begin), body.integers(size)]),
  pad: ({ body, refs: [x] }, { attributes: { padding, value } }) => {
    const around = body.constant('int32', [padding.length, 2], Int32Array.from(padding.flat()));
    return body.add('PadV2', [required(x), around, body.float(value)]);
  },
  concatenate: ({ body, refs }, { attributes: { axis } }) =>
    refs.length === 1
      ? required(refs[0])
      : body.add('ConcatV2', [...refs, body.integer(axis)], { N: { int: refs.length } }),
  reduce_sum: reduction('Sum'),
  reduce_max: reduction('Max'),
  reduce_min: reduction('Min'),
  upsample_nearest: (
    { body, refs: [x] },
    { attributes: { factors }, operands: [images], results: [result] },
  ) => {
    const [batch = 0, height = 0, width = 0, channels = 0] = images?.type.shape ?? [];
    const apart = body.reshape(required(x), [batch, height, 1, width, 1, channels]);
    const repeated = [batch, height, factors[0], width, factors[1], channels];
    const wide = body.add('BroadcastTo', [apart, body.integers(repeated)]);
    return body.reshape({ ...wide, shape: repeated }, result?.type.shape ?? []);
  },
  upsample_nearest_gradient: ({ body, refs: [dy] }, { attributes: { factors }, results: [result] }) => {
    const [batch = 0, height = 0, width = 0, channels = 0] = result?.type.shape ?? [];
    const apart = body.reshape(required(dy), [batch, height, factors[0], width, factors[1], channels]);
    return body.add('Sum', [apart, body.integers([2, 4])], { keep_dims: { bool: false } });
  },
};

function required(ref: Ref | undefined): Ref {
  if (ref === undefined) throw new TypeError('an instruction lacks an operand');
  return ref;
}
