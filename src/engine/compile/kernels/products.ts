/** Products of dense layers, with what follows them. */
import type { Body, Ref } from '../body.ts';
import { attributeOf, type TraceNode, type Use } from '../trace.ts';
import { customCall } from './call.ts';
import { finishArguments, finishOf, type Finish } from './finish.ts';
import type { Rewrite, Rewrites, Users } from './rewrite.ts';

/** What tfjs multiplies matrices by. */
const PRODUCT = 'BatchMatMulV2';

/** Whether a node multiplies two matrices. */
export function isProduct({ op, inputs }: TraceNode): boolean {
  return op === PRODUCT && inputs.every(({ shape }) => shape.slice(0, -2).every((length) => length === 1));
}

/** Which of the factors of a product are transposed. */
export function transposed(node: TraceNode): readonly [boolean, boolean] {
  return [attributeOf(node, 'adj_x') === true, attributeOf(node, 'adj_y') === true];
}

export function productRewrites(
  nodes: readonly TraceNode[],
  users: Users,
): Pick<Rewrites, 'made' | 'absorbed'> {
  const made = new Map<TraceNode, Rewrite>();
  const absorbed = new Set<TraceNode>();
  for (const node of nodes) {
    if (!isProduct(node) || transposed(node)[0]) continue;
    const { last, inner, ...finish } = finishOf(node, users);
    const shape = last.outputs[0]?.shape ?? [];
    made.set(last, (body, refOf) =>
      callProduct(body, refOf, node, finish).map((ref) => body.reshape(ref, shape)),
    );
    for (const each of inner) absorbed.add(each);
  }
  return { made, absorbed };
}

function callProduct(body: Body, refOf: (use: Use) => Ref, node: TraceNode, finish: Finish): readonly Ref[] {
  const { operands, config } = finishArguments(body, refOf, finish);
  return customCall(body, {
    target: 'hourglass_dense',
    operands: [...node.inputs.map(refOf), ...operands],
    results: [node.outputs[0]?.shape ?? []],
    config: { transposed: String(transposed(node)[1]), ...config },
  });
}
