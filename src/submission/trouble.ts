/** What keeps an archive from being checked without being its fault. */
import { systemFailure } from '../artifacts/atomic.ts';
import { Failure, type Diagnostic } from '../core/diagnostic.ts';

/**
 * Codes of problems that keep the work from being done, of which the archive need not be at fault: it is then `unchecked`, and no
 * mismatch.
 */
export const UNDONE: ReadonlySet<Diagnostic['code']> = new Set([
  'plugin-refused',
  'platform-differs',
  'data-missing',
  'engine-missing',
  'engine-install-failed',
  'disk-full',
  'output-not-writable',
  'archive-unreadable',
  'verification-stopped',
  'worker-died',
  'student-unknown',
  'internal-error',
  'interrupted',
]);

/** Errors of the system as a `Failure` that accuses nobody; anything else comes back as it is. */
export function troubleOf(error: unknown): unknown {
  const known = systemFailure(error);
  if (known === error || !(known instanceof Failure)) return known;
  return new Failure(
    ...known.diagnostics.map((diagnostic): Diagnostic =>
      UNDONE.has(diagnostic.code) ? diagnostic : { ...diagnostic, code: 'verification-stopped' },
    ),
  );
}
