/** The JSON Schema validator, with the keywords of Hourglass's own. */
import type { Ajv, ErrorObject, FuncKeywordDefinition } from 'ajv';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { readSchema, SHARED_SCHEMAS } from '../schema/schemas.ts';
import { readPointer } from './diagnostics/place.ts';
import type { DocumentPath } from './pipeline.ts';

/** What a schema says of a value besides whether it is valid. */
export interface Mark {
  readonly keyword: (typeof MARKS)[number];
  /** What stands behind the keyword. */
  readonly argument: unknown;
  readonly schema: JsonObject;
  /** Path of the value inside the validated data. */
  readonly at: DocumentPath;
}

export interface Validation {
  readonly errors: readonly ErrorObject[];
  readonly marks: readonly Mark[];
}

/** Valid data, with its text where others must have a copy of their own. */
interface Known {
  readonly data: JsonObject;
  readonly text?: string;
  readonly marks: readonly Mark[];
}

let shared: Promise<Validator> | undefined;

/** Compiles schemas when they are first used, so that a pipeline pays only for the stage types that it has. */
export class Validator {
  readonly #ajv: Ajv;
  readonly #marks: Mark[];
  /** Of data that were valid, by their text as they were given: the trials of a sweep have most stages in common. */
  readonly #valid = new Map<JsonObject, Map<string, Known>>();

  private constructor(ajv: Ajv, marks: Mark[]) {
    this.#ajv = ajv;
    this.#marks = marks;
  }

  /** The validator of this process. */
  static shared(): Promise<Validator> {
    shared ??= Validator.create();
    return shared;
  }

  private static async create(): Promise<Validator> {
    const marks: Mark[] = [];
    return new Validator(await createAjv((mark) => marks.push(mark)), marks);
  }

  /** Validates data, fills in defaults, and puts names in place of their aliases. */
  validate(schema: JsonObject, data: JsonObject): Validation {
    this.#marks.length = 0;
    const { $id: id } = schema;
    // Another load of a plugin has another object of the same name.
    if (typeof id === 'string' && this.#ajv.getSchema(id)?.schema !== schema) this.#ajv.removeSchema(id);
    const check = this.#ajv.compile(schema);
    const errors = check(data) ? [] : (check.errors ?? []);
    return { errors, marks: [...this.#marks] };
  }

  /**
   * What `work` finds in data, and makes of them; data that were valid before are not validated again.
   *
   * @param work validates the data and changes them in place
   */
  once(
    schema: JsonObject,
    data: JsonObject,
    work: () => Validation,
  ): Validation & { readonly data: JsonObject } {
    const known = this.#valid.get(schema) ?? new Map<string, Known>();
    this.#valid.set(schema, known);
    const given = JSON.stringify(data);
    const found = known.get(given);
    if (found !== undefined) {
      const { text, marks } = found;
      return { errors: [], marks, data: text === undefined ? found.data : (JSON.parse(text) as JsonObject) };
    }
    const validation = work();
    const { errors, marks } = validation;
    if (errors.length === 0) {
      // Paths are made relative to the pipeline later, in the data: these are copied.
      const hasPath = marks.some(({ keyword }) => keyword === 'filePath');
      known.set(given, { data, marks, ...(hasPath ? { text: JSON.stringify(data) } : {}) });
    }
    return { ...validation, data };
  }
}

/**
 * Keywords that say more of a value: `filePath`, that a text is the path of a file or a folder; `flat`, that the items of a list
 * in this list stand for themselves, if that has a name; `canonical`, which of several spellings counts.
 */
export const MARKS = ['filePath', 'flat', 'canonical'] as const;

/**
 * A validator that fills in defaults.
 *
 * @param note takes the marks of the values that are validated
 */
export async function createAjv(note: (mark: Mark) => void = () => undefined): Promise<Ajv> {
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
  for (const keyword of MARKS) ajv.addKeyword(noting(keyword, note));
  for (const name of SHARED_SCHEMAS) ajv.addSchema(readSchema(name));
  return ajv;
}

function noting(keyword: Mark['keyword'], note: (mark: Mark) => void): FuncKeywordDefinition {
  return {
    keyword,
    errors: false,
    validate: (argument: unknown, _value: unknown, schema, place) => {
      const at = readPointer(place?.instancePath ?? '', place?.rootData);
      note({ keyword, argument, schema: isJsonObject(schema) ? schema : {}, at });
      return true;
    },
  };
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
