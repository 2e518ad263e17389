/** What can be wrong with a pipeline, a run or a machine, as data. `cli/` renders it. */

/** A place in a text. Lines and columns count from 1; a column counts UTF-16 code units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A stretch of a source text; `end` is the first position after it. */
export interface SourceRange {
  /** The file as the user named it, or an override of the command line with its text: `-S params.latent_size=8`. */
  readonly file: string;
  readonly start: Position;
  readonly end: Position;
}

/** A text that ranges point into. An override is a source of one line: `params.latent_size=8`. */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

/** Stable names of everything that Hourglass reports, with what each means. Tests and `--json` rely on them. */
export const DIAGNOSTIC_CODES = {
  usage: 'The command line is not understood.',
  'file-not-found': 'A file that was named does not exist.',
  'file-unreadable': 'A file that was named is a folder, is not readable, or is not text.',
  'file-too-large': 'A pipeline file is larger than Hourglass reads.',
  'file-empty': 'A pipeline file holds nothing.',
  'yaml-syntax': 'The text is not YAML 1.2, or uses a part of it that pipelines do not.',
  'duplicate-key': 'A map has the same key twice.',
  'unknown-key': 'A key that the language does not have.',
  'reserved-name':
    'A key, a stage, a parameter or a pipeline has a name that means something to JavaScript or Windows.',
  'name-clash': 'Two stages have names that differ only in case: on many disks they share a folder.',
  'unknown-value': 'A value outside the listed choices, such as a layer or stage type that does not exist.',
  'missing-key': 'A key that must be there is not.',
  'wrong-type': 'A value of another type than the key takes.',
  'out-of-range': 'A number, a text or a list outside its limits.',
  'unknown-param': '`${params.x}` names a parameter that is not defined.',
  'bad-interpolation':
    '`${…}` holds something other than `params.` and a name, or a value that does not fit there.',
  'param-cycle': 'Parameters are made of one another in a circle.',
  'bad-override':
    '`-S` is not `path=value`, its path does not exist, or a sweep sets it; or `--over` or `--metric` is not understood.',
  'nothing-removed': 'A `null` that would take away a key which is not there.',
  'extends-cycle': 'A file extends itself, directly or through others.',
  'unknown-stage': 'A reference names a stage that does not exist.',
  'wrong-stage-kind': 'A reference names a stage of a kind that does not fit.',
  'unknown-metric': 'A metric that no stage gives.',
  'stage-cycle': 'Stages need each other in a circle.',
  'shape-mismatch': 'Layers, models or images do not fit together.',
  'loss-output-mismatch': 'A loss does not fit what the model puts out.',
  'clean-evaluation': 'A denoiser is given images without noise.',
  'pair-mismatch': 'Two image sets that are compared image by image do not hold the same images.',
  'missing-split': 'A stage asks for a part of the data that is not there.',
  'bad-setting': 'Settings that contradict each other.',
  'plugin-refused': 'The pipeline names a plugin, and plugins were not allowed.',
  'plugin-invalid': 'A plugin cannot be loaded or is not a node definition.',
  'engine-missing': 'TensorFlow is not installed, and cannot be here.',
  'engine-install-failed': 'Installing TensorFlow did not succeed.',
  'webassembly-missing':
    'Node.js has no WebAssembly with vector instructions, which the portable engine needs.',
  'model-too-large': 'A step of a model needs more memory than the engine can have or address.',
  'engine-failed': 'The engine failed in the middle of a step.',
  'data-missing': 'Files of a data set are missing or could not be had.',
  'decoder-missing': 'The library that decodes pictures cannot be loaded on this system.',
  'data-corrupt': 'Files of a data set are truncated, altered or not of their format.',
  'not-finite': 'A loss or a result became NaN or infinite.',
  'output-not-writable': 'The outputs or the cache cannot be written.',
  'disk-full': 'The disk is full.',
  'io-failed': 'The system does not let a file be read or written: its permissions, links or disk.',
  'system-limit': 'The system allows no more open files, processes or memory.',
  'file-kept': 'A file of the user was in the way of an artifact, and has another name now.',
  'cache-corrupt': 'A cache entry is not what was stored.',
  'outputs-outdated': 'Outputs that are to be packed are not those of the pipeline.',
  'archive-unreadable': 'An archive cannot be read from its disk.',
  'archive-unsafe': 'An archive is not one that `hourglass pack` wrote; nothing of it was used.',
  'archive-damaged': 'Files of an archive are not what its manifest says.',
  'no-run': 'There are no outputs of a run to report on.',
  'port-unavailable': 'The port of a live report is taken, or may not be used.',
  'path-outside': 'A pipeline of somebody else names a file outside its folder.',
  'verification-mismatch': 'A submission does not give what it claims.',
  'platform-differs': 'A submission is from another platform, which `--same-platform` does not excuse.',
  'verification-stopped': 'Verifying a submission took more time, memory or disk than it may.',
  'assignment-deviation': 'A submission changes what the assignment does not let it change.',
  'assignment-seed': 'The seed of a submission is not the number of its student.',
  'student-unknown': 'Neither the list of students nor the name of an archive tells whose it is.',
  'submission-duplicate': 'Two submissions hold the same weights or figures.',
  'name-in-use': 'Another pipeline file has the same name, and so the same outputs.',
  'run-locked': 'Another run of the same pipeline is active.',
  'lock-lost':
    'Another process took over a run that was silent for too long; this one stopped and wrote nothing more.',
  'worker-died': 'The process of a stage ended without an answer.',
  'launcher-failed': 'A batch system did not take, or did not cancel, the jobs of a sweep.',
  'trial-failed': 'A trial of a sweep did not succeed.',
  'stage-failed': 'A stage ended with an error.',
  interrupted: 'The run was stopped by a signal.',
  'internal-error': 'A bug in Hourglass.',
} as const;

export type DiagnosticCode = keyof typeof DIAGNOSTIC_CODES;

/** A change of a source text: `text` in place of what `range` covers. */
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
  /** Of a running stage, which does not know the file: the path inside its settings, until the executor sets `range` by it. */
  readonly at?: readonly (string | number)[];
  /** What to do, such as "did you mean `kernel_size`?". */
  readonly hint?: string;
  /** The changes that `hint` advises, where they are certain: together they repair this place. They do not overlap. */
  readonly edits?: readonly TextEdit[];
  /** A second place that matters, such as "first defined here". */
  readonly related?: readonly { readonly message: string; readonly range: SourceRange }[];
  /** The stage that was running, for failures of a run. */
  readonly stage?: string;
}

/** Whether a diagnostic, or what was read back of one, is an error and no warning. */
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

/** Does some work of a stage for one of its settings, at which failures without a place are then shown. */
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
