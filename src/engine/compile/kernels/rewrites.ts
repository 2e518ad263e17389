/** What Hourglass's own kernels take over of a trace. */
import type { Body, Ref } from '../body.ts';
import type { TraceNode, Use } from '../trace.ts';
import { totalRewrites } from './batch.ts';
import { convolutionRewrites } from './convolutions.ts';
import { productRewrites } from './products.ts';
import { uniformRewrites } from './uniform.ts';
import { updateRewrites } from './updates.ts';

/** Writes what stands for the outputs of a node. */
export type Rewrite = (body: Body, refOf: (use: Use) => Ref) => readonly Ref[];

export interface Rewrites {
  /** What is written in place of a node. */
  readonly made: ReadonlyMap<TraceNode, Rewrite>;
  /** Nodes that others do the work of. */
  readonly absorbed: ReadonlySet<TraceNode>;
  /** What is written when all else is: it gives the outputs of nodes that are absorbed. */
  readonly last?: (body: Body, refOf: (use: Use) => Ref) => ReadonlyMap<TraceNode, Ref>;
}

/** Who takes a node's output; a result is taken by somebody outside, which is `undefined`. */
export type Users = ReadonlyMap<TraceNode, readonly (TraceNode | undefined)[]>;

/**
 * @param nodes those that results depend on
 * @param results of the step
 * @param updates what the variables become, where they change
 */
export function kernelRewrites(
  nodes: readonly TraceNode[],
  result: Use,
  updates: readonly (Use | undefined)[],
): Rewrites {
  const users = usersOf(nodes, [result, ...updates.filter((use) => use !== undefined)]);
  const convolutions = convolutionRewrites(nodes, users);
  const products = productRewrites(nodes, users);
  const changes = updateRewrites(nodes, users, updates);
  return {
    ...changes,
    made: new Map([
      ...convolutions.made,
      ...products.made,
      ...uniformRewrites(nodes),
      ...totalRewrites(nodes),
    ]),
    absorbed: new Set([...convolutions.absorbed, ...products.absorbed, ...changes.absorbed]),
  };
}

/** @param results what somebody outside takes */
export function usersOf(nodes: readonly TraceNode[], results: readonly Use[]): Users {
  const users = new Map<TraceNode, (TraceNode | undefined)[]>();
  const add = ({ source }: Use, user: TraceNode | undefined): void => {
    if (source.kind !== 'output') return;
    const known = users.get(source.node);
    if (known === undefined) users.set(source.node, [user]);
    else known.push(user);
  };
  for (const node of nodes) for (const use of node.inputs) add(use, node);
  for (const use of results) add(use, undefined);
  return users;
}
