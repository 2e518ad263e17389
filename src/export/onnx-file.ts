/**
 * ONNX files: the messages of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, numbered as there, and a graph to which
 * operations are added one by one.
 */
import {
  bytesField,
  concat,
  floatField,
  integerField,
  messageField,
  type Field,
} from '../formats/protobuf.ts';
import type { Shape } from '../layers/layer.ts';

/** Of the operators and of the file, which ONNX Runtime 1.13 and later read. */
const OPERATORS = 17;
const FORMAT = 8;

const FLOAT = 1;
const INT64 = 7;

/** Numbers of `AttributeProto.type`. */
const ATTRIBUTE = { float: 1, int: 2, string: 3, ints: 7 } as const;

/** A value of an attribute: a whole number is an integer, unless it is marked as a float. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

export class OnnxGraph {
  readonly #name: string;
  readonly #nodes: Field[] = [];
  readonly #constants: Field[] = [];
  readonly #inputs: Field[] = [];
  #count = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** @param shape without the batch, which may have any size */
  input(name: string, shape: Shape): string {
    this.#inputs.push(messageField(11, valueInfo(name, shape)));
    return name;
  }

  /** Adds an operation with one output; returns its name. */
  add(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    output = this.#fresh(operator),
  ): string {
    this.#nodes.push(
      messageField(1, [
        ...inputs.map((name) => bytesField(1, name)),
        bytesField(2, output),
        bytesField(3, output),
        bytesField(4, operator),
        ...Object.entries(attributes).map(([name, value]) => messageField(5, attribute(name, value))),
      ]),
    );
    return output;
  }

  floats(values: Float32Array, shape: Shape, name = this.#fresh('constant')): string {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.#constants.push(messageField(5, tensor(name, FLOAT, shape, bytes)));
    return name;
  }

  float(value: number): string {
    return this.floats(Float32Array.of(value), []);
  }

  integers(values: readonly number[]): string {
    const name = this.#fresh('constant');
    const data = BigInt64Array.from(values, BigInt);
    this.#constants.push(messageField(5, tensor(name, INT64, [values.length], new Uint8Array(data.buffer))));
    return name;
  }

  /** The bytes of the file; equal graphs have equal bytes. */
  encode(output: string, shape: Shape, description: string): Uint8Array {
    const graph = [
      ...this.#nodes,
      bytesField(2, this.#name),
      ...this.#constants,
      ...this.#inputs,
      messageField(12, valueInfo(output, shape)),
    ];
    return concat([
      integerField(1, FORMAT),
      bytesField(2, 'Hourglass'),
      bytesField(6, description),
      messageField(7, graph),
      messageField(8, [bytesField(1, ''), integerField(2, OPERATORS)]),
    ]);
  }

  #fresh(stem: string): string {
    this.#count += 1;
    return `${stem}_${this.#count}`;
  }
}

function tensor(name: string, type: number, shape: Shape, data: Uint8Array): readonly Field[] {
  return [
    ...shape.map((length) => integerField(1, length)),
    integerField(2, type),
    bytesField(8, name),
    bytesField(9, data),
  ];
}

/** A float tensor whose first axis is the batch. */
function valueInfo(name: string, shape: Shape): readonly Field[] {
  const axes = [
    messageField(1, [bytesField(2, 'batch')]),
    ...shape.map((length) => messageField(1, [integerField(1, length)])),
  ];
  const type = messageField(1, [integerField(1, FLOAT), messageField(2, axes)]);
  return [bytesField(1, name), messageField(2, [type])];
}

function attribute(name: string, value: Attribute): readonly Field[] {
  const typed = (type: number, ...fields: readonly Field[]): readonly Field[] => [
    bytesField(1, name),
    ...fields,
    integerField(20, type),
  ];
  if (typeof value === 'string') return typed(ATTRIBUTE.string, bytesField(4, value));
  if (typeof value === 'number') return typed(ATTRIBUTE.int, integerField(3, value));
  if ('float' in value) return typed(ATTRIBUTE.float, floatField(2, value.float));
  return typed(ATTRIBUTE.ints, ...value.map((each) => integerField(8, each)));
}
