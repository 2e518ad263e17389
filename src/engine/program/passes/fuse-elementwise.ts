/**
 * Fuses elementwise instructions and reductions over the same elements into one instruction: values go through registers, block
 * by block, and memory holds only its inputs and what others need. (`elementwise-groups.ts` chooses the groups.)
 *
 * A group recomputes a value of another group if that is cheap and takes no more memory. For instance, the normalized activations
 * of a batch normalization follow from its input by a subtraction and a product: they are computed in the forward pass, and twice
 * in the gradient. (Rematerialization: P. Briggs, K. D. Cooper, L. Torczon, PLDI 1992.)
 */
import { sizeOf } from '../../../core/shape.ts';
import { ProgramBuilder } from '../builder.ts';
import type { ElementwiseName } from '../elementwise.ts';
import {
  outputsOf,
  type Attributes,
  type Instruction,
  type OpName,
  type Program,
  type Value,
} from '../program.ts';
import { sameShape, type Shape } from '../types.ts';
import { bodyName } from '../body-names.ts';
import {
  ElementwiseGroups,
  isReduction,
  membersOf,
  sharedSpace,
  spaceOf,
  type Cluster,
  type Group,
} from './elementwise-groups.ts';
import { restated, splitAxes } from './iteration-space.ts';
import type { Pass } from './pass.ts';

export const fuseElementwise: Pass = {
  name: 'fuse-elementwise',
  run: (program) => new Fusion(program).write(),
};

/** Functions that take about as long as reading an element. */
const CHEAP: ReadonlySet<OpName> = new Set<ElementwiseName>([
  ...([
    'neg',
    'abs',
    'square',
    'relu',
    'relu6',
    'leaky_relu',
    'clamp',
    'add',
    'sub',
    'mul',
    'max',
    'min',
  ] as const),
  ...(['relu_gradient', 'eq', 'ne', 'lt', 'le', 'gt', 'ge', 'and', 'or', 'not', 'select', 'cast'] as const),
]);

/** The most instructions that are recomputed for one value. */
const MOST_REPEATED = 6;

interface Repeatable {
  readonly value: Value;
  /** In order. */
  readonly instructions: readonly Instruction[];
  /** Arrays of the group's size. */
  readonly leaves: readonly Value[];
}

function isCheap(instruction: Instruction | undefined): boolean {
  return instruction !== undefined && CHEAP.has(instruction.op);
}

class Fusion {
  readonly #program: Program;
  readonly #groups: ElementwiseGroups;
  /** The members of each group, and before them the instructions that it recomputes. */
  readonly #bodies = new Map<Group, readonly Instruction[]>();
  readonly #builder = new ProgramBuilder();
  readonly #values = new Map<Value, Value>();
  readonly #written = new Set<Cluster>();

  constructor(program: Program) {
    this.#program = program;
    this.#groups = new ElementwiseGroups(program);
  }

