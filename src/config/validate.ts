/** Validates the pipeline by its schemas. */
import type { SourceRange } from '../core/diagnostic.ts';
import type { JsonObject } from '../core/json.ts';
import { explain } from './diagnostics/explain.ts';
import { fileNameProblems } from './file-names.ts';
import { find, locate, tidyRange, type LocatedDocument } from './located.ts';
import type { DocumentPath } from './pipeline.ts';
import { adviseStageType } from './advice/advise.ts';
import { PathSet } from './diagnostics/path-set.ts';
import { errorAt, type ReportDiagnostic } from './diagnostics/report.ts';
import { backticked } from './diagnostics/wording.ts';
import { check, type KnownTypes, type ValidStages } from './pass.ts';
import { idleNulls, settle } from './settle.ts';
import type { Mark, Validator } from './validator.ts';

export interface Validated {
  /** Without the keys that a `null` removes. */
  readonly document: LocatedDocument<'settled'>;
  /** The document with defaults, complete only if nothing was reported. */
  readonly data: JsonObject;
  /** Names of invalid stages. */
  readonly invalid: ReadonlySet<string>;
  /** Stages that a `null` removes, with its place. */
  readonly removed: ReadonlyMap<string, SourceRange>;
  /** What the schemas say about values of valid stages, with paths in the document. */
  readonly marks: readonly Mark[];
  /** Whether the `sweep` is valid, if there is one. */
  readonly sweepIsValid: boolean;
}

/**
 * Validates the document, and each stage by the schema of its type, and fills in defaults. All problems are
 * reported.
 *
 * @param valid stages that are known to be valid; newly validated stages are added
 * @param extended whether the pipeline extends another
 */
export function validate(
  interpolated: LocatedDocument<'interpolated'>,
  known: KnownTypes,
  validator: Validator,
  valid: ValidStages,
  report: ReportDiagnostic,
  extended: boolean,
): Validated {
  let document: LocatedDocument<'settled'> = { ...interpolated, state: 'settled' };
  let pass = check(document, known, validator, valid);
  const removed = new Map<string, SourceRange>();
  // The value that a `null` removes may decide what else is allowed.
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const settled = settle(document, pass);
    if (settled === undefined) break;
    for (const { path, range } of settled.removed) {
      const [first, stage, ...rest] = path;
      if (first === 'stages' && typeof stage === 'string' && rest.length === 0) removed.set(stage, range);
    }
    document = settled.document;
    pass = check(document, known, validator, valid);
  }
  const { root } = document;
  const idle = idleNulls(document, pass, extended);
  idle.diagnostics.forEach(report);
  fileNameProblems(root).forEach(report);
  const broken = new PathSet([...pass.broken, ...idle.paths]);
  const invalid = new Set(pass.unusable);
  for (const { at, data, schema, errors } of pass.parts) {
    if (errors.length === 0) continue;
    if (at.length === 2) invalid.add(String(at[1]));
    explain(errors, { whole: 'the pipeline', root, at, data, schema, broken }).forEach(report);
  }
  for (const { at, type, reason } of pass.brokenSchemas) {
    // Built-in schemas are covered by tests; a plugin's schema may be invalid.
    const message = `the schema of stages of type ${backticked(type)} is not valid: ${reason}`;
    report(errorAt(locate(root, [...at, 'type']), 'plugin-invalid', message));
  }
  if (!known.incomplete)
    for (const { at, type } of pass.unknownTypes) unknownType(document, at, type, known, report);
  const sweepIsValid =
    !pass.parts.some(({ at, errors }) =>
      errors.some(({ instancePath }) => at.length === 0 && /^\/sweep(\/|$)/.test(instancePath)),
    ) && !pass.broken.some(([first]) => first === 'sweep');
  const marks = pass.marks.filter(({ at }) => at[0] === 'stages' && !invalid.has(String(at[1])));
  return { document, data: pass.data, invalid, removed, marks, sweepIsValid };
}

const MOST_ROUNDS = 8;

function unknownType(
  { root }: LocatedDocument<'settled'>,
  at: DocumentPath,
  type: string,
  { types }: KnownTypes,
  report: ReportDiagnostic,
): void {
  const value = find(root, [...at, 'type'])?.value;
  const range = value === undefined ? locate(root, at, 'key') : tidyRange(value);
  const names = [...types.keys()];
  const advice = adviseStageType({ root, path: at }, type, names);
  const hint = `there are ${names.map(backticked).join(', ')}`;
  const related = value?.origin === undefined ? [] : [value.origin];
  report(
    errorAt(range, 'unknown-value', `there is no stage type ${backticked(type)}`, {
      hint,
      ...advice,
      related,
    }),
  );
}
