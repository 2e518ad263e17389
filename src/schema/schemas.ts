/** The hand-written JSON Schemas of the language, as they lie in `schemas/`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { packageRoot } from '../core/package-root.ts';

/** Built-in stage types, in the order in which a pipeline usually has them; each has `stages/<type>.json`. */
export const STAGE_TYPES = [
  'dataset',
  'split',
  'subset',
  'concat',
  'normalize',
  'resize',
  'noise',
  'model',
  'train',
  'evaluate',
  'predict',
  'encode',
  'project',
  'probe',
  'pca',
  'figure',
] as const;

/** Schemas that others refer to; a validator must know them before it compiles a stage's schema. */
export const SHARED_SCHEMAS = ['layers', 'training', 'sweep'] as const;

const cache = new Map<string, JsonObject>();

/**
 * A schema by its path below `schemas/`, without the extension: `document`, `layers`, `stages/train`. Read once.
 * Its `$id` is that path with the extension, and references to other files are relative to it.
 */
export function readSchema(name: string): JsonObject {
  const known = cache.get(name);
  if (known !== undefined) return known;
  const schema: Json = JSON.parse(readFileSync(join(packageRoot, 'schemas', `${name}.json`), 'utf8'));
  if (!isJsonObject(schema)) throw new TypeError(`schemas/${name}.json is not an object`);
  cache.set(name, schema);
  return schema;
}
