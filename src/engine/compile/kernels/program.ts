/**
 * Programs for the kernel that changes variables: elementwise nodes as instructions of a machine with one accumulator, so that
 * what one node gives and the next one takes goes through no memory.
 */
import { sizeOf } from '../../../core/shape.ts';
import type { TraceNode, Use } from '../trace.ts';

/** The instructions and their numbers in `instructions.h`. */
const CODES = {
  load: 0,
  store: 1,
  add: 2,
  subtract: 3,
  subtractFrom: 4,
  multiply: 5,
  divide: 6,
  divideInto: 7,
  maximum: 8,
  minimum: 9,
  squareRoot: 10,
  square: 11,
  absolute: 12,
  negate: 13,
} as const;

type Code = keyof typeof CODES;

/** What a node does to the accumulator, which holds its first operand, or its second. */
const OPERATIONS: Readonly<Record<string, { readonly first: Code; readonly second?: Code }>> = {
  Add: { first: 'add', second: 'add' },
  AddV2: { first: 'add', second: 'add' },
  Sub: { first: 'subtract', second: 'subtractFrom' },
  Mul: { first: 'multiply', second: 'multiply' },
  Div: { first: 'divide', second: 'divideInto' },
  RealDiv: { first: 'divide', second: 'divideInto' },
  Maximum: { first: 'maximum', second: 'maximum' },
  Minimum: { first: 'minimum', second: 'minimum' },
  Sqrt: { first: 'squareRoot' },
  Square: { first: 'square' },
  Abs: { first: 'absolute' },
  Neg: { first: 'negate' },
};

/** Numbers that the kernel can keep for later, as `plan.h` has it. */
const MOST_KEPT = 8;

/** Registers that the kernel has. */
const MOST_REGISTERS = 32;

/** Whether a node can be part of a program for arrays of this shape. */
export function isElementwise({ op, inputs, outputs }: TraceNode, shape: readonly number[]): boolean {
  const [output] = outputs;
  return (
    OPERATIONS[op] !== undefined &&
    output?.dtype === 'float32' &&
    output.shape.join() === shape.join() &&
    inputs.every(({ shape: used }) => sizeOf(used) === 1 || used.join() === shape.join())
  );
}

/** A result that takes the place of a variable. */
export interface Target {
  readonly node: TraceNode;
  /** Number of the variable. */
  readonly variable: number;
}

export interface Program {
  /** Arrays of the shape of the results. */
  readonly arrays: readonly Use[];
  readonly scalars: readonly Use[];
  /** Registers for what is only kept for later; they are the last ones. */
  readonly kept: number;
  /** Pairs of a code and an operand: a register, a scalar from -1 down, or 0 where there is none. */
  readonly instructions: readonly number[];
}

/**
 * Writes a program. Registers are the product if there is one, then the arrays, the results, and what is kept.
 *
 * @param nodes each after those that it takes from
 * @param product the node that the kernel computes itself
 * @returns undefined if the kernel has too few registers for it
 */
export function writeProgram(
  nodes: readonly TraceNode[],
  targets: readonly Target[],
  product: TraceNode | undefined,
): Program | undefined {
  const writer = new Writer(nodes, targets, product);
  for (const index of nodes.keys()) writer.write(index);
  return writer.finish();
}

type Operand =
  | { readonly kind: 'node'; readonly node: TraceNode }
  | { readonly kind: 'scalar' | 'array'; readonly number: number }
  | { readonly kind: 'product' | 'none' };

/** Where a value lies besides the accumulator. */
type Place = { readonly kind: 'result' | 'kept'; readonly number: number };

class Writer {
  readonly #nodes: readonly TraceNode[];
  readonly #targets: readonly Target[];
  readonly #product: TraceNode | undefined;
  readonly #arrays: Use[] = [];
  readonly #scalars: Use[] = [];
  readonly #operands: ReadonlyMap<TraceNode, readonly Operand[]>;
  readonly #places = new Map<TraceNode, Place>();
  readonly #instructions: { readonly code: Code; readonly operand: Operand | Place }[] = [];
  #kept = 0;
  #accumulated: TraceNode | undefined;

