/** One self-contained schema of whole pipeline files, for editors, from the schemas of the parts. */
import { isJsonObject, type JsonObject } from './json.ts';
import { readSchema } from './schemas.ts';
import {
  isChoice,
  listAt,
  objectAt,
  resolveReference,
  stringAt,
  stringsAt,
  textBranch,
  typesOf,
} from './schema-view.ts';

/** What stands for a value: `${params.` a name `}`. */
const PARAMETER = {
  type: 'string',
  pattern: '^\\$\\{params\\.[A-Za-z_][A-Za-z0-9_]*\\}$',
  patternErrorMessage: 'Neither a value that fits here nor `${params.name}`.',
} as const;

/**
 * The schema of pipeline files, for editors. It asks for what the schemas of the parts ask for, with these differences:
 * `${params.name}` may stand for any value but a map; a file that `extends` another may leave out what that one has;
 * descriptions tell the defaults.
 *
 * @param stages schemas of the stage types by their `type`: the built-in ones, and those of plugins
 */
export function composeSchema(stages: ReadonlyMap<string, JsonObject>): JsonObject {
  const document = readSchema('document');
  const properties = objectAt(document, 'properties');
  const stageMap = objectAt(properties, 'stages');
  const stage = objectAt(stageMap, 'additionalProperties');
  const types = [...stages.keys()];
  const definitions = new Map<string, JsonObject>();
  for (const [type, schema] of stages) {
    definitions.set(type, { ...composeObject(schema, schema, definitions), title: type });
  }
  const stageDefinition: JsonObject = {
    description: stringAt(stage, 'description') ?? '',
    type: 'object',
    properties: {
      type: {
        ...objectAt(objectAt(stage, 'properties'), 'type'),
        enum: types,
        enumDescriptions: types.map((type) => stringAt(stages.get(type) ?? {}, 'description') ?? ''),
      },
    },
    allOf: types.map((type) => ({
      if: { required: ['type'], properties: { type: { const: type } } },
      then: { $ref: `#/definitions/${type}` },
    })),
  };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Hourglass pipeline',
    description: stringAt(document, 'description') ?? '',
    type: 'object',
    additionalProperties: false,
    properties: {
      ...properties,
      stages: { ...stageMap, additionalProperties: { $ref: '#/definitions/stage' } },
    },
    if: { required: ['extends'] },
    else: {
      required: stringsAt(document, 'required'),
      properties: { stages: { additionalProperties: { required: ['type'] } } },
    },
    definitions: { stage: stageDefinition, ...Object.fromEntries(definitions) },
  };
}

/** An object schema with everything inside it composed. */
function composeObject(
  schema: JsonObject,
  root: JsonObject,
  definitions: Map<string, JsonObject>,
): JsonObject {
  const { $id: _id, $schema: _schema, definitions: _definitions, ...composed } = schema;
  return {
    ...composed,
    properties: Object.fromEntries(
      Object.entries(objectAt(schema, 'properties')).map(([name, property]) => [
        name,
        isJsonObject(property) ? composeValue(property, root, definitions) : property,
      ]),
    ),
  };
}

/**
 * The schema of one value inside a stage, with its references put in place. Layers and optimizers, which are large, stay
 * references, to `definitions`.
 *
 * @param root the schema that references without a file look into
 */
function composeValue(
  schema: JsonObject,
  root: JsonObject,
  definitions: Map<string, JsonObject>,
): JsonObject {
  const [resolved, owner] = resolveReference(schema, root);
  const { $ref: _ref, ...value } = { ...resolved, ...schema };
  if (value['const'] !== undefined) return value;
  if (isChoice(value)) return composeChoice(value, owner, definitions);
  return acceptParameter(
    withDefaultInText({
      ...value,
      ...('items' in value ? { items: composeValue(objectAt(value, 'items'), owner, definitions) } : {}),
      ...('properties' in value ? composeObject(value, owner, definitions) : {}),
    }),
  );
}

/** A map of one key. */
function composeChoice(
  schema: JsonObject,
  root: JsonObject,
  definitions: Map<string, JsonObject>,
): JsonObject {
  const { if: _if, then, ...rest } = schema;
  const names = isJsonObject(then) ? resolveReference(then, root)[0] : {};
  for (const [name, member] of Object.entries(objectAt(schema, 'properties'))) {
    if (!isJsonObject(member)) continue;
    const [resolved, owner] = resolveReference(member, root);
    definitions.set(name, { ...composeObject(resolved, owner, definitions), title: name });
  }
  return withDefaultInText({
    ...rest,
    properties: Object.fromEntries(
      Object.keys(objectAt(schema, 'properties')).map((name) => [name, { $ref: `#/definitions/${name}` }]),
    ),
    if: { type: 'string' },
    then: acceptParameter({ type: 'string', enum: listAt(names, 'enum') }),
  });
}

/** The same schema, which takes `${params.name}` too. */
function acceptParameter(schema: JsonObject): JsonObject {
  const types = typesOf(schema);
  const text = textBranch(schema);
  if ('enum' in schema) {
    const { type: _type, enum: choices, ...rest } = schema;
    return { ...rest, anyOf: [{ type: 'string', enum: choices ?? [] }, PARAMETER] };
  }
  if (text !== undefined) {
    const { type: _type, if: _if, then: _then, description, default: standard, examples, ...limits } = schema;
    const others = types.filter((type) => type !== 'string');
    return {
      description: description ?? '',
      ...(standard === undefined ? {} : { default: standard }),
      ...(examples === undefined ? {} : { examples }),
      anyOf: [{ type: 'string', enum: listAt(text, 'enum') }, { ...limits, type: others }, PARAMETER],
    };
  }
  if (types.includes('string') || (types.includes('object') && !types.includes('integer'))) return schema;
  return { ...schema, ...PARAMETER, type: [...types, 'string'] };
}

/** The same schema, whose description ends with its default: editors do not show defaults by themselves. */
function withDefaultInText(schema: JsonObject): JsonObject {
  const value = schema['default'];
  if (value === undefined || value === null) return schema;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return { ...schema, description: `${stringAt(schema, 'description') ?? ''} Default: \`${text}\`.` };
}
