/** Messages about mistakes that no built-in stage can have: plugins have their own schemas. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { found, hints, makeRig, stageType, types } from '../rig.ts';

const odd = stageType('odd', {
  type: 'object',
  additionalProperties: false,
  required: ['type'],
  properties: {
    type: { const: 'odd', description: 'Takes odd settings.' },
    step: { type: 'integer', multipleOf: 5 },
    tags: { type: 'object', minProperties: 1, maxProperties: 2, additionalProperties: { type: 'number' } },
    pair: { type: 'object', minProperties: 2 },
    text: { type: 'string', minLength: 1, maxLength: 3 },
    code: { type: 'string', minLength: 2 },
    flag: { type: 'boolean' },
    list: { type: 'array' },
    numbers: { type: 'array', items: { type: 'number' }, minItems: 2, maxItems: 3 },
    two: { type: 'array', minItems: 2, maxItems: 2 },
    fixed: { const: 'this' },
    other: { not: { type: 'string' } },
    word: { type: ['string', 'null'], enum: ['a', 'b', null] },
    mode: { type: 'string', enum: ['on', 'off'] },
    size: {
      type: ['integer', 'object'],
      if: { type: 'object' },
      then: { required: ['width'], properties: { width: { type: 'integer' } }, additionalProperties: false },
    },
    depth: { type: 'integer' },
  },
  dependencies: { depth: ['size'] },
});

test('mistakes against any schema are reported at their place', async (context) => {
  const rig = await makeRig(context);
  const cases: readonly (readonly [setting: string, expected: string, hint?: RegExp])[] = [
    ['step: 7', 'out-of-range 5:11'],
    ['step: s0123456', 'wrong-type 5:11', /`0123456`/],
    ['tags: { a: 1, b: 2, c: 3 }', 'out-of-range 5:11'],
    ['tags: {}', 'out-of-range 5:11'],
    ['tags: { a: x }', 'wrong-type 5:16'],
    ['pair: { a: 1 }', 'out-of-range 5:11'],
    ['text: ""', 'out-of-range 5:11'],
    ['text: long', 'out-of-range 5:11'],
    ['code: x', 'out-of-range 5:11'],
    ['flag: no', 'wrong-type 5:11', /`false`/],
    ['flag: on', 'wrong-type 5:11', /`true`/],
    ['list: 3', 'wrong-type 5:11', /`\[3\]`/],
    ['list: { a: 1 }', 'wrong-type 5:11'],
    ['numbers: [1]', 'out-of-range 5:14'],
    ['numbers: [1, 2, 3, 4]', 'out-of-range 5:14'],
    ['numbers: one', 'wrong-type 5:14'],
    ['two: [1, 2, 3]', 'out-of-range 5:10'],
    ['fixed: that', 'unknown-value 5:12'],
    ['other: text', 'bad-setting 5:12'],
    ['other: [text]', ''],
    ['word: c', 'unknown-value 5:11'],
    ['word: [a]', 'wrong-type 5:11'],
    ['mode: no', 'unknown-value 5:11'],
    ['size: text', 'wrong-type 5:11'],
    ['size: {}', 'missing-key 5:5'],
    ['size: { width: x }', 'wrong-type 5:20'],
    ['size: { hight: 3 }', 'missing-key 5:5, unknown-key 5:13'],
    ['depth: 3', 'bad-setting 4:3'],
  ];
  for (const [setting, expected, hint] of cases) {
    const text = `name: p\nseed: 1\nstages:\n  a:\n    ${setting}\n    type: odd\n`;
    const result = await rig.load(text, { stageTypes: () => Promise.resolve(types([odd])) });
    assert.equal(found(result).join(', '), expected, setting);
    if (hint !== undefined) assert.match(hints(result), hint, setting);
  }
});

test('layers written as calls, or with keys beside them, get the right form as advice', async (context) => {
  const rig = await makeRig(context);
  const cases: readonly (readonly [layer: string, expected: string, hint: RegExp])[] = [
    ['Dense(32)', 'unknown-value 6:16', /`Dense: /],
    ['Dens(32)', 'unknown-value 6:16', /`Dense: /],
    ['Foo(3)', 'unknown-value 6:16', /^/],
    ['{ Dense: { units: 3 }, activation: relu, name: x }', 'unknown-key 6:39', /^/],
    ['{ units: 3, activation: relu }', 'unknown-value 6:18', /^/],
    ['{ Dense: }', 'missing-key 6:18', /below/],
    ['{ Dense: "" }', 'wrong-type 6:25', /units/],
  ];
  for (const [layer, expected, hint] of cases) {
    const text = `name: p\nseed: 1\nstages:\n  a:\n    type: model\n    encoder: [ ${layer} ]\n    input_shape: [4, 4, 1]\n    decoder: [Flatten]\n`;
    const result = await rig.load(text);
    assert.equal(found(result).join(', '), expected, layer);
    assert.match(hints(result), hint, layer);
  }
});
