/** Rules for all schemas, and that generated files match them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { parse } from 'yaml';
import { composeSchema } from '../../src/schema/compose.ts';
import { isJsonObject, type Json, type JsonObject } from '../../src/core/json.ts';
import { readSchema, SHARED_SCHEMAS, sourceNames, STAGE_TYPES } from '../../src/schema/schemas.ts';
import { exampleOf, flowText } from '../../src/schema/example.ts';
import { resolveReference, variantsOf } from '../../src/schema/view.ts';
import { builtinNodes } from '../../src/nodes/registry.ts';
import { outOfStep } from '../../scripts/generated.ts';

const NAMES = [
  'document',
  'submission',
  'assignment',
  ...SHARED_SCHEMAS,
  ...STAGE_TYPES.map((type) => `stages/${type}`),
  ...sourceNames().map((name) => `sources/${name}`),
];

interface Found {
  readonly path: string;
  readonly schema: JsonObject;
  readonly root: JsonObject;
}

/** Every schema inside the schemas that describes a property. */
function properties(): readonly Found[] {
  const found: Found[] = [];
  const visit = (value: Json, path: string, root: JsonObject): void => {
    if (Array.isArray(value)) value.forEach((item, index) => visit(item, `${path}/${index}`, root));
    if (!isJsonObject(value)) return;
    const inCondition = /\/(if|then|else)(\/|$)/.test(path);
    for (const [key, member] of Object.entries(value)) {
      if (key === 'properties' && isJsonObject(member) && !inCondition) {
        for (const [name, schema] of Object.entries(member)) {
          if (isJsonObject(schema)) found.push({ path: `${path}/${name}`, schema, root });
        }
      }
      visit(member, `${path}/${key}`, root);
    }
  };
  for (const name of NAMES) visit(readSchema(name), name, readSchema(name));
  return found;
}

const walk = (value: Json, use: (key: string, member: Json) => void): void => {
  if (Array.isArray(value)) for (const item of value) walk(item, use);
  if (!isJsonObject(value)) return;
  for (const [key, member] of Object.entries(value)) {
    use(key, member);
    walk(member, use);
  }
};

const KEYWORDS = ['aliases', 'instead', 'filePath', 'flat', 'canonical'];

test('types, editor schema and reference are in step with the schemas', () => {
  assert.deepEqual(outOfStep(), []);
});

test('every property says what it is', () => {
  const silent = properties().filter(({ schema, root }) => {
    const [resolved] = resolveReference(schema, root);
    return typeof { ...resolved, ...schema }['description'] !== 'string';
  });
  assert.deepEqual(
    silent.map(({ path }) => path),
    [],
  );
});

test('no schema is a choice of alternatives, whose errors would name every branch', () => {
  for (const name of NAMES) {
    walk(readSchema(name), (key) => assert.ok(!['oneOf', 'anyOf'].includes(key), `${name} has ${key}`));
  }
});

test('schemas are sound, and every default is a value that its own schema takes', () => {
  const ajv = new Ajv({
    strict: true,
    keywords: KEYWORDS,
    allowUnionTypes: true,
    strictRequired: false,
    strictTypes: false,
    useDefaults: false,
  });
  for (const name of NAMES) ajv.addSchema(readSchema(name));
  for (const name of NAMES) ajv.getSchema(`${name}.json`);
  for (const { path, schema, root } of properties()) {
    const standard = schema['default'];
    if (standard === undefined || path.includes('/if/')) continue;
    const [resolved, owner] = resolveReference(schema, root);
    const { default: _default, $ref: _ref, ...rest } = { ...resolved, ...schema };
    // Beside its owner, so that relative references lead where they should.
    const beside = String(owner['$id']).replace(/[^/]*$/, `check-${path.replaceAll('/', '-')}.json`);
    const check = ajv.compile({ ...rest, $id: beside, definitions: owner['definitions'] ?? {} });
    assert.ok(check(standard), `${path}: ${JSON.stringify(standard)} ${ajv.errorsText(check.errors)}`);
  }
});

/** All forms of a stage type: its variants, or itself. */
function formsOf(schema: JsonObject): readonly JsonObject[] {
  const variants = variantsOf(schema);
  return variants.length === 0 ? [schema] : variants.map((variant) => variant.schema);
}

const shared = SHARED_SCHEMAS.map(readSchema);
const stageSchemas = new Map(STAGE_TYPES.map((type) => [type, readSchema(`stages/${type}`)]));

test('the examples of the reference and of editors are valid', () => {
  const ajv = new Ajv({ allowUnionTypes: true, keywords: KEYWORDS, schemas: shared });
  for (const [type, schema] of stageSchemas) {
    const check = ajv.compile(schema);
    for (const { property, value, example } of variantsOf(schema)) {
      const whole = { type, [property]: value, ...example };
      if (example !== undefined) assert.ok(check(whole), `${value}: ${ajv.errorsText(check.errors)}`);
    }
    for (const form of formsOf(schema)) {
      for (const keys of ['required', 'with examples'] as const) {
        const example = exampleOf(form, schema, keys);
        assert.equal(example['type'], type);
        assert.ok(check(example), `${JSON.stringify(example)} ${ajv.errorsText(check.errors)}`);
      }
    }
  }
});

test('a definition that refers to another inherits from it, and can replace parts', () => {
  const root: JsonObject = {
    definitions: {
      Long: { type: 'integer', description: 'long', minimum: 3 },
      Short: { $ref: '#/definitions/Long', description: 'short' },
    },
  };
  const [resolved, owner] = resolveReference({ $ref: '#/definitions/Short' }, root);
  assert.deepEqual([resolved, owner], [{ type: 'integer', description: 'short', minimum: 3 }, root]);
});

