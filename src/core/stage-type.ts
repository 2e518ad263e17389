/** What is known about a stage without running it: enough to validate, plan and explain it. */
import type { Diagnostic, DiagnosticCode } from './diagnostic.ts';
import type { Json, JsonObject } from './json.ts';

/** The kind of a stage's output. References between stages are typed by it. */
export type OutputKind = 'images' | 'model' | 'trained-model' | 'vectors' | 'metrics' | 'scores' | 'figure';

export type Split = 'train' | 'test';

/** Height, width, channels. */
export type ImageShape = readonly [number, number, number];

/** A class of images, as far as it is known before anything runs. */
export interface ClassDescription {
  /** Absent if only a run numbers the classes. */
  readonly label?: number;
  /** Absent if labels are numbers without names. */
  readonly name?: string;
}

/** A layer of a model, as other stages see it. */
export interface LayerDescription {
  /** Its kind, such as `Dense`. */
  readonly kind: string;
  /** Its name in the model, such as `dense_1`. */
  readonly label: string;
  /** The label of the layer to which a kernel belongs that is tied. */
  readonly tiedTo?: string;
  readonly weights: readonly WeightDescription[];
}

export interface WeightDescription {
  /** Such as `kernel`. */
  readonly name: string;
  readonly shape: readonly number[];
  /** False for running statistics, which no optimizer changes, and for kernels of tied layers, which belong to another layer. */
  readonly trainable: boolean;
}

/** An entry of a list of layers: a layer, or the layers of a block and the block itself. */
export type EntryDescription = readonly LayerDescription[];

/** The two lists of layers of an autoencoder. */
export interface ModelLayers {
  readonly encoder: readonly EntryDescription[];
  readonly decoder: readonly EntryDescription[];
}

/** What is known about a stage's output before it runs; input to the checks of other stages. */
export type OutputDescription =
  | {
      readonly kind: 'images';
      /** Absent if only the files determine it. */
      readonly shape?: ImageShape;
      /** Lowest and highest value; absent if unknown. */
      readonly range?: readonly [number, number];
      readonly splits: readonly Split[];
      /**
       * Identifies the images of a step, such as `split`: equal for equal steps on the same images. Absent for types that change
       * images otherwise: their stage identifies them.
       */
      readonly identity?: string;
      /** For corrupted images: the stage with the clean ones; after a step, the identity of the clean ones. */
      readonly corruptionOf?: string;
      /** For corrupted images: the identity of the clean ones, if it differs from `corruptionOf`. */
      readonly cleanIdentity?: string;
      /**
       * True if the clean images are stored beside the corrupted ones, for a stage of type `clean`; absent for types that change
       * images.
       */
      readonly holdsClean?: boolean;
      /** For corrupted images: the stages to whose images noise was added, beginning with the clean ones. */
      readonly noiseOn?: readonly string[];
      /** True if training samples the corruption again in every step. */
      readonly resampled?: boolean;
      /** Which images they are; absent for types that drop or reorder images. */
      readonly chosen?: ChosenImages;
      /** Whether they have class labels; absent if unknown. */
      readonly labeled?: boolean;
      /** All classes that they can have; absent if unknown. */
      readonly classes?: readonly ClassDescription[];
    }
  | {
      readonly kind: 'model';
      /** Shapes without the batch dimension. */
      readonly inputShape: readonly number[];
      readonly latentShape: readonly number[];
      readonly outputShape: readonly number[];
      /** The Keras name of the activation of the last layer, `linear` if it has none. */
      readonly outputActivation: string;
      /** The number of classes that a conditional model knows; absent for others. */
      readonly classes?: number;
      /** Path of the last layer inside `decoder`; absent if unknown. */
      readonly lastLayer?: readonly number[];
      /** Absent if unknown. */
      readonly layers?: ModelLayers;
      /** Whether its encoder ends in `Variational`; absent where not known. */
      readonly variational?: boolean;
      /** Whether its encoder ends in `VectorQuantizer`; absent where not known. */
      readonly quantized?: boolean;
    }
  | {
      readonly kind: 'trained-model';
      readonly inputShape: readonly number[];
      readonly latentShape: readonly number[];
      readonly outputShape: readonly number[];
      /** The stage with the images it was trained on, and the stage with its targets. */
      readonly data: string;
      readonly target: string;
      /** The range of the images it was trained on; absent if unknown. */
      readonly range?: readonly [number, number];
      /** The number of classes that a conditional model knows; absent for others. */
      readonly classes?: number;
      /** True if `data` is a corruption of `target`. */
      readonly denoiser: boolean;
      /** The columns of its history; absent if unknown. */
      readonly measured?: readonly string[];
      /** Whether its encoder ends in `Variational`; absent where not known. */
      readonly variational?: boolean;
      /** Whether its encoder ends in `VectorQuantizer`; absent where not known. */
      readonly quantized?: boolean;
      /** Whether its latents were pulled to the standard normal distribution by a `latent_regularizer`; absent where not known. */
      readonly regularized?: boolean;
      /** Absent if unknown. */
      readonly layers?: ModelLayers;
      /** The loss it was trained with; absent if unknown. */
      readonly loss?: string;
      /** Whether it saved previews during training; absent if unknown. */
      readonly previews?: boolean;
    }
  | {
      readonly kind: 'vectors';
      /** Values per vector; absent if unknown. */
      readonly size?: number;
      readonly splits: readonly Split[];
      /** The images that they were computed from. */
      readonly chosen?: ChosenImages;
      /** Whether these images have class labels; absent if unknown. */
      readonly labeled?: boolean;
    }
  | { readonly kind: 'metrics'; readonly names: readonly string[] }
  | {
      readonly kind: 'scores';
      /** The names of the metrics. */
      readonly names: readonly string[];
      /** Whether it is known which images are anomalous. */
      readonly judged: boolean;
    }
  | { readonly kind: 'figure' };

