/** One validation of a whole pipeline, with what it found. */
import type { ErrorObject } from 'ajv';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import type { StageType } from '../core/stage-type.ts';
import { readSchema } from '../schema/schemas.ts';
import { isWithin, readPointer } from './diagnostics/place.ts';
import { toJson, type LocatedDocument } from './located.ts';
import { replaceAt } from './paths.ts';
import type { DocumentPath } from './pipeline.ts';
import { spellOut } from './canonical.ts';
import type { Mark, Validation, Validator } from './validator.ts';

/** What stages are validated against. */
export interface KnownTypes {
  readonly types: ReadonlyMap<string, StageType>;
  /** True where a plugin could not be had: stages of unknown types may be its, and are let pass. */
  readonly incomplete: boolean;
}

/** The document as a whole, or one stage of it, as it was validated. */
interface Part {
  readonly at: DocumentPath;
  readonly data: Json;
  readonly schema: JsonObject;
  readonly errors: readonly ErrorObject[];
}

/** What one validation of everything found. */
export interface Pass {
  readonly data: JsonObject;
  /** Paths of values that could not be made out. */
  readonly broken: readonly DocumentPath[];
  readonly parts: readonly Part[];
  /** With paths in the document. */
  readonly marks: readonly Mark[];
  /** Stages that were not validated, or hold what could not be made out. */
  readonly unusable: readonly string[];
  readonly unknownTypes: readonly { readonly at: DocumentPath; readonly type: string }[];
  readonly brokenSchemas: readonly {
    readonly at: DocumentPath;
    readonly type: string;
    readonly reason: string;
  }[];
}

/** Validates the document, and each stage against the schema of its type, and fills in defaults. */
export function check({ root }: LocatedDocument<'settled'>, known: KnownTypes, validator: Validator): Pass {
  const broken: DocumentPath[] = [];
  const data = toJson(root, (path) => broken.push(path));
  if (!isJsonObject(data)) throw new Error('a document is a map');
  const schema = readSchema('document');
  const whole = validator.validate(schema, data);
  const parts: Part[] = [{ at: [], data, schema, errors: whole.errors }];
  const marks = [...whole.marks];
  const unusable: string[] = [];
  const unknownTypes: Pass['unknownTypes'][number][] = [];
  const brokenSchemas: Pass['brokenSchemas'][number][] = [];
  const stages = data['stages'];
  for (const [name, settings] of isJsonObject(stages) ? Object.entries(stages) : []) {
    const type = isJsonObject(settings) ? settings['type'] : undefined;
    const at = ['stages', name];
    if (broken.some((path) => isWithin(path, at))) unusable.push(name);
    if (!isJsonObject(settings) || typeof type !== 'string') {
      unusable.push(name);
      continue;
    }
    const stageType = known.types.get(type);
    if (stageType === undefined) {
      unusable.push(name);
      unknownTypes.push({ at, type });
      continue;
    }
    try {
      const validation = validator.once(stageType.schema, settings, () =>
        validateStage(stageType.schema, settings, validator),
      );
      replaceAt(data, at, validation.data);
      parts.push({ at, data: validation.data, schema: stageType.schema, errors: validation.errors });
      marks.push(...validation.marks.map((mark) => ({ ...mark, at: [...at, ...mark.at] })));
    } catch (error) {
      unusable.push(name);
      brokenSchemas.push({ at, type, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { data, broken, parts, marks, unusable, unknownTypes, brokenSchemas };
}

/** Validates a stage's settings. If they are valid, each value is written out in full, and so has its own defaults. */
function validateStage(schema: JsonObject, settings: JsonObject, validator: Validator): Validation {
  let validation = validator.validate(schema, settings);
  const { marks } = validation;
  while (validation.errors.length === 0 && spellOut(settings, validation.marks)) {
    validation = validator.validate(schema, settings);
  }
  // Those of the settings as they are written: what stands in the text has paths that lead into it.
  return { errors: validation.errors, marks };
}

/** Paths, in the document, of values that a pass found an error at. */
export function errorPaths({
  parts,
}: Pass): readonly { readonly path: DocumentPath; readonly error: ErrorObject }[] {
  return parts.flatMap(({ at, data, errors }) =>
    errors.map((error) => ({ path: [...at, ...readPointer(error.instancePath, data)], error })),
  );
}
