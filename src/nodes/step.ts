/** Steps: stages that transform images, such as `split` and `resize`. What they share before they run. */
import { canonicalJson, sha256, type JsonObject } from '../core/json.ts';
import type { AnalysisContext, Finding } from '../core/stage-type.ts';
import type { ImagesDescription } from './train/checks.ts';

/**
 * Describes a step's output from the images of `data`: with their identity and the identity of their clean
 * partners. A step treats rows by their number and pixels by their place, so that equal steps of corrupted and of clean images
 * give corrupted and clean images that belong together, whatever the stages are called.
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
  const after = (identity: string): string => stepIdentity(String(type), own, [identity]);
  const { corruptionOf, cleanIdentity, holdsClean: _clean, ...rest } = data;
  return {
    ...rest,
    identity: after(data.identity ?? stage),
    ...(corruptionOf === undefined ? {} : { corruptionOf: after(cleanIdentity ?? corruptionOf) }),
  };
}

/** Of the clean images that a `dataset` stage read with its corrupted ones. Unlike names of stages it has a space. */
export function pairedIdentity(stage: string): string {
  return `${PAIRED}${stage}`;
}

const PAIRED = 'clean of ';

/** Of images that a step made of those with these identities. Unlike names of stages it has a space. */
export function stepIdentity(type: string, settings: JsonObject, sources: readonly string[]): string {
  return `${type} ${sha256(canonicalJson([settings, sources]))}`;
}

/** The clean images of such a stage lie beside the noisy ones, which a step does not know. */
export function resampledFinding(stage: string, port: string): Finding {
  return {
    code: 'bad-setting',
    message: `the noise of \`${stage}\` is sampled again at every step of training, so no step can follow it`,
    hint: 'put this step before the noise',
    at: [port],
  };
}

/** Whether the images of `target`, of that stage, are the clean ones of corrupted images. */
export function isCleanOf(
  corrupted: ImagesDescription | undefined,
  stage: string | undefined,
  target: ImagesDescription | undefined,
): boolean {
  if (corrupted?.corruptionOf === undefined || stage === undefined) return false;
  const { corruptionOf, cleanIdentity } = corrupted;
  if (corruptionOf === stage) return true;
  return target?.corruptionOf === undefined && (cleanIdentity ?? corruptionOf) === target?.identity;
}

/** Whether two corrupted sets are corruptions of the same clean images, as far as the settings tell. */
export function haveOneClean(one: ImagesDescription, other: ImagesDescription): boolean {
  return (
    one.corruptionOf === other.corruptionOf ||
    (one.cleanIdentity ?? one.corruptionOf) === (other.cleanIdentity ?? other.corruptionOf)
  );
}

/**
 * Warns where outputs for `data` are compared with corrupted images in place of clean ones.
 *
 * @param what says what follows, of the stage that is named: `outputs are compared with the corrupted images of \`noisy\``
 */
export function checkCleanTarget(
  { references, report }: Pick<AnalysisContext<unknown>, 'references' | 'report'>,
  data: ImagesDescription,
  target: ImagesDescription | undefined,
  what: (target: string) => string,
): void {
  const { data: stage, target: named } = references;
  if (named === undefined || target?.corruptionOf === undefined) return;
  const swapped = data.corruptionOf === undefined && isCleanOf(target, stage, data);
  report({
    code: 'bad-setting',
    severity: 'warning',
    message: what(named),
    hint: swapped
      ? `use \`data: ${named}\` and \`target: ${stage}\``
      : targetHint(target.corruptionOf, named),
    at: ['target'],
  });
}

/** What to write so that corrupted images are compared with clean ones. */
export function targetHint(corruptionOf: string, named?: string): string {
  if (corruptionOf.startsWith(PAIRED)) {
    const data = corruptionOf.slice(PAIRED.length);
    return `add a stage \`{ type: clean, data: ${data} }\`, and let \`target\` name it`;
  }
  return corruptionOf.includes(' ')
    ? 'let `target` name the same steps of the clean images'
    : `${named === undefined ? 'add' : 'use'} \`target: ${corruptionOf}\``;
}
