/** Hostile models: JSON with wrong claims, names and nesting. None of their code runs, so no canary file appears. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { isJsonObject } from '../../src/core/json.ts';
import { loadEngine } from '../../src/engine/load.ts';
import { buildAutoencoder } from '../../src/layers/build.ts';
import { saveArchitecture } from '../../src/layers/architecture-file.ts';
import { saveAutoencoder } from '../../src/layers/save.ts';
import { seedsOf, small } from '../layers/specs.ts';
import type { Kind } from './answerer.ts';
import { Hostile } from './hostile.ts';

const root = mkdtempSync(join(tmpdir(), 'hourglass-models-'));
after(() => rmSync(root, { recursive: true, force: true }));
const good = join(root, 'good');
const canary = join(root, 'canary');
const CODE = `require('fs').writeFileSync(${JSON.stringify(canary)}, 'ran')`;

let description: string;
let weights: Buffer;
before(async () => {
  const { tf } = await loadEngine({ choice: 'portable', threads: 1 });
  await saveAutoencoder(buildAutoencoder(tf, small, seedsOf(1)), good);
  await saveArchitecture(small, good);
  description = readFileSync(join(good, 'encoder', 'model.json'), 'utf8');
  weights = readFileSync(join(good, 'encoder', 'weights.bin'));
});

interface Attack {
  readonly json?: string;
  readonly bytes?: Buffer;
}

/** Replaces text that must exist. */
function replaced(from: string | RegExp, to: string): Attack {
  const json = description.replace(from, () => to);
  assert.notEqual(json, description);
  return { json };
}

/** Changes every object of the description for which `edit` returns another. */
function edited(edit: (value: JsonObject) => JsonObject | undefined): Attack {
  const visit = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(visit);
    if (!isJsonObject(value)) return value;
    return edit(value) ?? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item)]));
  };
  const json = JSON.stringify(visit(JSON.parse(description) as Json));
  assert.notEqual(json, JSON.stringify(JSON.parse(description)));
  return { json };
}

const weight = (change: JsonObject): Attack =>
  edited((value) => ('dtype' in value && 'shape' in value ? { ...value, ...change } : undefined));
const layerOf = (change: JsonObject): Attack =>
  edited((value) => (value['class_name'] === 'Dense' ? { ...value, ...change } : undefined));
const dense = (change: JsonObject): Attack =>
  edited((value) => ('units' in value ? { ...value, ...change } : undefined));

const nested = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

