/**
 * What an optimizer does to the variables, by one call of a kernel for all of them: in place, in one pass over memory, and with the
 * products of matrices that give gradients computed on the way. XLA makes several passes, and copies what it still has to read.
 */
import { sizeOf } from '../../../core/shape.ts';
import type { Body, Ref } from '../body.ts';
import type { TraceNode, Use } from '../trace.ts';
import { customCall, integers } from './call.ts';
import { finishOf } from './finish.ts';
import { isProduct, transposed } from './products.ts';
import { isElementwise, writeProgram, type Program, type Target } from './program.ts';
import type { Rewrites, Users } from './rewrite.ts';

/** Variables that change together, by nodes that nobody else needs. */
export interface Group {
  readonly shape: readonly number[];
  readonly nodes: readonly TraceNode[];
  readonly targets: readonly Target[];
  readonly gradient: Gradient | undefined;
  readonly program: Program;
}

/** A gradient that the kernel computes itself. */
interface Gradient {
  /** What gives it, and whatever is done for it alone. */
  readonly node: TraceNode;
  readonly behind: readonly TraceNode[];
  /** The first factor, to be transposed; without one, the second is summed up. */
  readonly left?: Use;
  readonly right: Use;
}

export function updateRewrites(
  nodes: readonly TraceNode[],
  users: Users,
  updates: readonly (Use | undefined)[],
): Pick<Rewrites, 'absorbed' | 'last'> {
  const groups = groupsOf(users, updates);
  if (groups.length === 0) return { absorbed: new Set() };
  return {
    absorbed: new Set(
      groups.flatMap(({ nodes: own, gradient }) =>
        gradient === undefined ? own : [...own, gradient.node, ...gradient.behind],
      ),
    ),
    last: (body, refOf) => callUpdates(body, refOf, groups, productsWith(nodes, users, groups)),
  };
}

/** Updates that share nodes belong together. */
export function groupsOf(users: Users, updates: readonly (Use | undefined)[]): readonly Group[] {
  const groups: { targets: readonly Target[]; nodes: ReadonlySet<TraceNode> }[] = [];
  updates.forEach((use, variable) => {
    if (use?.source.kind !== 'output' || sizeOf(use.shape) === 1) return;
    const { node } = use.source;
    if (!isElementwise(node, use.shape)) return;
    const nodes = elementwiseBehind(node, use.shape);
    const related = groups.filter((group) => [...nodes].some((each) => group.nodes.has(each)));
    const merged = {
      targets: [...related.flatMap(({ targets }) => targets), { node, variable }],
      nodes: new Set([...related.flatMap((group) => [...group.nodes]), ...nodes]),
    };
    groups.splice(0, groups.length, ...groups.filter((group) => !related.includes(group)), merged);
  });
  return groups.flatMap(({ targets, nodes }) => closedGroup(users, targets, nodes) ?? []);
}

/** The nodes of one shape on which a node depends, with nodes of the same shape between. */
function elementwiseBehind(node: TraceNode, shape: readonly number[]): ReadonlySet<TraceNode> {
  const found = new Set<TraceNode>();
  const open = [node];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    for (const { source, shape: used } of next.inputs) {
      if (source.kind === 'output' && used.join() === shape.join() && isElementwise(source.node, shape))
        open.push(source.node);
    }
  }
  return found;
}

/** Leaves out what others need, too; nothing is left where they need what a variable becomes. */
function closedGroup(
  users: Users,
  targets: readonly Target[],
  given: ReadonlySet<TraceNode>,
): Group | undefined {
  const nodes = new Set(given);
  const results = new Set(targets.map(({ node }) => node));
  for (let before = -1; before !== nodes.size;) {
    before = nodes.size;
    for (const node of nodes) {
      if ((users.get(node) ?? []).every((user) => user === undefined || nodes.has(user))) continue;
      if (results.has(node)) return undefined;
      nodes.delete(node);
    }
  }
  const shape = targets[0]?.node.outputs[0]?.shape ?? [];
  const ordered = inputsFirst(nodes, [...results]);
  const gradient = gradientFor(ordered, shape, users);
  const program = writeProgram(ordered, targets, gradient?.node);
  return program === undefined ? undefined : { shape, nodes: ordered, targets, gradient, program };
}

/** Each node after those that it takes from, and close to them. */
function inputsFirst(nodes: ReadonlySet<TraceNode>, results: readonly TraceNode[]): readonly TraceNode[] {
  const placed = new Set<TraceNode>();
  const place = (node: TraceNode): void => {
    if (placed.has(node)) return;
    for (const { source } of node.inputs) {
      if (source.kind === 'output' && nodes.has(source.node)) place(source.node);
    }
    placed.add(node);
  };
  results.forEach(place);
  return [...placed];
}

