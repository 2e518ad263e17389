/** Exit codes of all commands. */
import { errorsOf, type Diagnostic, type DiagnosticCode } from '../core/diagnostic.ts';

export const EXIT = {
  done: 0,
  failed: 1,
  invalid: 2,
  mismatch: 3,
  hangup: 129,
  interrupted: 130,
  terminated: 143,
} as const;

/** Their meanings, for `--help`; see also `docs/failures.md`. Windows has no `SIGTERM`. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  done: 'done',
  failed: 'the work failed',
  invalid: 'wrong or missing input: nothing was done',
  mismatch: '`verify`, `cache verify` or `reproduce` found a mismatch',
  hangup: 'stopped: the terminal was closed (SIGHUP)',
  interrupted: 'stopped by Ctrl-C (SIGINT)',
  terminated: 'stopped by SIGTERM',
};

/** Problems of the machine and of the work, not of the input. */
const OF_THE_WORK: ReadonlySet<DiagnosticCode> = new Set([
  'engine-missing',
  'engine-install-failed',
  'engine-failed',
  'webassembly-missing',
  'model-too-large',
  'decoder-missing',
  'not-finite',
  'output-not-writable',
  'disk-full',
  'system-limit',
  'io-failed',
  'port-unavailable',
  'verification-stopped',
  'run-locked',
  'lock-lost',
  'worker-died',
  'stage-failed',
  'launcher-failed',
  'trial-failed',
  'internal-error',
]);

/** The `status` of the JSON document and the exit code of a command that ended with these problems. */
export function outcomeOf(diagnostics: readonly Diagnostic[]): {
  readonly status: 'invalid' | 'failed' | 'interrupted';
  readonly code: number;
} {
  const errors = errorsOf(diagnostics);
  if (errors.some(({ code }) => code === 'interrupted'))
    return { status: 'interrupted', code: EXIT.interrupted };
  if (errors.some(({ code }) => OF_THE_WORK.has(code))) return { status: 'failed', code: EXIT.failed };
  return { status: 'invalid', code: EXIT.invalid };
}

/** The lines of `--help`: on Windows without names of signals. */
export function exitCodeLines(platform: NodeJS.Platform = process.platform): readonly string[] {
  const codes = Object.entries(EXIT) as [keyof typeof EXIT, number][];
  const lines = codes.map(([name, code]) => `  ${String(code).padEnd(5)}${EXIT_MEANINGS[name]}`);
  if (platform !== 'win32') return lines;
  return lines.map((line) => line.replace(/ \(SIG[A-Z]+\)$/, '')).filter((line) => !/SIG[A-Z]+/.test(line));
}
