/** The hand-written JSON Schemas of the language, from `schemas/`. */
import { readdirSync, readFileSync } from 'node:fs';
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
  'transform',
  'binarize',
  'clean',
  'noise',
  'model',
  'train',
  'evaluate',
  'predict',
  'sample',
  'encode',
  'project',
  'probe',
  'anomaly',
  'pca',
  'figure',
] as const;

/** Schemas that others refer to. A validator must have them before it compiles a stage's schema. */
export const SHARED_SCHEMAS = ['layers', 'training', 'sweep', 'data'] as const;

/** Names of the data sources: each has `sources/<name>.json` with its own keys. */
export function sourceNames(): readonly string[] {
  return readdirSync(join(packageRoot, 'schemas', 'sources'))
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

const cache = new Map<string, JsonObject>();

/**
 * A schema by its path below `schemas/`, without the extension: `document`, `layers`, `stages/train`. Read once.
 * Its `$id` is that path with the extension, and references to other files are relative to it. The schemas of stages accept
 * `notes`; the schema of `stages/dataset` includes those of the data sources.
 */
export function readSchema(name: string): JsonObject {
  const known = cache.get(name);
  if (known !== undefined) return known;
  const file: Json = JSON.parse(readFileSync(join(packageRoot, 'schemas', `${name}.json`), 'utf8'));
  if (!isJsonObject(file)) throw new TypeError(`schemas/${name}.json is not an object`);
  const own = name === 'stages/dataset' ? withSources(file) : file;
  const schema = name.startsWith('stages/') ? withNotes(own) : own;
  cache.set(name, schema);
  return schema;
}

/** The schema of a stage that accepts `notes`, which every stage may have. */
export function withNotes(stage: JsonObject): JsonObject {
  const { $schema: _schema, $id: _id, ...notes } = readSchema('notes');
  return { ...stage, properties: { ...propertiesOf(stage), notes } };
}

/** The schema of a stage as its type sees its settings. */
export function withoutNotes(stage: JsonObject): JsonObject {
  const { notes: _notes, ...properties } = propertiesOf(stage);
  return { ...stage, properties };
}

/**
 * The schema of `dataset` with the schemas of the sources as variants. Each source accepts the common keys, which it may describe
 * itself, and its own keys. It refuses the keys of other sources.
 */
function withSources(dataset: JsonObject): JsonObject {
  const sources = sourceNames().map((name) => {
    const { $schema: _schema, $id: _id, type: _type, ...schema } = readSchema(`sources/${name}`);
    return { name, schema, own: propertiesOf(schema) };
  });
  const shared = propertiesOf(dataset);
  const { source } = shared;
  const keys = sources.flatMap(({ own }) => Object.keys(own)).filter((key) => !(key in shared));
  const refusedBy = (own: JsonObject): JsonObject =>
    Object.fromEntries(keys.flatMap((key) => (key in own ? [] : [[key, false]])));
  return {
    ...dataset,
    properties: {
      ...shared,
      source: { ...(isJsonObject(source) ? source : {}), enum: sources.map(({ name }) => name) },
      ...Object.fromEntries(keys.map((key) => [key, true])),
    },
    allOf: sources.map(({ name, schema, own }) => ({
      if: { required: ['source'], properties: { source: { const: name } } },
      then: { ...schema, properties: { ...own, ...refusedBy(own) } },
    })),
  };
}

function propertiesOf({ properties }: JsonObject): JsonObject {
  return isJsonObject(properties) ? properties : {};
}
