import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeep, parseJson } from '../../src/submission/json-text.ts';

const parsed = (text: string): unknown => parseJson(Buffer.from(text));

test('JSON is accepted if all parsers read it the same way', () => {
  assert.deepEqual(parsed('{"a": [1, {"b": null}], "c": "d: \\" e"}'), {
    a: [1, { b: null }],
    c: 'd: " e',
  });
  assert.equal(parsed('7'), 7);
  for (const text of ['', '{', '{"a": 1, "a": 2}', '[{"a": 1, "\\u0061": 2}]', '{"a": NaN}']) {
    assert.equal(parsed(text), undefined, text);
  }
});

test('only brackets outside strings count as nesting', () => {
  const many = '['.repeat(1000);
  assert.ok(isDeep(many) && isDeep('{"a":'.repeat(1000)));
  assert.equal(parsed(many), undefined);
  assert.ok(!isDeep(`"${many}"`) && !isDeep(`"\\"${many}"`));
  assert.ok(!isDeep('[{}]'.repeat(1000)));
});
