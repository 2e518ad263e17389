/** What a step begins with, the rows of its batch, and what it ends with, the sum of its losses: XLA takes longer for both. */
import { sizeOf } from '../../../core/shape.ts';
import type { Body, Ref } from '../body.ts';
import type { ResidentSamples } from '../resident.ts';
import type { TraceNode } from '../trace.ts';
import { customCall } from './call.ts';
import type { Rewrite } from './rewrite.ts';

/**
 * Rows of data as intensities.
 *
 * @param rows numbers of rows, int32 [batch size]
 */
export function gatherRows(
  body: Body,
  data: Ref,
  rows: Ref,
  { count, shape, scale, offset }: ResidentSamples,
  batchSize: number,
): readonly Ref[] {
  return customCall(body, {
    target: 'hourglass_rows',
    operands: [body.reshape(data, [count, sizeOf(shape)]), { ...rows, shape: [batchSize], dtype: 'int32' }],
    results: [[batchSize, ...shape]],
    config: { scale: float(scale), offset: float(offset) },
  });
}

/** As MLIR writes a float32: with a point. */
function float(value: number): string {
  return `${value.toExponential(9)} : f32`;
}

/** Of fewer numbers, XLA takes no longer than for a call. */
const FEWEST = 1024;

/** Sums and means of all numbers of a tensor. */
export function totalRewrites(nodes: readonly TraceNode[]): ReadonlyMap<TraceNode, Rewrite> {
  return new Map(nodes.filter(isTotal).map((node) => [node, rewriteOf(node)] as const));
}

function isTotal({ op, inputs: [numbers], outputs: [output] }: TraceNode): boolean {
  const isReduction = op === 'Sum' || op === 'Mean';
  if (!isReduction || numbers === undefined || output?.dtype !== 'float32') return false;
  return sizeOf(output.shape) === 1 && sizeOf(numbers.shape) >= FEWEST;
}

function rewriteOf({ op, inputs: [numbers], outputs: [output] }: TraceNode): Rewrite {
  if (numbers === undefined || output === undefined) throw new TypeError('a sum of nothing');
  return (body, refOf) => {
    const size = sizeOf(numbers.shape);
    const totals = customCall(body, {
      target: 'hourglass_total',
      operands: [body.reshape(refOf(numbers), [size])],
      results: [output.shape],
      config: {},
    });
    return op === 'Sum'
      ? totals
      : totals.map((total) => ({ ...body.add('RealDiv', [total, body.float(size)]), shape: output.shape }));
  };
}
