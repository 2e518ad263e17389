/** Reads JSON Schemas as data and checks their types. Covers what Hourglass's own schemas use. */
import { basename } from 'node:path';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { readSchema, SHARED_SCHEMAS } from './schemas.ts';

/** The member `key` if it is an object, otherwise an empty object. */
export function objectAt(schema: JsonObject, key: string): JsonObject {
  const value = schema[key];
  return isJsonObject(value) ? value : {};
}

/** The member `key` if it is a list, otherwise an empty list. */
export function listAt(schema: JsonObject, key: string): readonly Json[] {
  const value = schema[key];
  return isList(value) ? value : [];
}

export function stringAt(schema: JsonObject, key: string): string | undefined {
  const value = schema[key];
  return typeof value === 'string' ? value : undefined;
}

export function stringsAt(schema: JsonObject, key: string): readonly string[] {
  return listAt(schema, key).filter((item) => typeof item === 'string');
}

/** The names in `type`, one or several. */
export function typesOf(schema: JsonObject): readonly string[] {
  const single = stringAt(schema, 'type');
  return single === undefined ? stringsAt(schema, 'type') : [single];
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** The values of an `enum` without aliases. */
export function canonicalNames(schema: JsonObject): readonly Json[] {
  const aliases = objectAt(schema, 'aliases');
  return listAt(schema, 'enum').filter(
    (value) => typeof value !== 'string' || !Object.hasOwn(aliases, value),
  );
}

/** True for a map of exactly one key, such as a layer or an optimizer. */
export function isChoice(schema: JsonObject): boolean {
  return schema['minProperties'] === 1 && schema['maxProperties'] === 1 && isJsonObject(schema['properties']);
}

/** The subschema for texts, if a schema has a separate one: `if: { type: string }, then: …`. */
export function textBranch(schema: JsonObject): JsonObject | undefined {
  const then = schema['then'];
  return objectAt(schema, 'if')['type'] === 'string' && isJsonObject(then) ? then : undefined;
}

/** The subschema for maps, if a schema has a separate one: `if: { type: object }, then: …`. */
export function mapBranch(schema: JsonObject): JsonObject | undefined {
  const then = schema['then'];
  return objectAt(schema, 'if')['type'] === 'object' && isJsonObject(then) ? then : undefined;
}

/** The texts that a choice also takes, without aliases and without its own names: `mse` for a loss, none for an optimizer. */
export function bareNames(choice: JsonObject): readonly string[] {
  const name = referenceName(textBranch(choice) ?? {}) ?? '';
  const owner = SHARED_SCHEMAS.map(readSchema).find((each) => name in objectAt(each, 'definitions')) ?? {};
  const own = Object.keys(objectAt(choice, 'properties'));
  return canonicalNames(objectAt(objectAt(owner, 'definitions'), name))
    .map(String)
    .filter((each) => !own.some((name) => isSameName(name, each)));
}

/** `random_normal` and `RandomNormal`. */
export function isSameName(one: string, other: string): boolean {
  const [first, second] = [one, other].map((name) => name.toLowerCase().replaceAll('_', ''));
  return first === second;
}

/** Name of the definition that a `$ref` points to: `../layers.json#/definitions/Pair` gives `Pair`. */
export function referenceName(schema: JsonObject): string | undefined {
  return stringAt(schema, '$ref')?.split('/definitions/')[1];
}

/**
 * The definition that a `$ref` points to, in one of our files (`../layers.json#/definitions/Pair`) or in the same schema
 * (`#/definitions/Pair`), with the schema that contains it. A schema without `$ref` is its own definition.
 *
 * @param root the schema that contains `schema`
 */
export function resolveReference(
  schema: JsonObject,
  root: JsonObject,
): readonly [resolved: JsonObject, root: JsonObject] {
  const [file, name] = stringAt(schema, '$ref')?.split('#/definitions/') ?? [];
  if (file === undefined || name === undefined) return [schema, root];
  const owner = file === '' ? root : readSchema(basename(file, '.json'));
  const definition = objectAt(objectAt(owner, 'definitions'), name);
  if (!('$ref' in definition)) return [definition, owner];
  // A definition may refer to another and override some keywords.
  const { $ref: _ref, ...own } = definition;
  const [resolved, last] = resolveReference(definition, owner);
  return [{ ...resolved, ...own }, last];
}

/** Names of required properties, including those that another property would replace: `if: { required: … }, else: { required: … }`. */
export function requiredOf(schema: JsonObject): ReadonlySet<string> {
  const replaceable = 'required' in objectAt(schema, 'if') ? objectAt(schema, 'else') : {};
  return new Set([...stringsAt(schema, 'required'), ...stringsAt(replaceable, 'required')]);
}

/** An object schema for one value of the property that decides which other properties exist. */
export interface Variant {
  /** Such as `kind`. */
  readonly property: string;
  readonly value: string;
  /** Its description. */
  readonly description?: string;
  /** An example of the properties that only this variant has, if there is one. */
  readonly example?: JsonObject;
  readonly schema: JsonObject;
}

/**
 * The variants of an object schema whose `if`/`then`/`else` (alone or in `allOf`) look at one property with listed
 * values. Properties that a variant refuses (`false`) are removed; its defaults and required keys are filled in.
 *
 * @returns an empty list for a schema without conditions
 */
export function variantsOf(schema: JsonObject): readonly Variant[] {
  const conditions = [schema, ...listAt(schema, 'allOf')].filter(isJsonObject).filter((each) => 'if' in each);
  const deciders = new Set(
    conditions.flatMap((each) => Object.keys(objectAt(objectAt(each, 'if'), 'properties'))),
  );
  const [property] = deciders;
  if (property === undefined || deciders.size > 1) return [];
  const properties = objectAt(schema, 'properties');
  const decider = objectAt(properties, property);
  return stringsAt(decider, 'enum').map((value): Variant => {
    const { if: _if, then: _then, else: _else, allOf: _allOf, enum: _enum, ...plain } = schema;
    const { enum: _choices, ...rest } = decider;
    const branches = conditions.map((condition) => {
      const test = objectAt(objectAt(objectAt(condition, 'if'), 'properties'), property);
      return objectAt(condition, test['const'] === value ? 'then' : 'else');
    });
    const description = branches.flatMap((branch) => stringAt(branch, 'description') ?? [])[0];
    const example = branches.flatMap((branch) => listAt(branch, 'examples')).find(isJsonObject);
    const start: JsonObject = {
      ...plain,
      properties: { ...properties, [property]: { ...rest, const: value } },
    };
    return {
      property,
      value,
      ...(description === undefined ? {} : { description }),
      ...(example === undefined ? {} : { example }),
      schema: branches.reduce(overlay, start),
    };
  });
}

function overlay(schema: JsonObject, branch: JsonObject): JsonObject {
  const properties: Record<string, Json> = { ...objectAt(schema, 'properties') };
  for (const [name, change] of Object.entries(objectAt(branch, 'properties'))) {
    const before = properties[name];
    // Properties that are described only in variants keep the order of the variants.
    if (change === false || before === true) delete properties[name];
    if (isJsonObject(change)) properties[name] = isJsonObject(before) ? { ...before, ...change } : change;
  }
  return { ...schema, properties, required: [...requiredOf(schema), ...stringsAt(branch, 'required')] };
}
