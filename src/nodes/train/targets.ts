/** Checks that the values of targets fit losses, metrics and models. With plugins and noise, they are only known when read. */
import { extremesOf } from '../../formats/image-rows.ts';
import type { ImageArray } from '../../formats/images.ts';
import { failure } from '../../core/diagnostic.ts';
import type { LogLevel } from '../../core/event.ts';

type Range = readonly [number, number];

/** The rounding error of float32 near 1. */
const ROUNDING = 1e-5;

/** The output range of each bounded activation. */
export const ACTIVATION_RANGES: Readonly<Record<string, Range>> = {
  sigmoid: [0, 1],
  hard_sigmoid: [0, 1],
  sparse_sigmoid: [0, 1],
  sparse_plus: [0, Infinity],
  squareplus: [0, Infinity],
  exponential: [0, Infinity],
  softmax: [0, 1],
  tanh: [-1, 1],
  hard_tanh: [-1, 1],
  softsign: [-1, 1],
  relu: [0, Infinity],
  relu6: [0, 6],
  softplus: [0, Infinity],
  log_sigmoid: [-Infinity, 0],
  log_softmax: [-Infinity, 0],
};

export interface TargetChecks {
  /** The stage of the targets. */
  readonly stage: string;
  /** Path of the setting that requests a cross-entropy. */
  readonly entropyAt?: readonly (string | number)[];
  /** Keras's name of the model's last activation. */
  readonly activation: string;
  readonly log: (level: LogLevel, message: string) => void;
}

/**
 * @throws Failure `loss-output-mismatch` for a cross-entropy with targets outside 0 to 1
 */
export function checkTargetValues(
  targets: readonly Pick<ImageArray, 'data' | 'scale' | 'offset'>[],
  { stage, entropyAt, activation, log }: TargetChecks,
): void {
  const ranges = targets.map(extremesOf);
  const range: Range = [Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high))];
  if (entropyAt !== undefined && !isWithin(range, [0, 1])) {
    throw failure(
      'loss-output-mismatch',
      entropyMessage(stage, range),
      scalingHint(range, entropyAt),
      entropyAt,
    );
  }
  const reach = ACTIVATION_RANGES[activation];
  if (reach === undefined || isWithin(range, reach)) return;
  log(
    'warn',
    `the model ends in \`${activation}\`, whose outputs cannot reach the values of \`${stage}\`, ${rangeText(range)}`,
  );
}

export function entropyMessage(stage: string | undefined, range: Range): string {
  return `\`binary_crossentropy\` needs targets from 0 to 1, but those of \`${stage}\` range ${rangeText(range)}`;
}

/**
 * What to do about targets outside the range of a sigmoid.
 *
 * @param at of the setting that requests a cross-entropy
 */
export function scalingHint([low, high]: Range, [key]: readonly (string | number)[]): string {
  const other = key === 'score' ? '`score: squared_error`' : '`mse`';
  if (low >= 0 && (high === 255 || high === 65_535))
    return `load the images with \`normalize: minmax\` (floats also with \`white_level: ${high}\`), or use ${other}`;
  return `scale the images with a \`normalize\` stage to the range 0 to 1 (noise with \`clip: [0, 1]\`), or use ${other}`;
}

/** @throws Failure `data-corrupt` for images with values outside their recorded range, which a plugin may write */
export function checkRecordedRange(
  { stage }: { readonly stage: string },
  recorded: Range,
  images: Pick<ImageArray, 'data' | 'scale' | 'offset'>,
): void {
  const found = extremesOf(images);
  if (isWithin(found, recorded)) return;
  throw failure(
    'data-corrupt',
    `the values of \`${stage}\` range ${rangeText(found)}, but its \`images.json\` says ${rangeText(recorded)}`,
    'the stage type that wrote them must record their range',
  );
}

function isWithin([low, high]: Range, [least, most]: Range): boolean {
  const slack = ROUNDING * Math.max(1, ...[least, most].map(Math.abs).filter(Number.isFinite));
  return low >= least - slack && high <= most + slack;
}

/** As many digits as float32 has: with fewer, 1.0004 would look like a value that is allowed. */
function rangeText([low, high]: Range): string {
  return `from ${Number(low.toPrecision(7))} to ${Number(high.toPrecision(7))}`;
}
