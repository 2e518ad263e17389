/** The states a pipeline passes through on its way from text to plan. */
import type { Diagnostic, SourceFile, SourceRange } from '../core/diagnostic.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Inspection, StageType } from '../core/stage-type.ts';
import type { Sweep } from '../schema/generated/settings.ts';

/** A path into the pipeline document: `['stages', 'denoiser', 'epochs']`. */
export type DocumentPath = readonly (string | number)[];

/** The key, the value, or where the value was first written: the parameter that it came from. */
export type LocatedPart = 'key' | 'value' | 'origin';

/** A pipeline after `extends`, `-S`, `${params.x}` and defaults; every stage is valid by its schema. */
export interface Pipeline {
  readonly name: string;
  readonly description?: string;
  readonly seed: number;
  /** TensorFlow threads of every stage that names none; undefined: as many as the machine has cores. */
  readonly threads?: number;
  readonly params: JsonObject;
  /** Stages in the order of the file, `type` among their settings, defaults filled in. */
  readonly stages: ReadonlyMap<string, StageSettings>;
  readonly plugins: readonly string[];
  /** What `hourglass sweep` varies. */
  readonly sweep?: Sweep;
}

export type StageSettings = JsonObject & { readonly type: string };

/** A valid pipeline with the way back to its text. */
export interface LocatedPipeline {
  /** The file as the user named it, and the absolute path of its folder. */
  readonly file: string;
  readonly folder: string;
  /** The text of `file`, as written. */
  readonly text: string;
  /** The files that it extends, the nearest first, with their names relative to `folder`, with `/`. */
  readonly bases: readonly SourceFile[];
  readonly pipeline: Pipeline;
  /** The whole document as data, for `resolved.yaml`. */
  readonly resolved: JsonObject;
  /** `-S` arguments, as given, and a trial's settings as such. */
  readonly overrides: readonly string[];
  /** Types of all stages, built-in and from plugins. */
  readonly stageTypes: ReadonlyMap<string, StageType>;
  /** What files of stages tell, by type and settings: looked up once for all pipelines of one reader, such as trials. */
  readonly inspected?: Map<string, Promise<Inspection | undefined>>;
  /** Names of stages that are there and not valid, so that `pipeline` lacks them; empty for a valid pipeline. */
  readonly invalidStages: ReadonlySet<string>;
  /** Plugins, and the paths in the settings of valid stages. */
  readonly paths: readonly PathSetting[];
  /** Stages that another file has and a `null` takes away, with the place of that. */
  readonly removedStages: ReadonlyMap<string, SourceRange>;
  /**
   * Where a value was written: with `key` its key, with `origin` the parameter that it came from. For a path that does not
   * exist, its nearest ancestor.
   */
  locate(path: DocumentPath, part?: LocatedPart): SourceRange;
  /** Paths of the settings that a name by itself may mean: `epochs` is `stages.trained.epochs`. */
  settingsCalled(name: string): readonly string[];
}

/** A setting that is the path of a file or a folder. */
export interface PathSetting {
  /** In the document: `['stages', 'mnist', 'path']`, `['plugins', 0]`. */
  readonly at: DocumentPath;
  /** As it is written, and the absolute path of the folder that it is relative to. */
  readonly written: string;
  readonly folder: string;
  /** As the settings have it: relative to the pipeline's folder, unless it is absolute. */
  readonly path: string;
  /** Whether it begins in a `-S` argument. */
  readonly isOverride: boolean;
}

export interface LoadOptions {
  /** `-S` arguments: `params.latent_size=8`. */
  readonly overrides?: readonly string[];
  /** Absolute path of the folder that paths in them are relative to; by default the working folder. */
  readonly overrideFolder?: string;
  /** `--over` arguments, which make a sweep, or vary other parameters in the one that is there: `latent_size=2,4,8`. */
  readonly over?: readonly string[];
  /** The `--metric` argument, for the sweep: `quality.mse:min`. */
  readonly metric?: string;
  /** Absolute path of a folder that `extends` may not lead out of, for pipelines of strangers. */
  readonly within?: string;
  /** Texts that were read before, in place of what the files hold now; their names lead to the files from the working folder. */
  readonly texts?: readonly SourceFile[];
  /** Gives the stage types for the pipeline's `plugins`; its diagnostics have no range, the loader adds it. */
  readonly stageTypes: (plugins: readonly string[], folder: string) => Promise<StageTypes>;
}

/** A value that a trial of a sweep puts in place of the file's. */
export interface TrialSetting {
  /** As for `-S`: `params.latent_size`. */
  readonly path: string;
  readonly value: Json;
  /** The source in which the value is written, where that is not the file of `range`. */
  readonly writtenIn?: string;
  /** Where the sweep names the value, and the path. */
  readonly range: SourceRange;
  readonly keyRange: SourceRange;
}

export interface StageTypes {
  readonly types: ReadonlyMap<string, StageType>;
  /** Problems by the position in `plugins`. */
  readonly problems: readonly { readonly plugin: number; readonly diagnostic: Diagnostic }[];
}

export interface LoadResult {
  /** Texts that the diagnostics' ranges point into. */
  readonly sources: readonly SourceFile[];
  /** Everything that is wrong, in the order of the files. */
  readonly diagnostics: readonly Diagnostic[];
  /** Present if there is no error. */
  readonly located?: LocatedPipeline;
  /** Present if there are errors: what is valid nevertheless, for checks that find more in it. Not to be run. */
  readonly partial?: LocatedPipeline;
}
