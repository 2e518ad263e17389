/**
 * Groups of elementwise instructions and reductions that go over the same elements and can run together: loop fusion (K. Kennedy,
 * K. S. McKinley, "Maximizing loop parallelism and improving data locality via loop fusion and distribution", LCPC 1993). Each
 * instruction joins, in order, the groups that make or read its operands, unless
 *
 * - it needs the result of a reduction in the group, which is complete only at the end, or
 * - it needs a value from outside that depends on the group: a group runs as a whole.
 *
 * Reshapes are ignored, since they move nothing.
 */
import { sizeOf } from '../../../core/shape.ts';
import { isElementwise } from '../elementwise.ts';
import { producersOf, type Instruction, type Program, type Value } from '../program.ts';
import type { Shape } from '../types.ts';
import { commonSpace } from './iteration-space.ts';

export interface Group {
  /** In the order of the program. */
  members: readonly Instruction[];
  space: Shape;
}

/** An instruction that is in no group is a cluster of its own. */
export type Cluster = Group | Instruction;

/** Limits of a group, well within the kernel's: it takes a few times as many. */
const MOST = { members: 96, operands: 32, axes: 5 } as const;

export class ElementwiseGroups {
  readonly #producers: ReadonlyMap<Value, Instruction>;
  /** The position of an instruction in the program. */
  readonly #places: ReadonlyMap<Instruction, number>;
  readonly #groups = new Map<Instruction, Group>();
  /** The groups that read a value. */
  readonly #readers = new Map<Value, Set<Group>>();

  constructor(program: Program) {
    this.#producers = producersOf(program);
    this.#places = new Map(program.instructions.map((instruction, index) => [instruction, index]));
    for (const instruction of program.instructions) {
      const space = spaceOf(instruction);
      if (space !== undefined) this.#place(instruction, space);
    }
  }

  clusterOf(instruction: Instruction): Cluster {
    return this.#groups.get(instruction) ?? instruction;
  }

  groupOf(instruction: Instruction): Group | undefined {
    return this.#groups.get(instruction);
  }

  /** A value as it is before all reshapes. */
  baseOf(value: Value): Value {
    const producer = this.#producers.get(value);
    const [operand] = producer?.operands ?? [];
    return producer?.op === 'reshape' && operand !== undefined ? this.baseOf(operand) : value;
  }

  /** The instruction that makes a value before all reshapes; undefined for a parameter. */
  producerOf(value: Value): Instruction | undefined {
    return this.#producers.get(this.baseOf(value));
  }

  /** The clusters that must run before a cluster. */
  before(cluster: Cluster): readonly Cluster[] {
    const found = new Set<Cluster>();
    for (const { operands } of membersOf(cluster)) {
      for (const operand of operands) {
        const producer = this.producerOf(operand);
        if (producer !== undefined) found.add(this.clusterOf(producer));
      }
    }
    found.delete(cluster);
    return [...found];
  }

  #place(instruction: Instruction, space: Shape): void {
    const own: Group = { members: [instruction], space: commonSpace(space, space) ?? space };
    this.#groups.set(instruction, own);
    const bases = instruction.operands.map((operand) => this.baseOf(operand));
    const makers = bases.flatMap((base) => this.#groups.get(this.#producers.get(base) as Instruction) ?? []);
    const siblings = bases
      .filter(({ type }) => sizeOf(type.shape) === sizeOf(space))
      .flatMap((base) => [...(this.#readers.get(base) ?? [])]);
    for (const base of bases) this.#addReader(base, own);
    let group = own;
    for (const other of new Set([...makers, ...siblings])) group = this.#merged(other, group) ?? group;
  }

  #addReader(base: Value, group: Group): void {
    const known = this.#readers.get(base);
    if (known === undefined) this.#readers.set(base, new Set([group]));
    else known.add(group);
  }

  /** Merges two groups, if that is possible. */
  #merged(one: Group, other: Group): Group | undefined {
    // A group that has been merged in the meantime.
    if (one === other || this.#groups.get(one.members[0] as Instruction) !== one) return undefined;
    const space = sharedSpace(one.space, other.space);
    const isSmall = one.members.length + other.members.length <= MOST.members;
    if (space === undefined || !isSmall) return undefined;
    const readsReduced = (reader: Group, maker: Group): boolean =>
      reader.members.some(({ operands }) =>
        operands.some((operand) => {
          const producer = this.producerOf(operand);
          return producer !== undefined && isReduction(producer) && maker.members.includes(producer);
        }),
      );
    if (readsReduced(other, one) || readsReduced(one, other)) return undefined;
    if (this.#reaches(one, other) || this.#reaches(other, one)) return undefined;
    const placeOf = (member: Instruction): number => this.#places.get(member) ?? 0;
    const members = [...one.members, ...other.members].sort((a, b) => placeOf(a) - placeOf(b));
    if (this.#operandsOf(members).size > MOST.operands) return undefined;
    one.members = members;
    one.space = space;
    for (const member of other.members) {
      this.#groups.set(member, one);
      for (const operand of member.operands) {
        const readers = this.#readers.get(this.baseOf(operand));
        readers?.delete(other);
        readers?.add(one);
      }
    }
    return one;
  }

  #operandsOf(members: readonly Instruction[]): ReadonlySet<Value> {
    const made = new Set(members.flatMap(({ results }) => results));
    const read = members.flatMap(({ operands }) => operands.map((operand) => this.baseOf(operand)));
    return new Set(read.filter((value) => !made.has(value)));
  }

  /** Whether a cluster depends on a group by way of others. */
  #reaches(group: Group, cluster: Cluster): boolean {
    const seen = new Set<Cluster>([cluster]);
    const open = this.before(cluster).filter((each) => each !== group);
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (next === group) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(...this.before(next));
    }
    return false;
  }
}

export function membersOf(cluster: Cluster): readonly Instruction[] {
  return 'members' in cluster ? cluster.members : [cluster];
}

export function isReduction({ op }: Instruction): boolean {
  return op === 'reduce_sum' || op === 'reduce_max' || op === 'reduce_min';
}

/** The space of two groups together; undefined if there is none, or it has too many axes. */
export function sharedSpace(one: Shape, other: Shape): Shape | undefined {
  const space = commonSpace(one, other);
  return space === undefined || space.length > MOST.axes ? undefined : space;
}

/** The space of an instruction; undefined if it is neither elementwise nor a reduction, or computes nothing. */
export function spaceOf(instruction: Instruction): Shape | undefined {
  const { op, operands, results } = instruction;
  const over = isReduction(instruction) ? operands[0] : isElementwise(op) ? results[0] : undefined;
  return over === undefined || sizeOf(over.type.shape) === 0 ? undefined : over.type.shape;
}
