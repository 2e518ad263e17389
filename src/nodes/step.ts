/** Steps: stages that give images made of images, such as `split` and `resize`. What they have in common before they run. */
import { canonicalJson, type JsonObject } from '../core/json.ts';
import type { AnalysisContext } from '../core/stage-type.ts';
import type { ImagesDescription } from './train/checks.ts';

/**
 * What a step on the images of `data` says of its own: their description, with names by which the clean partner of corrupted
 * images is known. A step treats rows by their number and pixels by their place, so that the same step of corrupted and of
 * clean images gives corrupted and clean images that belong together, whatever the two stages are called.
 *
 * @returns undefined where the input is not known, or must not go through a step
 */
export function describeStep<Settings extends JsonObject>(
  context: AnalysisContext<Settings>,
): ImagesDescription | undefined {
  const { settings, inputs, references, report } = context;
  const data = inputs['data'];
  const stage = references['data'];
  if (data?.kind !== 'images' || stage === undefined) return undefined;
  if (data.resampled === true) {
    report(resampledFinding(stage, 'data'));
    return undefined;
  }
  const { type, data: _data, ...own } = settings;
  const name = (source: string): string => `${String(type)} ${canonicalJson(own)} of ${source}`;
  const { corruptionOf, ...rest } = data;
  return {
    ...rest,
    aliases: namesOf(stage, data).map(name),
    ...(corruptionOf === undefined ? {} : { corruptionOf: name(corruptionOf) }),
  };
}

/** The clean images of such a stage lie beside the noisy ones, which a step does not know. */
export function resampledFinding(
  stage: string,
  port: string,
): Parameters<AnalysisContext<unknown>['report']>[0] {
  return {
    code: 'bad-setting',
    message: `the noise of \`${stage}\` is drawn afresh in training, and cannot go through another step`,
    hint: 'put this step before the noise',
    at: [port],
  };
}

/** All names of a stage's images: the stage's, and for those of steps what was done to which stage's. */
export function namesOf(stage: string, { aliases = [] }: ImagesDescription): readonly string[] {
  return [stage, ...aliases];
}

/** Whether a stage holds the clean images of corrupted ones. */
export function isCleanOf(
  corruptionOf: string | undefined,
  stage: string | undefined,
  images: ImagesDescription | undefined,
): boolean {
  if (corruptionOf === undefined || stage === undefined) return false;
  return images === undefined ? stage === corruptionOf : namesOf(stage, images).includes(corruptionOf);
}

/** What to write so that corrupted images are held against clean ones. */
export function targetHint(corruptionOf: string): string {
  // The names of stages have no spaces; those of steps do.
  return corruptionOf.includes(' ')
    ? 'let `target` name the same steps of the clean images'
    : `add \`target: ${corruptionOf}\``;
}
