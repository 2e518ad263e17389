import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Validator } from '../../src/config/validator.ts';
import { isJsonObject, type Json, type JsonObject } from '../../src/core/json.ts';
import { exampleOf } from '../../src/schema/example.ts';
import { readSchema, STAGE_TYPES } from '../../src/schema/schemas.ts';
import { variantsOf } from '../../src/schema/view.ts';

const NAMES = ['document', 'assignment', 'submission', ...STAGE_TYPES.map((type) => `stages/${type}`)];

/** Settings of a schema, each of which takes most of its keys. */
function examplesOf(schema: JsonObject): readonly JsonObject[] {
  const variants = variantsOf(schema).map((variant) => variant.schema);
  return (variants.length === 0 ? [schema] : variants).map((form) =>
    exampleOf(form, schema, 'with examples'),
  );
}

/** A value with another one at one of its places; `at` chooses the place. */
function changed(value: Json, at: readonly number[], other: Json): Json {
  const [first, ...rest] = at;
  if (first === undefined || typeof value !== 'object' || value === null) return other;
  const keys = Object.keys(value);
  const key = keys[first % Math.max(1, keys.length)];
  if (key === undefined) return other;
  const inner: Json = Reflect.get(value, key);
  const put = changed(inner, rest, other);
  return Array.isArray(value) ? value.with(Number(key), put) : { ...value, [key]: put };
}

const other = fc.oneof(
  fc.constantFrom<Json>(
    null,
    true,
    'relu',
    'mean_squared_error',
    'Flatten',
    'adam',
    'x',
    [],
    {},
    [[2, 2], 1],
    {
      Dense: { units: 2 },
    },
  ),
  fc.integer({ min: -2, max: 3 }),
  fc.integer({ min: 4, max: 100 }),
);

test('property: the compiled schemas find what Ajv finds, and change data in the same way', () => {
  const validator = Validator.shared();
  for (const name of NAMES) {
    const schema = readSchema(name);
    // Another object of the same name is not Hourglass's own.
    const copy = structuredClone(schema);
    const validate = (of: JsonObject, data: Json): Json => {
      const own = structuredClone(data);
      assert.ok(isJsonObject(own));
      const found = validator.validate(of, own);
      return JSON.parse(JSON.stringify({ ...found, own })) as Json;
    };
    for (const example of examplesOf(schema)) {
      fc.assert(
        fc.property(fc.array(fc.nat(40), { minLength: 1, maxLength: 4 }), other, (at, value) => {
          const data = changed(example, at, value);
          if (isJsonObject(data)) assert.deepEqual(validate(schema, data), validate(copy, data));
        }),
        { numRuns: 15 },
      );
    }
  }
});

test('compiled schemas replace aliases, and note what is marked', () => {
  const [example = {}] = examplesOf(readSchema('stages/train'));
  const data = { ...example, loss: 'MSE', optimizer: 'adam' };
  const { errors, marks } = Validator.shared().validate(readSchema('stages/train'), data);
  assert.deepEqual(errors, []);
  assert.equal(data.loss, 'mse');
  assert.ok(marks.some(({ keyword, at }) => keyword === 'canonical' && at.join() === 'optimizer'));
});
