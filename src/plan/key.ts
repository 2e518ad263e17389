/** Everything that a stage's result depends on, as one plain object. Its hash names the stage's cache entry. */
import { canonicalJson, sha256, type Json, type JsonObject } from '../core/json.ts';

export interface StageKey {
  readonly type: string;
  /** Version of the stage type's code. */
  readonly version: number;
  /** For types of plugins: SHA-256 of the plugin's source. */
  readonly code?: string;
  /** Resolved settings, except references and cosmetic settings. */
  readonly settings: JsonObject;
  /** Hashes of the inputs' keys, by the setting that names them. */
  readonly inputs: Readonly<Record<string, string>>;
  /** For stages that use random numbers: the pipeline's seed and the stage's name, from which seeds are derived. */
  readonly seed?: { readonly pipeline: number; readonly stage: string };
  /** For stages that compute with TensorFlow. */
  readonly engine?: {
    readonly kind: string;
    readonly version: string;
    readonly platform: string;
    /** Absent if results do not depend on it. */
    readonly threads?: number;
  };
  /** Identity of files outside the pipeline. */
  readonly files?: Json;
}

/** Names the checkpoints of a stage: the hash of its key without the setting for the length of the work. */
export function lineageOf(key: StageKey, resumesBy: string): string {
  const settings = Object.fromEntries(Object.entries(key.settings).filter(([name]) => name !== resumesBy));
  return hashKey({ ...key, settings });
}

export function hashKey(key: StageKey): string {
  return sha256(canonicalJson(key as unknown as JsonObject));
}
