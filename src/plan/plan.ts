/** A plan: which stages run, which come from the cache, and why. */
import type { LocatedPipeline } from '../config/pipeline.ts';
import type { SourceRange } from '../core/diagnostic.ts';
import type { Json } from '../core/json.ts';
import type { StageKey } from './key.ts';

export interface Plan {
  readonly located: LocatedPipeline;
  /** The selected stages and what they need, each after everything it needs. */
  readonly stages: readonly PlannedStage[];
  /** Every stage of the pipeline, selected or not, each after everything it needs. Existing outputs are compared with these. */
  readonly all: readonly WantedStage[];
}

/** The result of a stage that the settings describe. */
export interface WantedStage {
  readonly name: string;
  readonly type: string;
  /** The stages that this one refers to, by the setting that names them. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Absent if it cannot be determined, for example if files are missing for a stage that is not selected. */
  readonly key?: StageKey;
  /** SHA-256 of `key`: the name of the stage's cache entry. */
  readonly hash?: string;
  /** For stages that keep checkpoints: where they are, and from which one a run would resume. */
  readonly resume?: Resume;
}

export interface PlannedStage extends WantedStage {
  readonly key: StageKey;
  readonly hash: string;
  readonly action: 'run' | 'cached';
  readonly reason: Reason;
  /** Names of files that the stage downloads first. */
  readonly downloads?: readonly string[];
}

export interface Resume {
  /** Names the checkpoints' folder. */
  readonly lineage: string;
  /** Checkpoints of later epochs cannot be used. */
  readonly limit: number;
  /** The epoch after which the run resumes; absent if it starts from the beginning. */
  readonly epoch?: number;
}

export type Reason =
  /** Nothing that the result depends on has changed since the last run. */
  | { readonly kind: 'unchanged' }
  /** Differs from the last run, but the cache has the result from an earlier run. */
  | { readonly kind: 'restored'; readonly changes: readonly Change[] }
  | { readonly kind: 'never-ran' }
  | { readonly kind: 'changed'; readonly changes: readonly Change[] }
  /** Only the stages that it needs changed. */
  | { readonly kind: 'inputs-changed'; readonly stages: readonly string[] }
  /** The cache entry was removed or is damaged. */
  | { readonly kind: 'not-in-cache' }
  | { readonly kind: 'forced' };

/** One difference between the key of the last run and the current key. */
export interface Change {
  /** Such as `encoder[3].Dense.units`, `seed` or `engine.version`. */
  readonly path: string;
  readonly before?: Json;
  readonly after?: Json;
  /** For `version`: the version of Hourglass that made the result, if it is known and another one. */
  readonly madeBy?: string;
  /** Where the new value is written, if anywhere. */
  readonly range?: SourceRange;
}
