/** The values inside stages, as editors need them: references resolved, parameters accepted, snippets to fill in. */
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { exampleOf, flowText } from './example.ts';
import {
  isChoice,
  isSameName,
  isList,
  listAt,
  mapBranch,
  objectAt,
  referenceName,
  resolveReference,
  stringAt,
  stringsAt,
  textBranch,
  typesOf,
} from './view.ts';
import { readSchema, SHARED_SCHEMAS } from './schemas.ts';

/** Definitions of the composed schema, by name: layers and optimizers, which are large and used in several places. */
export type Definitions = Map<string, JsonObject>;

/** Keywords that only Hourglass reads. `aliases` stays: its names are offered by editors. */
export function withoutOwnKeywords({
  instead: _instead,
  filePath: _filePath,
  flat: _flat,
  canonical: _canonical,
  ...schema
}: JsonObject): JsonObject {
  return schema;
}

/** A placeholder for a value: `${params.` a name `}`. */
const PARAMETER = {
  type: 'string',
  pattern: '^\\$\\{params\\.[A-Za-z_][A-Za-z0-9_]*([.[][^\\s{}]+)?\\}$',
  patternErrorMessage: 'Neither a value that fits here nor `${params.name}`.',
} as const;

const LIST_KEYWORDS = ['items', 'minItems', 'maxItems', 'uniqueItems'] as const;
const MAP_KEYWORDS = [
  'properties',
  'additionalProperties',
  'required',
  'minProperties',
  'maxProperties',
] as const;

/**
 * A map with everything inside it composed.
 *
 * @param root the schema to which references without a file refer
 */
export function composeObject(schema: JsonObject, root: JsonObject, definitions: Definitions): JsonObject {
  const { $id: _id, $schema: _schema, definitions: _definitions, ...rest } = schema;
  const composed = withoutOwnKeywords(rest);
  const properties = Object.entries(objectAt(schema, 'properties')).map(([name, property]) => [
    name,
    isJsonObject(property) ? composeValue(name, property, root, definitions) : property,
  ]);
  return { ...composed, properties: Object.fromEntries(properties) };
}

function composeValue(
  name: string,
  schema: JsonObject,
  root: JsonObject,
  definitions: Definitions,
): JsonObject {
  // A plugin's own definitions may be recursive, so they stay definitions.
  if (stringAt(schema, '$ref')?.startsWith('#') === true && !isShared(root)) return schema;
  const [resolved, owner] = resolveReference(schema, root);
  const { $ref: _ref, ...value } = withoutOwnKeywords({ ...resolved, ...schema });
  if (value['const'] !== undefined) return value;
  if (isChoice(value)) return composeChoice(referenceName(schema) ?? name, value, owner, definitions, false);
  const map = mapBranch(value);
  if (map !== undefined) return composeNumberOrChoice(name, value, map, owner, definitions);
  return showDefault(showExamples(acceptParameter(name, composeParts(value, owner, definitions))));
}

/** A number or a map of one key, such as a learning rate. */
function composeNumberOrChoice(
  name: string,
  schema: JsonObject,
  map: JsonObject,
  root: JsonObject,
  definitions: Definitions,
): JsonObject {
  const { if: _if, then: _then, ...number } = schema;
  const [choice, owner] = resolveReference(map, root);
  const title = referenceName(map) ?? name;
  const { defaultSnippets = [], else: then = {} } = composeChoice(title, choice, owner, definitions, false);
  return showDefault({ ...acceptParameter(name, number), defaultSnippets, if: { type: 'object' }, then });
}

function isShared(root: JsonObject): boolean {
  return SHARED_SCHEMAS.some((name) => readSchema(name) === root);
}

/** The same schema with the schemas of its items or properties composed. */
function composeParts(schema: JsonObject, root: JsonObject, definitions: Definitions): JsonObject {
  if ('properties' in schema) return composeObject(schema, root, definitions);
  if (!isJsonObject(schema['items'])) return schema;
  const [items, owner] = resolveReference(schema['items'], root);
  const choice = referenceName(schema['items']);
  return isChoice(items) && choice !== undefined
    ? { ...schema, items: composeChoice(choice, items, owner, definitions, true) }
    : { ...schema, items: composeItem(schema['items'], root, definitions) };
}

