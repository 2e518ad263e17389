/** A plan: which stages run, which come from the cache, and why. */
import type { LocatedPipeline } from '../config/pipeline.ts';
import type { SourceRange } from '../core/diagnostic.ts';
import type { Json } from '../core/json.ts';
import type { StageKey } from './key.ts';

export interface Plan {
  readonly located: LocatedPipeline;
  /** The selected stages and what they need, each after everything it needs. */
  readonly stages: readonly PlannedStage[];
  /** Every stage of the pipeline, selected or not, each after everything it needs: what shown results are compared with. */
  readonly all: readonly WantedStage[];
}

/** What the settings call for of a stage. */
export interface WantedStage {
  readonly name: string;
  readonly type: string;
  /** Stages that this one refers to, by the setting that names them. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Absent where it cannot be determined, such as for a stage that is not selected and whose files are missing. */
  readonly key?: StageKey;
  /** SHA-256 of `key`: the name of the stage's cache entry. */
  readonly hash?: string;
  /** For stages that keep checkpoints: where, and what a run would resume from. */
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
  /** Checkpoints of later epochs are of no use. */
  readonly limit: number;
  /** The epoch after which the run goes on; absent where it starts anew. */
  readonly epoch?: number;
}

export type Reason =
  /** Nothing that the result depends on differs from the last run. */
  | { readonly kind: 'unchanged' }
  /** Not what ran last, but the cache has it from an earlier run. */
  | { readonly kind: 'restored'; readonly changes: readonly Change[] }
  | { readonly kind: 'never-ran' }
  | { readonly kind: 'changed'; readonly changes: readonly Change[] }
  /** Only the stages that it needs changed. */
  | { readonly kind: 'inputs-changed'; readonly stages: readonly string[] }
  /** The cache entry was removed or is damaged. */
  | { readonly kind: 'not-in-cache' }
  | { readonly kind: 'forced' };

/** One difference between the key of the last run and the present one. */
export interface Change {
  /** Such as `encoder[3].Dense.units`, `seed` or `engine.version`. */
  readonly path: string;
  readonly before?: Json;
  readonly after?: Json;
  /** Where the new value is written, if it is. */
  readonly range?: SourceRange;
}
