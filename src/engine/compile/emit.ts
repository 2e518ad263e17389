/** Writes a trace down as the body of a TensorFlow function. */
import type { Binding, OpAttribute } from '../addon.ts';
import { lower } from './lower.ts';
import { isOpName, signatureOf, type Argument, type OpName } from './ops.ts';
import {
  dtypeOf,
  type Attribute,
  type Attributes,
  type DType,
  type FunctionDef,
  type NodeDef,
  type Values,
} from './proto.ts';
import { Untraceable, type Trace, type TraceNode, type Traced, type Use } from './trace.ts';

/** A tensor inside of a function under construction. */
export interface Ref {
  readonly ref: string;
  readonly dtype: DType;
}

export interface Parameter {
  readonly name: string;
  readonly dtype: DType;
  /** -1 for a length that is not known. */
  readonly shape: readonly number[];
}

/** Constants of up to this many values are written once a function, however often they are used. */
const SHARED_CONSTANT = 64;

/** The body of one function, node by node. */
export class Body {
  readonly #name: string;
  readonly #parameters: readonly Parameter[];
  readonly #nodes: NodeDef[] = [];
  readonly #constants = new Map<string, Ref>();

  constructor(name: string, parameters: readonly Parameter[]) {
    this.#name = name;
    this.#parameters = parameters;
  }

  /** The argument of a function that has this name. */
  parameter(name: string): Ref {
    const found = this.#parameters.find((parameter) => parameter.name === name);
    if (found === undefined) throw new TypeError(`${this.#name} has no parameter ${name}`);
    return { ref: name, dtype: found.dtype };
  }

  /**
   * Adds an op that gives one tensor. Attributes of types that follow from the inputs are filled in; those that the op does
   * not have are left out.
   */
  add(op: OpName, inputs: readonly Ref[], attributes: Attributes = {}): Ref {
    const [output] = this.addAll(op, inputs, attributes, 1);
    if (output === undefined) throw new TypeError(`${op} gives nothing`);
    return output;
  }

  /** Adds an op that gives `count` tensors. */
  addAll(op: OpName, inputs: readonly Ref[], given: Attributes, count: number): readonly Ref[] {
    const signature = signatureOf(op);
    const attributes = withTypes(op, inputs, given);
    const name = `${op}_${this.#nodes.length}`;
    const kept = Object.entries(attributes).filter(
      ([key]) => signature.attributes.has(key) || key.startsWith('_'),
    );
    this.#nodes.push({
      name,
      op,
      inputs: inputs.map(({ ref }) => ref),
      attributes: Object.fromEntries(kept),
    });
    const [first] = signature.outputs;
    const isList = first?.list !== undefined;
    return Array.from({ length: count }, (_, index) => {
      const output = isList ? first : signature.outputs[index];
      if (output === undefined) throw new TypeError(`${op} has no output ${index}`);
      return {
        ref: `${name}:${output.name}:${isList ? index : 0}`,
        dtype: outputType(output, attributes, index),
      };
    });
  }

  constant(dtype: DType, shape: readonly number[], values: Values): Ref {
    const key =
      values.length <= SHARED_CONSTANT ? `${dtype} ${shape.join()}: ${[...values].join(' ')}` : undefined;
    const known = key === undefined ? undefined : this.#constants.get(key);
    if (known !== undefined) return known;
    const constant = this.add('Const', [], {
      dtype: { type: dtype },
      value: { tensor: { dtype, shape, values } },
    });
    if (key !== undefined) this.#constants.set(key, constant);
    return constant;
  }

  integer(value: number): Ref {
    return this.constant('int32', [], Int32Array.of(value));
  }

  integers(values: readonly number[]): Ref {
    return this.constant('int32', [values.length], Int32Array.from(values));
  }

  float(value: number): Ref {
    return this.constant('float32', [], Float32Array.of(value));
  }

  reshape(input: Ref, shape: readonly number[]): Ref {
    return this.add('Reshape', [input, this.integers(shape)]);
  }

  /** Ends the function. */
  define(outputs: readonly (Ref & { readonly name: string })[], attributes: Attributes = {}): FunctionDef {
    return {
      name: this.#name,
      inputs: this.#parameters,
      outputs: outputs.map(({ name, ref, dtype }) => ({ name, ref, dtype })),
      nodes: this.#nodes,
      attributes,
    };
  }
}

/** Adds the attributes of types and of lengths that the inputs imply: eager execution infers them, a graph does not. */
function withTypes(op: OpName, inputs: readonly Ref[], given: Attributes): Attributes {
  const attributes: Record<string, Attribute> = { ...given };
  let position = 0;
  for (const { type, list } of signatureOf(op).inputs) {
    const rest = inputs.slice(position);
    if (list === 'types') {
      if (typeof type === 'object') attributes[type.attribute] = { types: rest.map(({ dtype }) => dtype) };
      return attributes;
    }
    if (list !== undefined) attributes[list.count] ??= { int: rest.length };
    const [next] = rest;
    if (typeof type === 'object' && next !== undefined) attributes[type.attribute] = { type: next.dtype };
    const length = list === undefined ? undefined : attributes[list.count];
    position += length !== undefined && 'int' in length ? length.int : 1;
  }
  return attributes;
}

function outputType({ name, type, list }: Argument, attributes: Attributes, index: number): DType {
  if (typeof type === 'string') return type;
  const value = attributes[type.attribute];
  if (value !== undefined && 'type' in value) return value.type;
  const listed = list === 'types' && value !== undefined && 'types' in value ? value.types[index] : undefined;
  if (listed === undefined) throw new TypeError(`the type of ${name} is not known`);
  return listed;
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
  { nodes }: Pick<Trace, 'nodes'>,
  wanted: readonly Use[],
  bind: (source: Extract<Traced, { kind: 'input' | 'variable' }>) => Ref,
  binding: Binding,
): (use: Use) => Ref {
  const needed = neededNodes(wanted);
  const made = new Map<TraceNode, readonly Ref[]>();
  const refOf = ({ source, shape }: Use): Ref => {
    const ref = sourceRef(source);
    return shape.join() === source.shape.join() ? ref : body.reshape(ref, shape);
  };
  const sourceRef = (source: Traced): Ref => {
    if (source.kind === 'constant') return body.constant(source.dtype, source.shape, source.values);
    if (source.kind !== 'output') return bind(source);
    const ref = made.get(source.node)?.[source.index];
    if (ref === undefined) throw new TypeError(`${source.node.op} is used before it is made`);
    return ref;
  };
  for (const node of nodes) {
    if (!needed.has(node)) continue;
    const inputs = node.inputs.map(refOf);
    made.set(node, lower(body, node, inputs) ?? emitOp(body, node, inputs, binding));
  }
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
