/**
 * The gradient with respect to a bias is the sum of a gradient over all pixels, channel by channel. The kernel for the filter's
 * gradient reads the same elements, and sums them in the same pass.
 */
import { readersOf, type Instruction, type Program, type Value } from '../program.ts';
import type { Pass } from './pass.ts';
import { rewrite } from './rewrite.ts';

type FilterGradient = Extract<Instruction, { op: 'convolution_filter_gradient' }>;
type Sum = Extract<Instruction, { op: 'reduce_sum' }>;

interface Pair {
  readonly gradient: FilterGradient;
  readonly sum: Sum;
  readonly sums: 'images' | 'gradient';
}

export const fuseChannelSums: Pass = { name: 'fuse-channel-sums', run };

function run(program: Program): Program {
  const { instructions } = program;
  const made = madeAt(program);
  const readers = readersOf(program);
  const pairs = new Map<Instruction, Pair>();
  for (const gradient of instructions) {
    if (gradient.op !== 'convolution_filter_gradient' || gradient.attributes.sums !== 'none') continue;
    const pair = pairFor(gradient, readers);
    if (pair === undefined || pairs.has(pair.sum)) continue;
    // Both are written at the position of the first, provided that all operands exist there.
    const first = Math.min(instructions.indexOf(gradient), instructions.indexOf(pair.sum));
    if (gradient.operands.some((value) => (made.get(value) ?? -1) > first)) continue;
    pairs.set(gradient, pair);
    pairs.set(pair.sum, pair);
  }
  const written = new Map<Pair, readonly Value[]>();
  return rewrite(program, (instruction, { builder, valueOf }) => {
    const pair = pairs.get(instruction);
    if (pair === undefined) return 'keep';
    const { gradient, sum, sums } = pair;
    const results =
      written.get(pair) ??
      builder.addAll(gradient.op, gradient.operands.map(valueOf), { ...gradient.attributes, sums });
    written.set(pair, results);
    const [filter, total] = results;
    if (filter === undefined || total === undefined) throw new TypeError('a filter gradient without sums');
    if (instruction === gradient) return [filter];
    const { shape } = sum.results[0]?.type ?? total.type;
    return [shape.length === 1 ? total : builder.add('reshape', [total], { shape })];
  });
}

/** The sum over batch, rows and columns of one of the operands. */
function pairFor(
  gradient: FilterGradient,
  readers: ReadonlyMap<Value, readonly (Instruction | undefined)[]>,
): Pair | undefined {
  const [images, dy] = gradient.operands;
  for (const [operand, sums] of [
    [dy, 'gradient'],
    [images, 'images'],
  ] as const) {
    const sum =
      operand &&
      readers
        .get(operand)
        ?.find((reader) => reader?.op === 'reduce_sum' && reader.attributes.axes.join() === '0,1,2');
    if (sum?.op === 'reduce_sum') return { gradient, sum, sums };
  }
  return undefined;
}

/** The position of the instruction that makes each value. */
function madeAt({ instructions }: Program): ReadonlyMap<Value, number> {
  return new Map(
    instructions.flatMap(({ results }, index) => results.map((value) => [value, index] as const)),
  );
}
