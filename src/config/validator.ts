/** Validation by JSON Schemas: those of Hourglass are compiled by the build, those of plugins by Ajv at run time. */
import type { Ajv, ErrorObject, ValidateFunction } from 'ajv';
import { createRequire } from 'node:module';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { readSchema } from '../schema/schemas.ts';
import { createAjv, type Hooks, type MARKS } from './ajv.ts';
import { readPointer } from './diagnostics/place.ts';
import type { DocumentPath } from './pipeline.ts';

/** What a schema says about a value, besides whether it is valid. */
export interface Mark {
  readonly keyword: (typeof MARKS)[number];
  /** The schema that contains the keyword. */
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

/** Written by `scripts/compile-schemas.ts`: loading Ajv and compiling schemas takes longer than everything else in `check`. */
type CompiledSchemas = (hooks: Hooks, require: NodeJS.Require) => Checks;

let shared: Validator | undefined;

export class Validator {
  readonly #noted: Parameters<Hooks['note']>[] = [];
  readonly #hooks: Hooks = { note: (...noted) => this.#noted.push(noted), replaceAlias };
  readonly #compiled: Checks;
  /** Created for the first schema that is not Hourglass's own. */
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

  /** Validates data, fills in defaults, and replaces aliases by their names. */
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
    // Loading a plugin again creates another object with the same name.
    if (typeof id === 'string' && this.#ajv.getSchema(id)?.schema !== schema) this.#ajv.removeSchema(id);
    return this.#ajv.compile(schema);
  }
}

/** An item of a list must not mean the same as another. */
function replaceAlias(...[aliases, name, parent, key]: Parameters<Hooks['replaceAlias']>): boolean {
  if (typeof name !== 'string' || !Object.hasOwn(aliases, name)) return true;
  const meant = aliases[name];
  if (Array.isArray(parent) && parent.includes(meant)) return false;
  Reflect.set(parent, key, meant);
  return true;
}
