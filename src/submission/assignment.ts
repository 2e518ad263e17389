/** What an assignment lets students change, and what they did change. */
import { dirname, resolve } from 'node:path';
import { readYamlDocument } from '../config/document.ts';
import { readMerged } from '../config/extends.ts';
import { loadPipeline } from '../config/load.ts';
import { toJson } from '../config/located.ts';
import { applyOverrides, overrideSources } from '../config/override.ts';
import type { DocumentPath, LocatedPipeline } from '../config/pipeline.ts';
import { errorsOf, Failure, type Diagnostic } from '../core/diagnostic.ts';
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { readSchema } from '../schema/schemas.ts';
import { stageTypes } from '../nodes/registry.ts';
import type { Assignment } from './generated/types.ts';
import { findOtherFiles } from './given-files.ts';
import { readStudents, type Students } from './students.ts';

/** An assignment whose files were read. */
export interface LoadedAssignment {
  /** Absolute path of the pipeline that was given out. */
  readonly base: string;
  readonly editable: readonly string[];
  readonly seed: Assignment['seed'];
  /** Absent where the names of the archives tell. */
  readonly students?: Students;
}

/** @throws Failure all that is wrong with an assignment, its base or its list of students */
export async function loadAssignment(file: string): Promise<LoadedAssignment> {
  const { data, diagnostics } = await readYamlDocument(file, readSchema('assignment'));
  if (data === undefined) throw new Failure(...diagnostics);
  // The schema that the type was made from has just been checked.
  const { base, editable, seed, students } = data as unknown as Assignment;
  const folder = dirname(resolve(file));
  const path = resolve(folder, base);
  const loaded = await loadPipeline(path, { stageTypes: stageTypes(false) });
  const errors = errorsOf(loaded.diagnostics).filter(({ code }) => code !== 'plugin-refused');
  if (errors.length > 0) throw new Failure(...errors);
  const numbers = students === undefined ? undefined : await readStudents(resolve(folder, students));
  return { base: path, editable, seed, ...(numbers === undefined ? {} : { students: numbers }) };
}

/** What always may differ: what a pipeline is called changes no result. */
const FREE = ['name', 'description'];

export interface DeviationOptions {
  readonly base: string;
  readonly editable: readonly string[];
  readonly seed: Assignment['seed'];
  /** Absolute path of a folder with data files of the assignment, besides that of `base`. */
  readonly data?: string;
}

/**
 * What a pipeline changes of its base beyond what may be edited. A value counts as changed if it is written otherwise and
 * comes out otherwise: neither a default that is spelled out nor a parameter that has another value elsewhere does.
 *
 * @param within absolute path of the folder of the pipeline, which may be a stranger's
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
      message: `\`${path.join('.')}\` may not be changed`,
      range: located.locate(path),
    }));
  return [...changed, ...otherFiles];
}

/** A pipeline with what it extends and its overrides, before parameters and defaults are put in place. */
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

/** The outermost paths at which two documents differ: into maps, and into lists of one length. */
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

/** The value at a path; null where there is none, which is what a key without a value has. */
function at(document: Json, path: DocumentPath): Json {
  let value: Json = document;
  for (const segment of path) {
    const list: readonly Json[] = Array.isArray(value) ? value : [];
    if (isJsonObject(value) && Object.hasOwn(value, segment)) value = value[segment] ?? null;
    else value = list[Number(segment)] ?? null;
  }
  return value;
}

/** `stages.model.encoder[3].Dense`, with `*` for any one segment, as segments. */
function segments(pattern: string): readonly string[] {
  return pattern.replace(/\[(\d+|\*)\]/g, '.$1').split('.');
}

function covers(pattern: readonly string[], path: DocumentPath): boolean {
  return (
    pattern.length <= path.length &&
    pattern.every((segment, index) => segment === '*' || segment === String(path[index]))
  );
}