  constructor(nodes: readonly TraceNode[], targets: readonly Target[], product: TraceNode | undefined) {
    this.#nodes = nodes;
    this.#targets = targets;
    this.#product = product;
    const own = new Set(nodes);
    const shape = nodes[0]?.outputs[0]?.shape ?? [];
    this.#operands = new Map(
      nodes.map((node) => [node, node.inputs.map((use) => this.#operandOf(use, own, shape))]),
    );
  }

  write(index: number): void {
    const node = this.#nodes[index];
    if (node === undefined) return;
    const [a, b] = this.#operands.get(node) ?? [];
    const { first, second } = OPERATIONS[node.op] ?? {};
    if (a === undefined || first === undefined) throw new TypeError(`${node.op} is no instruction`);
    if (second === undefined || b === undefined) {
      if (!this.#holds(a)) this.#emit('load', a);
      this.#emit(first, { kind: 'none' });
    } else if (this.#holds(b) && !this.#holds(a)) {
      this.#emit(second, a);
    } else {
      if (!this.#holds(a)) this.#emit('load', a);
      this.#emit(first, b);
    }
    this.#accumulated = node;
    if (!this.#goesOn(index)) this.#store(index);
  }

  finish(): Program | undefined {
    this.#targets.forEach(({ node }, number) => {
      const place = this.#places.get(node);
      if (place === undefined) throw new TypeError('a result is not computed');
      if (place.kind === 'result' && place.number === number) return;
      this.#emit('load', place);
      this.#emit('store', { kind: 'result', number });
    });
    const arrays = this.#product === undefined ? 0 : 1;
    const results = arrays + this.#arrays.length;
    const registers = results + this.#targets.length + this.#kept;
    if (this.#kept > MOST_KEPT || registers > MOST_REGISTERS) return undefined;
    const registerOf = (operand: Operand | Place): number => {
      switch (operand.kind) {
        case 'node':
          return registerOf(this.#placeOf(operand.node));
        case 'scalar':
          return -1 - operand.number;
        case 'array':
          return arrays + operand.number;
        case 'product':
        case 'none':
          return 0;
        case 'result':
          return results + operand.number;
        case 'kept':
          return results + this.#targets.length + operand.number;
      }
    };
    return {
      arrays: this.#arrays,
      scalars: this.#scalars,
      kept: this.#kept,
      instructions: this.#instructions.flatMap(({ code, operand }) => [CODES[code], registerOf(operand)]),
    };
  }

  #operandOf(use: Use, own: ReadonlySet<TraceNode>, shape: readonly number[]): Operand {
    const { source, shape: used } = use;
    if (source.kind === 'output' && own.has(source.node)) return { kind: 'node', node: source.node };
    if (source.kind === 'output' && source.node === this.#product) return { kind: 'product' };
    const kind = used.join() === shape.join() ? 'array' : 'scalar';
    const list = kind === 'array' ? this.#arrays : this.#scalars;
    const known = list.findIndex((other) => other.source === source);
    return { kind, number: known === -1 ? list.push(use) - 1 : known };
  }

  /** Whether the accumulator holds an operand. */
  #holds(operand: Operand): boolean {
    return operand.kind === 'node' && operand.node === this.#accumulated;
  }

  #emit(code: Code, operand: Operand | Place): void {
    this.#instructions.push({ code, operand });
  }

  /** Whether a node's value is needed by the next node alone, and once. */
  #goesOn(index: number): boolean {
    const node = this.#nodes[index];
    const usesOf = (user: TraceNode | undefined): number =>
      (user === undefined ? [] : (this.#operands.get(user) ?? [])).filter(
        (operand) => operand.kind === 'node' && operand.node === node,
      ).length;
    const all = this.#nodes.reduce((sum, user) => sum + usesOf(user), 0);
    const isResult = this.#targets.some((target) => target.node === node);
    return !isResult && all === 1 && usesOf(this.#nodes[index + 1]) === 1;
  }

  /** Stores a result where it belongs, unless what lies there is still to be read. */
  #store(index: number): void {
    const node = this.#nodes[index];
    if (node === undefined) return;
    const number = this.#targets.findIndex((target) => target.node === node);
    const variable = this.#targets[number]?.variable;
    const isRead = this.#nodes.slice(index + 1).some((later) =>
      (this.#operands.get(later) ?? []).some((operand) => {
        if (operand.kind !== 'array') return false;
        const source = this.#arrays[operand.number]?.source;
        return source?.kind === 'variable' && source.index === variable;
      }),
    );
    const place: Place =
      number === -1 || isRead ? { kind: 'kept', number: this.#kept++ } : { kind: 'result', number };
    this.#places.set(node, place);
    this.#emit('store', place);
  }

  #placeOf(node: TraceNode): Place {
    const place = this.#places.get(node);
    if (place === undefined) throw new TypeError(`${node.op} is not kept`);
    return place;
  }
}
