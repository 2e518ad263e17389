import { existsSync } from 'node:fs';
import { basename, extname, join, dirname, resolve } from 'node:path';
import { writeFileAtomic } from '../../artifacts/atomic.ts';
import { failure } from '../../core/diagnostic.ts';
import { loadAssignment } from '../../submission/assignment.ts';
import type { Level } from '../../submission/levels.ts';
import { DEFAULT_LIMITS } from '../../submission/limited.ts';
import { gradescopeResults, marksCsv } from '../../submission/marks.ts';
import { verifySubmissions, type Verdict } from '../../submission/verify.ts';
import { EXIT } from '../exit.ts';
import { listenForSignals } from '../signals.ts';
import { diagnosticToJson } from '../terminal/diagnostics.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { renderVerdicts } from '../terminal/verdicts.ts';

export interface VerifyFlags {
  readonly level: Level;
  readonly assignment?: string;
  readonly data?: string;
  readonly csv?: string;
  readonly gradescope?: string;
  readonly allowPlugins?: boolean;
  /** Minutes. */
  readonly timeout: number;
  readonly jobs: number;
}

export interface VerifyCommandOptions extends VerifyFlags {
  readonly archives: readonly string[];
}

/** `hourglass verify` */
export async function verify(terminal: Terminal, options: VerifyCommandOptions): Promise<number> {
  const archives = [...new Set(options.archives)];
  const { assignment, data } = options;
  const missing = archives.filter((file) => !existsSync(file));
  if (missing.length > 0) {
    throw failure(
      'file-not-found',
      `${missing.map((file) => `\`${file}\``).join(', ')}: there is no such file`,
    );
  }
  const rules = assignment === undefined ? undefined : await loadAssignment(assignment);
  const quiet = terminal.options.json || terminal.options.quiet;
  const note = (text: string): void => {
    if (!quiet) terminal.note(text);
  };
  const interrupt = listenForSignals(() => note('stopping (again to stop at once)'));
  try {
    if (options.level !== 'hashes') await prepareEngine(interrupt.signal, note);
    const verdicts = await verifySubmissions(archives, {
      level: options.level,
      allowPlugins: options.allowPlugins === true,
      ...(data === undefined ? {} : { data: resolve(data) }),
      ...(rules === undefined ? {} : { assignment: rules }),
      limits: { ...DEFAULT_LIMITS, seconds: options.timeout * 60 },
      jobs: options.jobs,
      signal: interrupt.signal,
      done: ({ file, result }) => {
        if (archives.length > 1) note(`${basename(file)}: ${result}`);
      },
    });
    await writeMarks(verdicts, options);
    present(terminal, verdicts);
    return exitCode(verdicts);
  } finally {
    interrupt.stop();
  }
}

/** TensorFlow is fetched here: the processes that check archives have no network. */
async function prepareEngine(signal: AbortSignal, note: (text: string) => void): Promise<void> {
  const { ensureEngine } = await import('../../engine/install.ts');
  const { warning } = await ensureEngine('auto', () => undefined, signal);
  if (warning !== undefined) note(warning.message);
}

async function writeMarks(verdicts: readonly Verdict[], options: VerifyCommandOptions): Promise<void> {
  const { csv, gradescope } = options;
  if (csv !== undefined) await writeFileAtomic(resolve(csv), marksCsv(verdicts));
  if (gradescope === undefined) return;
  const path = resolve(gradescope);
  for (const verdict of verdicts) {
    const results = `${JSON.stringify(gradescopeResults(verdict), null, 2)}\n`;
    await writeFileAtomic(verdicts.length === 1 ? path : besideFor(path, verdict.file), results);
  }
}

/** `results.json` for `20231234.zip` is `results.20231234.json`. */
function besideFor(path: string, archive: string): string {
  const extension = extname(path);
  const stem = basename(archive, extname(archive));
  return join(dirname(path), `${basename(path, extension)}.${stem}${extension}`);
}

function present(terminal: Terminal, verdicts: readonly Verdict[]): void {
  if (terminal.options.json) {
    const status = exitCode(verdicts) === EXIT.done ? 'done' : 'mismatch';
    const archives = verdicts.map((verdict) => ({
      ...verdict,
      diagnostics: verdict.diagnostics.map(diagnosticToJson),
    }));
    terminal.result(JSON.stringify({ status, archives }, null, 2));
  } else {
    terminal.result(renderVerdicts(verdicts, terminal.resultStyle));
  }
}

/** What could not be checked is no proof: it counts as a failure of the check, unless something is wrong. */
function exitCode(verdicts: readonly Verdict[]): number {
  if (verdicts.some(({ result }) => result === 'mismatch')) return EXIT.mismatch;
  return verdicts.some(({ result }) => result === 'unchecked') ? EXIT.failed : EXIT.done;
}
