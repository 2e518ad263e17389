/** What is known of a stage without running it: enough to validate, to plan and to explain. */
import type { Diagnostic, DiagnosticCode } from './diagnostic.ts';
import type { Json, JsonObject } from './json.ts';

/** What a stage leaves for others. References between stages are typed by it. */
export type OutputKind = 'images' | 'model' | 'trained-model' | 'vectors' | 'metrics' | 'figure';

export type Split = 'train' | 'test';

/** Height, width, channels. */
export type ImageShape = readonly [number, number, number];

/** What is known of a stage's output before it runs; the input of other stages' checks. */
export type OutputDescription =
  | {
      readonly kind: 'images';
      /** Absent where only the files tell. */
      readonly shape?: ImageShape;
      /** Lowest and highest value; absent where not known. */
      readonly range?: readonly [number, number];
      readonly splits: readonly Split[];
      /** Of the images of a step, such as `split`: the same for equal steps of the same images. Others are known by their stage: whoever changes images leaves it out. */
      readonly identity?: string;
      /** For corrupted images: the stage that holds the clean ones; after a step, the identity of the clean ones. */
      readonly corruptionOf?: string;
      /** For corrupted images: the identity of the clean ones, where it is not `corruptionOf`. */
      readonly cleanIdentity?: string;
      /** True where the clean images lie beside the corrupted ones, for a stage of type `clean`; whoever changes images leaves it out. */
      readonly holdsClean?: boolean;
      /** For corrupted images: the stages on whose images the noise was put, from the clean ones on. */
      readonly noiseOn?: readonly string[];
      /** True if training samples the corruption again at every step. */
      readonly resampled?: boolean;
      /** Which images they are; whoever drops or reorders images leaves it out. */
      readonly chosen?: ChosenImages;
      /** Whether they have class labels; absent where not known. */
      readonly labeled?: boolean;
    }
  | {
      readonly kind: 'model';
      /** Shapes without the batch dimension. */
      readonly inputShape: readonly number[];
      readonly latentShape: readonly number[];
      readonly outputShape: readonly number[];
      /** The Keras name of the activation of the last layer, `linear` where it has none. */
      readonly outputActivation: string;
      /** Path of the last layer inside `decoder`; absent where not known. */
      readonly lastLayer?: readonly number[];
      /** Whether its encoder ends in `Variational`; absent where not known. */
      readonly variational?: boolean;
    }
  | {
      readonly kind: 'trained-model';
      readonly inputShape: readonly number[];
      readonly latentShape: readonly number[];
      readonly outputShape: readonly number[];
      /** The stage whose images it was trained on, and the one that holds its targets. */
      readonly data: string;
      readonly target: string;
      /** The range of the images it was trained on; absent where not known. */
      readonly range?: readonly [number, number];
      /** True where `data` is a corruption of `target`. */
      readonly denoiser: boolean;
      /** The columns of its history; absent where not known. */
      readonly measured?: readonly string[];
      /** Whether its encoder ends in `Variational`; absent where not known. */
      readonly variational?: boolean;
      /** The loss that it was trained with; absent where not known. */
      readonly loss?: string;
      /** Whether it drew previews while training; absent where not known. */
      readonly previews?: boolean;
    }
  | {
      readonly kind: 'vectors';
      /** Values of a vector; absent where not known. */
      readonly size?: number;
      readonly splits: readonly Split[];
      /** Which images are behind them. */
      readonly chosen?: ChosenImages;
      /** Whether these have class labels; absent where not known. */
      readonly labeled?: boolean;
    }
  | { readonly kind: 'metrics'; readonly names: readonly string[] }
  | { readonly kind: 'figure' };

/** Which images a stage holds, as far as settings tell. */
export interface ChosenImages {
  /** A set that is known by its name, such as `mnist`; absent for the user's own files. */
  readonly set?: string;
  /** How many images a split has, where the settings alone tell. */
  readonly counts?: Readonly<Partial<Record<Split, number>>>;
  /** The divisions into training and test images that they went through. */
  readonly divisions: readonly string[];
}

/** Two inputs that must hold the same images in the same order. */
export interface Pairing {
  /** The settings that name them; a mismatch is reported at the second one. */
  readonly settings: readonly [string, string];
  /** The splits that are paired, as far as both have them. */
  readonly splits: readonly Split[];
}

