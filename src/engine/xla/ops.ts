/** The signatures that a graph must state for each TensorFlow operation. */
import { isDType, type DType } from './saved-model.ts';

/**
 * Signatures of TensorFlow's ops. A graph needs them where eager execution does not: there an output is named
 * `node:output:index`, and every attribute of a type must be given. The names and types are TensorFlow's own, as in its op
 * registry (https://www.tensorflow.org/api_docs/cc).
 *
 * `in:T -> out:T; attribute …`: arguments with their types, a type attribute or a fixed one; `x:T*N` is a list of N tensors
 * of one type, `x:[T]` a list of tensors of the types of the list T. After the semicolon, attributes that are no types.
 */
const SIGNATURES = {
  Abs: 'x:T -> y:T',
  AddV2: 'x:T y:T -> z:T',
  BroadcastTo: 'input:T shape:Tidx -> output:T',
  Cast: 'x:SrcT -> y:DstT; Truncate',
  Ceil: 'x:T -> y:T',
  ClipByValue: 't:T clip_value_min:T clip_value_max:T -> output:T',
  ConcatV2: 'values:T*N axis:Tidx -> output:T',
  Const: '-> output:dtype; value',
  Cos: 'x:T -> y:T',
  Elu: 'features:T -> activations:T',
  Equal: 'x:T y:T -> z:bool; incompatible_shape_error',
  Erf: 'x:T -> y:T',
  Exp: 'x:T -> y:T',
  Expm1: 'x:T -> y:T',
  Floor: 'x:T -> y:T',
  FloorDiv: 'x:T y:T -> z:T',
  FloorMod: 'x:T y:T -> z:T',
  GatherV2: 'params:Tparams indices:Tindices axis:Taxis -> output:Tparams; batch_dims',
  Greater: 'x:T y:T -> z:bool',
  GreaterEqual: 'x:T y:T -> z:bool',
  LeakyRelu: 'features:T -> activations:T; alpha',
  Less: 'x:T y:T -> z:bool',
  LessEqual: 'x:T y:T -> z:bool',
  Log: 'x:T -> y:T',
  Log1p: 'x:T -> y:T',
  LogicalAnd: 'x:bool y:bool -> z:bool',
  LogicalNot: 'x:bool -> y:bool',
  LogicalOr: 'x:bool y:bool -> z:bool',
  MatMul: 'a:T b:T -> product:T; transpose_a transpose_b grad_a grad_b',
  Max: 'input:T reduction_indices:Tidx -> output:T; keep_dims',
  Maximum: 'x:T y:T -> z:T',
  Min: 'input:T reduction_indices:Tidx -> output:T; keep_dims',
  Minimum: 'x:T y:T -> z:T',
  Mul: 'x:T y:T -> z:T',
  Neg: 'x:T -> y:T',
  NotEqual: 'x:T y:T -> z:bool; incompatible_shape_error',
  PadV2: 'input:T paddings:Tpaddings constant_values:T -> output:T',
  PartitionedCall: 'args:[Tin] -> output:[Tout]; f config config_proto executor_type',
  Placeholder: '-> output:dtype; shape',
  Pow: 'x:T y:T -> z:T',
  RealDiv: 'x:T y:T -> z:T',
  Reciprocal: 'x:T -> y:T',
  Relu: 'features:T -> activations:T',
  Relu6: 'features:T -> activations:T',
  ReluGrad: 'gradients:T features:T -> backprops:T',
  Reshape: 'tensor:T shape:Tshape -> output:T',
  Round: 'x:T -> y:T',
  Rsqrt: 'x:T -> y:T',
  SelectV2: 'condition:bool t:T e:T -> output:T',
  Selu: 'features:T -> activations:T',
  Sigmoid: 'x:T -> y:T',
  Sign: 'x:T -> y:T',
  Sin: 'x:T -> y:T',
  Slice: 'input:T begin:Index size:Index -> output:T',
  Softplus: 'features:T -> activations:T',
  Sqrt: 'x:T -> y:T',
  Square: 'x:T -> y:T',
  StatefulPartitionedCall: 'args:[Tin] -> output:[Tout]; f config config_proto executor_type',
  StatelessWhile: 'input:[T] -> output:[T]; cond body output_shapes parallel_iterations',
  Sub: 'x:T y:T -> z:T',
  Sum: 'input:T reduction_indices:Tidx -> output:T; keep_dims',
  Tanh: 'x:T -> y:T',
  Transpose: 'x:T perm:Tperm -> y:T',
  XlaDynamicUpdateSlice: 'input:T update:T indices:Tindices -> output:T',
  XlaCallModule: 'args:[Tin] -> output:[Tout]; version platforms module Sout',
} as const;

export type OpName = keyof typeof SIGNATURES;

/** One argument of an op: a tensor, or a list of them. */
export interface Argument {
  readonly name: string;
  /** The attribute that holds its type, or the type itself. */
  readonly type: { readonly attribute: string } | DType;
  /** `count`: the attribute with the length of the list; `types`: the list's types are all in `type.attribute`. */
  readonly list?: { readonly count: string } | 'types';
}

export interface Signature {
  readonly inputs: readonly Argument[];
  readonly outputs: readonly Argument[];
  /** Names of all attributes, types or not. */
  readonly attributes: ReadonlySet<string>;
}

const parsed = new Map<OpName, Signature>();

export function signatureOf(op: OpName): Signature {
  const known = parsed.get(op);
  if (known !== undefined) return known;
  const signature = parse(SIGNATURES[op]);
  parsed.set(op, signature);
  return signature;
}

function parse(text: string): Signature {
  const [args = '', rest = ''] = text.split(';');
  const [before = '', after = ''] = args.split('->');
  const inputs = words(before).map(argument);
  const outputs = words(after).map(argument);
  const attributes = new Set(words(rest));
  for (const { type, list } of [...inputs, ...outputs]) {
    if (typeof type === 'object') attributes.add(type.attribute);
    if (typeof list === 'object') attributes.add(list.count);
  }
  return { inputs, outputs, attributes };
}

function words(text: string): string[] {
  return text.split(' ').filter((word) => word !== '');
}

function argument(text: string): Argument {
  const [name = '', spec = ''] = text.split(':');
  if (spec.startsWith('[')) return { name, type: { attribute: spec.slice(1, -1) }, list: 'types' };
  const [type = '', count] = spec.split('*');
  return {
    name,
    type: isDType(type) ? type : { attribute: type },
    ...(count === undefined ? {} : { list: { count } }),
  };
}