/**
 * An item of a list. If it is one of several names, they are not written as alternatives: editors would offer `- ` before each.
 */
function composeItem(schema: JsonObject, root: JsonObject, definitions: Definitions): JsonObject {
  const item = composeValue('', schema, root, definitions);
  const [names] = listAt(item, 'anyOf');
  if (!isJsonObject(names)) return item;
  const { anyOf: _anyOf, ...rest } = item;
  return {
    ...rest,
    if: { pattern: '^\\$' },
    then: PARAMETER,
    else: names,
    defaultSnippets: listAt(names, 'enum').map((body) => ({ label: body, body })),
  };
}

/**
 * A map of one key, or a bare name.
 *
 * @param inList whether it is an item of a list, where a map needs no braces
 */
function composeChoice(
  title: string,
  schema: JsonObject,
  root: JsonObject,
  definitions: Definitions,
  inList: boolean,
): JsonObject {
  const text = textBranch(schema);
  const [texts] = text === undefined ? [{}] : resolveReference(text, root);
  const names = stringsAt(texts, 'enum');
  const members = objectAt(schema, 'properties');
  const memberOf = (bare: string): string | undefined =>
    Object.keys(members).find((each) => isSameName(each, bare));
  const properties: Record<string, Json> = {};
  const snippets: JsonObject[] = [];
  for (const [name, member] of Object.entries(members)) {
    if (!isJsonObject(member)) continue;
    const [resolved, owner] = resolveReference(member, root);
    const definition = `${title}.${name}`;
    if (!definitions.has(definition)) {
      // Known before it is composed: a layer may contain layers.
      definitions.set(definition, {});
      definitions.set(definition, { ...composeArguments(resolved, owner, definitions), title: name });
    }
    // In lists of layers, editors offer the snippets below: a bare name, or a map on one line.
    properties[name] = { $ref: `#/definitions/${definition}`, ...(inList ? { doNotSuggest: true } : {}) };
    snippets.push(...snippetsOf(name, resolved, owner, names, inList));
  }
  const aliases = objectAt(texts, 'aliases');
  for (const bare of names) {
    // Names that take no arguments.
    if (!(bare in aliases) && memberOf(bare) === undefined) snippets.push({ label: bare, body: bare });
  }
  const label = title.replace(/Spec$/, '').toLowerCase();
  const about = (bare: string): string => {
    const [member] = resolveReference(objectAt(members, memberOf(bare) ?? bare), root);
    return stringAt(member, 'description') ?? '';
  };
  const {
    if: _if,
    then: _then,
    properties: _properties,
    examples: _examples,
    ...rest
  } = withoutOwnKeywords(schema);
  const { additionalProperties = false, minProperties = 1, maxProperties = 1, ...outside } = rest;
  return showDefault({
    ...outside,
    title: label,
    defaultSnippets: snippets,
    if: { type: 'string' },
    then: acceptParameter(label, { type: 'string', enum: names, enumDescriptions: names.map(about) }),
    else: { additionalProperties, minProperties, maxProperties, properties },
  });
}

/**
 * Arguments of a layer or an optimizer. `required` is separate from `properties`, so editors do not fill in the required lines.
 */
function composeArguments(schema: JsonObject, root: JsonObject, definitions: Definitions): JsonObject {
  const { required, ...composed } = composeObject(schema, root, definitions);
  return required === undefined ? composed : { ...composed, allOf: [{ required }] };
}

function snippetsOf(
  name: string,
  schema: JsonObject,
  root: JsonObject,
  bare: readonly string[],
  inList: boolean,
): readonly JsonObject[] {
  const description = stringAt(schema, 'description') ?? '';
  const example = Object.entries(exampleOf(schema, root));
  const filled = example.map(([key, value], index) => `${key}: \${${index + 1}:${flowText(value)}}`);
  const map = `${name}: { ${filled.length === 0 ? '$1' : filled.join(', ')} }`;
  const withArguments = { description, bodyText: inList ? map : `{ ${map} }` };
  if (!bare.includes(name)) return [{ label: name, ...withArguments }];
  return [
    { label: name, description, bodyText: name },
    ...(Object.keys(objectAt(schema, 'properties')).some((key) => key !== 'name')
      ? [{ label: `${name}: { }`, ...withArguments }]
      : []),
  ];
}