/** The gradient by the weights or the bias of a dense layer, if nobody else takes it. */
function gradientFor(
  nodes: readonly TraceNode[],
  shape: readonly number[],
  users: Users,
): Gradient | undefined {
  const own = new Set<TraceNode | undefined>(nodes);
  for (const { inputs } of nodes) {
    for (const { source, shape: used } of inputs) {
      if (source.kind !== 'output' || used.join() !== shape.join()) continue;
      const { node } = source;
      if (!(users.get(node) ?? []).every((user) => own.has(user))) continue;
      const gradient = gradientOf(node, users);
      if (gradient !== undefined) return gradient;
    }
  }
  return undefined;
}

function gradientOf(node: TraceNode, users: Users): Gradient | undefined {
  const [first, second] = node.inputs;
  if (node.op === 'Reshape') {
    if (first?.source.kind !== 'output' || users.get(first.source.node)?.length !== 1) return undefined;
    const behind = gradientOf(first.source.node, users);
    return behind && { ...behind, node, behind: [behind.node, ...behind.behind] };
  }
  if (first === undefined || second === undefined) return undefined;
  // Inputs, transposed, times gradients.
  if (isProduct(node)) {
    const isGradient = transposed(node).join() === 'true,false';
    return isGradient ? { node, behind: [], left: first, right: second } : undefined;
  }
  // The sum of gradients over the samples of a batch.
  const isBatch = first.shape.length === 2 && second.source.kind === 'constant';
  return node.op === 'Sum' && isBatch && [...second.source.values].join() === '0'
    ? { node, behind: [], right: first }
    : undefined;
}

/**
 * The other products that the variables go into. They must be done before the variables change in place: otherwise XLA would
 * copy them.
 */
function productsWith(nodes: readonly TraceNode[], users: Users, groups: readonly Group[]): readonly Use[] {
  const changed = new Set(groups.flatMap(({ targets }) => targets.map(({ variable }) => variable)));
  const absorbed = new Set(groups.map(({ gradient }) => gradient?.node));
  return nodes
    .filter(
      (node) =>
        isProduct(node) &&
        !absorbed.has(node) &&
        node.inputs.some(({ source }) => source.kind === 'variable' && changed.has(source.index)),
    )
    .map((node) => outputOf(finishOf(node, users).last));
}

function outputOf(node: TraceNode): Use {
  const { shape = [], dtype = 'float32' } = node.outputs[0] ?? {};
  return { source: { kind: 'output', node, index: 0, shape, dtype }, shape };
}

/** The operands of the call, each once. */
class Operands {
  readonly refs: Ref[] = [];
  readonly #numbers = new Map<string, number>();

  add(ref: Ref): number {
    const known = this.#numbers.get(ref.ref);
    if (known !== undefined) return known;
    this.#numbers.set(ref.ref, this.refs.length);
    return this.refs.push(ref) - 1;
  }
}

/** @param before what must be there before the variables change */
function callUpdates(
  body: Body,
  refOf: (use: Use) => Ref,
  groups: readonly Group[],
  before: readonly Use[],
): ReadonlyMap<TraceNode, Ref> {
  const operands = new Operands();
  const plan = groups.flatMap((group) => planOf(group, (use) => operands.add(refOf(use))));
  const results = groups.flatMap(({ shape, targets }) =>
    targets.map(({ node, variable }) => ({
      node,
      shape,
      inPlaceOf: operands.add(body.parameter(`variable${variable}`)),
    })),
  );
  for (const use of before) operands.add(refOf(use));
  const outputs = customCall(body, {
    target: 'hourglass_update',
    operands: operands.refs,
    results: results.map(({ shape }) => shape),
    config: { plan: integers(plan) },
    inPlace: results.map(({ inPlaceOf }) => inPlaceOf),
  });
  return new Map(
    results.flatMap(({ node }, index) => {
      const output = outputs[index];
      return output === undefined ? [] : [[node, output] as const];
    }),
  );
}

/** In place of the number of an operand. */
const NONE = -1;

/** As `plan.h` reads it. */
function planOf(
  { shape, targets, gradient, program }: Group,
  operandOf: (use: Use) => number,
): readonly number[] {
  const arrays = program.arrays.map(operandOf);
  const scalars = program.scalars.map(operandOf);
  const left = gradient?.left === undefined ? NONE : operandOf(gradient.left);
  const right = gradient === undefined ? NONE : operandOf(gradient.right);
  const depth = gradient?.right.shape.at(-2) ?? 0;
  const columns = shape.at(-1) ?? 1;
  return [
    ...[sizeOf(shape) / columns, columns, depth, left, right],
    ...[arrays.length, ...arrays, scalars.length, ...scalars],
    ...[targets.length, program.kept],
    ...[program.instructions.length / 2, ...program.instructions],
  ];
}
