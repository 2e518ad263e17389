import type { LocatedPipeline } from '../config/pipeline.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import type { SweepProblem } from './expand.ts';

/** A problem in the `sweep` block, with its line. */
export function sweepDiagnostic(
  { locate }: LocatedPipeline,
  { code, severity = 'error', message, hint, replacement, at, part }: SweepProblem,
): Diagnostic {
  const range = locate(['sweep', ...at], part ?? (at.length === 0 ? 'key' : 'value'));
  return {
    code,
    severity,
    message,
    range,
    ...(hint === undefined ? {} : { hint }),
    ...(replacement === undefined ? {} : { edits: [{ range, text: replacement }] }),
  };
}
