/** Writes random programs. They follow from a list of numbers: the smaller the numbers, the simpler the program. */
import { sizeOf } from '../../../src/core/shape.ts';
import { Philox } from '../../../src/core/philox.ts';
import { ProgramBuilder } from '../../../src/engine/program/builder.ts';
import type { Attributes, OpName, Parameter, Update, Value } from '../../../src/engine/program/program.ts';
import { broadcastShape, elementsOf, sameType } from '../../../src/engine/program/types.ts';
import type { DType, Elements, Shape, Type } from '../../../src/engine/program/types.ts';

/** Which numbers values begin with: small integers, others of common size, or also NaN, infinities, -0, denormals and limits. */
export type Numbers = 'whole' | 'common' | 'special';

/** Elements of a value; a program over larger ones says no more. */
const MOST_ELEMENTS = 300;

const LENGTHS = [1, 3, 2, 17, 5];
const SPECIAL = [Number.NaN, Infinity, -Infinity, -0, 2 ** -149, -(2 ** -130), 3e38, 2 ** -126];
const SPECIAL_INTEGERS = [-(2 ** 31), 2 ** 31 - 1, 0];

/** Decisions, one after another; the first possibility where none is left. */
export class Choices {
  readonly #numbers: readonly number[];
  #at = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  /** An integer from 0 to `count - 1`. */
  below(count: number): number {
    return (this.#numbers[this.#at++] ?? 0) % count;
  }

  of<T>(list: readonly [T, ...(readonly T[])] | readonly T[]): T {
    const chosen = list[this.below(list.length)];
    if (chosen === undefined) throw new RangeError('nothing to choose from');
    return chosen;
  }

  isSo(): boolean {
    return this.below(2) === 1;
  }

  /** Some of a list, in order. */
  some<T>(list: readonly T[]): readonly T[] {
    return list.filter(() => this.isSo());
  }
}

/** What an operand must be. */
export interface Wanted {
  readonly accepts: (type: Type) => boolean;
  /** The type of a new value, where no other is taken. */
  readonly fresh: () => Type;
}

export class RandomWriter {
  readonly builder = new ProgramBuilder();
  /** What may be read, oldest first. */
  readonly pool: Value[] = [];
  readonly variables: Value[] = [];
  readonly parameters: Parameter[] = [];
  readonly updates: Update[] = [];
  readonly #numbers: Numbers;
  /** In a body, values come from outside: new ones are scalar constants. */
  readonly #isBody: boolean;

  constructor(numbers: Numbers, isBody = false) {
    this.#numbers = numbers;
    this.#isBody = isBody;
  }

  /** For the body of an instruction of this program. */
  body(): RandomWriter {
    return new RandomWriter(this.#numbers, true);
  }

  write<Op extends OpName>(op: Op, operands: readonly Value[], attributes: Attributes[Op]): Value {
    const value = this.builder.add(op, operands, attributes);
    this.pool.push(value);
    return value;
  }

  parameter(kind: Parameter['kind'], type: Type): Value {
    const name = `${kind === 'input' ? 'x' : 'w'}${this.parameters.length}`;
    const value = this.builder.parameter(kind, name, type);
    this.parameters.push({ kind, name, value });
    this.pool.push(value);
    if (kind === 'variable') this.variables.push(value);
    return value;
  }

  /** An earlier value, the newest first, or a new input, variable or constant. */
  operand(choices: Choices, { accepts, fresh }: Wanted): Value {
    const known = this.pool.filter(({ type }) => accepts(type)).reverse();
    // Twice as often an earlier one, so that instructions build on each other.
    const chosen = known[Math.floor(choices.below(2 * known.length + (this.#isBody ? 1 : 3)) / 2)];
    if (chosen !== undefined) return chosen;
    const type = fresh();
    if (this.#isBody) return this.constant(choices, { dtype: type.dtype, shape: [] });
    const kind = choices.of(['input', 'variable', 'constant'] as const);
    return kind === 'constant' ? this.constant(choices, type) : this.parameter(kind, type);
  }

  ofType(choices: Choices, type: Type): Value {
    return this.operand(choices, { accepts: (other) => sameType(type, other), fresh: () => type });
  }

  /** Of any shape with `rank` axes; of any rank where none is given. */
  ofDType(choices: Choices, dtype: DType, rank?: number): Value {
    return this.operand(choices, {
      accepts: (type) => type.dtype === dtype && (rank === undefined || type.shape.length === rank),
      fresh: () => ({ dtype, shape: this.shape(choices, rank ?? choices.below(5)) }),
    });
  }

  /** Whose shape can be stretched with another one, as long as what results is small. */
  stretchable(choices: Choices, dtype: DType, shape: Shape): Value {
    return this.operand(choices, {
      accepts: (type) => {
        const both = broadcastShape(type.shape, shape);
        return type.dtype === dtype && both !== undefined && sizeOf(both) <= MOST_ELEMENTS;
      },
      fresh: () => ({ dtype, shape: part(choices, shape) }),
    });
  }

  constant(choices: Choices, type: Type): Value {
    const seed = choices.below(2 ** 16);
    const value = this.builder.constant(type.dtype, type.shape, elementsFor(type, seed, this.#numbers));
    if (!this.pool.includes(value)) this.pool.push(value);
    return value;
  }

  shape(choices: Choices, rank: number): Shape {
    const shape: number[] = [];
    while (shape.length < rank) {
      const length = choices.of(LENGTHS);
      shape.push(sizeOf(shape) * length > MOST_ELEMENTS ? 1 : length);
    }
    return shape;
  }

  /** [batch, height, width, channels] */
  images(choices: Choices): Shape {
    const [batch, height, width] = [1 + choices.below(3), 1 + choices.below(7), 1 + choices.below(7)];
    const channels = choices.of([1, 3, 2, 17]);
    return [batch, height, width, batch * height * width * channels > MOST_ELEMENTS ? 1 : channels];
  }
}

/** A shape that stretches to another one: without some leading axes, and with length 1 for some of the others. */
function part(choices: Choices, shape: Shape): Shape {
  const rest = choices.isSo() ? shape.slice(choices.below(shape.length + 1)) : shape;
  return choices.isSo() ? rest.map((length) => (choices.isSo() ? 1 : length)) : rest;
}

/** The same for the same seed. */
export function elementsFor(type: Type, seed: number, numbers: Numbers): Elements {
  const elements = elementsOf(type);
  const generator = new Philox([seed, elements.length]);
  for (let at = 0; at < elements.length; at++) {
    const isSpecial = numbers === 'special' && generator.integer(8) === 0;
    elements[at] = isSpecial ? specialFor(type, generator) : commonFor(type, generator, numbers);
  }
  return elements;
}

function specialFor({ dtype }: Type, generator: Philox): number {
  if (dtype === 'bool') return generator.integer(2);
  const list = dtype === 'float32' ? SPECIAL : SPECIAL_INTEGERS;
  return list[generator.integer(list.length)] ?? 0;
}

function commonFor({ dtype }: Type, generator: Philox, numbers: Numbers): number {
  if (dtype === 'bool') return generator.integer(2);
  if (dtype === 'int32' || numbers === 'whole') return generator.integer(7) - 3;
  // From -2 to 2, with a quarter of them close to 0.
  const number = generator.next() * 2 ** -30 - 2;
  return generator.integer(4) === 0 ? number / 64 : number;
}

export function isWithin(shape: Shape): boolean {
  return sizeOf(shape) <= MOST_ELEMENTS;
}
