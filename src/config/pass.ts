/** One validation of a whole pipeline, with its results. */
import type { ErrorObject } from 'ajv';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import type { StageType } from '../core/stage-type.ts';
import { readSchema } from '../schema/schemas.ts';
import { readPointer } from './diagnostics/place.ts';
import { toJson, type Located, type LocatedDocument, type LocatedMap } from './located.ts';
import type { DocumentPath } from './pipeline.ts';
import { spellOut } from './canonical.ts';
import type { Mark, Validation, Validator } from './validator.ts';

/** The stage types for the validation. */
export interface KnownTypes {
  readonly types: ReadonlyMap<string, StageType>;
  /** True if a plugin could not be loaded: stages with unknown types may belong to it, and are accepted. */
  readonly incomplete: boolean;
}

/** The validated document as a whole, or one stage of it. */
interface Part {
  readonly at: DocumentPath;
  readonly data: Json;
  readonly schema: JsonObject;
  readonly errors: readonly ErrorObject[];
}

/** The results of one validation of everything. */
export interface Pass {
  readonly data: JsonObject;
  /** Paths of values that could not be determined. */
  readonly broken: readonly DocumentPath[];
  readonly parts: readonly Part[];
  /** With paths in the document. */
  readonly marks: readonly Mark[];
  /** Stages that were not validated, or contain values that could not be determined. */
  readonly unusable: ReadonlySet<string>;
  readonly unknownTypes: readonly { readonly at: DocumentPath; readonly type: string }[];
  readonly brokenSchemas: readonly {
    readonly at: DocumentPath;
    readonly type: string;
    readonly reason: string;
  }[];
}

/** A validated stage without errors. */
interface ValidStage {
  readonly schema: JsonObject;
  readonly data: JsonObject;
  /** With paths in the stage. */
  readonly marks: readonly Mark[];
}

/** Valid stages by their trees: the trials of a sweep share those that they do not change. */
export type ValidStages = WeakMap<Located, ValidStage>;

/** Validates the document, and each stage against the schema of its type, and fills in defaults. */
export function check(
  { root }: LocatedDocument<'settled'>,
  known: KnownTypes,
  validator: Validator,
  valid: ValidStages,
): Pass {
  const broken: DocumentPath[] = [];
  const data = dataOf(root, valid, broken);
  const schema = readSchema('document');
  const whole = validator.validate(schema, data);
  const parts: Part[] = [{ at: [], data, schema, errors: whole.errors }];
  const marks = [...whole.marks];
  const undetermined = broken.flatMap(([first, stage]) => (first === 'stages' ? [stage] : []));
  const unusable = new Set<string>(undetermined.filter((stage) => typeof stage === 'string'));
  const unknownTypes: Pass['unknownTypes'][number][] = [];
  const brokenSchemas: Pass['brokenSchemas'][number][] = [];
  const stages = data['stages'];
  const trees = stagesOf(root);
  for (const [name, settings] of isJsonObject(stages) ? Object.entries(stages) : []) {
    const type = isJsonObject(settings) ? settings['type'] : undefined;
    const at = ['stages', name];
    if (!isJsonObject(settings) || typeof type !== 'string') {
      unusable.add(name);
      continue;
    }
    const stageType = known.types.get(type);
    if (stageType === undefined) {
      unusable.add(name);
      unknownTypes.push({ at, type });
      continue;
    }
    const { schema: own } = stageType;
    const tree = trees?.get(name)?.value;
    const before = tree === undefined ? undefined : valid.get(tree);
    try {
      const validation: Validation =
        before?.schema === own
          ? { errors: [], marks: before.marks }
          : validateStage(own, settings, validator);
      const { errors } = validation;
      parts.push({ at, data: settings, schema: own, errors });
      marks.push(...validation.marks.map((mark) => ({ ...mark, at: [...at, ...mark.at] })));
      if (tree !== undefined && errors.length === 0 && !unusable.has(name))
        valid.set(tree, { schema: own, data: settings, marks: validation.marks });
    } catch (error) {
      unusable.add(name);
      brokenSchemas.push({ at, type, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { data, broken, parts, marks, unusable, unknownTypes, brokenSchemas };
}

/** The document as data, with what is known about its stages. */
function dataOf(root: LocatedMap, valid: ValidStages, broken: DocumentPath[]): JsonObject {
  const read = (value: Located, path: DocumentPath): Json => toJson(value, (at) => broken.push(at), path);
  return Object.fromEntries(
    [...root.entries].map(([key, { value }]): [string, Json] => {
      if (key !== 'stages' || value.kind !== 'map') return [key, read(value, [key])];
      const stages = [...value.entries].map(([name, stage]): [string, Json] => [
        name,
        valid.get(stage.value)?.data ?? read(stage.value, [key, name]),
      ]);
      return [key, Object.fromEntries(stages)];
    }),
  );
}

function stagesOf(root: LocatedMap): LocatedMap['entries'] | undefined {
  const stages = root.entries.get('stages')?.value;
  return stages?.kind === 'map' ? stages.entries : undefined;
}

/** Validates a stage's settings. If they are valid, each value is expanded to its full form, with its defaults. */
function validateStage(schema: JsonObject, settings: JsonObject, validator: Validator): Validation {
  let validation = validator.validate(schema, settings);
  // The marks of the settings as written: their paths refer to the text.
  const marks = validation.marks.filter(({ keyword }) => keyword !== 'canonical');
  while (validation.errors.length === 0 && spellOut(settings, validation.marks)) {
    validation = validator.validate(schema, settings);
  }
  return { errors: validation.errors, marks };
}

/** Paths in the document of values with an error from a pass. */
export function errorPaths({
  parts,
}: Pass): readonly { readonly path: DocumentPath; readonly error: ErrorObject }[] {
  return parts.flatMap(({ at, data, errors }) =>
    errors.map((error) => ({ path: [...at, ...readPointer(error.instancePath, data)], error })),
  );
}
