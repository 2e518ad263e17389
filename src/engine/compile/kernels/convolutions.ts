/**
 * Hourglass's own kernels in place of XLA's convolutions, which on a CPU are slow: convolutions that add their bias, rectify or
 * mask what they give, and gradients that sum up a bias's as well. The kernels are in `src/engine/kernels`.
 */
import type { Body, Ref } from '../body.ts';
import { attributeOf, type TraceNode, type Use } from '../trace.ts';
import { customCall, integers } from './call.ts';
import { finishArguments, finishOf, type Finish } from './finish.ts';
import type { Rewrite, Rewrites, Users } from './rewrite.ts';

/** Finds the convolutions, and what the kernels do along with them. */
export function convolutionRewrites(nodes: readonly TraceNode[], users: Users): Rewrites {
  const made = new Map<TraceNode, Rewrite>();
  const absorbed = new Set<TraceNode>();
  for (const node of nodes) {
    const convolution = convolutionOf(node);
    if (convolution !== undefined) {
      const { last, inner, ...finish } = finishOf(node, users);
      made.set(last, (body, refOf) => callConvolution(body, refOf, convolution, finish));
      for (const each of inner) absorbed.add(each);
    } else if (node.op === 'Conv2DBackpropFilter' && isCovered(node)) {
      const sum = nodes.find((other) => sumsOver(other, node) !== undefined);
      const summed = sum === undefined ? undefined : sumsOver(sum, node);
      let results: readonly Ref[] | undefined;
      const call: Rewrite = (body, refOf) => (results ??= callGradient(body, refOf, node, summed));
      made.set(node, (body, refOf) => call(body, refOf).slice(0, 1));
      if (sum !== undefined) {
        const shape = sum.outputs[0]?.shape ?? [];
        made.set(sum, (body, refOf) =>
          call(body, refOf)
            .slice(1)
            .map((ref) => body.reshape(ref, shape)),
        );
      }
    }
  }
  return { made, absorbed };
}

interface Convolution {
  readonly input: Use;
  readonly kernel: Use;
  readonly output: readonly number[];
  /** Whether it spreads its inputs, as a transposed convolution does and the gradient by an input. */
  readonly transposed: boolean;
  readonly stride: readonly number[];
  readonly padding: readonly number[];
}

function convolutionOf(node: TraceNode): Convolution | undefined {
  if (!isCovered(node)) return undefined;
  const output = node.outputs[0]?.shape ?? [];
  const [first, kernel, third] = node.inputs;
  const stride = strideOf(node);
  if (node.op === 'Conv2D' && first !== undefined && kernel !== undefined) {
    const padding = paddingOf(node, first.shape, kernel.shape, output);
    return { input: first, kernel, output, transposed: false, stride, padding };
  }
  if (node.op === 'Conv2DBackpropInput' && kernel !== undefined && third !== undefined) {
    const padding = paddingOf(node, output, kernel.shape, third.shape);
    return { input: third, kernel, output, transposed: true, stride, padding };
  }
  return undefined;
}

/** Whether the kernels know this kind of convolution. */
function isCovered(node: TraceNode): boolean {
  const dilations = attributeOf(node, 'dilations');
  const padding = attributeOf(node, 'padding');
  return (
    attributeOf(node, 'data_format') === 'NHWC' &&
    (padding === 'SAME' || padding === 'VALID') &&
    (dilations === undefined || (Array.isArray(dilations) && dilations.every((each) => each === 1))) &&
    node.outputs[0]?.dtype === 'float32'
  );
}

function strideOf(node: TraceNode): readonly number[] {
  const strides = attributeOf(node, 'strides');
  return Array.isArray(strides) ? strides.slice(1, 3).map(Number) : [1, 1];
}

/** Rows above and columns before an image, as TensorFlow pads it: the lesser half. */
function paddingOf(
  node: TraceNode,
  image: readonly number[],
  kernel: readonly number[],
  output: readonly number[],
): readonly number[] {
  if (attributeOf(node, 'padding') === 'VALID') return [0, 0];
  return strideOf(node).map((stride, axis) => {
    const spanned = ((output[axis + 1] ?? 0) - 1) * stride + (kernel[axis] ?? 0);
    return Math.floor(Math.max(0, spanned - (image[axis + 1] ?? 0)) / 2);
  });
}

type Summed = 'gradients' | 'inputs';

/** Whether a node sums up, channel by channel, what a kernel gradient takes. */
function sumsOver({ op, inputs }: TraceNode, gradient: TraceNode): Summed | undefined {
  const [values, axes] = inputs;
  if (op !== 'Sum' || values?.source.kind !== 'output' || axes?.source.kind !== 'constant') return undefined;
  const all = [...axes.source.values].map(Number).sort((a, b) => a - b);
  if (values.shape.length !== 4 || all.join() !== '0,1,2') return undefined;
  const isSame = (use: Use | undefined): boolean =>
    use?.source === values.source && use.shape.join() === values.shape.join();
  if (isSame(gradient.inputs[2])) return 'gradients';
  return isSame(gradient.inputs[0]) ? 'inputs' : undefined;
}

function callConvolution(
  body: Body,
  refOf: (use: Use) => Ref,
  { input, kernel, output, transposed, stride, padding }: Convolution,
  finish: Finish,
): readonly Ref[] {
  const { operands, config } = finishArguments(body, refOf, finish);
  return customCall(body, {
    target: 'hourglass_convolution',
    operands: [refOf(input), refOf(kernel), ...operands],
    results: [output],
    config: {
      stride: integers(stride),
      padding: integers(padding),
      transposed: String(transposed),
      ...config,
    },
  });
}

function callGradient(
  body: Body,
  refOf: (use: Use) => Ref,
  node: TraceNode,
  summed: Summed | undefined,
): readonly Ref[] {
  const [input, , gradient] = node.inputs;
  const kernel = node.outputs[0]?.shape ?? [];
  if (input === undefined || gradient === undefined) throw new TypeError(`${node.op} lacks an argument`);
  const sums = summed === undefined ? [] : [[(summed === 'inputs' ? input : gradient).shape.at(-1) ?? 0]];
  return customCall(body, {
    target: 'hourglass_kernel_gradient',
    operands: [refOf(input), refOf(gradient)],
    results: [kernel, ...sums],
    config: {
      stride: integers(strideOf(node)),
      padding: integers(paddingOf(node, input.shape, kernel, gradient.shape)),
      summed: `${summed === undefined ? 0 : summed === 'gradients' ? 1 : 2} : i64`,
    },
  });
}
