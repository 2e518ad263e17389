/** One self-contained schema of whole pipeline files, for editors, from the schemas of the parts. */
import { isJsonObject, type Json, type JsonObject } from './json.ts';
import { readSchema, SHARED_SCHEMAS } from './schemas.ts';
import { isChoice, isList, listAt, objectAt, stringAt, stringsAt, textBranch, typesOf } from './schema-view.ts';

/** What stands for a value: `${params.` a name `}`. */
const PARAMETER: JsonObject = {
  type: 'string',
  pattern: '^\\$\\{params\\.[A-Za-z_][A-Za-z0-9_]*\\}$',
  patternErrorMessage: 'Not a value that fits here, and not `${params.name}`.',
};

/**
 * The schema of pipeline files, for editors. It is as strict as the parts that it is made of, with three differences:
 * `${params.name}` may stand for any scalar or list; a file that `extends` another may leave out what the other has;
 * and descriptions tell the defaults.
 *
 * @param stages schemas of the stage types by their `type`: the built-in ones, and those of plugins
 */
export function composeSchema(stages: ReadonlyMap<string, JsonObject>): JsonObject {
  const composer = new Composer();
  const document = readSchema('document');
  const properties = objectAt(document, 'properties');
  const stageMap = objectAt(properties, 'stages');
  const stage = objectAt(stageMap, 'additionalProperties');
  const types = [...stages.keys()];
  for (const [type, schema] of stages) composer.addStage(type, schema);
  const stageDefinition: JsonObject = {
    ...stage,
    required: [],
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
      ...composer.properties(properties, document),
      stages: { ...stageMap, additionalProperties: { $ref: '#/definitions/stage' } },
    },
    if: { required: ['extends'] },
    else: {
      required: stringsAt(document, 'required'),
      properties: { stages: { additionalProperties: { required: ['type'] } } },
    },
    definitions: { stage: stageDefinition, ...composer.definitions },
  };
}

class Composer {
  readonly definitions: Record<string, JsonObject> = {};

  addStage(type: string, schema: JsonObject): void {
    this.definitions[type] = { ...this.object(schema, schema), title: type };
  }

  properties(properties: JsonObject, root: JsonObject): JsonObject {
    return Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [
        name,
        isJsonObject(property) ? this.value(property, root) : property,
      ]),
    );
  }

  /**
   * A schema of a value inside a pipeline, with its references put in place.
   *
   * @param root the schema that local references look into
   */
  private value(schema: JsonObject, root: JsonObject): JsonObject {
    const [resolved, owner] = resolve(schema, root);
    const plain = this.object(withDefaultInText(resolved), owner);
    if (plain['const'] !== undefined) return plain;
    if (isChoice(resolved)) return this.choice(plain, owner);
    const text = textBranch(plain);
    if ('enum' in plain || text !== undefined) return alternatives(plain, text);
    const types = typesOf(plain);
    if (types.includes('object') && !types.some((type) => ['integer', 'number'].includes(type))) return plain;
    if (types.includes('object')) return alternatives(plain, undefined);
    if (types.includes('string')) return plain;
    const { pattern, patternErrorMessage } = PARAMETER;
    return { ...plain, type: [...types, 'string'], pattern: pattern ?? '', patternErrorMessage: patternErrorMessage ?? '' };
  }

  /** A map of one key: kept as a definition, since layers appear in many places. */
  private choice(schema: JsonObject, root: JsonObject): JsonObject {
    return alternatives(schema, textBranch(schema));
  }

  /** The same schema, with everything inside it composed. */
  private object(schema: JsonObject, root: JsonObject): JsonObject {
    const { $id: _id, $schema: _schema, definitions: _definitions, ...rest } = schema;
    const composed: Record<string, Json> = { ...rest };
    for (const key of ['properties', 'items', 'additionalProperties', 'then', 'else']) {
      const part = schema[key];
      if (!isJsonObject(part)) continue;
      composed[key] = key === 'properties' ? this.properties(part, root) : this.value(part, root);
    }
    return composed;
  }
}
