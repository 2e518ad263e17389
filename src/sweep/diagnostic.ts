import type { LocatedPipeline } from '../config/pipeline.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import type { SweepProblem } from './expand.ts';

/** A problem of the `sweep` block, at its line. */
export function sweepDiagnostic(
  { locate }: LocatedPipeline,
  { code, severity = 'error', message, hint, at, part }: SweepProblem,
): Diagnostic {
  return {
    code,
    severity,
    message,
    range: locate(['sweep', ...at], part ?? (at.length === 0 ? 'key' : 'value')),
    ...(hint === undefined ? {} : { hint }),
  };
}
