/** Pooling and up-sampling. */
import type { PoolWindow, Value } from '../program/program.ts';
import type { Pair, Window } from '../program/windows.ts';
import type { NewCall } from './kernel-calls.ts';
import { stepsOf, type Movement } from './movement.ts';

/** Strides, padding before the first pixel, and dilations; each for rows, then for columns. */
export function windowWords({ strides, padding, dilations }: Window): readonly number[] {
  return [...strides, padding[0][0], padding[1][0], ...dilations];
}

/** By their numbers. */
const POOLINGS = ['max', 'max_gradient', 'average', 'average_gradient'] as const;

/**
 * @param images a value of the images' shape
 * @param pooled one of the pooled images' shape
 * @param buffers what is read, then the result
 */
export function poolCall(
  kind: (typeof POOLINGS)[number],
  { images, pooled }: { readonly images: Value; readonly pooled: Value },
  window: PoolWindow,
  reads: readonly Value[],
  result: Value,
): NewCall {
  return {
    kernel: 'pool',
    reads,
    writes: [result],
    words: (number) => [
      ...[POOLINGS.indexOf(kind), ...images.type.shape, ...pooled.type.shape.slice(1, 3)],
      ...[...window.size, ...windowWords(window), ...[...reads, result].map(number)],
    ],
  };
}

/** @param smaller a value of the smaller images' shape */
export function bilinearCall(
  isGradient: boolean,
  smaller: Value,
  factors: Pair,
  from: Value,
  result: Value,
): NewCall {
  return {
    kernel: 'upsample',
    reads: [from],
    writes: [result],
    words: (number) => [
      ...[Number(isGradient), ...smaller.type.shape, ...factors],
      ...[number(from), number(result)],
    ],
  };
}

/** Repeats pixels along both factors of [batch, height, factor, width, factor, channels]. */
export function nearestMovement(from: Value, to: Value, factors: Pair): Movement {
  const lengths = splitShape(from, factors);
  const [batch = 0, height = 0, width = 0, channels = 0] = stepsOf(from.type.shape);
  return {
    ...{ from, to, dtype: 'float32', lengths },
    fromSteps: [batch, height, 0, width, 0, channels],
    toSteps: stepsOf(lengths),
  };
}

/** The shape of the larger images, split by the smaller ones: [batch, height, factor, width, factor, channels]. */
export function splitShape(smaller: Value, factors: Pair): readonly number[] {
  const [batch = 0, height = 0, width = 0, channels = 0] = smaller.type.shape;
  return [batch, height, factors[0], width, factors[1], channels];
}
