/** Problems that prevent the check of an archive without being its fault. */
import { systemFailure } from '../files/atomic.ts';
import { Failure, type Diagnostic } from '../core/diagnostic.ts';

/**
 * Codes of problems that prevent a check and may not be the archive's fault: the result is then `unchecked`, not a
 * mismatch.
 */
export const UNDONE: ReadonlySet<Diagnostic['code']> = new Set([
  'plugin-refused',
  'platform-differs',
  'data-missing',
  'decoder-missing',
  'engine-missing',
  'engine-install-failed',
  'disk-full',
  'output-not-writable',
  'system-limit',
  'archive-unreadable',
  'verification-stopped',
  'worker-died',
  'student-unknown',
  'internal-error',
  'interrupted',
]);

/** Turns system errors into a `Failure` that does not blame the archive; returns other errors unchanged. */
export function troubleOf(error: unknown): unknown {
  const known = systemFailure(error);
  if (known === error || !(known instanceof Failure)) return known;
  return new Failure(
    ...known.diagnostics.map((diagnostic): Diagnostic =>
      UNDONE.has(diagnostic.code) ? diagnostic : { ...diagnostic, code: 'verification-stopped' },
    ),
  );
}