  write(): Program {
    const { parameters, instructions, results, updates } = this.#program;
    const read = this.#readOutside();
    for (const instruction of instructions) {
      const group = this.#groups.groupOf(instruction);
      if (group !== undefined && !this.#bodies.has(group))
        this.#bodies.set(group, this.#withRepeated(group, read));
    }
    for (const { kind, name, value } of parameters)
      this.#values.set(value, this.#builder.parameter(kind, name, value.type));
    const needed = this.#needed();
    for (const instruction of instructions) {
      // A cluster is written where it is complete; a reshape, where it is read.
      const cluster = this.#groups.clusterOf(instruction);
      if (instruction.op !== 'reshape' && membersOf(cluster).at(-1) === instruction)
        this.#write(cluster, needed);
    }
    return this.#builder.finish(
      results.map((value) => this.#valueOf(value)),
      updates.map(({ variable, value }) => ({
        variable: this.#valueOf(variable),
        value: this.#valueOf(value),
      })),
    );
  }

  /** Values, before reshapes, that clusters other than their own read: only groups, or others too. */
  #readOutside(): ReadonlyMap<Value, 'groups' | 'others'> {
    const read = new Map<Value, 'groups' | 'others'>();
    for (const instruction of this.#program.instructions) {
      if (instruction.op === 'reshape') continue;
      const group = this.#groups.groupOf(instruction);
      for (const operand of instruction.operands) {
        const base = this.#groups.baseOf(operand);
        if (group === undefined) read.set(base, 'others');
        else if (this.#groupOf(base) !== group && read.get(base) === undefined) read.set(base, 'groups');
      }
    }
    for (const value of outputsOf(this.#program)) read.set(this.#groups.baseOf(value), 'others');
    return read;
  }

  #groupOf(base: Value): Group | undefined {
    const producer = this.#groups.producerOf(base);
    return producer && this.#groups.groupOf(producer);
  }

  /**
   * The body of a group: the instructions that it recomputes, then its members. A value is recomputed if that reads at most one
   * array that the group does not read anyway: that array is then read instead of the value's own.
   */
  #withRepeated(group: Group, read: ReadonlyMap<Value, 'groups' | 'others'>): readonly Instruction[] {
    const size = sizeOf(group.space);
    const repeated = new Set<Instruction>();
    const reads = new Set(
      group.members
        .flatMap(({ operands }) => operands.map((operand) => this.#groups.baseOf(operand)))
        .filter((base) => sizeOf(base.type.shape) === size && this.#groupOf(base) !== group),
    );
    const candidates = [...reads].flatMap((base) => this.#repeatable(base, size, read) ?? []);
    let open = candidates;
    for (let before = -1; before !== open.length;) {
      before = open.length;
      open = open.filter(({ value, instructions, leaves }) => {
        if (leaves.filter((leaf) => !reads.has(leaf)).length > 1) return true;
        const space = instructions.reduce<Shape | undefined>(
          (common, instruction) => common && sharedSpace(common, spaceOf(instruction) ?? []),
          group.space,
        );
        if (space === undefined) return true;
        group.space = space;
        reads.delete(value);
        leaves.forEach((leaf) => reads.add(leaf));
        instructions.forEach((instruction) => repeated.add(instruction));
        return false;
      });
    }
    return [...repeated, ...group.members];
  }

  /** How to recompute a value of another group cheaply from arrays that are in memory anyway; undefined if that is not possible. */
  #repeatable(
    value: Value,
    size: number,
    read: ReadonlyMap<Value, 'groups' | 'others'>,
  ): Repeatable | undefined {
    if (read.get(value) === 'others' || this.#groupOf(value) === undefined) return undefined;
    const found = new Set<Instruction>();
    const leaves = new Set<Value>();
    const visited = new Set<Value>();
    const visit = (base: Value): void => {
      if (visited.has(base) || found.size > MOST_REPEATED || sizeOf(base.type.shape) !== size) return;
      visited.add(base);
      const producer = this.#groups.producerOf(base);
      const isInMemory = read.get(base) === 'others' || (read.has(base) && !isCheap(producer));
      if (producer === undefined || this.#groupOf(base) === undefined || (base !== value && isInMemory)) {
        leaves.add(base);
        return;
      }
      producer.operands.forEach((operand) => visit(this.#groups.baseOf(operand)));
      found.add(producer);
    };
    visit(value);
    const instructions = [...found];
    return instructions.every(isCheap) && instructions.length <= MOST_REPEATED
      ? { value, instructions, leaves: [...leaves] }
      : undefined;
  }

  /** Values, before reshapes, that must be in memory: of a group, those that are read outside it. */
  #needed(): ReadonlySet<Value> {
    const needed = new Set(outputsOf(this.#program).map((value) => this.#groups.baseOf(value)));
    const need = (body: readonly Instruction[]): void => {
      const made = new Set(body.flatMap(({ results }) => results));
      const read = body.flatMap(({ operands }) => operands.map((operand) => this.#groups.baseOf(operand)));
      read.filter((base) => !made.has(base)).forEach((base) => needed.add(base));
    };
    for (const instruction of this.#program.instructions) {
      if (this.#groups.groupOf(instruction) === undefined && instruction.op !== 'reshape')
        need([instruction]);
    }
    for (let before = -1; before !== needed.size;) {
      before = needed.size;
      for (const group of this.#bodies.keys()) need(this.#liveBody(group, needed));
    }
    return needed;
  }

  /** The part of a group's body that needed values depend on. */
  #liveBody(group: Group, needed: ReadonlySet<Value>): readonly Instruction[] {
    const live = new Set(
      group.members.flatMap(({ results }) => results.filter((value) => needed.has(value))),
    );
    const kept = (this.#bodies.get(group) ?? []).toReversed().filter((instruction) => {
      const isLive = instruction.results.some((value) => live.has(value));
      if (isLive) instruction.operands.forEach((operand) => live.add(this.#groups.baseOf(operand)));
      return isLive;
    });
    return kept.reverse();
  }

  /** The new value for an old one; a reshape is written where it is read first. */
  #valueOf(value: Value): Value {
    const known = this.#values.get(value);
    if (known !== undefined) return known;
    const base = this.#groups.baseOf(value);
    if (base === value) throw new TypeError('a value is read before it is made');
    const made = this.#reshaped(this.#valueOf(base), value.type.shape);
    this.#values.set(value, made);
    return made;
  }

  #reshaped(value: Value, shape: Shape): Value {
    const source = this.#builder.sourceOf(value, 'reshape')?.operand ?? value;
    return sameShape(source.type.shape, shape) ? source : this.#builder.add('reshape', [source], { shape });
  }

  /** Writes a cluster after those that it needs. */
  #write(cluster: Cluster, needed: ReadonlySet<Value>): void {
    if (this.#written.has(cluster)) return;
    this.#written.add(cluster);
    const body = 'members' in cluster ? this.#liveBody(cluster, needed) : [cluster];
    for (const { operands } of body) {
      for (const operand of operands) {
        const producer = this.#groups.producerOf(operand);
        if (producer !== undefined && !body.includes(producer))
          this.#write(this.#groups.clusterOf(producer), needed);
      }
    }
    const results = membersOf(cluster).flatMap((member) =>
      member.results.filter((value) => needed.has(value)),
    );
    if (!('members' in cluster)) this.#keep(cluster);
    else if (body.length > 1) this.#fuse(cluster, body, results);
    else body.forEach((member) => this.#keep(member));
  }

  #keep({ op, operands, attributes, results }: Instruction): void {
    const made = this.#builder.addAll(
      op,
      operands.map((operand) => this.#valueOf(operand)),
      attributes,
    );
    results.forEach((value, index) => this.#values.set(value, made[index] ?? value));
  }

  #fuse({ space }: Group, body: readonly Instruction[], results: readonly Value[]): void {
    const builder = new ProgramBuilder();
    const inner = new Map<Value, Value>();
    const outer: Value[] = [];
    const parameters = new Map<string, Value>();
    const numbers = new Map<Value, number>();
    const parameterFor = (base: Value, shape: Shape): Value => {
      const constant = this.#scalarOf(base);
      if (constant !== undefined) return builder.scalar(...constant);
      const number = numbers.get(base) ?? numbers.size;
      numbers.set(base, number);
      const key = `${number} ${shape.join()}`;
      const known = parameters.get(key);
      if (known !== undefined) return known;
      const { dtype } = base.type;
      const parameter = builder.parameter('input', bodyName(outer.length), { dtype, shape });
      parameters.set(key, parameter);
      outer.push(this.#reshaped(this.#valueOf(base), shape));
      return parameter;
    };
    for (const instruction of body) {
      const { op, operands } = instruction;
      const [result] = instruction.results;
      if (result === undefined) throw new TypeError(`${op} has no result`);
      const own = isReduction(instruction) ? (operands[0]?.type.shape ?? []) : result.type.shape;
      const given = operands.map((operand) => {
        const base = this.#groups.baseOf(operand);
        return inner.get(base) ?? parameterFor(base, restated(operand.type.shape, own, space));
      });
      inner.set(result, builder.add(op, given, attributesIn(instruction, own, space)));
    }
    const made = this.#builder.addAll('fused', outer, {
      body: builder.finish(results.map((value) => inner.get(value) ?? value)),
    });
    results.forEach((value, index) => {
      const own = made[index];
      if (own !== undefined) this.#values.set(value, this.#reshaped(own, value.type.shape));
    });
  }

  /** The number of a constant, which becomes part of a body. */
  #scalarOf(base: Value): [number, Value['type']['dtype']] | undefined {
    const producer = this.#groups.producerOf(base);
    if (producer?.op !== 'constant' || sizeOf(base.type.shape) !== 1) return undefined;
    return [producer.attributes.elements[0] ?? 0, base.type.dtype];
  }
}

/** The attributes of an instruction; the axes of a reduction become those of a finer space. */
function attributesIn(instruction: Instruction, own: Shape, space: Shape): Attributes[OpName] {
  if (!isReduction(instruction)) return instruction.attributes;
  const split = splitAxes(own, space);
  const { axes } = instruction.attributes as Attributes['reduce_sum'];
  const inSpace = axes.flatMap((axis) => {
    const [first, end] = split[axis] ?? [0, 0];
    return Array.from({ length: end - first }, (_, index) => first + index);
  });
  return { axes: inSpace, keep: false };
}
