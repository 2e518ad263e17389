/** One picture of what a model made of images: input, output and the difference, in rows. */
import { formatNumber } from '../core/format.ts';
import { imageOf } from '../core/shape.ts';
import type { ImageShape } from '../core/stage-type.ts';
import type { Figure } from '../figures/figure.ts';
import { imageGrid, imageTiles, type ImageRow, type ValueScale } from '../figures/image-grid.ts';
import { MAX_WIDTH } from '../figures/style.ts';
import type { Rows } from './compute.ts';

type Range = readonly [number, number];

export interface Shown {
  readonly title: string;
  readonly names: readonly string[];
  readonly input: Rows;
  readonly output: Rows;
  /** The values of black and white in inputs and in outputs. */
  readonly inputRange: Range;
  readonly outputRange: Range;
  /** Whether the model removes noise, so that the difference is what it removed. */
  readonly denoiser: boolean;
}

/** The most images in a row, and in all. */
const [COLUMNS, MOST] = [10, 30];

/** @returns undefined if the images cannot be drawn */
export function drawApplied(shown: Shown): Figure | undefined {
  const { title, names, input, output, denoiser } = shown;
  const [before, after] = [imageOf(input.shape), imageOf(output.shape)];
  if (before === undefined || after === undefined) return undefined;
  if (![before[2], after[2]].every((channels) => channels === 1 || channels === 3)) return undefined;
  const count = Math.min(MOST, names.length);
  const isAlike = before.join() === after.join();
  const most = isAlike ? differenceOf(shown, 0, count).reduce((a, b) => Math.max(a, b), 0) : 0;
  const scales = scalesOf([shown.inputRange, shown.outputRange, [0, most]]);
  const columns = Math.max(1, Math.min(COLUMNS, Math.floor(MAX_WIDTH / Math.max(before[1], after[1]))));
  const rows: ImageRow[] = [];
  for (let start = 0; start < count; start += columns) {
    const end = Math.min(start + columns, count);
    const captions = names.slice(start, end).map((name) => name.split('/').at(-1) ?? name);
    const inputs = rowOf('Input', partOf(input, start, end), before, scales[0]);
    const label = denoiser ? 'Denoised' : 'Reconstruction';
    const outputs = rowOf(label, partOf(output, start, end), after, scales[1]);
    if (!isAlike) {
      rows.push(inputs, { ...outputs, captions });
      continue;
    }
    const difference = differenceOf(shown, start, end);
    const last = rowOf(denoiser ? 'Removed' : 'Error', difference, after, scales[2]);
    rows.push(inputs, outputs, { ...last, captions });
  }
  const size = `${before[1]} × ${before[0]} pixels`;
  const part = count < names.length ? `, the first ${count} of ${names.length} images` : '';
  return imageGrid({ title, subtitle: `${size}${part}`, rows });
}

/** A range, and the bar that shows it. */
interface Scale {
  readonly range: Range;
  readonly bar: ValueScale;
}

/** Rows with the same bar share it, so equal ranges have one. */
function scalesOf([first, second, third]: readonly [Range, Range, Range]): readonly [Scale, Scale, Scale] {
  const scaleOf = (range: Range): Scale => ({
    range,
    bar: { black: formatNumber(range[0]), white: formatNumber(range[1]) },
  });
  const input = scaleOf(first);
  return [input, first.join() === second.join() ? input : scaleOf(second), scaleOf(third)];
}

function rowOf(label: string, values: Float32Array, shape: ImageShape, { range, bar }: Scale): ImageRow {
  return { label, images: imageTiles(values, shape, range), scale: bar };
}

function partOf({ values, shape }: Rows, start: number, end: number): Float32Array {
  const size = shape.reduce((product, length) => product * length, 1);
  return values.subarray(start * size, end * size);
}

function differenceOf(
  { input, output }: Pick<Shown, 'input' | 'output'>,
  start: number,
  end: number,
): Float32Array {
  const before = partOf(input, start, end);
  return partOf(output, start, end).map((value, index) => Math.abs(value - (before[index] ?? 0)));
}

/** The mean squared difference of each image, on the scale of the training data; undefined if shapes differ. */
export function squaredErrors({ values, shape }: Rows, output: Rows): readonly number[] | undefined {
  if (shape.join() !== output.shape.join()) return undefined;
  const size = shape.reduce((product, length) => product * length, 1);
  return Array.from({ length: values.length / size }, (_, image) => {
    let sum = 0;
    for (let at = image * size; at < (image + 1) * size; at++)
      sum += ((output.values[at] ?? 0) - (values[at] ?? 0)) ** 2;
    return sum / size;
  });
}
