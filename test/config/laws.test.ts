import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import { readMerged } from '../../src/config/extends.ts';
import { find, locate, toJson, type Located, type LocatedMap } from '../../src/config/located.ts';
import { applyOverrides, overrideSources } from '../../src/config/override.ts';
import { parseSource } from '../../src/config/parse.ts';
import { LARGEST_NUMBER } from '../../src/config/tree.ts';
import type { DocumentPath } from '../../src/config/pipeline.ts';
import type { Diagnostic, SourceRange } from '../../src/core/diagnostic.ts';
import { isJsonObject, type Json, type JsonObject } from '../../src/core/json.ts';
import { makeRig } from './rig.ts';

const key = fc
  .stringMatching(/^[a-z][a-z0-9_]{0,6}$/)
  .filter((name) => !['extends', 'constructor', 'prototype'].includes(name));
const scalar = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.double({ noNaN: true, min: -LARGEST_NUMBER, max: LARGEST_NUMBER }),
  fc.string(),
  fc.constantFrom(
    'yes',
    '1e-3',
    '~',
    '- a',
    'a: b',
    '${params.x}',
    '# no',
    '*a',
    '<<',
    '日本',
    'a\nb',
    '\ttab',
  ),
);
const { tree } = fc.letrec<{ tree: Json }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(key, tie('tree'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const map = fc.dictionary(key, tree, { maxKeys: 5, minKeys: 1, noNullPrototype: true });

function parse(text: string): { root: Located; diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const root = parseSource({ name: 'p.yaml', text }, (diagnostic) => diagnostics.push(diagnostic));
  assert.ok(typeof root === 'object', text);
  return { root, diagnostics };
}

function parseMap(value: JsonObject): LocatedMap {
  const { root } = parse(stringify(value));
  assert.ok(root.kind === 'map');
  return root;
}

function data(value: Located): Json {
  return toJson(value, () => undefined);
}

/** Every path of a value, also its own. */
function paths(value: Json, at: DocumentPath = []): DocumentPath[] {
  const inner = Array.isArray(value)
    ? value.flatMap((item, index) => paths(item, [...at, index]))
    : isJsonObject(value)
      ? Object.entries(value).flatMap(([name, item]) => paths(item ?? null, [...at, name]))
      : [];
  return [at, ...inner];
}

test('property: values written as YAML are read back, in block and in flow style', () => {
  fc.assert(
    fc.property(map, fc.boolean(), (value, flow) => {
      const text = flow ? stringify(value, { collectionStyle: 'flow' }) : stringify(value);
      const { root, diagnostics } = parse(text);
      assert.deepEqual(diagnostics, []);
      assert.deepEqual(data(root), value);
    }),
  );
});

test('property: every path has a place inside the text, that of its value or key', () => {
  fc.assert(
    fc.property(map, (value) => {
      const text = stringify(value);
      const lines = text.split('\n');
      const inside = ({ start, end }: SourceRange): boolean =>
        [start, end].every(
          ({ line, column }) => line >= 1 && column >= 1 && column <= (lines[line - 1] ?? '').length + 1,
        ) &&
        (start.line < end.line || (start.line === end.line && start.column <= end.column));
      const root = parseMap(value);
      for (const path of paths(value)) {
        assert.ok(inside(locate(root, path)), JSON.stringify(path));
        const place = locate(root, path, 'key');
        assert.ok(inside(place), JSON.stringify(path));
        const last = path.at(-1);
        if (typeof last === 'string') {
          const written = (lines[place.start.line - 1] ?? '').slice(
            place.start.column - 1,
            place.end.column - 1,
          );
          assert.equal(written.replaceAll('"', ''), last);
        }
        // A longer path is at its nearest ancestor.
        assert.deepEqual(locate(root, [...path, '-no-', 3, 'x']), locate(root, [...path, '-no-']));
      }
    }),
  );
});

test('property: extending an empty map, or being extended by one, changes nothing', async (context) => {
  const rig = await makeRig(context);
  const merged = async (child: JsonObject, base: JsonObject): Promise<Json> => {
    await rig.write({
      'child.yaml': stringify({ extends: 'base.yaml', ...child }),
      'base.yaml': stringify(base),
    });
    const document = await readMerged(`${rig.folder}/child.yaml`, {
      report: ({ message }) => assert.fail(message),
      source: () => undefined,
    });
    assert.ok(document !== undefined);
    return data(document.root);
  };
  await fc.assert(
    fc.asyncProperty(map, map, async (one, other) => {
      assert.deepEqual(await merged(one, {}), one);
      assert.deepEqual(await merged({}, one), one);
      assert.deepEqual(await merged(one, one), one);
      const both = await merged(one, other);
      assert.ok(isJsonObject(both));
      assert.deepEqual(
        Object.keys(both).sort(),
        [...new Set([...Object.keys(one), ...Object.keys(other)])].sort(),
      );
      assert.deepEqual(
        await merged(one, await merged(one, other).then((value) => (isJsonObject(value) ? value : {}))),
        both,
      );
    }),
    { numRuns: 40 },
  );
});

test('property: an override is read back, and nothing else changes', () => {
  fc.assert(
    fc.property(map, tree, fc.nat(), (value, replacement, seed) => {
      const root = parseMap(value);
      const targets = paths(value).filter((path) => path.length > 0);
      const path = targets[seed % targets.length] ?? [];
      const text = `${path.join('.')}=${JSON.stringify(replacement)}`;
      const sources = overrideSources([text]);
      const { root: changed } = applyOverrides({ state: 'merged', root }, sources, ({ message }) =>
        assert.fail(message),
      );
      const place = find(changed, path)?.value;
      assert.ok(place !== undefined);
      assert.deepEqual(data(place), JSON.parse(JSON.stringify(replacement)));
      assert.equal(locate(changed, path).file, sources[0]?.name);
      for (const other of paths(value)) {
        const related = other.every((segment, index) => index >= path.length || segment === path[index]);
        if (!related) assert.deepEqual(find(changed, other), find(root, other));
      }
      assert.deepEqual(data(root), value);
    }),
  );
});

test('property: keys of JavaScript objects are refused everywhere', async (context) => {
  const hostile = fc.oneof(
    { weight: 2, arbitrary: key },
    fc.constantFrom('__proto__', 'constructor', 'prototype'),
  );
  const { value } = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom('1', 'true', '{ polluted: 1 }', '"x"'),
      fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
      fc
        .uniqueArray(fc.tuple(hostile, tie('value')), { maxLength: 4, selector: ([name]) => name })
        .map((entries) => `{ ${entries.map(([name, inner]) => `"${name}": ${inner}`).join(', ')} }`),
    ),
  }));
  const before = Object.getOwnPropertyNames(Object.prototype);
  fc.assert(
    fc.property(value, (text) => {
      const { root, diagnostics } = parse(`a: ${text}\n"__proto__": ${text}\n`);
      const wanted = [...`${text}`.matchAll(/"(__proto__|constructor|prototype)":/g)].length;
      assert.equal(diagnostics.filter(({ code }) => code === 'reserved-name').length, wanted * 2 + 1);
      assert.equal(diagnostics.length, wanted * 2 + 1);
      assert.doesNotMatch(JSON.stringify(data(root)), /__proto__|constructor|prototype/);
    }),
    { numRuns: 2000 },
  );
  const rig = await makeRig(context);
  await fc.assert(
    fc.asyncProperty(value, hostile, async (text, name) => {
      await rig.write({ 'base.yaml': `params: { p: ${text} }\nstages: { "${name}": ${text} }\n` });
      const result = await rig.load(
        `extends: base.yaml\nname: x\nstages: { a: { type: train, "${name}": ${text} } }\n`,
        {
          overrides: [
            `${name}.polluted=1`,
            `stages.a.${name}.polluted=${text}`,
            `stages.a={ "${name}": ${text} }`,
          ],
        },
      );
      assert.equal(result.located, undefined);
      assert.ok(result.diagnostics.length > 0);
    }),
    { numRuns: 30 },
  );
  assert.deepEqual(Object.getOwnPropertyNames(Object.prototype), before);
  assert.equal('polluted' in {}, false);
});
