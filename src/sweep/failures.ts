/**
 * Failures that repeat: a stage that fails by its settings and data alone fails again, however often it is run. They are
 * remembered under the stage's key, so that other settings, data or another version of Hourglass try it anew.
 */
import type { LocatedPipeline } from '../config/pipeline.ts';
import { errorsOf, type Diagnostic, type DiagnosticCode } from '../core/diagnostic.ts';
import type { TrialOutcome } from './event.ts';
import type { PlannedTrial } from './plan.ts';

/**
 * Codes of failures that a stage's key decides. All others may pass: a process that was killed, a full disk or memory, a file
 * that is not there yet, an engine that could not be had.
 */
const REPEATING: ReadonlySet<DiagnosticCode> = new Set([
  'not-finite',
  'bad-setting',
  'out-of-range',
  'unknown-value',
  'wrong-type',
  'wrong-stage-kind',
  'shape-mismatch',
  'loss-output-mismatch',
  'pair-mismatch',
  'missing-split',
]);

export interface FailureRecord {
  readonly stage: string;
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly hint?: string;
  /** Inside the stage's settings. */
  readonly at?: readonly (string | number)[];
}

/** By the hash of the stage's key. */
export type Failures = Readonly<Record<string, FailureRecord>>;

export function repeats(diagnostics: readonly Diagnostic[]): boolean {
  const errors = errorsOf(diagnostics);
  return errors.length > 0 && errors.every(({ code }) => REPEATING.has(code));
}

/** What is to be remembered of trials. */
export function failuresOf(
  trials: readonly PlannedTrial[],
  outcomes: ReadonlyMap<string, TrialOutcome>,
): Failures {
  const found: Record<string, FailureRecord> = {};
  for (const { id, plan } of trials) {
    for (const diagnostic of outcomes.get(id)?.diagnostics ?? []) {
      const { stage, code, message, hint, at } = diagnostic;
      const hash = plan.stages.find(({ name }) => name === stage)?.hash;
      if (stage === undefined || hash === undefined || !repeats([diagnostic])) continue;
      found[hash] = {
        stage,
        code,
        message,
        ...(hint === undefined ? {} : { hint }),
        ...(at === undefined ? {} : { at }),
      };
    }
  }
  return found;
}

/**
 * Why a trial fails that has a stage which failed before, at its present line.
 *
 * @returns undefined if it has none, or only such as have a result since
 */
export function knownFailure(
  { plan, located }: PlannedTrial,
  failures: Failures,
): readonly Diagnostic[] | undefined {
  for (const { name, hash, action } of plan.stages) {
    const failure = action === 'run' ? failures[hash] : undefined;
    if (failure === undefined) continue;
    const { at = [], ...rest } = failure;
    return [{ ...rest, stage: name, severity: 'error', at, range: placeOf(located, name, at) }];
  }
  return undefined;
}

function placeOf(
  located: LocatedPipeline,
  stage: string,
  at: NonNullable<Diagnostic['at']>,
): NonNullable<Diagnostic['range']> {
  return located.locate(['stages', stage, ...at], at.length === 0 ? 'key' : 'value');
}
