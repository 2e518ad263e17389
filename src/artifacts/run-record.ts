/** What `outputs/<name>` says of its run: `run.json` and `metrics.json`. */
import type { FinishedState } from '../core/event.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import type { Standing, StageChange } from './standing.ts';

/** The content of `run.json`. */
export interface RunRecord {
  readonly status: 'running' | 'done' | 'failed' | 'interrupted';
  readonly pipeline: string;
  /** Name of the pipeline file, without its folder. */
  readonly file: string;
  /** Its path relative to this folder, with `/`. */
  readonly source?: string;
  /** SHA-256 of `resolved.yaml`, whose settings the stages are compared with. */
  readonly resolved?: string;
  readonly seed: number;
  readonly overrides: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
  readonly engine?: JsonObject;
  /**
   * When the run started (ISO 8601, in UTC), and how long it took. Only `restore` writes them: the log of a run has both, but
   * that of a restored run is gone.
   */
  readonly started?: string;
  readonly seconds?: number;
  readonly stages: Readonly<Record<string, StageRecord>>;
}

export interface StageRecord {
  readonly type: string;
  /** What this run did with the stage; `waiting`: the run has not reached it; `unselected`: it was not requested. */
  readonly state: FinishedState | 'waiting' | 'unselected';
  /** Seconds that the result in its folder took to compute; if there is none, seconds until the stage ended. */
  readonly seconds: number;
  /** Its input stages, by the setting that names them. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Whether the result in its folder belongs to the settings of this run: `standingOf(hash, wanted)`. */
  readonly result?: Standing;
  /** Hash of its key under the settings of this run; absent where it cannot be determined. */
  readonly wanted?: string;
  /** Hash and content of the key of the result in its folder; absent where there is no result. */
  readonly hash?: string;
  readonly key?: JsonObject;
  /** The version of Hourglass that made that result; absent if it was made by a version before 0.2.0. */
  readonly madeBy?: string;
  /** Main artifacts of that result, relative to its folder. */
  readonly highlights?: readonly string[];
  /** For an outdated result: how its settings differ from those of this run. */
  readonly changes?: readonly StageChange[];
  /** For a stage that did not finish: the epochs that the next run need not repeat. */
  readonly epochsKept?: number;
}

/** The version of Hourglass that wrote a record; undefined if it does not say. */
export function recordedVersion(record: RunRecord | undefined): string | undefined {
  const version = isJsonObject(record?.versions) ? record.versions['hourglass'] : undefined;
  return typeof version === 'string' ? version : undefined;
}

/** The version that made the result in a stage's folder, as far as the record of the run tells. */
export function makerOf(record: RunRecord | undefined, stage: string): string | undefined {
  const shown = record?.stages[stage];
  // Records of versions before 0.2.0 name only the version of the run.
  return shown?.madeBy ?? (shown?.state === 'ran' ? recordedVersion(record) : undefined);
}

/** The content of `metrics.json`: numbers by stage and name. */
export type Metrics = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** A file that the pipeline extends. */
export interface BaseFile {
  /** As the pipeline names it. */
  readonly file: string;
  readonly text: string;
}

export function isBaseFile(value: unknown): value is BaseFile {
  return isJsonObject(value) && typeof value['file'] === 'string' && typeof value['text'] === 'string';
}

export function isMetrics(value: unknown): value is Metrics {
  return (
    isJsonObject(value) &&
    Object.values(value).every(
      (metrics) =>
        isJsonObject(metrics) && Object.values(metrics).every((metric) => typeof metric === 'number'),
    )
  );
}

export function isRunRecord(value: unknown): value is RunRecord {
  if (!isJsonObject(value) || !isJsonObject(value['stages'])) return false;
  return Object.values(value['stages']).every(
    (stage) =>
      isJsonObject(stage) &&
      typeof stage['type'] === 'string' &&
      typeof stage['state'] === 'string' &&
      typeof stage['seconds'] === 'number',
  );
}
