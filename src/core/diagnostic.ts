/** Problems of a pipeline, a run or a machine, as data. `cli/` renders them. */

/** A place in a text. Lines and columns count from 1; a column counts UTF-16 code units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A part of a source text; `end` is the first position after it. */
export interface SourceRange {
  /** The file as the user named it, or an override of the command line with its text: `-S params.latent_size=8`. */
  readonly file: string;
  readonly start: Position;
  readonly end: Position;
}

/** A text that ranges refer to. An override is a source of one line: `params.latent_size=8`. */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

/** Stable codes of everything that Hourglass reports, with their meanings. Tests and `--json` rely on them. */
export const DIAGNOSTIC_CODES = {
  usage: 'The command line is not understood.',
  'file-not-found': 'A file that was named does not exist.',
  'file-unreadable': 'A file that was named is a folder, is not readable, or is not text.',
  'file-too-large': 'A pipeline file is larger than the limit.',
  'file-empty': 'A pipeline file is empty.',
  'yaml-syntax': 'The text is not valid YAML 1.2, or uses a feature that pipelines do not support.',
  'duplicate-key': 'A map has the same key twice.',
  'unknown-key': 'A key that does not exist here.',
  'reserved-name':
    'A key, a stage, a parameter or a pipeline has a name with a special meaning in JavaScript or on Windows.',
  'name-clash':
    'Two stages, or two pictures that `apply` writes, have names that differ only in case or not at all: they would share a folder or a file.',
  'unknown-value': 'A value outside the listed choices, such as a layer or stage type that does not exist.',
  'missing-key': 'A required key is missing.',
  'wrong-type': 'A value has the wrong type.',
  'out-of-range': 'A number, a string or a list is outside its limits.',
  'unknown-param': '`${params.x}` names a parameter that is not defined.',
  'bad-interpolation':
    '`${…}` contains something other than `params.` and a name, or its value does not fit there.',
  'param-cycle': 'Parameters refer to each other in a circle.',
  'bad-override':
    '`-S` is not `path=value`, its path does not exist, or a sweep sets it; or `--over` or `--metric` is not valid.',
  'nothing-removed': 'A `null` would remove a key that does not exist.',
  'extends-cycle': 'A file extends itself, directly or through others.',
  'unknown-stage': 'A reference names a stage that does not exist.',
  'wrong-stage-kind': 'A reference names a stage of the wrong kind.',
  'unknown-metric': 'No stage produces this metric.',
  'stage-cycle': 'Stages depend on each other in a circle.',
  'shape-mismatch': 'Layers, models or images do not fit together.',
  'loss-output-mismatch': 'A loss does not fit the outputs of the model.',
  'clean-evaluation': 'A denoiser is given images without noise.',
  'pair-mismatch': 'Two image sets that are compared image by image do not hold the same images.',
  'missing-split': 'A stage needs a part of the data that does not exist.',
  'bad-setting': 'Settings contradict each other.',
  'path-separator': 'A path contains `\\`, which only Windows uses as a path separator.',
  'plugin-refused': 'The pipeline uses a plugin, and plugins were not allowed.',
  'plugin-invalid': 'A plugin cannot be loaded or is not a node definition.',
  'engine-missing': 'TensorFlow is not installed, and cannot be installed here.',
  'engine-install-failed': 'The installation of TensorFlow failed.',
  'webassembly-missing':
    'Node.js has no WebAssembly with vector instructions, which the portable engine needs.',
  'model-too-large': 'A step of a model needs more memory than the engine can use.',
  'engine-failed': 'The engine failed during a step.',
  'data-missing': 'Files of a data set are missing or could not be downloaded.',
  'decoder-missing': 'The library that decodes pictures cannot be loaded on this system.',
  'data-corrupt': 'Files of a data set are truncated, altered or not in the expected format.',
  'not-finite': 'A loss or a result became NaN or infinite.',
  'output-not-writable': 'The outputs or the cache cannot be written.',
  'disk-full': 'The disk is full.',
  'io-failed': 'A file cannot be read or written because of its permissions, links or disk.',
  'system-limit': 'The system allows no more open files, processes or memory.',
  'file-kept': 'A file of yours was in the place of an artifact, and was renamed.',
  'cache-corrupt': 'A cache entry is damaged.',
  'other-version': 'The outputs were made by another version of Hourglass.',
  'outputs-outdated': 'The outputs to pack do not belong to the pipeline.',
  'archive-unreadable': 'An archive cannot be read from disk.',
  'archive-unsafe': 'An archive was not written by `hourglass pack`; nothing in it was used.',
  'archive-damaged': 'Files of an archive do not match its manifest.',
  'no-run': 'There are no outputs to report on.',
  'not-exportable': 'Another format cannot express a layer of a model.',
  'port-unavailable': 'The port of a live report is in use, or not allowed.',
  'path-outside': 'A submitted pipeline names a file outside its folder.',
  'verification-mismatch': 'A submission does not match what was computed from it.',
  'platform-differs': 'A submission is from another platform, which `--same-platform` does not allow.',
  'verification-stopped': 'Verifying a submission exceeded the limit of time, memory or disk.',
  'assignment-deviation': 'A submission changes something that the assignment does not allow.',
  'assignment-seed': 'The seed of a submission is not its student number.',
  'student-unknown': 'Neither the list of students nor the name of an archive says whose it is.',
  'submission-duplicate': 'Two submissions contain the same weights or figures.',
  'name-in-use': 'Another pipeline file has the same name, and so the same outputs.',
  'run-locked': 'Another run of the same pipeline is active.',
  'lock-lost':
    'This process was suspended for too long, and another took over its run. It stopped and wrote nothing more.',
  'worker-died': 'The process of a stage died.',
  'launcher-failed': 'A batch system did not accept, or did not cancel, the jobs of a sweep.',
  'trial-failed': 'A trial of a sweep failed.',
  'stage-failed': 'A stage ended with an error.',
  interrupted: 'The run was stopped by a signal.',
  'internal-error': 'A bug in Hourglass.',
} as const;

