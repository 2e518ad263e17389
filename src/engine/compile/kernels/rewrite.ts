/** What kernels take over of a trace, and how it is written. */
import type { Body, Ref } from '../body.ts';
import type { TraceNode, Use } from '../trace.ts';

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
