/** The states of a pipeline between text and plan. */
import type { Diagnostic, SourceFile, SourceRange } from '../core/diagnostic.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Inspection, StageType } from '../core/stage-type.ts';
import type { Sweep } from '../schema/generated/settings.ts';

/** A path into the pipeline document: `['stages', 'denoiser', 'epochs']`. */
export type DocumentPath = readonly (string | number)[];

/** The key, the value, or the parameter from which the value came. */
export type LocatedPart = 'key' | 'value' | 'origin';

/** A pipeline after `extends`, `-S`, `${params.x}` and defaults; every stage is valid by its schema. */
export interface Pipeline {
  readonly name: string;
  readonly description?: string;
  readonly seed: number;
  /** TensorFlow threads of stages that do not set their own; undefined: the number of cores. */
  readonly threads?: number;
  readonly params: JsonObject;
  /** Stages in the order of the file; settings include `type` and defaults, but no notes. */
  readonly stages: ReadonlyMap<string, StageSettings>;
  readonly plugins: readonly string[];
  /** What `hourglass sweep` varies. */
  readonly sweep?: Sweep;
}

export type StageSettings = JsonObject & { readonly type: string };

/** A valid pipeline with the places in its text. */
export interface LocatedPipeline {
  /** The file as the user named it, and the absolute path of its folder. */
  readonly file: string;
  readonly folder: string;
  /** The text of `file`, as written. */
  readonly text: string;
  /** The files that it extends, the nearest first; names are relative to `folder`, with `/`. */
  readonly bases: readonly SourceFile[];
  readonly pipeline: Pipeline;
  /** The whole document as data, for `resolved.yaml`. */
  readonly resolved: JsonObject;
  /** `-S` arguments as given, and a trial's settings in the same form. */
  readonly overrides: readonly string[];
  /** Types of all stages, built-in and from plugins. */
  readonly stageTypes: ReadonlyMap<string, StageType>;
  /** What the files of stages reveal, by type and settings: looked up once for all pipelines of one reader, such as trials. */
  readonly inspected?: Map<string, Promise<Inspection | undefined>>;
  /** Names of invalid stages, which are missing in `pipeline`; empty for a valid pipeline. */
  readonly invalidStages: ReadonlySet<string>;
  /** Plugins, and the paths in the settings of valid stages. */
  readonly paths: readonly PathSetting[];
  /** Stages of an extended file that a `null` removes, with the place of the `null`. */
  readonly removedStages: ReadonlyMap<string, SourceRange>;
  /**
   * Where a value was written: with `key` its key, with `origin` the parameter that it came from. For a path that does not
   * exist, its nearest ancestor.
   */
  locate(path: DocumentPath, part?: LocatedPart): SourceRange;
  /** Paths of the settings that a bare name may mean: `epochs` is `stages.trained.epochs`. */
  settingsCalled(name: string): readonly string[];
}

/** A setting that is the path of a file or a folder. */
export interface PathSetting {
  /** In the document: `['stages', 'mnist', 'path']`, `['plugins', 0]`. */
  readonly at: DocumentPath;
  /** The path as written, and the absolute path of the folder to which it is relative. */
  readonly written: string;
  readonly folder: string;
  /** The path in the resolved settings: relative to the pipeline's folder, unless it is absolute. */
  readonly path: string;
  /** Whether it begins in a `-S` argument. */
  readonly isOverride: boolean;
}

export interface LoadOptions {
  /** `-S` arguments: `params.latent_size=8`. */
  readonly overrides?: readonly string[];
  /** Absolute path of the folder to which paths in them are relative; by default the working folder. */
  readonly overrideFolder?: string;
  /** `--over` arguments, which define a sweep, or vary other parameters in the existing one: `latent_size=2,4,8`. */
  readonly over?: readonly string[];
  /** The `--metric` argument of the sweep: `quality.mse:min`. */
  readonly metric?: string;
  /** Absolute path of a folder that `extends` must not leave, for untrusted pipelines. */
  readonly within?: string;
  /** Texts that were read before, used instead of the files; names are relative to the working folder. */
  readonly texts?: readonly SourceFile[];
  /** Returns the stage types for the pipeline's `plugins`. Its diagnostics have no range; the loader adds it. */
  readonly stageTypes: (plugins: readonly string[], folder: string) => Promise<StageTypes>;
}

/** A value with which a trial of a sweep replaces the file's value. */
export interface TrialSetting {
  /** As for `-S`: `params.latent_size`. */
  readonly path: string;
  readonly value: Json;
  /** The source in which the value is written, if it is not the file of `range`. */
  readonly writtenIn?: string;
  /** Where the sweep names the value, and the path. */
  readonly range: SourceRange;
  readonly keyRange: SourceRange;
}

export interface StageTypes {
  readonly types: ReadonlyMap<string, StageType>;
  /** Problems by position in `plugins`. */
  readonly problems: readonly { readonly plugin: number; readonly diagnostic: Diagnostic }[];
}

export interface LoadResult {
  /** The texts to which the diagnostics' ranges refer. */
  readonly sources: readonly SourceFile[];
  /** All problems, in the order of the files. */
  readonly diagnostics: readonly Diagnostic[];
  /** Present if there is no error. */
  readonly located?: LocatedPipeline;
  /** Present if there are errors: the valid part, for further checks. Must not be run. */
  readonly partial?: LocatedPipeline;
}
