import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorObject } from 'ajv';
import { locatedFrom, toJson } from '../../../src/config/located.ts';
import {
  descriptionOf,
  firstSentence,
  nounOf,
  param,
  placesOf,
  schemaOf,
} from '../../../src/config/diagnostics/place.ts';
import { PathSet } from '../../../src/config/diagnostics/path-set.ts';

const start = { line: 1, column: 1 };
const root = locatedFrom({ 'a/b~c': [{ size: 3 }] }, { file: 'x.yaml', start, end: start });

function errorOf(instancePath: string, params: ErrorObject['params'] = {}): ErrorObject {
  return { instancePath, schemaPath: '', keyword: 'type', params };
}

function pathsOf(...pointers: readonly string[]) {
  assert.ok(root.kind === 'map');
  const data = toJson(root, () => undefined);
  const context = { whole: 'the pipeline', root, at: [], data, schema: {}, broken: new PathSet() };
  return placesOf(
    pointers.map((pointer) => errorOf(pointer)),
    context,
  ).map(({ path, errors }) => [path, errors.length]);
}

test('pointers become paths: escaped characters, and positions in lists', () => {
  assert.deepEqual(pathsOf('/a~1b~0c/0/size', '', '/a~1b~0c/0/size'), [
    [['a/b~c', 0, 'size'], 2],
    [[], 1],
  ]);
});

test('errors about something that is not in the text have no place', () => {
  assert.deepEqual(pathsOf('/elsewhere', '/a~1b~0c/7', '/a~1b~0c/0/size/deeper/still'), []);
});

test('missing parts of an error are empty', () => {
  assert.equal(param(errorOf('', { type: 'number' }), 'type'), 'number');
  assert.equal(param(errorOf('', { limit: 3 }), 'limit'), '');
  assert.deepEqual(schemaOf(errorOf('')), {});
});

test('descriptions are shown by their first sentence, also from shared schemas', () => {
  assert.equal(firstSentence('One of 2.5 or more. And so on.'), 'One of 2.5 or more.');
  assert.equal(firstSentence('without an end'), 'without an end');
  assert.equal(firstSentence(undefined), undefined);
  const schema = {
    properties: {
      own: { description: 'Of its own. Yes.' },
      shared: { $ref: '#/definitions/Shared' },
      none: {},
    },
    definitions: { Shared: { description: 'Of all. Yes.' } },
  };
  assert.equal(descriptionOf(schema, 'own', schema), 'Of its own.');
  assert.equal(descriptionOf(schema, 'shared', schema), 'Of all.');
  assert.equal(descriptionOf(schema, 'none', schema), undefined);
});

test('a choice has the name from its description', () => {
  assert.equal(nounOf({ description: 'An early stop: by the median.' }), 'early stop');
  assert.equal(nounOf({ description: 'Stops early.' }), 'such choice');
  assert.equal(nounOf({}), 'such choice');
});
