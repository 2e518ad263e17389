/** The op table: what the emitter must know of TensorFlow's ops. */
import { isDType, type DType } from './proto.ts';

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
  Acos: 'x:T -> y:T',
  Acosh: 'x:T -> y:T',
  Add: 'x:T y:T -> z:T',
  AddN: 'inputs:T*N -> sum:T',
  AddV2: 'x:T y:T -> z:T',
  All: 'input:bool reduction_indices:Tidx -> output:bool; keep_dims',
  Any: 'input:bool reduction_indices:Tidx -> output:bool; keep_dims',
  ArgMax: 'input:T dimension:Tidx -> output:output_type',
  ArgMin: 'input:T dimension:Tidx -> output:output_type',
  Asin: 'x:T -> y:T',
  Asinh: 'x:T -> y:T',
  Atan: 'x:T -> y:T',
  Atan2: 'y:T x:T -> z:T',
  Atanh: 'x:T -> y:T',
  AvgPool: 'value:T -> output:T; ksize strides padding data_format',
  AvgPoolGrad: 'orig_input_shape:int32 grad:T -> output:T; ksize strides padding data_format',
  BatchMatMulV2: 'x:T y:T -> output:T; adj_x adj_y grad_x grad_y',
  BatchMatMul: 'x:T y:T -> output:T; adj_x adj_y grad_x grad_y',
  BiasAdd: 'value:T bias:T -> output:T; data_format',
  BiasAddGrad: 'out_backprop:T -> output:T; data_format',
  Bitcast: 'input:T -> output:type',
  BitwiseAnd: 'x:T y:T -> z:T',
  BitwiseOr: 'x:T y:T -> z:T',
  BroadcastTo: 'input:T shape:Tidx -> output:T',
  Cast: 'x:SrcT -> y:DstT; Truncate',
  Ceil: 'x:T -> y:T',
  ClipByValue: 't:T clip_value_min:T clip_value_max:T -> output:T',
  ConcatV2: 'values:T*N axis:Tidx -> output:T',
  Const: '-> output:dtype; value',
  Conv2D:
    'input:T filter:T -> output:T; strides use_cudnn_on_gpu padding explicit_paddings data_format dilations',
  Conv2DBackpropFilter:
    'input:T filter_sizes:int32 out_backprop:T -> output:T; strides use_cudnn_on_gpu padding explicit_paddings data_format dilations',
  Conv2DBackpropInput:
    'input_sizes:int32 filter:T out_backprop:T -> output:T; strides use_cudnn_on_gpu padding explicit_paddings data_format dilations',
  Cos: 'x:T -> y:T',
  Cosh: 'x:T -> y:T',
  DepthwiseConv2dNative:
    'input:T filter:T -> output:T; strides padding explicit_paddings data_format dilations',
  DepthwiseConv2dNativeBackpropFilter:
    'input:T filter_sizes:int32 out_backprop:T -> output:T; strides padding explicit_paddings data_format dilations',
  DepthwiseConv2dNativeBackpropInput:
    'input_sizes:int32 filter:T out_backprop:T -> output:T; strides padding explicit_paddings data_format dilations',
  Div: 'x:T y:T -> z:T',
  DivNoNan: 'x:T y:T -> z:T',
  Elu: 'features:T -> activations:T',
  EluGrad: 'gradients:T outputs:T -> backprops:T',
  Equal: 'x:T y:T -> z:bool; incompatible_shape_error',
  Erf: 'x:T -> y:T',
  Exp: 'x:T -> y:T',
  ExpandDims: 'input:T dim:Tdim -> output:T',
  Expm1: 'x:T -> y:T',
  Fill: 'dims:index_type value:T -> output:T',
  Floor: 'x:T -> y:T',
  FloorDiv: 'x:T y:T -> z:T',
  FloorMod: 'x:T y:T -> z:T',
  FusedBatchNorm:
    'x:T scale:T offset:T mean:T variance:T -> y:T batch_mean:T batch_variance:T reserve_space_1:T reserve_space_2:T; epsilon exponential_avg_factor data_format is_training',
  GatherV2: 'params:Tparams indices:Tindices axis:Taxis -> output:Tparams; batch_dims',
  Greater: 'x:T y:T -> z:bool',
  GreaterEqual: 'x:T y:T -> z:bool',
  Identity: 'input:T -> output:T',
  IsFinite: 'x:T -> y:bool',
  IsInf: 'x:T -> y:bool',
  IsNan: 'x:T -> y:bool',
  LeakyRelu: 'features:T -> activations:T; alpha',
  Less: 'x:T y:T -> z:bool',
  LessEqual: 'x:T y:T -> z:bool',
  Log: 'x:T -> y:T',
  Log1p: 'x:T -> y:T',
  LogSoftmax: 'logits:T -> logsoftmax:T',
  LogicalAnd: 'x:bool y:bool -> z:bool',
  LogicalNot: 'x:bool -> y:bool',
  LogicalOr: 'x:bool y:bool -> z:bool',
  MatMul: 'a:T b:T -> product:T; transpose_a transpose_b grad_a grad_b',
  Max: 'input:T reduction_indices:Tidx -> output:T; keep_dims',
  MaxPool: 'input:T -> output:T; ksize strides padding explicit_paddings data_format',
  MaxPoolGrad:
    'orig_input:T orig_output:T grad:T -> output:T; ksize strides padding explicit_paddings data_format',
  Maximum: 'x:T y:T -> z:T',
  Mean: 'input:T reduction_indices:Tidx -> output:T; keep_dims',
  Min: 'input:T reduction_indices:Tidx -> output:T; keep_dims',
  Minimum: 'x:T y:T -> z:T',
  MirrorPad: 'input:T paddings:Tpaddings -> output:T; mode',
  Mul: 'x:T y:T -> z:T',
  Neg: 'x:T -> y:T',
  NotEqual: 'x:T y:T -> z:bool; incompatible_shape_error',
  OneHot: 'indices:TI depth:int32 on_value:T off_value:T -> output:T; axis',
  OnesLike: 'x:T -> y:T',
  Pack: 'values:T*N -> output:T; axis',
  Pad: 'input:T paddings:Tpaddings -> output:T',
  PadV2: 'input:T paddings:Tpaddings constant_values:T -> output:T',
  PartitionedCall: 'args:[Tin] -> output:[Tout]; f config config_proto executor_type',
  Pow: 'x:T y:T -> z:T',
  Prod: 'input:T reduction_indices:Tidx -> output:T; keep_dims',
  Range: 'start:Tidx limit:Tidx delta:Tidx -> output:Tidx',
  RealDiv: 'x:T y:T -> z:T',
  Reciprocal: 'x:T -> y:T',
  Relu: 'features:T -> activations:T',
  Relu6: 'features:T -> activations:T',
  ReluGrad: 'gradients:T features:T -> backprops:T',
  Reshape: 'tensor:T shape:Tshape -> output:T',
  ResizeBilinear: 'images:T size:int32 -> resized_images:float32; align_corners half_pixel_centers',
  ResizeBilinearGrad: 'grads:float32 original_image:T -> output:T; align_corners half_pixel_centers',
  ResizeNearestNeighbor: 'images:T size:int32 -> resized_images:T; align_corners half_pixel_centers',
  ResizeNearestNeighborGrad: 'grads:T size:int32 -> output:T; align_corners half_pixel_centers',
  ReverseV2: 'tensor:T axis:Tidx -> output:T',
  RightShift: 'x:T y:T -> z:T',
  Round: 'x:T -> y:T',
  Rsqrt: 'x:T -> y:T',
  Select: 'condition:bool t:T e:T -> output:T',
  SelectV2: 'condition:bool t:T e:T -> output:T',
  Selu: 'features:T -> activations:T',
  SeluGrad: 'gradients:T outputs:T -> backprops:T',
  Sigmoid: 'x:T -> y:T',
  SigmoidGrad: 'y:T dy:T -> z:T',
  Sign: 'x:T -> y:T',
  Sin: 'x:T -> y:T',
  Sinh: 'x:T -> y:T',
  Slice: 'input:T begin:Index size:Index -> output:T',
  Softmax: 'logits:T -> softmax:T',
  Softplus: 'features:T -> activations:T',
  SoftplusGrad: 'gradients:T features:T -> backprops:T',
  SplitV: 'value:T size_splits:Tlen split_dim:int32 -> output:T*num_split',
  Sqrt: 'x:T -> y:T',
  Square: 'x:T -> y:T',
  SquaredDifference: 'x:T y:T -> z:T',
  StatefulPartitionedCall: 'args:[Tin] -> output:[Tout]; f config config_proto executor_type',
  StatelessRandomUniformFullIntV2: 'shape:Tshape key:uint64 counter:uint64 alg:int32 -> output:dtype',
  StatelessWhile: 'input:[T] -> output:[T]; cond body output_shapes parallel_iterations',
  StridedSlice:
    'input:T begin:Index end:Index strides:Index -> output:T; begin_mask end_mask ellipsis_mask new_axis_mask shrink_axis_mask',
  Sub: 'x:T y:T -> z:T',
  Sum: 'input:T reduction_indices:Tidx -> output:T; keep_dims',
  Tan: 'x:T -> y:T',
  Tanh: 'x:T -> y:T',
  TanhGrad: 'y:T dy:T -> z:T',
  Tile: 'input:T multiples:Tmultiples -> output:T',
  Transpose: 'x:T perm:Tperm -> y:T',
  Unpack: 'value:T -> output:T*num; axis',
  XlaCallModule: 'args:[Tin] -> output:[Tout]; version platforms module Sout',
  ZerosLike: 'x:T -> y:T',
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

/** Whether the table has an op of this name. */
export function isOpName(name: string): name is OpName {
  return Object.hasOwn(SIGNATURES, name);
}

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
