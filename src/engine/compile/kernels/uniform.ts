/** Random numbers by a kernel: XLA takes many times as long for their words. */
import { attributeOf, UNIFORM_OP, type TraceNode } from '../trace.ts';
import { customCall, integers } from './call.ts';
import type { Rewrite } from './rewrite.ts';

export function uniformRewrites(nodes: readonly TraceNode[]): ReadonlyMap<TraceNode, Rewrite> {
  return new Map(nodes.filter(({ op }) => op === UNIFORM_OP).map((node) => [node, rewriteOf(node)] as const));
}

function rewriteOf(node: TraceNode): Rewrite {
  const [step] = node.inputs;
  const seed = attributeOf(node, 'seed');
  if (step === undefined || !Array.isArray(seed))
    throw new TypeError('random numbers without a step or a seed');
  return (body, refOf) =>
    customCall(body, {
      target: 'hourglass_uniform',
      operands: [refOf(step)],
      results: node.outputs.map(({ shape }) => shape),
      config: { seed: integers(seed.map(Number)), halves: String(attributeOf(node, 'halves') === true) },
    });
}
