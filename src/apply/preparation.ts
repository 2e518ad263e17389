/** How the images of a training were prepared: the data set that they are from, and the steps after it. */
import { failure } from '../core/diagnostic.ts';
import type { JsonObject } from '../core/json.ts';
import type { ImageShape } from '../core/stage-type.ts';
import { readImageSet } from '../formats/images.ts';
import type { StageResult } from '../history/results.ts';
import { mapRange, mapTo } from '../nodes/normalize/mapping.ts';

type Range = readonly [number, number];

/** A stage that changes each image by itself, so that it can be repeated for others. */
export interface Step {
  readonly stage: string;
  readonly type: string;
  readonly settings: JsonObject;
}

export interface Preparation {
  readonly dataset: {
    readonly stage: string;
    readonly settings: JsonObject;
    /** Of its images, before any step. */
    readonly shape: ImageShape;
    /** The values of black and of white in it. */
    readonly range: Range;
  };
  readonly steps: readonly Step[];
  /** What black and white become by the steps. */
  readonly range: Range;
}

/** Finds the result of a stage by the hash of its key. @throws Failure `no-run` if it no longer exists */
export type FindResult = (stage: string, hash: string) => Promise<StageResult>;

/** The stage that a setting of another stage names. */
export type InputOf = (stage: string, setting: string) => string;

/** A stage, and the hash of its result. */
export interface Wanted {
  readonly stage: string;
  readonly hash: string;
}

/** Types that are repeated for other images. */
const REPEATED: ReadonlySet<string> = new Set(['resize', 'normalize', 'transform', 'binarize']);

/** Types that choose or corrupt images, which is left out for the user's own. */
const LEFT_OUT: ReadonlySet<string> = new Set(['split', 'subset', 'concat', 'clean', 'noise']);

/**
 * Follows the images of a training back to their data set.
 *
 * @throws Failure `bad-setting` if a stage cannot be repeated for other images
 */
export async function readPreparation(
  wanted: Wanted,
  find: FindResult,
  inputOf: InputOf,
): Promise<Preparation> {
  const steps: Step[] = [];
  let result = await find(wanted.stage, wanted.hash);
  while (result.type !== 'dataset') {
    if (REPEATED.has(result.type)) steps.unshift(stepOf(result));
    else if (!LEFT_OUT.has(result.type)) throw notRepeated(result);
    result = await find(inputOf(result.stage, 'data'), result.inputs['data'] ?? '');
  }
  const { stage, settings, folder } = result;
  const { shape, range } = await readImageSet(folder);
  return {
    dataset: { stage, settings, shape, range },
    steps,
    range: steps.reduce(rangeAfter, range),
  };
}

function notRepeated({ stage, type }: StageResult) {
  return failure(
    'bad-setting',
    `the training images come from \`${stage}\`, of type \`${type}\`, which \`apply\` cannot repeat for other images`,
    'read the images with a `dataset` stage of the pipeline, and use `predict` or `encode`',
  );
}

/** Statistics of the training images become settings. */
function stepOf({ stage, type, settings, metrics }: StageResult): Step {
  if (type !== 'normalize') return { stage, type, settings };
  const { mean, standard_deviation: deviation, lowest, highest } = metrics;
  const mapped = (from: Range, to: unknown): Step => ({
    stage,
    type,
    settings: { type, method: 'minmax', from: [...from], to: to as number[] },
  });
  if (settings['method'] === 'standard' && mean !== undefined && deviation !== undefined)
    return mapped([mean, mean + deviation], [0, 1]);
  if (settings['from'] === null && lowest !== undefined && highest !== undefined)
    return mapped([lowest, highest], settings['to']);
  return { stage, type, settings };
}

function rangeAfter(range: Range, { type, settings }: Step): Range {
  if (type === 'binarize') return [0, 1];
  const { from, to } = settings;
  return type === 'normalize' && isRange(from) && isRange(to) ? mapRange(mapTo(from, to), range) : range;
}

function isRange(value: unknown): value is [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every((item) => typeof item === 'number');
}
