/**
 * Bodies of updates for the kernel that runs them: straight-line programs for a machine with one accumulator. A result that
 * only the next instruction reads stays in the accumulator; other values get a register.
 */
import { sizeOf } from '../../core/shape.ts';
import { ProgramError } from '../program/types.ts';
import {
  producersOf,
  readersOf,
  type Instruction,
  type Program,
  type Readers,
  type Value,
} from '../program/program.ts';
import type { UPDATE_FUNCTIONS } from '../program/passes/fuse-updates.ts';

/** The operations and their numbers in `instructions.h`. */
const CODES = {
  load: 0,
  store: 1,
  add: 2,
  subtract: 3,
  reverseSubtract: 4,
  multiply: 5,
  divide: 6,
  reverseDivide: 7,
  maximum: 8,
  minimum: 9,
  squareRoot: 10,
  square: 11,
  absolute: 12,
  negate: 13,
} as const;

type Code = keyof typeof CODES;

/** What an instruction does to the accumulator, which holds its first operand, or its second. */
const OPERATIONS: Readonly<
  Record<(typeof UPDATE_FUNCTIONS)[number], { readonly first: Code; readonly second?: Code }>
> = {
  add: { first: 'add', second: 'add' },
  sub: { first: 'subtract', second: 'reverseSubtract' },
  mul: { first: 'multiply', second: 'multiply' },
  div: { first: 'divide', second: 'reverseDivide' },
  max: { first: 'maximum', second: 'maximum' },
  min: { first: 'minimum', second: 'minimum' },
  sqrt: { first: 'squareRoot' },
  square: { first: 'square' },
  abs: { first: 'absolute' },
  neg: { first: 'negate' },
};

/** How many values the kernel can keep for later, and its registers, as in `update_plan.h`. */
const MAX_TEMPORARIES = 8;
const MAX_REGISTERS = 32;

export interface UpdateProgram {
  /** Parameters of the results' shape, except a gradient that the kernel computes. */
  readonly arrays: readonly Value[];
  readonly scalars: readonly Value[];
  /** Registers for values that are only stored for later; they are the last ones. */
  readonly temporaries: number;
  /** Pairs of a code and an operand: a register, a scalar from -1 down, or 0 where there is none. */
  readonly instructions: readonly number[];
}

export interface UpdateRegisters {
  /** The parameter that the kernel computes itself, if any. */
  readonly gradient: Value | undefined;
  /** For each result, the parameter whose memory it is written into. */
  readonly inPlaceOf: readonly (Value | undefined)[];
}

/**
 * Writes a body. Registers are the gradient if it is computed, then the arrays, the results, and temporaries.
 *
 * @throws ProgramError if the kernel has too few registers for it
 */
export function writeUpdateProgram(body: Program, registers: UpdateRegisters): UpdateProgram {
  const compiler = new UpdateCompiler(body, registers);
  for (const index of body.instructions.keys()) compiler.write(index);
  return compiler.finish();
}

type Slot =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'scalar' | 'array' | 'result' | 'temporary'; readonly number: number }
  | { readonly kind: 'gradient' | 'none' };

class UpdateCompiler {
  readonly #body: Program;
  readonly #registers: UpdateRegisters;
  readonly #readers: Readers;
  readonly #made: ReadonlyMap<Value, Instruction>;
  readonly #arrays: Value[] = [];
  readonly #scalars: Value[] = [];
  readonly #slots = new Map<Value, Slot>();
  readonly #written: { readonly code: Code; readonly slot: Slot }[] = [];
  #temporaries = 0;
  #accumulated: Value | undefined;

  constructor(body: Program, registers: UpdateRegisters) {
    this.#body = body;
    this.#registers = registers;
    this.#readers = readersOf(body);
    this.#made = producersOf(body);
  }

