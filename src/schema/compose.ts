/** Composes one self-contained schema of pipeline files, for editors, from the schemas of the parts. */
import { composeObject, withoutOwnKeywords, type Definitions } from './compose-value.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { exampleOf, flowText, isStack, itemText } from './example.ts';
import {
  isList,
  objectAt,
  referenceName,
  requiredOf,
  resolveReference,
  stringAt,
  stringsAt,
  variantsOf,
  type Variant,
} from './view.ts';
import { readSchema } from './schemas.ts';

/**
 * The schema of pipeline files, for editors. It requires what the schemas of the parts require, with these differences:
 * `${params.name}` may replace any value; a file that `extends` another may omit what that file contains;
 * descriptions include the defaults; and editor keywords contain snippets.
 *
 * @param stages schemas of the stage types by their `type`: the built-in ones, and those of plugins
 */
export function composeSchema(stages: ReadonlyMap<string, JsonObject>): JsonObject {
  const document = readSchema('document');
  const properties = objectAt(document, 'properties');
  const stageMap = objectAt(properties, 'stages');
  const plugins = objectAt(properties, 'plugins');
  const definitions: Definitions = new Map();
  for (const [type, schema] of stages) definitions.set(type, composeStage(type, schema, definitions));
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Hourglass pipeline',
    description: stringAt(document, 'description') ?? '',
    type: 'object',
    additionalProperties: false,
    patternProperties: objectAt(document, 'patternProperties'),
    properties: {
      ...properties,
      plugins: { ...plugins, items: withoutOwnKeywords(objectAt(plugins, 'items')) },
      sweep: composeShared(objectAt(properties, 'sweep'), document, definitions),
      stages: {
        ...stageMap,
        propertyNames: { ...objectAt(stageMap, 'propertyNames'), title: 'name' },
        additionalProperties: { $ref: '#/definitions/Stage' },
      },
    },
    if: { required: ['extends'] },
    else: {
      required: stringsAt(document, 'required'),
      properties: { stages: { additionalProperties: { type: 'object', required: ['type'] } } },
    },
    definitions: {
      // Stage types are in lower case, so none has this name.
      Stage: anyStage(objectAt(stageMap, 'additionalProperties'), stages),
      ...Object.fromEntries(definitions),
    },
  };
}

/** A part of the document with its own schema. */
function composeShared(schema: JsonObject, document: JsonObject, definitions: Definitions): JsonObject {
  const [resolved, owner] = resolveReference(schema, document);
  return composeObject(resolved, owner, definitions);
}

/** A stage of any type. Until it has one, editors offer a snippet for each type. */
function anyStage(stage: JsonObject, stages: ReadonlyMap<string, JsonObject>): JsonObject {
  const types = [...stages.keys()];
  return {
    title: 'stage',
    description: stringAt(stage, 'description') ?? '',
    // `null` removes an inherited stage.
    type: ['object', 'null'],
    properties: {
      type: {
        ...objectAt(objectAt(stage, 'properties'), 'type'),
        enum: types,
        enumDescriptions: types.map((type) => stringAt(stages.get(type) ?? {}, 'description') ?? ''),
      },
    },
    if: { required: ['type'] },
    else: { defaultSnippets: [...stages].flatMap(([type, schema]) => startsOf(type, schema)) },
    allOf: types.map((type) => ({ if: has('type', type), then: { $ref: `#/definitions/${type}` } })),
  };
}

/** The snippet for a new stage: its required keys, with examples to overwrite. */
function startsOf(type: string, schema: JsonObject): readonly JsonObject[] {
  const description = stringAt(schema, 'description') ?? '';
  const start = (label: string, variant: JsonObject, about = description): JsonObject => ({
    label,
    description: about,
    body: snippetBody(exampleOf(variant, schema)),
  });
  const variants = variantsOf(schema);
  return variants.length === 0
    ? [start(type, schema)]
    : variants.map((variant) => start(`${type} (${variant.value})`, variant.schema, variant.description));
}

/** Values as snippet texts with numbered placeholders; one line per layer. */
function snippetBody(example: JsonObject): JsonObject {
  let places = 0;
  const place = (text: string): string => {
    places += 1;
    return `\${${places}:${text.replace(/[\\}$]/g, '\\$&')}}`;
  };
  const body = (key: string, value: Json): Json => {
    if (key === 'type') return flowText(value);
    return isStack(value) ? value.map((item) => place(itemText(item))) : place(flowText(value));
  };
  return Object.fromEntries(Object.entries(example).map(([key, value]) => [key, body(key, value)]));
}

/** A stage type. Definitions of a plugin's schema stay inside it, at its new path. */
function composeStage(type: string, schema: JsonObject, definitions: Definitions): JsonObject {
  const composed = composeVariants(type, schema, definitions);
  const own = schema['definitions'];
  return isJsonObject(own) ? withReferences({ ...composed, definitions: own }, own, type) : composed;
}

/**
 * If one property decides which others exist, editors offer only this property at first, and then
 * the properties that fit its value.
 */
function composeVariants(type: string, schema: JsonObject, definitions: Definitions): JsonObject {
  const variants = variantsOf(schema);
  const [first] = variants;
  if (first === undefined) return { ...composeObject(schema, schema, definitions), title: type };
  const own = objectAt(schema, 'properties');
  const kept = ['type', first.property];
  const decider = { ...objectAt(own, first.property), ...describedChoices(variants) };
  const shared = { type: objectAt(own, 'type'), [first.property]: decider };
  const { if: _if, then: _then, else: _else, allOf: _allOf, additionalProperties: _rest, ...plain } = schema;
  return {
    ...composeObject({ ...plain, properties: shared, required: kept }, schema, definitions),
    title: type,
    allOf: variants.map((variant) => ({
      if: has(variant.property, variant.value),
      then: composeVariant(type, variant, schema, definitions),
    })),
  };
}

/** What editors show about each choice, if the variants have descriptions. */
function describedChoices(variants: readonly Variant[]): JsonObject {
  const enumDescriptions = variants.flatMap(({ description }) => description ?? []);
  return enumDescriptions.length < variants.length ? {} : { enumDescriptions };
}

/** The same schema with references to its own definitions changed to its path in the whole schema. */
function withReferences(schema: JsonObject, own: JsonObject, type: string): JsonObject {
  const moved = (value: Json): Json => {
    if (isList(value)) return value.map(moved);
    return isJsonObject(value) ? withReferences(value, own, type) : value;
  };
  const composed = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, moved(value)]));
  const name = referenceName(schema);
  return name !== undefined && name in own
    ? { ...composed, $ref: `#/definitions/${type}/definitions/${name}` }
    : composed;
}

function composeVariant(
  type: string,
  variant: Variant,
  schema: JsonObject,
  definitions: Definitions,
): JsonObject {
  const { description: _description, ...rest } = composeObject(variant.schema, schema, definitions);
  // Properties that all variants share are described there, and only allowed here.
  const properties = { ...objectAt(rest, 'properties'), type: true, [variant.property]: true };
  const required = [...requiredOf(rest)].filter((name) => properties[name] !== true);
  return { ...rest, title: `${type} (${variant.value})`, properties, required };
}

/** Matches maps in which `property` is `value`. */
function has(property: string, value: string): JsonObject {
  return { required: [property], properties: { [property]: { const: value, doNotSuggest: true } } };
}
