/**
 * Failures that repeat: if settings and data alone make a stage fail, it fails every time. They are remembered under the
 * stage's key, so it is tried again with other settings, other data or another version of Hourglass.
 */
import type { LocatedPipeline } from '../config/pipeline.ts';
import { errorsOf, type Diagnostic, type DiagnosticCode } from '../core/diagnostic.ts';
import type { TrialOutcome } from './event.ts';
import type { PlannedTrial } from './plan.ts';

/**
 * Codes of failures that the stage's key determines. All others may be temporary: a killed process, a full disk or memory, a
 * missing file, an engine that could not be installed.
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
  /** The path inside the stage's settings. */
  readonly at?: readonly (string | number)[];
}

/** Failures by the hash of the stage's key. */
export type Failures = Readonly<Record<string, FailureRecord>>;

export function repeats(diagnostics: readonly Diagnostic[]): boolean {
  const errors = errorsOf(diagnostics);
  return errors.length > 0 && errors.every(({ code }) => REPEATING.has(code));
}

/** The failures of trials that are worth remembering. */
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
 * The remembered failure of a trial's stage, at the stage's present line.
 *
 * @returns undefined if there is none, or if the stage has succeeded since
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