test('an example on one line reads back as the same value', () => {
  const plain = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.constantFrom('yes', 'null', '1e3', '${params.x}'),
  );
  const value = fc.oneof(
    plain,
    fc.array(plain),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      plain,
      { noNullPrototype: true },
    ),
  );
  fc.assert(fc.property(value, (json) => assert.deepEqual(parse(flowText(json)), json)));
});

test('the schema for editors accepts and refuses the same as the schemas of the stages', () => {
  const ajv = new Ajv({ strict: false });
  const whole = ajv.compile(composeSchema(stageSchemas));
  const strict = new Ajv({ allowUnionTypes: true, keywords: KEYWORDS, schemas: shared });
  const takes = (stage: JsonObject): boolean => whole({ name: 'x', stages: { a: stage } });
  for (const schema of stageSchemas.values()) {
    const check = strict.compile(schema);
    for (const form of formsOf(schema)) {
      const example = exampleOf(form, schema, 'with examples');
      assert.ok(takes(example), `${JSON.stringify(example)} ${ajv.errorsText(whole.errors)}`);
      for (const changed of changesOf(example)) {
        assert.equal(takes(changed), check(changed), JSON.stringify(changed));
      }
    }
  }
});

/** The settings with one of them left out or made something else, and with one too many; not the type. */
function changesOf(settings: JsonObject): readonly JsonObject[] {
  const others: readonly Json[] = [
    0,
    -1,
    0.5,
    3,
    true,
    null,
    'test',
    'adam',
    [],
    [0],
    [1, 2],
    ['mse'],
    ['Flatten'],
    {},
    { Adam: {} },
    { rows: 0 },
    [{ Dense: {} }],
    [{ Dense: { units: 0 } }],
    [{ Conv2D: { filters: 1, kernel_size: [1, 2, 3] } }],
    [{ Dens: {} }],
    [{ ReLU: {}, Flatten: {} }],
  ];
  const keys = Object.keys(settings).filter((key) => key !== 'type');
  return [
    { ...settings, unknown_key: 1 },
    { ...settings, rows: 3 },
    ...keys.map((key) => Object.fromEntries(Object.entries(settings).filter(([name]) => name !== key))),
    ...keys.flatMap((key) => others.map((other) => ({ ...settings, [key]: other }))),
  ];
}

test('in the schema for editors, a parameter can replace any value except a map', () => {
  const ajv = new Ajv({ strict: false });
  const check = ajv.compile(composeSchema(stageSchemas));
  const parameter = '${params.x}';
  for (const schema of stageSchemas.values()) {
    for (const form of formsOf(schema)) {
      const example = exampleOf(form, schema, 'with examples');
      for (const [key, value] of Object.entries(example)) {
        if (['type', 'preview', 'early_stopping', 'reduce_lr_on_plateau', 'checkpoint'].includes(key))
          continue;
        const document = { name: 'x', stages: { a: { ...example, [key]: parameter } } };
        assert.ok(check(document), `${key}: ${JSON.stringify(value)} ${ajv.errorsText(check.errors)}`);
      }
    }
  }
  const stage = { type: 'evaluate', model: 'a', data: 'b', metrics: [parameter] };
  assert.ok(check({ name: 'x', stages: { a: stage } }));
  assert.ok(!check({ name: 'x', stages: { a: { ...stage, metrics: ['${param.x}'] } } }));
});

test('a plugin may have definitions of its own, which refer to themselves and to layers', () => {
  const schema: JsonObject = {
    type: 'object',
    additionalProperties: false,
    required: ['type', 'tree'],
    properties: {
      type: { const: 'forest' },
      tree: { $ref: '#/definitions/Tree' },
      layers: { type: 'array', items: { $ref: '../layers.json#/definitions/LayerSpec' } },
    },
    definitions: {
      Tree: {
        type: 'object',
        additionalProperties: false,
        properties: { left: { $ref: '#/definitions/Tree' }, right: { $ref: '#/definitions/Tree' } },
      },
    },
  };
  const check = new Ajv({ strict: false }).compile(composeSchema(new Map([['forest', schema]])));
  const takes = (settings: JsonObject): boolean =>
    check({ name: 'x', stages: { a: { type: 'forest', ...settings } } });
  assert.ok(takes({ tree: { left: { right: {} } }, layers: ['Flatten'] }));
  assert.ok(!takes({ tree: { left: { middle: {} } } }));
  assert.ok(!takes({ tree: {}, layers: ['Flaten'] }));
});

test('each stage type has a schema and a node, which names the settings that are references', () => {
  assert.deepEqual([...builtinNodes.keys()].sort(), [...STAGE_TYPES].sort());
  for (const [type, node] of builtinNodes) {
    const known = Object.keys((readSchema(`stages/${type}`)['properties'] ?? {}) as JsonObject);
    for (const key of [...Object.keys(node.inputs), ...(node.cosmetic ?? [])])
      assert.ok(known.includes(key), `${type}.${key}`);
  }
});

test('no pattern takes more than linear time: texts of 100,000 letters get an answer', () => {
  const patterns: string[] = [];
  for (const name of NAMES) {
    walk(readSchema(name), (key, member) => {
      if (key === 'pattern' && typeof member === 'string') patterns.push(member);
    });
  }
  assert.ok(patterns.length > 0);
  for (const pattern of patterns) {
    // A quantified group, or two quantifiers that can share characters, is what backtracking needs.
    assert.doesNotMatch(pattern, /\)[*+{]/, pattern);
    for (const text of ['a'.repeat(100_000), `${'a'.repeat(100_000)}!`, '-'.repeat(100_000)]) {
      assert.equal(typeof new RegExp(pattern, 'u').test(text), 'boolean');
    }
  }
});
