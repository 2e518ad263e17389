/** A validator's errors, grouped by value. */
import type { ErrorObject } from 'ajv';
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import { objectAt, requiredOf, resolveReference, stringAt } from '../../schema/view.ts';
import { readSchema, SHARED_SCHEMAS } from '../../schema/schemas.ts';
import { find, type Located, type LocatedMap } from '../located.ts';
import type { DocumentPath } from '../pipeline.ts';
import type { PathSet } from './path-set.ts';

/** The context of the validated data. */
export interface ExplainContext {
  /** What the document is, for messages: `the pipeline`. */
  readonly whole: string;
  readonly root: LocatedMap;
  /** Path of the data in the document. */
  readonly at: DocumentPath;
  readonly data: Json;
  /** The schema of the validation. */
  readonly schema: JsonObject;
  /** Paths of values for which a problem is already reported. */
  readonly broken: PathSet;
}

/** All errors about one value. */
export interface ValueErrors {
  readonly path: DocumentPath;
  readonly value: Located;
  readonly errors: readonly ErrorObject[];
  readonly context: ExplainContext;
}

/** Groups errors by place. */
export function placesOf(errors: readonly ErrorObject[], context: ExplainContext): ValueErrors[] {
  const byPointer = new Map<string, ErrorObject[]>();
  for (const error of errors) {
    const others = byPointer.get(error.instancePath);
    if (others === undefined) byPointer.set(error.instancePath, [error]);
    else others.push(error);
  }
  return [...byPointer].flatMap(([pointer, group]) => {
    const path = [...context.at, ...readPointer(pointer, context.data)];
    const value = find(context.root, path)?.value;
    // A default has no place in the text. A wrong default would be a mistake in the schema; it is reported at its parent.
    return value === undefined ? [] : [{ path, value, errors: group, context }];
  });
}

/** A JSON pointer as a path: list positions are numbers in it. */
export function readPointer(pointer: string, data: unknown): DocumentPath {
  const path: (string | number)[] = [];
  let value = data;
  for (const escaped of pointer.split('/').slice(1)) {
    const key = escaped.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(value) ? Number(key) : key);
    value = Array.isArray(value) ? value[Number(key)] : isJsonObject(value) ? value[key] : undefined;
  }
  return path;
}

/** A text parameter of an error. */
export function param(error: ErrorObject, name: string): string {
  const value: unknown = error.params[name];
  return typeof value === 'string' ? value : '';
}

/** The schema that contains an error's keyword. */
export function schemaOf(error: ErrorObject): JsonObject {
  return isJsonObject(error.parentSchema) ? error.parentSchema : {};
}

/** The first sentence of a property's description. */
export function descriptionOf(schema: JsonObject, key: string, root: JsonObject): string | undefined {
  const property = objectAt(objectAt(schema, 'properties'), key);
  return firstSentence(
    stringAt(property, 'description') ?? stringAt(definitionOf(property, root), 'description'),
  );
}

/** The replacement that a schema has for a key or a value that it does not accept; includes the key's value. */
export function insteadOf(schema: JsonObject, name: string, value?: Located): string | undefined {
  const text = stringAt(objectAt(schema, 'instead'), name);
  return text?.replace('{value}', value?.kind === 'scalar' ? String(value.value) : '…');
}

export function firstSentence(text: string | undefined): string | undefined {
  return text === undefined ? undefined : (/^.*?[.](?=\s|$)/s.exec(text)?.[0] ?? text);
}

/** `layer`, from a description that begins "A layer: …". */
export function nounOf(schema: JsonObject): string {
  return /^An? ([\w ]{1,30}):/.exec(stringAt(schema, 'description') ?? '')?.[1] ?? 'such choice';
}

/** Names of the arguments that a choice needs. */
export function neededBy(choice: JsonObject, name: string, root: JsonObject): readonly string[] {
  return [...requiredOf(definitionOf(objectAt(objectAt(choice, 'properties'), name), root))];
}

/**
 * The definition that a schema refers to. An error contains the schema of its keyword, but not the file. So a definition is
 * looked up in the validated schema, and then in the shared schemas, whose definitions have different names.
 */
function definitionOf(schema: JsonObject, root: JsonObject): JsonObject {
  const found = [root, ...SHARED_SCHEMAS.map(readSchema)].map((owner) => resolveReference(schema, owner)[0]);
  return found.find((definition) => Object.keys(definition).length > 0) ?? {};
}
