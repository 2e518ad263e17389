/** The content of a report, as data: read from `outputs/<name>`, rendered as a page by `page.ts`. */
import type { StageChange } from '../artifacts/standing.ts';
import type { RunRecord } from '../artifacts/run-record.ts';
import type { JsonObject } from '../core/json.ts';
import type { PageModels } from '../explorer/write/models.ts';
import type { Measured } from './baselines.ts';
import type { Exhibit } from './exhibit.ts';

export interface Report {
  readonly name: string;
  readonly description?: string;
  /** The author's notes, as Markdown. */
  readonly notes?: string;
  /** The pipeline file, without its folder. */
  readonly file: string;
  readonly status: RunRecord['status'];
  /** Milliseconds since 1970; undefined if there is no log. */
  readonly started?: number;
  /** Undefined during the run, and for a run that was killed. */
  readonly seconds?: number;
  readonly seed: number;
  readonly overrides: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
  /** Stages whose results another version of Hourglass made than the one of the run, each with that version. */
  readonly otherVersions: readonly (readonly [stage: string, version: string])[];
  readonly engine?: JsonObject;
  /** TensorFlow threads of the stages that use TensorFlow; several numbers if they differ. */
  readonly threads: readonly number[];
  /** Stages in the order of the file. */
  readonly stages: readonly ReportStage[];
  /** For a live report of a run in progress. */
  readonly activity?: Activity;
  /** The problems of the run. */
  readonly problems: readonly Problem[];
  /** The files of the pipeline as written: the one that was run, then those that it extends, the nearest first. */
  readonly sources: readonly ReportSource[];
  readonly hasPlugins: boolean;
  readonly sweep?: SweepLink;
  /** Trained models that a reader can try; undefined if the run has none, and while it goes on. */
  readonly explorer?: PageModels;
}

/** The sweep that a run is a trial of. */
export interface SweepLink {
  readonly name: string;
  /** The parameters of the trial. */
  readonly number: number;
  /** The path of the sweep's page from the folder of the run. */
  readonly page: '../../sweep.html';
}

export interface ReportSource {
  /** The path from the pipeline's folder: `mnist.yaml`, `../base.yaml`. */
  readonly file: string;
  readonly text: string;
  /** Numbers of lines with overridden values, each with the overrides that replaced them. */
  readonly overridden: ReadonlyMap<number, readonly string[]>;
}

/** The lines of a stage in one of the files. */
export interface WrittenLines {
  /** Position among the report's sources. */
  readonly file: number;
  /** First and last line, from 1. */
  readonly lines: readonly [number, number];
}

/**
 * `done`: there is a result of these settings, made in this run, made earlier, or taken from the cache.
 * `outdated`: there is a result of other settings. For stages without a result of these settings, `failed`,
 * `interrupted`, `skipped` and `waiting` say why.
 */
export type StageState = 'done' | 'outdated' | 'failed' | 'interrupted' | 'skipped' | 'running' | 'waiting';

export interface ReportStage {
  readonly name: string;
  readonly type: string;
  /** The author's notes, as Markdown. */
  readonly notes?: string;
  readonly state: StageState;
  /** Its duration in seconds; undefined if it did not run. */
  readonly seconds?: number;
  /** The stages that it refers to, by the setting that names them. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Its settings in the pipeline, with parameters inserted, without defaults. */
  readonly settings: JsonObject;
  /** Where it is written: one place per file. */
  readonly written: readonly WrittenLines[];
  /** Only for a result of these settings. */
  readonly metrics: Readonly<Record<string, number>>;
  /** The images that its metrics are of, and what the metrics are compared with. */
  readonly measured?: Measured;
  /** SHA-256 of everything that its result depends on. */
  readonly hash?: string;
  /** Present if the exhibits and files are from earlier settings. */
  readonly outdated?: { readonly changes: readonly StageChange[] };
  /** For a stage that did not finish: the number of epochs from which its next run resumes. */
  readonly epochsKept?: number;
  readonly exhibits: readonly Exhibit[];
  readonly files: readonly StageFile[];
  /** Progress of a running stage. */
  readonly activity?: Activity;
}

/** Progress of running work. */
export interface Activity {
  readonly text: string;
  /** Share of the work that is done, from 0 to 1. */
  readonly fraction?: number;
}

export interface StageFile {
  /** Path relative to the stage's folder, with `/`. */
  readonly path: string;
  readonly bytes: number;
}

export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly stage?: string;
  /** The place in the YAML, as `file:line`. */
  readonly place?: string;
}
