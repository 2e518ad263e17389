/** Steps are stages that transform images, such as `split` and `resize`. This is their common analysis before they run. */
import { canonicalJson, sha256, type JsonObject } from '../core/json.ts';
import type { AnalysisContext, Finding } from '../core/stage-type.ts';
import type { ImagesDescription } from './train/checks.ts';

/**
 * Describes a step's output for the images of `data`, with its identity and the identity of the clean partners. A step selects
 * rows by number and pixels by position. So equal steps on corrupted and on clean images keep the pairs together, whatever the
 * stages are called.
 *
 * @returns undefined if the input is unknown, or must not go through a step
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

/**
 * The identity of the clean images that a `dataset` stage read with its corrupted ones. Unlike stage names, it contains a space.
 */
export function pairedIdentity(stage: string): string {
  return `${PAIRED}${stage}`;
}

const PAIRED = 'clean of ';

/** The identity of a step's output for images with these identities. Unlike stage names, it contains a space. */
export function stepIdentity(type: string, settings: JsonObject, sources: readonly string[]): string {
  return `${type} ${sha256(canonicalJson([settings, sources]))}`;
}

/** Such a stage stores its clean images beside the noisy ones, and steps do not process them. */
export function resampledFinding(stage: string, port: string): Finding {
  return {
    code: 'bad-setting',
    message: `the noise of \`${stage}\` is sampled again at every step of training, so no step can follow it`,
    hint: 'put this step before the noise',
    at: [port],
  };
}

/** Whether the images of `target`, from that stage, are the clean partners of the corrupted images. */
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

/** Whether two corrupted sets have the same clean images, as far as the settings show. */
export function haveOneClean(one: ImagesDescription, other: ImagesDescription): boolean {
  return (
    one.corruptionOf === other.corruptionOf ||
    (one.cleanIdentity ?? one.corruptionOf) === (other.cleanIdentity ?? other.corruptionOf)
  );
}

/**
 * Warns if outputs for `data` are compared with corrupted images instead of clean ones.
 *
 * @param what describes the consequence for a given stage: `outputs are compared with the corrupted images of \`noisy\``
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

/** What to write to compare with clean images. */
export function targetHint(corruptionOf: string, named?: string): string {
  if (corruptionOf.startsWith(PAIRED)) {
    const data = corruptionOf.slice(PAIRED.length);
    return `add a stage \`{ type: clean, data: ${data} }\`, and let \`target\` name it`;
  }
  return corruptionOf.includes(' ')
    ? 'let `target` name the same steps of the clean images'
    : `${named === undefined ? 'add' : 'use'} \`target: ${corruptionOf}\``;
}