/** The same schema, which also accepts `${params.name}`. Each type's keywords are separate, so errors name only them. */
function acceptParameter(name: string, schema: JsonObject): JsonObject {
  const types = typesOf(schema);
  const text = textBranch(schema);
  if ('enum' in schema) {
    const {
      type,
      enum: choices = [],
      enumDescriptions,
      aliases: _aliases,
      instead: _instead,
      ...rest
    } = schema;
    const named = {
      title: name,
      ...(type === undefined ? {} : { type }),
      enum: choices,
      ...(enumDescriptions === undefined ? {} : { enumDescriptions }),
    };
    return { ...rest, anyOf: [named, { ...PARAMETER, title: '${params.…}' }] };
  }
  if (text !== undefined) {
    const choices = listAt(text, 'enum');
    return {
      ...schema,
      then: acceptParameter(name, { type: 'string', enum: choices }),
      examples: [...new Set([...choices, ...listAt(schema, 'examples')])],
    };
  }
  if ('if' in schema || types.length === 0) return schema;
  const values = types.filter((type) => type !== 'null');
  const accepting = types.includes('string')
    ? orParameter(schema)
    : { ...schema, ...PARAMETER, type: [...types, 'string'] };
  if (values.length === 1 && values[0] === 'object') return setApart(accepting, 'object', MAP_KEYWORDS);
  if (types.includes('array') && (values.length > 1 || hasFlowExample(schema))) {
    return setApart(accepting, 'array', LIST_KEYWORDS);
  }
  if (types.includes('object') && (values.length > 1 || hasFlowExample(schema))) {
    return setApart(accepting, 'object', MAP_KEYWORDS);
  }
  return accepting;
}

/** A text with a pattern, or a parameter. */
function orParameter(schema: JsonObject): JsonObject {
  const pattern = stringAt(schema, 'pattern');
  return pattern === undefined ? schema : { ...schema, pattern: `(?:${pattern})|(?:${PARAMETER.pattern})` };
}

/** True if an example shows a list or a map on one line; editors would fill in several lines instead. */
function hasFlowExample(schema: JsonObject): boolean {
  return listAt(schema, 'examples').some(isFlow);
}

function isFlow(value: Json): boolean {
  return isList(value) ? value.every((item) => !isJsonObject(item)) : isJsonObject(value);
}

function setApart(schema: JsonObject, type: string, keywords: readonly string[]): JsonObject {
  const entries = Object.entries(schema);
  return {
    ...Object.fromEntries(entries.filter(([key]) => !keywords.includes(key))),
    if: { type },
    then: Object.fromEntries(entries.filter(([key]) => keywords.includes(key))),
  };
}

/** The same schema with its examples as snippets for editors: values, and lists and maps on one line. */
function showExamples(schema: JsonObject): JsonObject {
  const { examples: _examples, ...rest } = schema;
  const examples = listAt(schema, 'examples');
  const scalars = examples.filter((value) => !isList(value) && !isJsonObject(value));
  // Only one kind: editors insert a single snippet at once.
  const flows = 'then' in schema && scalars.length === 0 ? examples.filter(isFlow).map(flowText) : [];
  return {
    ...rest,
    ...(scalars.length === 0 ? {} : { examples: scalars }),
    // A caret marks literal text.
    ...(flows.length === 0
      ? {}
      : { defaultSnippets: flows.map((text) => ({ label: text, body: `^${text}` })) }),
  };
}

/** The same schema with its default at the end of the description: editors do not show defaults themselves. */
function showDefault(schema: JsonObject): JsonObject {
  const { default: value, ...rest } = schema;
  if (value === undefined || value === null || (isList(value) && value.length === 0)) return rest;
  const description = `${stringAt(schema, 'description') ?? ''} Default: \`${flowText(value)}\`.`;
  return isList(value) || isJsonObject(value) ? { ...rest, description } : { ...schema, description };
}
