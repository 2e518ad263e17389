import { existsSync, statSync } from 'node:fs';
import { basename, extname, join, dirname, resolve } from 'node:path';
import { Failure, failure, type Diagnostic } from '../../core/diagnostic.ts';
import { printable, printableJson } from '../../core/text.ts';
import { loadAssignment } from '../../submission/assignment.ts';
import type { Level } from '../../submission/levels.ts';
import { DEFAULT_LIMITS } from '../../submission/limited.ts';
import { gradescopeResults, marksCsv } from '../../submission/marks.ts';
import { recordedEngine } from '../../submission/unpack.ts';
import { verifySubmissions, type Verdict } from '../../submission/verify.ts';
import { EXIT, outcomeOf } from '../exit.ts';
import { expand } from '../expand.ts';
import { listenForSignals } from '../signals.ts';
import { checkTargets, STDOUT, writeNamed } from '../target.ts';
import { diagnosticToJson, renderCounted } from '../terminal/diagnostics.ts';
import { engineLine } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { renderVerdicts } from '../terminal/verdicts.ts';

export interface VerifyFlags {
  readonly level: Level;
  readonly assignment?: string;
  readonly data?: string;
  readonly csv?: string;
  readonly gradescope?: string;
  readonly allowPlugins?: boolean;
  readonly samePlatform?: boolean;
  /** Minutes. */
  readonly timeout: number;
  readonly jobs: number;
}

export interface VerifyCommandOptions extends VerifyFlags {
  readonly archives: readonly string[];
}

/** `hourglass verify` */
export async function verify(terminal: Terminal, options: VerifyCommandOptions): Promise<number> {
  const archives = [...new Set(options.archives.flatMap(expand))];
  const { assignment, data } = options;
  const missing = archives.filter((file) => !existsSync(file));
  if (missing.length > 0) {
    throw failure(
      'file-not-found',
      `${missing.map((file) => `\`${file}\``).join(', ')}: there is no such file`,
    );
  }
  const folders = archives.filter((file) => statSync(file).isDirectory());
  if (folders.length > 0) {
    throw failure(
      'file-unreadable',
      `${folders.map((file) => `\`${file}\``).join(', ')}: that is a folder`,
      'name the archives in it',
    );
  }
  await checkTargets({ '--csv': options.csv, '--gradescope': options.gradescope }, terminal.options.json);
  if (options.gradescope === STDOUT && archives.length > 1) {
    throw failure('usage', '`--gradescope -` takes one archive', 'name a file: each archive gets its own');
  }
  const rules = assignment === undefined ? undefined : await loadAssignment(assignment);
  const quiet = terminal.options.json || terminal.options.quiet;
  const note = (text: string): void => {
    if (!quiet) terminal.note(text);
  };
  const interrupt = listenForSignals(() => note('stopping (again to stop at once)'));
  try {
    if (options.level !== 'hashes' && (await needTensorFlow(archives)))
      await prepareEngine(interrupt.signal, note);
    const verdicts = await verifySubmissions(archives, {
      level: options.level,
      allowPlugins: options.allowPlugins === true,
      samePlatform: options.samePlatform === true,
      ...(data === undefined ? {} : { data: resolve(data) }),
      ...(rules === undefined ? {} : { assignment: rules }),
      limits: { ...DEFAULT_LIMITS, seconds: options.timeout * 60 },
      jobs: options.jobs,
      signal: interrupt.signal,
      done: ({ file, result }) => {
        if (archives.length > 1) note(`${printable(basename(file))}: ${result}`);
      },
    });
    // The results of hours of work are printed, even if the files cannot be written.
    const problems = await writeMarks(verdicts, options);
    const isTaken = options.csv === STDOUT || options.gradescope === STDOUT;
    present(terminal, verdicts, { problems, isTaken });
    const code = exitCode(verdicts);
    return code === EXIT.done && problems.length > 0 ? outcomeOf(problems).code : code;
  } finally {
    interrupt.stop();
  }
}

/** Whether one of the archives was made with TensorFlow. Archives from the portable engine are checked with that engine. */
async function needTensorFlow(archives: readonly string[]): Promise<boolean> {
  for (const path of archives) if ((await recordedEngine(path)) === 'native') return true;
  return false;
}

/** TensorFlow is installed here: the processes that check archives have no network access. */
async function prepareEngine(signal: AbortSignal, note: (text: string) => void): Promise<void> {
  const { ensureEngine } = await import('../../engine/tensorflow/install.ts');
  const { notice } = await ensureEngine('auto', () => undefined, signal);
  if (notice !== undefined) note(engineLine(notice));
}

/** Writes the files; returns the problems with those that cannot be written. */
async function writeMarks(
  verdicts: readonly Verdict[],
  { csv, gradescope }: VerifyCommandOptions,
): Promise<readonly Diagnostic[]> {
  const files: (readonly [string, string])[] = csv === undefined ? [] : [[csv, marksCsv(verdicts)]];
  if (gradescope !== undefined) {
    const names = namesBeside(
      gradescope,
      verdicts.map(({ file }) => file),
    );
    for (const [index, verdict] of verdicts.entries())
      files.push([
        names[index] ?? gradescope,
        `${printableJson(JSON.stringify(gradescopeResults(verdict), null, 2))}\n`,
      ]);
  }
  const problems: Diagnostic[] = [];
  for (const [path, text] of files) {
    await writeNamed(path, text).catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      problems.push(...error.diagnostics);
    });
  }
  return problems;
}

/** `results.json` for `20231234.zip` among others is `results.20231234.json`; archives with the same name in several folders are numbered. */
function namesBeside(path: string, archives: readonly string[]): readonly string[] {
  if (archives.length === 1) return [path];
  const extension = extname(path);
  const taken = new Set<string>();
  return archives.map((archive) => {
    const stem = basename(archive, extname(archive));
    let name = stem;
    for (let number = 2; taken.has(name.toLowerCase()); number += 1) name = `${stem}-${number}`;
    taken.add(name.toLowerCase());
    return join(dirname(path), `${basename(path, extension)}.${name}${extension}`);
  });
}

/** @param isTaken whether a file is written to stdout; the table then goes to stderr */
function present(
  terminal: Terminal,
  verdicts: readonly Verdict[],
  { problems, isTaken }: { readonly problems: readonly Diagnostic[]; readonly isTaken: boolean },
): void {
  if (terminal.options.json) {
    const status = problems.length > 0 ? 'failed' : exitCode(verdicts) === EXIT.done ? 'done' : 'mismatch';
    const archives = verdicts.map((verdict) => ({
      ...verdict,
      diagnostics: verdict.diagnostics.map(diagnosticToJson),
    }));
    const more = problems.length > 0 ? { diagnostics: problems.map(diagnosticToJson) } : {};
    terminal.result(JSON.stringify({ status, archives, ...more }, null, 2));
    return;
  }
  if (!isTaken) terminal.result(renderVerdicts(verdicts, terminal.resultStyle));
  else if (!terminal.options.quiet) terminal.note(renderVerdicts(verdicts, terminal.noteStyle));
  if (problems.length > 0) terminal.note(renderCounted(problems, [], terminal.noteStyle));
}

/** An archive that could not be checked proves no mismatch, so the exit code is that of a failure. A mismatch has priority. */
function exitCode(verdicts: readonly Verdict[]): number {
  if (verdicts.some(({ result }) => result === 'mismatch')) return EXIT.mismatch;
  return verdicts.some(({ result }) => result === 'unchecked') ? EXIT.failed : EXIT.done;
}
