/** Writes a trace down as the body of a TensorFlow function. */
import type { Binding, OpAttribute } from '../addon.ts';
import type { Body, Ref } from './body.ts';
import { kernelRewrites } from './kernels/rewrites.ts';
import { lower } from './lower.ts';
import { isOpName } from './ops.ts';
import { dtypeOf, type Attribute } from './proto.ts';
import { Untraceable, type Trace, type TraceNode, type Traced, type Use } from './trace.ts';

export interface ReplayOptions {
  readonly binding: Binding;
  /** Whether Hourglass's own kernels are to be called, which XLA alone can do. */
  readonly kernels: boolean;
}

/**
 * Writes the nodes of a trace on which some of its tensors depend.
 *
 * @param bind the tensors that stand for the step's arguments and variables
 * @returns gives what stands for a tensor of the trace
 * @throws Untraceable for an op that is not in the table
 */
export function replay(
  body: Body,
  { nodes, result, updates }: Trace,
  bind: (source: Extract<Traced, { kind: 'input' | 'variable' }>) => Ref,
  { binding, kernels }: ReplayOptions,
): (use: Use) => Ref {
  const needed = neededNodes([result, ...updates.filter((use) => use !== undefined)]);
  const own = nodes.filter((node) => needed.has(node));
  const rewrites = kernels ? kernelRewrites(own, result, updates) : undefined;
  const made = new Map<TraceNode, readonly Ref[]>();
  const refOf = ({ source, shape }: Use): Ref => {
    const ref = sourceRef(source);
    return shape.join() === ref.shape?.join() ? ref : body.reshape(ref, shape);
  };
  const sourceRef = (source: Traced): Ref => {
    if (source.kind === 'constant') return body.constant(source.dtype, source.shape, source.values);
    if (source.kind !== 'output') return bind(source);
    const ref = made.get(source.node)?.[source.index];
    if (ref === undefined) throw new TypeError(`${source.node.op} is used before it is made`);
    return ref;
  };
  for (const node of own) {
    if (rewrites?.absorbed.has(node) === true) continue;
    const rewrite = rewrites?.made.get(node);
    if (rewrite !== undefined) {
      made.set(node, rewrite(body, refOf));
      continue;
    }
    const inputs = node.inputs.map(refOf);
    const outputs = (lower(body, node, inputs) ?? emitOp(body, node, inputs, binding)).map(
      (output, index) => ({ shape: node.outputs[index]?.shape ?? [], ...output }),
    );
    made.set(node, outputs);
  }
  for (const [node, ref] of rewrites?.last?.(body, refOf) ?? []) made.set(node, [ref]);
  return refOf;
}

function neededNodes(wanted: readonly Use[]): ReadonlySet<TraceNode> {
  const needed = new Set<TraceNode>();
  const open = wanted.map(({ source }) => source);
  for (let source = open.pop(); source !== undefined; source = open.pop()) {
    if (source.kind !== 'output' || needed.has(source.node)) continue;
    needed.add(source.node);
    open.push(...source.node.inputs.map((use) => use.source));
  }
  return needed;
}

function emitOp(body: Body, node: TraceNode, inputs: readonly Ref[], binding: Binding): readonly Ref[] {
  const { op, outputs } = node;
  if (!isOpName(op)) throw new Untraceable(`the op ${op} is not in the op table`);
  const attributes = node.attributes.map(
    (attribute) => [attribute.name, attributeOf(attribute, binding)] as const,
  );
  return body.addAll(op, inputs, Object.fromEntries(attributes), outputs.length);
}

/** An attribute as tfjs hands it to eager execution. */
function attributeOf({ name, type, value }: OpAttribute, binding: Binding): Attribute {
  const numbers = Array.isArray(value) && value.every((item) => typeof item === 'number') ? value : undefined;
  switch (type) {
    case binding.TF_ATTR_TYPE:
      if (typeof value === 'number') return { type: dtypeOf(value) };
      break;
    case binding.TF_ATTR_INT:
      if (typeof value === 'number') return { int: value };
      if (numbers !== undefined) return { ints: numbers };
      break;
    case binding.TF_ATTR_FLOAT:
      if (typeof value === 'number') return { float: value };
      break;
    case binding.TF_ATTR_BOOL:
      if (typeof value === 'boolean') return { bool: value };
      break;
    case binding.TF_ATTR_STRING:
      if (typeof value === 'string') return { string: value };
      break;
    case binding.TF_ATTR_SHAPE:
      if (numbers !== undefined) return { shape: numbers };
      break;
  }
  throw new Untraceable(`the attribute ${name} is of an unknown kind`);
}
