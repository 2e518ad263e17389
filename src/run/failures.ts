/** Failures of a stage, with their places in the YAML. */
import { asWritten } from '../config/paths.ts';
import type { LocatedPipeline } from '../config/pipeline.ts';
import { Failure, failure, type Diagnostic } from '../core/diagnostic.ts';
import type { PlannedStage } from '../plan/plan.ts';

export function describeFailure(
  stage: Pick<PlannedStage, 'name'>,
  located: LocatedPipeline,
  error: unknown,
): readonly Diagnostic[] {
  const message = error instanceof Error ? error.message : String(error);
  const hint = 'this is a bug in Hourglass; the stack trace is in `log.jsonl`';
  const { diagnostics } = error instanceof Failure ? error : failure('internal-error', message, hint);
  return diagnostics.map((diagnostic) => {
    const { at = [] } = diagnostic;
    const path = ['stages', stage.name, ...at];
    const range = located.locate(path, at.length === 0 ? 'key' : 'value');
    return { range, ...asWritten(located, path, diagnostic), stage: stage.name };
  });
}
