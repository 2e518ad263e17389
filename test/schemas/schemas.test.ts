/** Rules that all schemas keep, and that what is made of them is in step. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { isJsonObject, type Json, type JsonObject } from '../../src/core/json.ts';
import { readSchema, SHARED_SCHEMAS, STAGE_TYPES } from '../../src/core/schemas.ts';
import { resolveReference } from '../../src/core/schema-view.ts';
import { builtinNodes } from '../../src/nodes/registry.ts';
import { outOfStep } from '../../scripts/generated.ts';

const NAMES = ['document', ...SHARED_SCHEMAS, ...STAGE_TYPES.map((type) => `stages/${type}`)];

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

test('each stage type has a schema and a node, which names the settings that are references', () => {
  assert.deepEqual([...builtinNodes.keys()].sort(), [...STAGE_TYPES].sort());
  for (const [type, node] of builtinNodes) {
    const known = Object.keys((readSchema(`stages/${type}`)['properties'] ?? {}) as JsonObject);
    for (const key of [...Object.keys(node.inputs), ...(node.cosmetic ?? [])])
      assert.ok(known.includes(key), `${type}.${key}`);
  }
});

test('no pattern takes more than linear time: texts of 100,000 letters are answered', () => {
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
