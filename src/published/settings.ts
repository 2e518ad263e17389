/** Identifies the settings of a published result, so that a number is never shown beside settings that did not give it. */
import type { LocatedPipeline } from '../config/pipeline.ts';
import { canonicalJson, sha256 } from '../core/json.ts';
import { builtinNodes } from '../nodes/registry.ts';
import type { Trial } from '../sweep/trial.ts';

/**
 * A hash of the trials, whose names are hashes of their settings, and of the versions of their stage types. Unlike the keys of
 * results, it does not depend on the engine.
 */
export function settingsHash({ pipeline }: LocatedPipeline, trials: readonly Pick<Trial, 'id'>[]): string {
  const types = [...new Set([...pipeline.stages.values()].map(({ type }) => type))].sort();
  const versions = types.map((type) => [type, builtinNodes.get(type)?.version ?? 0] as const);
  return sha256(canonicalJson([trials.map(({ id }) => id), versions]));
}