const ATTACKS: Readonly<Record<string, () => Attack>> = {
  'a Lambda layer with code': () =>
    layerOf({ class_name: 'Lambda', config: { name: 'dense', function: CODE } }),
  'a layer of another package': () => layerOf({ class_name: 'os>system', config: { name: 'dense' } }),
  'a module to import': () =>
    layerOf({ class_name: 'Dense', module: 'child_process', registered_name: 'exec', name: CODE }),
  'a layer named constructor': () => layerOf({ class_name: 'constructor' }),
  'a layer named __proto__': () => layerOf({ class_name: '__proto__' }),
  'a layer named toString': () => layerOf({ class_name: 'toString' }),
  'a recurrent layer': () => layerOf({ class_name: 'LSTM' }),
  'a model in a layer': () =>
    edited((value) =>
      value['class_name'] === 'Dense'
        ? (JSON.parse(description) as { modelTopology: JsonObject }).modelTopology
        : undefined,
    ),
  'an activation that is code': () => dense({ activation: CODE }),
  'an activation that is an object': () =>
    dense({ activation: { class_name: 'Lambda', config: { code: CODE } } }),
  'an activation named __proto__': () => dense({ activation: '__proto__' }),
  'an initializer that is none': () => dense({ kernel_initializer: { class_name: 'Evil', config: {} } }),
  'a regularizer that is none': () =>
    dense({ kernel_regularizer: { class_name: 'constructor', config: {} } }),
  'a constraint that is none': () => dense({ kernel_constraint: { class_name: 'Evil', config: {} } }),
  'four billion units': () => dense({ units: 2 ** 32 }),
  'units beyond all numbers': () => dense({ units: 1e300 }),
  'negative units': () => dense({ units: -5 }),
  'half a unit': () => dense({ units: 0.5 }),
  'units in a text': () => dense({ units: '5' }),
  'a weight of an exabyte': () => weight({ shape: [2 ** 30, 2 ** 30] }),
  'a weight with a shape that overflows': () => weight({ shape: [2 ** 53, 2 ** 53] }),
  'a weight of a negative size': () => weight({ shape: [-1, -1] }),
  'a weight of a hundred thousand dimensions': () => weight({ shape: Array<number>(100_000).fill(1) }),
  'a weight of texts': () => weight({ dtype: 'string' }),
  'a weight of half floats': () => weight({ dtype: 'float16' }),
  'a quantized weight': () => weight({ quantization: { dtype: 'uint8', scale: 1, min: 0 } }),
  'a weight named __proto__': () => weight({ name: '__proto__' }),
  'weights elsewhere': () => replaced('"weights.bin"', '"../../../../etc/passwd"'),
  'weights at an absolute path': () => replaced('"weights.bin"', '"/etc/passwd"'),
  'weights at an address': () => replaced('"weights.bin"', '"http://127.0.0.1:9/weights.bin"'),
  'weights in two files': () => replaced('"weights.bin"', '"weights.bin", "weights.bin"'),
  'an input of a terabyte': () =>
    edited((value) =>
      'batch_input_shape' in value ? { ...value, batch_input_shape: [null, 2 ** 20, 2 ** 20, 1] } : undefined,
    ),
  'a batch of four billion': () =>
    edited((value) =>
      'batch_input_shape' in value ? { ...value, batch_input_shape: [2 ** 32, 4, 4, 1] } : undefined,
    ),
  'layers that feed themselves': () =>
    edited((value) =>
      Array.isArray(value['inbound_nodes']) && value['class_name'] === 'Dense'
        ? { ...value, inbound_nodes: [[[String(value['name']), 0, 0, {}]]] }
        : undefined,
    ),
  'a hundred thousand layers': () =>
    edited((value) =>
      Array.isArray(value['layers'])
        ? { ...value, layers: Array<Json>(100_000).fill(value['layers'][1] ?? null) }
        : undefined,
    ),
  'keys that would pollute': () =>
    replaced('{', '{ "__proto__": { "format": "layers-model", "polluted": true }, '),
  'a format that is inherited': () => ({ json: '{ "__proto__": { "format": "layers-model" } }' }),
  'JSON a million levels deep': () => ({ json: nested(1_000_000) }),
  'lists a million levels deep': () => ({ json: `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}` }),
  'a topology ten thousand levels deep': () =>
    edited((value) => ('modelTopology' in value ? { ...value, modelTopology: 'DEEP' } : undefined)),
  'a name ten thousand levels deep': () => ({
    json: description
      .replace('"name": "autoencoder"', `"name": ${nested(10_000)}`)
      .replace(/"name": "[^"]*"/, `"name": ${nested(10_000)}`),
  }),
  'a JSON file of 20 megabytes': () => ({ json: `${' '.repeat(20 * 2 ** 20)}${description}` }),
  'JSON that is none': () => ({ json: `module.exports = ${CODE}` }),
  'a number that is none': () => ({ json: description.replace(/"units": *\d+/, '"units": NaN') }),
  'truncated weights': () => ({ bytes: weights.subarray(0, -4) }),
  'weights with an odd byte': () => ({ bytes: weights.subarray(0, -1) }),
  'weights that go on': () => ({ bytes: Buffer.concat([weights, Buffer.alloc(4)]) }),
  'no weights': () => ({ bytes: Buffer.alloc(0) }),
  'weights that are not numbers': () => ({ bytes: withFloat(NaN) }),
  'weights that are infinite': () => ({ bytes: withFloat(-Infinity) }),
};

function withFloat(value: number): Buffer {
  const bytes = Buffer.from(weights);
  bytes.writeFloatLE(value, 8);
  return bytes;
}

test('hostile models are refused within a second each, for every way of loading', async (t) => {
  const folder = join(root, 'bad');
  const attacks = Object.entries(ATTACKS).map(([name, attack]) => [name, attack()] as const);
  for (const [kind, own, parts] of [
    ['model', join(good, 'encoder'), '.'],
    ['autoencoder', good, 'encoder'],
    ['trainable', good, 'encoder'],
  ] as const satisfies readonly (readonly [Kind, string, string])[]) {
    const hostile = new Hostile(t, { kind, path: own });
    for (const [name, { json, bytes }] of attacks) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
      cpSync(own, folder, { recursive: true });
      if (json !== undefined)
        writeFileSync(join(folder, parts, 'model.json'), json.replace('"DEEP"', nested(10_000)));
      if (bytes !== undefined) writeFileSync(join(folder, parts, 'weights.bin'), bytes);
      const question = { kind, path: folder };
      // A model for training is built from its settings: only weights are loaded from the saved model.
      if (kind === 'trainable') await hostile.assertHarmless(question, `${kind}: ${name}`);
      else await hostile.assertRefused(question, ['data-corrupt'], `${kind}: ${name}`);
    }
  }
  assert.ok(!existsSync(canary));
  assert.ok(Object.keys(ATTACKS).length >= 20);
});
