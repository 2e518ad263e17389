/** What a report shows, as data: read from `outputs/<name>`, turned into a page by `page.ts`. */
import type { StageChange } from '../artifacts/standing.ts';
import type { RunRecord } from '../artifacts/workspace.ts';
import type { JsonObject } from '../core/json.ts';
import type { Exhibit } from './exhibit.ts';

export interface Report {
  readonly name: string;
  readonly description?: string;
  /** The pipeline file, without its folder. */
  readonly file: string;
  readonly status: RunRecord['status'];
  /** Milliseconds since 1970; undefined if there is no log. */
  readonly started?: number;
  /** Undefined while it runs, and for a run that was killed. */
  readonly seconds?: number;
  readonly seed: number;
  readonly overrides: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
  /** Stages whose results another version of Hourglass made than the one of the run, each with that version. */
  readonly otherVersions: readonly (readonly [stage: string, version: string])[];
  readonly engine?: JsonObject;
  /** TensorFlow threads of the stages that use it; more than one number if they differ. */
  readonly threads: readonly number[];
  /** In the order of the file. */
  readonly stages: readonly ReportStage[];
  /** For a run in progress that is shown live. */
  readonly activity?: Activity;
  /** What went wrong. */
  readonly problems: readonly Problem[];
  /** The files of the pipeline as they were written: the one that was run, then those that it extends, the nearest first. */
  readonly sources: readonly ReportSource[];
  readonly hasPlugins: boolean;
  readonly sweep?: SweepLink;
}

/** The sweep that a run is a trial of. */
export interface SweepLink {
  readonly name: string;
  /** Of the trial. */
  readonly number: number;
  /** The page of the sweep, from the folder of the run. */
  readonly page: '../../sweep.html';
}

export interface ReportSource {
  /** As the pipeline's folder has it: `mnist.yaml`, `../base.yaml`. */
  readonly file: string;
  readonly text: string;
  /** Numbers of lines with values that did not count, each with the overrides that did. */
  readonly overridden: ReadonlyMap<number, readonly string[]>;
}

/** Lines of a stage in one of the files. */
export interface WrittenLines {
  /** Position among the report's sources. */
  readonly file: number;
  /** First and last line, from 1. */
  readonly lines: readonly [number, number];
}

/**
 * `done`: there is a result of these settings; whether it was made in this run, before or taken from the cache makes no
 * difference. `outdated`: there is one of other settings. Of stages without a result of these settings, `failed`,
 * `interrupted`, `skipped` and `waiting` say why.
 */
export type StageState = 'done' | 'outdated' | 'failed' | 'interrupted' | 'skipped' | 'running' | 'waiting';

export interface ReportStage {
  readonly name: string;
  readonly type: string;
  readonly state: StageState;
  /** Seconds it took when it ran; undefined if it did not. */
  readonly seconds?: number;
  /** Stages that it refers to, by the setting that names them. */
  readonly inputs: Readonly<Record<string, string>>;
  /** What the pipeline says about it, parameters put in place, without defaults. */
  readonly settings: JsonObject;
  /** Where it is written: one place a file. */
  readonly written: readonly WrittenLines[];
  /** Of a result of these settings only. */
  readonly metrics: Readonly<Record<string, number>>;
  /** SHA-256 of all that its result depends on. */
  readonly hash?: string;
  /** Present if the exhibits and files are of an earlier setting. */
  readonly outdated?: { readonly changes: readonly StageChange[] };
  /** Of a stage that did not finish: the epochs that its next run need not do again. */
  readonly epochsKept?: number;
  readonly exhibits: readonly Exhibit[];
  readonly files: readonly StageFile[];
  /** Of a running stage. */
  readonly activity?: Activity;
}

/** Progress of work that is still running. */
export interface Activity {
  readonly text: string;
  /** Share of the work that is done, from 0 to 1. */
  readonly fraction?: number;
}

export interface StageFile {
  /** Relative to the stage's folder, with `/`. */
  readonly path: string;
  readonly bytes: number;
}

export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly stage?: string;
  /** Where in the YAML, as `file:line`. */
  readonly place?: string;
}