/** Which images a stage holds, as far as the settings determine it. */
export interface ChosenImages {
  /** The name of a known set, such as `mnist`; absent for the user's own files. */
  readonly set?: string;
  /** The number of images in a split, if the settings alone determine it. */
  readonly counts?: Readonly<Partial<Record<Split, number>>>;
  /** The divisions into training and test images that were applied to them. */
  readonly divisions: readonly string[];
}

/** Two inputs that must contain the same images in the same order. */
export interface Pairing {
  /** The settings that name them; a mismatch is reported at the second one. */
  readonly settings: readonly [string, string];
  /** The splits that are paired, if both inputs have them. */
  readonly splits: readonly Split[];
}

/** A setting that names another stage. */
export interface InputPort {
  readonly accepts: readonly OutputKind[];
  /** True if the setting may be omitted. */
  readonly optional?: boolean;
  /** The setting whose stage is used by default: naming that stage explicitly changes nothing. */
  readonly default?: string;
}

/** A problem that a stage type finds in its own settings; the caller adds the place in the YAML. */
export interface Finding {
  readonly code: DiagnosticCode;
  readonly severity?: Diagnostic['severity'];
  readonly message: string;
  readonly hint?: string;
  /** The value to write at `at` instead. */
  readonly replacement?: string;
  /** Path inside the stage's settings, such as `['encoder', 3, 'Dense', 'units']`; empty for the stage itself. */
  readonly at: readonly (string | number)[];
  /**
   * Other settings to which the problem applies as well. It is reported at the first of all these that the pipeline sets, and
   * not at all if all have their defaults. Empty: only `at` counts.
   */
  readonly ifWritten?: readonly Finding['at'][];
  /** A second place, in this stage or in another. */
  readonly related?: {
    readonly message: string;
    readonly at: readonly (string | number)[];
    readonly stage?: string;
  };
}

/** What a stage's files reveal before it runs. */
export interface Inspection {
  /** Names of files that a run would download first. */
  readonly downloads?: readonly string[];
  /** For images, if the files could be read. */
  readonly shape?: ImageShape;
  readonly range?: readonly [number, number];
  /** Images in each split after `limit`, if they could be counted. */
  readonly counts?: Readonly<Partial<Record<Split, number>>>;
  /** All classes that images can have, if the files show them. */
  readonly classes?: readonly ClassDescription[];
  readonly findings: readonly Finding[];
}

export interface AnalysisContext<Settings> {
  readonly stage: string;
  readonly settings: Settings;
  /** The result of `inspect`; absent if no files were inspected. */
  readonly inspected?: Inspection;
  /** By the settings key that names the stage; absent if that stage could not be described. */
  readonly inputs: Readonly<Record<string, OutputDescription | undefined>>;
  /** Names of the stages that produce `inputs`. */
  readonly references: Readonly<Record<string, string>>;
  readonly report: (finding: Finding) => void;
}

/** The static part of a stage type: pure, and cheap to load. */
export interface StageType<Settings = JsonObject> {
  /** The value of a stage's `type`. */
  readonly type: string;
  /** Increased whenever the same settings would produce other results; part of the cache key. */
  readonly version: number;
  /** JSON Schema (draft-07) of the stage's settings, including `type`. */
  readonly schema: JsonObject;
  /** Settings that name other stages. */
  readonly inputs: Readonly<Record<string, InputPort>>;
  readonly outputs: OutputKind;
  /** Whether the result depends on the pipeline's seed. */
  readonly draws: boolean | ((settings: Settings) => boolean);
  /** Whether a run needs TensorFlow. The result then depends on the engine and its threads. */
  readonly engine: boolean | ((settings: Settings) => boolean);
  /** SHA-256 of a plugin's source; absent for built-in types, whose code is identified by `version`. */
  readonly code?: string;
  /** Settings that change neither artifacts nor metrics. They are not part of the cache key. */
  readonly cosmetic?: readonly string[];
  /** Settings that name classes: numbers in them are labels, which have no order. */
  readonly classSettings?: readonly string[];
  /**
   * For types that keep checkpoints: the integer setting that only sets the length of the work. A checkpoint can be used by
   * every stage that differs from its own only in this setting, if the checkpoint is not beyond that length.
   */
  readonly resumesBy?: string;
  /** Inputs whose images the stage pairs. They are compared by name before it runs. */
  pairings?(settings: Settings): readonly Pairing[];
  /** Checks what the schema cannot express, and describes the output; undefined if the settings are invalid. */
  analyze(context: AnalysisContext<Settings>): OutputDescription | undefined;
  /**
   * The identity of files outside the pipeline that the result depends on, such as their SHA-256; part of the cache key.
   *
   * @param folder the folder of the pipeline file, against which relative paths are resolved
   */
  fingerprint?(settings: Settings, folder: string): Promise<Json>;
  /**
   * Looks for the files that the stage needs. Reads those that `analyze` then describes, if that is quick. Returns undefined
   * if nothing was found.
   *
   * @param folder the folder of the pipeline file
   */
  inspect?(settings: Settings, folder: string): Promise<Inspection | undefined>;
  /** The user's own files and folders that the stage reads, as the settings name them, relative to the pipeline file. */
  files?(settings: Settings): readonly string[];
}

/** What a stage type declares about stages with these settings. */
export function declared<Settings>(
  of: boolean | ((settings: Settings) => boolean),
  settings: Settings,
): boolean {
  return typeof of === 'function' ? of(settings) : of;
}