/** A setting that names another stage. */
export interface InputPort {
  readonly accepts: readonly OutputKind[];
  /** True where the setting may be left out. */
  readonly optional?: boolean;
  /** The setting whose stage it is where it is left out: naming that stage changes nothing. */
  readonly default?: string;
}

/** One problem that a stage type finds in its own settings; the caller adds the place in the YAML. */
export interface Finding {
  readonly code: DiagnosticCode;
  readonly severity?: Diagnostic['severity'];
  readonly message: string;
  readonly hint?: string;
  /** What to write in place of the value at `at`. */
  readonly replacement?: string;
  /** Path inside the stage's settings, such as `['encoder', 3, 'Dense', 'units']`; empty for the stage itself. */
  readonly at: readonly (string | number)[];
  /**
   * Other settings that say what `at` says: the problem is that of the first of all these that the pipeline names, and none if all
   * have their defaults. Empty: only `at` counts.
   */
  readonly ifWritten?: readonly Finding['at'][];
  /** A second place: in this stage, or in another. */
  readonly related?: {
    readonly message: string;
    readonly at: readonly (string | number)[];
    readonly stage?: string;
  };
}

/** What a stage's files tell before it runs. */
export interface Inspection {
  /** Names of files that a run would download first. */
  readonly downloads?: readonly string[];
  /** Of images, where the files could be read. */
  readonly shape?: ImageShape;
  readonly range?: readonly [number, number];
  /** Images of each split after `limit`, where they could be counted. */
  readonly counts?: Readonly<Partial<Record<Split, number>>>;
  readonly findings: readonly Finding[];
}

export interface AnalysisContext<Settings> {
  readonly stage: string;
  readonly settings: Settings;
  /** What `inspect` found; absent where nothing was looked at. */
  readonly inspected?: Inspection;
  /** By the settings key that names the stage; absent where that stage could not be described. */
  readonly inputs: Readonly<Record<string, OutputDescription | undefined>>;
  /** Names of the stages behind `inputs`. */
  readonly references: Readonly<Record<string, string>>;
  readonly report: (finding: Finding) => void;
}

/** The static half of a node: pure, and cheap to load. */
export interface StageType<Settings = JsonObject> {
  /** The value of a stage's `type`. */
  readonly type: string;
  /** Raised whenever the same settings would give other results; part of the cache key. */
  readonly version: number;
  /** JSON Schema (draft-07) of the stage's settings, `type` among them. */
  readonly schema: JsonObject;
  /** Settings that name other stages. */
  readonly inputs: Readonly<Record<string, InputPort>>;
  readonly outputs: OutputKind;
  /** Whether the result depends on the pipeline's seed. */
  readonly draws: boolean | ((settings: Settings) => boolean);
  /** Whether running needs TensorFlow, and so the result depends on the engine and its threads. */
  readonly engine: boolean | ((settings: Settings) => boolean);
  /** SHA-256 of a plugin's source; absent for built-in types, whose code `version` stands for. */
  readonly code?: string;
  /** Settings that change neither artifacts nor metrics, and so are no part of the cache key. */
  readonly cosmetic?: readonly string[];
  /**
   * For types that keep checkpoints: the setting, an integer, that only says how long the work goes on. A checkpoint serves
   * every stage that differs from its own in this setting alone, and has not got beyond it.
   */
  readonly resumesBy?: string;
  /** Inputs whose images the stage pairs; they are compared by name before it runs. */
  pairings?(settings: Settings): readonly Pairing[];
  /** Checks what the schema cannot say, and describes the output; undefined if the settings are invalid. */
  analyze(context: AnalysisContext<Settings>): OutputDescription | undefined;
  /**
   * The identity of files outside the pipeline that the result depends on, such as their SHA-256; part of the cache key.
   *
   * @param folder the folder of the pipeline file, against which relative paths are resolved
   */
  fingerprint?(settings: Settings, folder: string): Promise<Json>;
  /**
   * Looks for the files that the stage needs, and into those that `analyze` then describes, where that is quick; undefined
   * where nothing is found out.
   *
   * @param folder that of the pipeline file
   */
  inspect?(settings: Settings, folder: string): Promise<Inspection | undefined>;
  /** Files and folders of the user's own that the stage reads, as the settings name them, relative to the pipeline file. */
  files?(settings: Settings): readonly string[];
}

/** What a stage type declares of stages with these settings. */
export function declared<Settings>(
  of: boolean | ((settings: Settings) => boolean),
  settings: Settings,
): boolean {
  return typeof of === 'function' ? of(settings) : of;
}