export type DiagnosticCode = keyof typeof DIAGNOSTIC_CODES;

/** A change of a source text: `text` replaces what `range` covers. */
export interface TextEdit {
  readonly range: SourceRange;
  readonly text: string;
}

export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: 'error' | 'warning';
  /** What is wrong, in one sentence that names the key or the file. Code is set in `backticks`. */
  readonly message: string;
  readonly range?: SourceRange;
  /** A path inside the settings of a running stage, which does not know the file. The executor turns it into `range`. */
  readonly at?: readonly (string | number)[];
  /** What to do, such as "did you mean `kernel_size`?". */
  readonly hint?: string;
  /** The changes that `hint` suggests, if they are certain: together they repair this place. They do not overlap. */
  readonly edits?: readonly TextEdit[];
  /** A second relevant place, such as "first defined here". */
  readonly related?: readonly { readonly message: string; readonly range: SourceRange }[];
  /** The stage that was running, for failures of a run. */
  readonly stage?: string;
}

/** Whether a diagnostic, or one read back from a file, is an error, not a warning. */
export function isError({ severity }: { readonly severity: string }): boolean {
  return severity === 'error';
}

/** The errors among diagnostics, without the warnings. */
export function errorsOf<Item extends { readonly severity: string }>(diagnostics: readonly Item[]): Item[] {
  return diagnostics.filter(isError);
}

/**
 * An expected failure on its way up: thrown deep inside a stage or a command, and turned into data at its boundary.
 * Any other thrown value is a bug.
 */
export class Failure extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(...diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((diagnostic) => diagnostic.message).join('\n'));
    this.name = 'Failure';
    this.diagnostics = diagnostics;
  }
}

/**
 * A failure of one error.
 *
 * @param at path inside the settings of the running stage; left out: the stage as a whole
 */
export function failure(
  code: DiagnosticCode,
  message: string,
  hint?: string,
  at: readonly (string | number)[] = [],
): Failure {
  return new Failure({
    code,
    severity: 'error',
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(at.length === 0 ? {} : { at }),
  });
}

/** Does some of a stage's work for one of its settings. Failures without a place are then shown at that setting. */
export async function atSetting<Result>(
  at: readonly (string | number)[],
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(...error.diagnostics.map((diagnostic) => ({ at, ...diagnostic })));
  }
}

/** The default branch of an exhaustive `switch`. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
