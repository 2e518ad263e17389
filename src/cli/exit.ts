/** Exit codes of all commands. */
import type { Diagnostic, DiagnosticCode } from '../core/diagnostic.ts';

export const EXIT = {
  done: 0,
  /** A stage failed, or the machine did not give what was needed. */
  failed: 1,
  /** The pipeline or the call is wrong: nothing was done. */
  invalid: 2,
  /** A submission is not what it claims to be. */
  mismatch: 3,
  interrupted: 130,
  terminated: 143,
} as const;

/** Problems of the machine and of a run, not of what the user wrote. */
const OF_THE_RUN: ReadonlySet<DiagnosticCode> = new Set([
  'engine-missing',
  'engine-install-failed',
  'engine-portable',
  'data-missing',
  'data-corrupt',
  'not-finite',
  'output-not-writable',
  'disk-full',
  'cache-corrupt',
  'outputs-outdated',
  'no-run',
  'port-unavailable',
  'verification-stopped',
  'run-locked',
  'worker-died',
  'stage-failed',
  'launcher-failed',
  'trial-failed',
  'internal-error',
]);

/** The `status` of a JSON document, and the exit code, of a command that these problems brought to its end. */
export function outcomeOf(diagnostics: readonly Diagnostic[]): {
  readonly status: 'invalid' | 'failed' | 'interrupted';
  readonly code: number;
} {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.some(({ code }) => code === 'interrupted'))
    return { status: 'interrupted', code: EXIT.interrupted };
  if (errors.some(({ code }) => OF_THE_RUN.has(code))) return { status: 'failed', code: EXIT.failed };
  return { status: 'invalid', code: EXIT.invalid };
}
