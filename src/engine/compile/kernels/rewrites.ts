/** What Hourglass's own kernels take over of a trace. */
import type { TraceNode, Use } from '../trace.ts';
import { totalRewrites } from './batch.ts';
import { convolutionRewrites } from './convolutions.ts';
import { productRewrites } from './products.ts';
import { usersOf, type Rewrites } from './rewrite.ts';
import { uniformRewrites } from './uniform.ts';
import { updateRewrites } from './updates.ts';

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
