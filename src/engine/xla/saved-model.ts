/**
 * TensorFlow's messages for graphs, written as bytes. The numbers of the fields are those of TensorFlow's own `.proto` files
 * in `tensorflow/core/framework` and `tensorflow/core/protobuf`.
 */
import {
  bytesField,
  concat,
  floatField,
  integerField,
  mapField,
  messageField,
  type Field,
} from '../../formats/protobuf.ts';

/** TensorFlow's numbers of types, from `types.proto`. */
const TYPES = {
  float32: 1,
  int32: 3,
  uint8: 4,
  int64: 9,
  bool: 10,
  uint32: 22,
  uint64: 23,
} as const;

export type DType = keyof typeof TYPES;

export function isDType(name: string): name is DType {
  return Object.hasOwn(TYPES, name);
}

/** @throws TypeError for a type that no tensor of a training step has */
export function dtypeOf(number: number): DType {
  const found = Object.entries(TYPES).find(([, value]) => value === number)?.[0];
  if (found === undefined || !isDType(found)) throw new TypeError(`unknown type ${number}`);
  return found;
}

export type Values = Float32Array | Int32Array | Uint8Array | Uint32Array | BigUint64Array;

/** The value of an attribute of a node. */
export type Attribute =
  | { readonly type: DType }
  | { readonly int: number }
  | { readonly float: number }
  | { readonly bool: boolean }
  | { readonly string: string }
  | { readonly shape: readonly number[] }
  | { readonly ints: readonly number[] }
  | { readonly strings: readonly string[] }
  | { readonly types: readonly DType[] }
  | { readonly shapes: readonly (readonly number[])[] }
  | { readonly function: string }
  | {
      readonly tensor: { readonly dtype: DType; readonly shape: readonly number[]; readonly values: Values };
    };

export type Attributes = Readonly<Record<string, Attribute>>;

export interface NodeDef {
  readonly name: string;
  readonly op: string;
  /** `node:output:index` inside of a function, `node:index` outside. */
  readonly inputs: readonly string[];
  readonly attributes: Attributes;
}

export interface FunctionDef {
  readonly name: string;
  readonly inputs: readonly { readonly name: string; readonly dtype: DType }[];
  readonly outputs: readonly { readonly name: string; readonly dtype: DType; readonly ref: string }[];
  readonly nodes: readonly NodeDef[];
  readonly attributes: Attributes;
}

/** A SavedModel of one graph, to be written as `saved_model.pb`. */
export function savedModel(nodes: readonly NodeDef[], functions: readonly FunctionDef[]): Uint8Array {
  const graph = [
    ...nodes.map((node) => messageField(1, nodeFields(node))),
    messageField(
      2,
      functions.map((definition) => messageField(1, functionFields(definition))),
    ),
    // The version of the graph's format, not of TensorFlow.
    messageField(4, [integerField(1, 2000)]),
  ];
  const metaGraph = [messageField(1, [bytesField(4, 'serve')]), messageField(2, graph)];
  return concat([integerField(1, 1), messageField(2, metaGraph)]);
}

function nodeFields({ name, op, inputs, attributes }: NodeDef): Field[] {
  return [
    bytesField(1, name),
    bytesField(2, op),
    ...inputs.map((input) => bytesField(3, input)),
    ...attributeFields(attributes),
  ];
}

function functionFields({ name, inputs, outputs, nodes, attributes }: FunctionDef): Field[] {
  const argument = (field: number, arg: { name: string; dtype: DType }): Field =>
    messageField(field, [bytesField(1, arg.name), integerField(3, TYPES[arg.dtype])]);
  return [
    messageField(1, [
      bytesField(1, name),
      ...inputs.map((input) => argument(2, input)),
      ...outputs.map((output) => argument(3, output)),
    ]),
    ...attributeFields(attributes),
    ...nodes.map((node) => messageField(3, nodeFields(node))),
    ...outputs.map((output) => messageField(4, [bytesField(1, output.name), bytesField(2, output.ref)])),
  ];
}

function attributeFields(attributes: Attributes): Field[] {
  return Object.entries(attributes).map(([name, value]) => mapField(5, name, [attributeField(value)]));
}

function attributeField(value: Attribute): Field {
  if ('type' in value) return integerField(6, TYPES[value.type]);
  if ('int' in value) return integerField(3, value.int);
  if ('float' in value) return floatField(4, value.float);
  if ('bool' in value) return integerField(5, value.bool);
  if ('string' in value) return bytesField(2, value.string);
  if ('shape' in value) return messageField(7, shapeFields(value.shape));
  if ('function' in value) return messageField(10, [bytesField(1, value.function)]);
  if ('tensor' in value) return messageField(8, tensorFields(value.tensor));
  return messageField(1, listFields(value));
}

type ListAttribute = Extract<
  Attribute,
  { ints: unknown } | { strings: unknown } | { types: unknown } | { shapes: unknown }
>;

function listFields(value: ListAttribute): Field[] {
  if ('ints' in value) return value.ints.map((int) => integerField(3, int));
  if ('strings' in value) return value.strings.map((text) => bytesField(2, text));
  if ('types' in value) return value.types.map((type) => integerField(6, TYPES[type]));
  return value.shapes.map((shape) => messageField(7, shapeFields(shape)));
}

/** A length of -1 is unknown. */
function shapeFields(shape: readonly number[]): Field[] {
  return shape.map((length) => messageField(2, [integerField(1, length)]));
}

function tensorFields({ dtype, shape, values }: Extract<Attribute, { tensor: unknown }>['tensor']): Field[] {
  const head = [integerField(1, TYPES[dtype]), messageField(2, shapeFields(shape))];
  // One number stands for all of them where they are equal.
  if (values instanceof Float32Array && values.length > 1 && isUniform(values)) {
    return [...head, floatField(5, values[0] ?? 0)];
  }
  return [...head, bytesField(4, new Uint8Array(values.buffer, values.byteOffset, values.byteLength))];
}

function isUniform(values: Float32Array): boolean {
  return values.every((value) => Object.is(value, values[0]));
}
