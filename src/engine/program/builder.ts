/** Builds programs, one instruction after another. */
import { inferTypes } from './instructions.ts';
import {
  type Attributes,
  type OpName,
  type Instruction,
  type InstructionOf,
  type Parameter,
  type Program,
  type Update,
  type Value,
} from './program.ts';
import { elementsOf, ProgramError, type DType, type Elements, type Shape, type Type } from './types.ts';

export class ProgramBuilder {
  readonly #parameters: Parameter[] = [];
  readonly #instructions: Instruction[] = [];
  readonly #producers = new Map<Value, Instruction>();
  /** Scalar constants by type and number: each is written once. */
  readonly #scalars = new Map<string, Value>();

  parameter(kind: Parameter['kind'], name: string, type: Type): Value {
    const value: Value = { type };
    this.#parameters.push({ kind, name, value });
    return value;
  }

  /**
   * Adds an instruction with one result.
   *
   * @throws ProgramError where operands or attributes do not fit
   */
  add<Op extends OpName>(op: Op, operands: readonly Value[], attributes: Attributes[Op]): Value {
    const [value, ...more] = this.addAll(op, operands, attributes);
    if (value === undefined || more.length > 0)
      throw new ProgramError(`${op} has ${more.length + 1} results`);
    return value;
  }

  /** @throws ProgramError where operands or attributes do not fit */
  addAll<Op extends OpName>(
    op: Op,
    operands: readonly Value[],
    attributes: Attributes[Op],
  ): readonly Value[] {
    const types = operands.map(({ type }) => type);
    const results = inferTypes(op, types, attributes).map((type): Value => ({ type }));
    const own: InstructionOf<Op> = { op, operands, attributes, results };
    // The attributes belong to the name, which the compiler cannot infer.
    const instruction = own as unknown as Instruction;
    this.#instructions.push(instruction);
    for (const value of results) this.#producers.set(value, instruction);
    return results;
  }

  /** The instruction that makes a value; undefined for a parameter. */
  producerOf(value: Value): Instruction | undefined {
    return this.#producers.get(value);
  }

  /** The first operand and the attributes of the instruction that makes a value; undefined if that is not an `op`. */
  sourceOf<Op extends OpName>(
    value: Value,
    op: Op,
  ): { readonly operand: Value; readonly attributes: Attributes[Op] } | undefined {
    const producer = this.#producers.get(value);
    const operand = producer?.operands[0];
    if (producer?.op !== op || operand === undefined) return undefined;
    // These are the attributes of this `op`, which the compiler cannot infer.
    return { operand, attributes: producer.attributes as Attributes[Op] };
  }

  /** The elements of a value that is a constant; undefined for any other. */
  constantOf(value: Value): Elements | undefined {
    const producer = this.#producers.get(value);
    return producer?.op === 'constant' ? producer.attributes.elements : undefined;
  }

  constant(dtype: DType, shape: Shape, elements: Elements): Value {
    if (shape.length > 0) return this.add('constant', [], { dtype, shape, elements });
    return this.scalar(elements[0] ?? 0, dtype);
  }

  /** @param number rounded to the type */
  scalar(number: number, dtype: DType = 'float32'): Value {
    const elements = elementsOf({ dtype, shape: [] });
    elements[0] = number;
    const key = scalarKey(dtype, elements[0] ?? 0);
    const known = this.#scalars.get(key);
    if (known !== undefined) return known;
    const value = this.add('constant', [], { dtype, shape: [], elements });
    this.#scalars.set(key, value);
    return value;
  }

  finish(results: readonly Value[], updates: readonly Update[] = []): Program {
    return { parameters: this.#parameters, instructions: this.#instructions, results, updates };
  }
}

/** Different for -0 and 0. */
function scalarKey(dtype: DType, number: number): string {
  return `${dtype} ${Object.is(number, -0) ? '-0' : number}`;
}
