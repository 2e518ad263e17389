/** Validation by JSON Schemas: those of Hourglass as its build compiled them, those of plugins by Ajv. */
import type { Ajv, ErrorObject, ValidateFunction } from 'ajv';
import { createRequire } from 'node:module';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { readSchema } from '../schema/schemas.ts';
import { createAjv, type Hooks, type MARKS } from './ajv.ts';
import { readPointer } from './diagnostics/place.ts';
import type { DocumentPath } from './pipeline.ts';

/** What a schema says of a value besides whether it is valid. */
export interface Mark {
  readonly keyword: (typeof MARKS)[number];
  /** The schema that the keyword stands in. */
  readonly schema: JsonObject;
  /** Path of the value inside the validated data. */
  readonly at: DocumentPath;
}

export interface Validation {
  readonly errors: readonly ErrorObject[];
  readonly marks: readonly Mark[];
}

/** Checks by the path of their schema below `schemas/`, without the extension. */
type Checks = Readonly<Record<string, ValidateFunction>>;

/** What `scripts/compile-schemas.ts` writes: Ajv itself takes longer to load and to compile than all else that `check` does. */
type CompiledSchemas = (hooks: Hooks, require: NodeJS.Require) => Checks;

let shared: Validator | undefined;

export class Validator {
  readonly #noted: Parameters<Hooks['note']>[] = [];
  readonly #hooks: Hooks = { note: (...noted) => this.#noted.push(noted), replaceAlias };
  readonly #compiled: Checks;
  /** Made when the first schema comes that is not Hourglass's own. */
  #ajv: Ajv | undefined;

  private constructor() {
    const require = createRequire(import.meta.url);
    const compile = require('../schema/compiled.cjs') as CompiledSchemas;
    this.#compiled = compile(this.#hooks, require);
  }

  /** The validator of this process. */
  static shared(): Validator {
    shared ??= new Validator();
    return shared;
  }

  /** Validates data, fills in defaults, and puts names in place of their aliases. */
  validate(schema: JsonObject, data: JsonObject): Validation {
    this.#noted.length = 0;
    const check = this.#checkOf(schema);
    const errors = check(data) ? [] : (check.errors ?? []);
    const marks = this.#noted.map(([keyword, owner, pointer]): Mark => ({
      keyword,
      schema: isJsonObject(owner) ? owner : {},
      at: readPointer(pointer, data),
    }));
    return { errors, marks };
  }

  #checkOf(schema: JsonObject): ValidateFunction {
    const { $id: id } = schema;
    const name = typeof id === 'string' ? id.replace(/\.json$/, '') : '';
    const own = Object.hasOwn(this.#compiled, name) ? this.#compiled[name] : undefined;
    if (own !== undefined && readSchema(name) === schema) return own;
    this.#ajv ??= createAjv(this.#hooks);
    // Another load of a plugin has another object of the same name.
    if (typeof id === 'string' && this.#ajv.getSchema(id)?.schema !== schema) this.#ajv.removeSchema(id);
    return this.#ajv.compile(schema);
  }
}

/** An item of a list may not mean what another is. */
function replaceAlias(...[aliases, name, parent, key]: Parameters<Hooks['replaceAlias']>): boolean {
  if (typeof name !== 'string' || !Object.hasOwn(aliases, name)) return true;
  const meant = aliases[name];
  if (Array.isArray(parent) && parent.includes(meant)) return false;
  Reflect.set(parent, key, meant);
  return true;
}
