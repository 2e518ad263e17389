/** What an assignment lets students change, and what they changed. */
import { dirname, resolve } from 'node:path';
import { readYamlDocument } from '../config/document.ts';
import { readMerged } from '../config/extends.ts';
import { loadPipeline } from '../config/load.ts';
import { errorAt } from '../config/diagnostics/report.ts';
import { toJson, type LocatedMap } from '../config/located.ts';
import { applyOverrides, overrideSources } from '../config/override.ts';
import type { DocumentPath, LocatedPipeline } from '../config/pipeline.ts';
import { errorsOf, Failure, type Diagnostic } from '../core/diagnostic.ts';
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { readSchema } from '../schema/schemas.ts';
import { stageTypes } from '../nodes/registry.ts';
import type { Assignment } from './generated/types.ts';
import { findOtherFiles } from './given-files.ts';
import { readStudents, type Students } from './students.ts';

/** An assignment with its files loaded. */
export interface LoadedAssignment {
  /** Absolute path of the pipeline given to students. */
  readonly base: string;
  readonly editable: readonly string[];
  readonly seed: Assignment['seed'];
  /** Absent if the names of the archives contain the numbers. */
  readonly students?: Students;
}

/** @throws Failure all problems of an assignment, its base or its list of students */
export async function loadAssignment(file: string): Promise<LoadedAssignment> {
  const { data, diagnostics } = await readYamlDocument(file, {
    schema: readSchema('assignment'),
    whole: 'the assignment',
    isOther: pipelineProblem,
  });
  if (data === undefined) throw new Failure(...diagnostics);
  // The value was just validated against the schema that the type is generated from.
  const { base, editable, seed, students } = data as unknown as Assignment;
  const folder = dirname(resolve(file));
  const path = resolve(folder, base);
  const loaded = await loadPipeline(path, { stageTypes: stageTypes(false) });
  const errors = errorsOf(loaded.diagnostics).filter(({ code }) => code !== 'plugin-refused');
  if (errors.length > 0) throw new Failure(...errors);
  const numbers = students === undefined ? undefined : await readStudents(resolve(folder, students));
  return { base: path, editable, seed, ...(numbers === undefined ? {} : { students: numbers }) };
}

/** The problem with a pipeline that was given in place of the rules. */
function pipelineProblem({ entries }: LocatedMap): Diagnostic | undefined {
  const stages = entries.get('stages');
  return stages === undefined || entries.has('base')
    ? undefined
    : errorAt(stages.keyRange, 'wrong-type', 'this is a pipeline, not the rules of an assignment', {
        hint: 'rules name it, as in `base: denoising.yaml`; `hourglass init --template assignment` writes an example',
      });
}

/** Keys that may always differ, since they do not affect results. Notes are a student's own words. */
const FREE = ['name', 'description', 'notes', 'stages.*.notes'];

export interface DeviationOptions {
  readonly base: string;
  readonly editable: readonly string[];
  readonly seed: Assignment['seed'];
  /** Absolute path of a folder with data files of the assignment, in addition to the folder of `base`. */
  readonly data?: string;
}

/**
 * The changes of a pipeline from its base that are not allowed. A value counts as changed if both its text and its resolved value
 * differ: writing out a default, or changing a parameter elsewhere, is no change here.
 *
 * @param within absolute path of the folder of the pipeline, which is untrusted
 */
export async function findDeviations(
  located: LocatedPipeline,
  within: string,
  { base, editable, seed, data }: DeviationOptions,
): Promise<readonly Diagnostic[]> {
  const given = await loadPipeline(base, { stageTypes: stageTypes(false) });
  const original = given.located ?? given.partial;
  const resolved = original?.resolved ?? {};
  const written = differences(
    await asWritten(base),
    await asWritten(located.file, located.overrides, within),
  );
  const patterns = [...FREE, ...(seed === 'base' ? [] : ['seed']), ...editable].map(segments);
  const isEditable = (path: DocumentPath): boolean => patterns.some((pattern) => covers(pattern, path));
  const otherFiles =
    original === undefined
      ? []
      : await findOtherFiles(original, located, { isEditable, ...(data === undefined ? {} : { data }) });
  const changed = written
    .filter((path) => canonicalJson(at(resolved, path)) !== canonicalJson(at(located.resolved, path)))
    .filter((path) => !isEditable(path))
    .map((path): Diagnostic => ({
      code: 'assignment-deviation',
      severity: 'error',
      message: `the assignment does not allow changing \`${path.join('.')}\``,
      range: located.locate(path),
    }));
  return [...changed, ...otherFiles];
}

/** A pipeline merged with what it extends and its overrides, before parameters and defaults are filled in. */
async function asWritten(
  file: string,
  overrides: readonly string[] = [],
  within?: string,
): Promise<JsonObject> {
  const ignore = (): void => undefined;
  const reading = { report: ignore, source: ignore, ...(within === undefined ? {} : { within }) };
  const merged = await readMerged(file, reading);
  if (merged === undefined) return {};
  const value = toJson(applyOverrides(merged, overrideSources(overrides), ignore).root, ignore);
  return isJsonObject(value) ? value : {};
}

/** The outermost paths at which two documents differ. Compares inside maps and lists of equal length. */
function differences(before: Json, after: Json, path: DocumentPath = []): readonly DocumentPath[] {
  if (canonicalJson(before) === canonicalJson(after)) return [];
  if (isJsonObject(before) && isJsonObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => differences(at(before, [key]), at(after, [key]), [...path, key]));
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return before.flatMap((item: Json, index) =>
      differences(item, (after[index] as Json | undefined) ?? null, [...path, index]),
    );
  }
  return [path];
}

/** The value at a path; null if there is none, as for a key without a value. */
function at(document: Json, path: DocumentPath): Json {
  let value: Json = document;
  for (const segment of path) {
    const list: readonly Json[] = Array.isArray(value) ? value : [];
    if (isJsonObject(value) && Object.hasOwn(value, segment)) value = value[segment] ?? null;
    else value = list[Number(segment)] ?? null;
  }
  return value;
}

/** Splits a path such as `stages.model.encoder[3].Dense` into segments; `*` stands for any one segment. */
function segments(pattern: string): readonly string[] {
  return pattern.replace(/\[(\d+|\*)\]/g, '.$1').split('.');
}

function covers(pattern: readonly string[], path: DocumentPath): boolean {
  return (
    pattern.length <= path.length &&
    pattern.every((segment, index) => segment === '*' || segment === String(path[index]))
  );
}
