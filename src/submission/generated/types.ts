/** What describes a submission and an assignment, after validation, with defaults in place. Generated from `schemas/` by `npm run generate`. */

/** One file: its path with `/`, its bytes, and their SHA-256. */
export type PackedFile = {
  /** Path with `/`. */
  readonly path: string;
  /** Size in bytes. */
  readonly bytes: number;
  /** SHA-256 in hexadecimal. */
  readonly sha256: string;
};

/** One number of a stage. */
export type PackedMetric = {
  /** Name of the metric. */
  readonly name: string;
  /** The number. */
  readonly value: number;
};

/** What a stage gave. */
export type PackedStage = {
  /** Name of the stage. */
  readonly name: string;
  /** Its type. */
  readonly type: string;
  /** SHA-256 of all that its result depends on, as in `run.json`. */
  readonly hash: string;
  /** Its numbers. */
  readonly metrics: readonly PackedMetric[];
  /**
   * All its artifacts, below its folder; those that the archive leaves out, such as arrays of images, are
   * here by their hash alone.
   */
  readonly files: readonly PackedFile[];
};

/** What was run. */
export type PackedPipeline = {
  /** The pipeline file in the archive. */
  readonly file: string;
  /** Name of the pipeline. */
  readonly name: string;
  /** Its seed. */
  readonly seed: number;
  /** `-S` arguments of the run. */
  readonly overrides: readonly string[];
  /** TensorFlow threads of stages that name no number. */
  readonly threads: number;
};

/** The content of `manifest.json`: what is in the archive, and what the run gave. */
export type Manifest = {
  /** Version of this format. */
  readonly format: 'hourglass-submission-1';
  readonly pipeline: PackedPipeline;
  /** The stages in the order of the pipeline. */
  readonly stages: readonly PackedStage[];
  /** Every file of the archive but this one. */
  readonly files: readonly PackedFile[];
};

/** The engine of the run. */
export type PackedEngine = {
  /** Native or portable. */
  readonly kind: 'native' | 'portable';
  /** Its version. */
  readonly version: string;
  /** System and processor. */
  readonly platform: string;
};

/** The processor, as the system describes it. */
export type PackedProcessor = {
  /** Its name. */
  readonly model: string;
  /** The vector instructions that it has, sorted. */
  readonly features: readonly string[];
};

/** The content of `environment.json`: where the run was made. */
export type Environment = {
  /** Version of Hourglass. */
  readonly hourglass: string;
  /** Version of Node.js. */
  readonly node: string;
  /** Operating system, its release and its C library. */
  readonly system: string;
  readonly processor: PackedProcessor;
  readonly engine: PackedEngine;
  /**
   * SHA-256 of the names and versions of the packages that Hourglass uses, and of the files that it bundles.
   * Empty if it is unknown.
   */
  readonly packages: string;
};

/** What students may change in a given pipeline, for `hourglass verify --assignment`. */
export type Assignment = {
  /** The pipeline that students received, relative to this file. */
  readonly base: string;
  /**
   * Dotted paths that may differ, with everything below them; `*` stands for one name. `name`, `description`
   * and `seed` always may.
   */
  readonly editable: readonly string[];
  /** What `seed` must be: the student's number, the base's, or anything. */
  readonly seed: 'student_number' | 'base' | 'any';
  /**
   * Table with the columns `file` and `number`, relative to this file: whose archive is whose. Cells are
   * separated by commas, semicolons or tabs. If left out, the number must be in the archive's file name.
   */
  readonly students?: string;
};
