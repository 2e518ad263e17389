/** The body of a TensorFlow function under construction, node by node. */
import { signatureOf, type Argument, type OpName } from './ops.ts';
import {
  type Attribute,
  type Attributes,
  type DType,
  type FunctionDef,
  type NodeDef,
  type Values,
} from './saved-model.ts';

/** A tensor inside a function under construction. */
export interface Ref {
  /** `node:output:index`, or the name of a parameter. */
  readonly ref: string;
  readonly dtype: DType;
  /** If it is known. */
  readonly shape?: readonly number[];
  /** For a reshaped tensor: the original one. */
  readonly base?: Ref;
}

export interface Parameter {
  readonly name: string;
  readonly dtype: DType;
  /** -1 for an unknown length. */
  readonly shape: readonly number[];
}

/** Constants of up to this many values are written once per function, however often they are used. */
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

  /** The function's argument of this name. */
  parameter(name: string): Ref {
    const found = this.#parameters.find((parameter) => parameter.name === name);
    if (found === undefined) throw new TypeError(`${this.#name} has no parameter ${name}`);
    return { ref: name, dtype: found.dtype, shape: found.shape };
  }

  /**
   * Adds an op with one result. Attributes of types that follow from the inputs are filled in; those that the op does
   * not have are left out.
   */
  add(op: OpName, inputs: readonly Ref[], attributes: Attributes = {}): Ref {
    const [output] = this.addAll(op, inputs, attributes, 1);
    if (output === undefined) throw new TypeError(`${op} has no result`);
    return output;
  }

  /** Adds an op with `count` results. */
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
    const shaped = { ...constant, shape };
    if (key !== undefined) this.#constants.set(key, shaped);
    return shaped;
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

  /** The same numbers in another shape; a reshape of a reshape becomes one reshape, or none. */
  reshape(input: Ref, shape: readonly number[]): Ref {
    const base = input.base ?? input;
    if (base.shape?.join() === shape.join()) return base;
    return { ...this.add('Reshape', [base, this.integers(shape)]), shape, base };
  }

  /** The same numbers as another type. */
  cast(input: Ref, type: DType): Ref {
    if (input.dtype === type) return input;
    const shape = input.shape === undefined ? {} : { shape: input.shape };
    return { ...this.add('Cast', [input], { DstT: { type } }), ...shape };
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
