/** Products of matrices and convolutions, with their epilogues. */
import type { Attributes, EpilogueStep, Value } from '../program/program.ts';
import type { Window } from '../program/windows.ts';
import type { NewCall } from './kernel-calls.ts';
import { windowWords } from './images.ts';

export function matmulCall(
  operands: readonly Value[],
  result: Value,
  { transpose_a, transpose_b, epilogue }: Attributes['matmul'],
): NewCall {
  const [a, b, ...rest] = operands;
  const [rows = 0, columns = 0] = result.type.shape;
  const depth = a?.type.shape[transpose_a ? 0 : 1] ?? 0;
  return {
    kernel: 'matmul',
    reads: operands,
    writes: [result],
    words: (number) => [
      ...[rows, depth, columns, Number(transpose_a), Number(transpose_b)],
      ...numbers([a, b, result], number),
      ...epilogueWords(epilogue, rest, number),
    ],
  };
}

/** @param isTransposed whether it is the gradient with respect to the images of a convolution */
export function convolutionCall(
  operands: readonly Value[],
  result: Value,
  { epilogue, ...window }: Window & { readonly epilogue: readonly EpilogueStep[] },
  isTransposed: boolean,
): NewCall {
  const [images, filter, ...rest] = operands;
  return {
    kernel: 'convolution',
    reads: operands,
    writes: [result],
    words: (number) => [
      ...[Number(isTransposed), ...(images?.type.shape ?? []), ...result.type.shape.slice(1)],
      ...[...(filter?.type.shape.slice(0, 2) ?? []), ...windowWords(window)],
      ...[...numbers([images, filter, result], number), ...epilogueWords(epilogue, rest, number)],
    ],
  };
}

/** What is summed in addition, by its number. */
const SUMS = ['none', 'images', 'gradient'] as const;

export function filterGradientCall(
  operands: readonly Value[],
  results: readonly Value[],
  { size, sums, ...window }: Attributes['convolution_filter_gradient'],
): NewCall {
  const [images, gradient] = operands;
  return {
    kernel: 'filter_gradient',
    reads: operands,
    writes: results,
    words: (number) => [
      ...[...(images?.type.shape ?? []), ...(gradient?.type.shape.slice(1) ?? [])],
      ...[...size, ...windowWords(window), SUMS.indexOf(sums)],
      ...numbers([images, gradient, ...results], number),
    ],
  };
}

const FLAGS: Readonly<Record<EpilogueStep, number>> = { bias: 1, relu: 2, mask: 4 };

function epilogueWords(
  steps: readonly EpilogueStep[],
  operands: readonly Value[],
  number: (value: Value) => number,
): readonly number[] {
  return [steps.reduce((flags, step) => flags | FLAGS[step], 0), ...operands.map(number)];
}

function numbers(
  values: readonly (Value | undefined)[],
  number: (value: Value) => number,
): readonly number[] {
  return values.flatMap((value) => (value === undefined ? [] : [number(value)]));
}