  write(index: number): void {
    const instruction = this.#body.instructions[index];
    const [result] = instruction?.results ?? [];
    if (instruction === undefined || result === undefined)
      throw new TypeError('an instruction without a result');
    const operation = (OPERATIONS as Partial<Record<string, { first: Code; second?: Code }>>)[instruction.op];
    const [a, b] = instruction.operands.map((operand) => this.#slotOf(operand));
    if (operation === undefined || a === undefined)
      throw new ProgramError(`updates do not support \`${instruction.op}\``);
    const { first, second } = operation;
    if (second === undefined || b === undefined) {
      if (!this.#isAccumulated(a)) this.#emit('load', a);
      this.#emit(first, { kind: 'none' });
    } else if (this.#isAccumulated(b) && !this.#isAccumulated(a)) {
      this.#emit(second, a);
    } else {
      if (!this.#isAccumulated(a)) this.#emit('load', a);
      this.#emit(first, b);
    }
    this.#accumulated = result;
    if (!this.#staysInAccumulator(index, result)) this.#store(index, result);
  }

  finish(): UpdateProgram {
    const { results } = this.#body;
    results.forEach((value, number) => {
      const slot = this.#slots.get(value);
      if (slot === undefined) throw new TypeError('a result is not computed');
      if (slot.kind === 'result' && slot.number === number) return;
      this.#emit('load', slot);
      this.#emit('store', { kind: 'result', number });
    });
    const firstArray = this.#registers.gradient === undefined ? 0 : 1;
    const firstResult = firstArray + this.#arrays.length;
    const firstTemporary = firstResult + results.length;
    if (this.#temporaries > MAX_TEMPORARIES || firstTemporary + this.#temporaries > MAX_REGISTERS)
      throw new ProgramError('an update needs more registers than the kernel has');
    const operandOf = (slot: Slot): number => {
      switch (slot.kind) {
        case 'value':
          return operandOf(this.#temporarySlot(slot.value));
        case 'scalar':
          return -1 - slot.number;
        case 'array':
          return firstArray + slot.number;
        case 'result':
          return firstResult + slot.number;
        case 'temporary':
          return firstTemporary + slot.number;
        case 'gradient':
        case 'none':
          return 0;
      }
    };
    return {
      arrays: this.#arrays,
      scalars: this.#scalars,
      temporaries: this.#temporaries,
      instructions: this.#written.flatMap(({ code, slot }) => [CODES[code], operandOf(slot)]),
    };
  }

  #slotOf(value: Value): Slot {
    if (this.#made.has(value)) return { kind: 'value', value };
    if (value === this.#registers.gradient) return { kind: 'gradient' };
    const kind = sizeOf(value.type.shape) === 1 ? 'scalar' : 'array';
    const list = kind === 'array' ? this.#arrays : this.#scalars;
    const known = list.indexOf(value);
    return { kind, number: known === -1 ? list.push(value) - 1 : known };
  }

  #isAccumulated(slot: Slot): boolean {
    return slot.kind === 'value' && slot.value === this.#accumulated;
  }

  #emit(code: Code, slot: Slot): void {
    this.#written.push({ code, slot });
  }

  /** Whether only the next instruction reads a value, and only once. */
  #staysInAccumulator(index: number, value: Value): boolean {
    const readers = this.#readers.get(value) ?? [];
    return (
      readers.length === 1 && readers[0] !== undefined && readers[0] === this.#body.instructions[index + 1]
    );
  }

  /** Stores a result in its own place, unless the value there is still read. */
  #store(index: number, value: Value): void {
    const number = this.#body.results.indexOf(value);
    const old = this.#registers.inPlaceOf[number];
    const isRead = this.#body.instructions
      .slice(index + 1)
      .some(({ operands }) => old !== undefined && operands.includes(old));
    const slot: Slot =
      number === -1 || isRead
        ? { kind: 'temporary', number: this.#temporaries++ }
        : { kind: 'result', number };
    this.#slots.set(value, slot);
    this.#emit('store', slot);
  }

  #temporarySlot(value: Value): Slot {
    const slot = this.#slots.get(value);
    if (slot === undefined) throw new TypeError('a value is not stored');
    return slot;
  }
}
