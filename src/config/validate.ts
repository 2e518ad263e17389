/** The pipeline against its schemas. */
import type { Ajv, ErrorObject, FuncKeywordDefinition } from 'ajv';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { readSchema, SHARED_SCHEMAS } from '../schema/schemas.ts';
import type { StageType } from '../core/stage-type.ts';
import { explain } from './diagnostics/explain.ts';
import { isWithin } from './diagnostics/place.ts';
import { find, locate, tidyRange, toJson, type LocatedDocument } from './located.ts';
import type { DocumentPath } from './pipeline.ts';
import { didYouMean, errorAt, type ReportDiagnostic } from './diagnostics/report.ts';
import { backticked } from './diagnostics/wording.ts';

/** What stages are validated against. */
export interface KnownTypes {
  readonly types: ReadonlyMap<string, StageType>;
  /** True where a plugin could not be had: stages of unknown types may be its, and are let pass. */
  readonly incomplete: boolean;
}

export interface Validated {
  /** The document with defaults, complete only if nothing was reported. */
  readonly data: JsonObject;
  /** Names of stages that are not valid. */
  readonly invalid: ReadonlySet<string>;
  /** Whether the `sweep` is valid, if there is one. */
  readonly sweepIsValid: boolean;
}

/**
 * Validates the document, and each stage against the schema of its type, and fills in defaults. All that is wrong is
 * reported.
 *
 */
export function validate(
  document: LocatedDocument<'interpolated'>,
  known: KnownTypes,
  validator: Validator,
  report: ReportDiagnostic,
): Validated {
  const { root } = document;
  const broken: DocumentPath[] = [];
  const data = toJson(root, (path) => broken.push(path));
  if (!isJsonObject(data)) throw new Error('a document is a map');

  const schema = readSchema('document');
  const errors = validator.errors(schema, data);
  const found = explain(errors, { root, at: [], schema, broken });
  found.forEach(report);

  const stages = data['stages'];
  const invalid = new Set<string>();
  for (const [name, settings] of isJsonObject(stages) ? Object.entries(stages) : []) {
    const type = isJsonObject(settings) ? settings['type'] : undefined;
    const at = ['stages', name];
    if (broken.some((path) => isWithin(path, at))) invalid.add(name);
    if (!isJsonObject(settings) || typeof type !== 'string') {
      invalid.add(name);
      continue;
    }
    const stageType = known.types.get(type);
    if (stageType === undefined) {
      invalid.add(name);
      if (!known.incomplete) unknownType(document, at, type, known, report);
      continue;
    }
    try {
      const errors = validator.errors(stageType.schema, settings);
      if (errors.length > 0) invalid.add(name);
      explain(errors, { root, at, schema: stageType.schema, broken }).forEach(report);
    } catch (error) {
      invalid.add(name);
      // Built-in schemas are covered by tests; a plugin's is as good as its author made it.
      const reason = error instanceof Error ? error.message : String(error);
      const message = `the schema of stages of type ${backticked(type)} is not valid: ${reason}`;
      report(errorAt(locate(root, [...at, 'type']), 'plugin-invalid', message));
    }
  }
  const sweepIsValid =
    !errors.some(({ instancePath }) => /^\/sweep(\/|$)/.test(instancePath)) &&
    !broken.some(([first]) => first === 'sweep');
  return { data, invalid, sweepIsValid };
}

function unknownType(
  { root }: LocatedDocument<'interpolated'>,
  at: DocumentPath,
  type: string,
  { types }: KnownTypes,
  report: ReportDiagnostic,
): void {
  const value = find(root, [...at, 'type'])?.value;
  const range = value === undefined ? locate(root, at, 'key') : tidyRange(value);
  const names = [...types.keys()];
  const hint = didYouMean(type, names) ?? `there are ${names.map(backticked).join(', ')}`;
  const related = value?.origin === undefined ? [] : [value.origin];
  report(errorAt(range, 'unknown-value', `there is no stage type ${backticked(type)}`, { hint, related }));
}

/** Compiles schemas when they are first used, so that a pipeline pays only for the stage types that it has. */
export class Validator {
  private readonly ajv: Ajv;

  constructor(ajv: Ajv) {
    this.ajv = ajv;
  }

  /** Validates, fills in defaults, and gives what is wrong. */
  errors(schema: JsonObject, data: JsonObject): readonly ErrorObject[] {
    const check = this.ajv.compile(schema);
    return check(data) ? [] : (check.errors ?? []);
  }
}

export async function createValidator(): Promise<Validator> {
  return new Validator(await createAjv());
}

export async function createAjv(): Promise<Ajv> {
  const { Ajv } = await import('ajv');
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    useDefaults: true,
    strict: true,
    allowUnionTypes: true,
    // Otherwise `toString` would count as a key of every map.
    ownProperties: true,
    // That the schemas are schemas is tested; checking it here would double the time.
    validateSchema: false,
    // Each schema checks a few values once: making its code small takes longer than running it.
    inlineRefs: false,
    code: { optimize: false },
    logger: false,
  });
  ajv.addKeyword(ALIASES);
  // What to write in place of a key or a value that Keras has; for diagnostics.
  ajv.addKeyword('instead');
  for (const name of SHARED_SCHEMAS) ajv.addSchema(readSchema(name));
  return ajv;
}

/**
 * Names that mean another of the `enum` beside them, and are replaced by it: equal settings have equal keys. An item of a
 * list may not mean what another is.
 */
const ALIASES: FuncKeywordDefinition = {
  keyword: 'aliases',
  schemaType: 'object',
  modifying: true,
  errors: false,
  validate: (aliases: Readonly<Record<string, string>>, name: unknown, _schema, place) => {
    if (place === undefined || typeof name !== 'string' || !Object.hasOwn(aliases, name)) return true;
    const { parentData, parentDataProperty } = place;
    if (Array.isArray(parentData) && parentData.includes(aliases[name])) return false;
    Reflect.set(parentData, parentDataProperty, aliases[name]);
    return true;
  },
};
