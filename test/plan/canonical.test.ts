/** Settings that mean the same have the same keys, however they are written. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import { loadPipeline } from '../../src/config/load.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { builtinNodes, stageTypes } from '../../src/nodes/registry.ts';
import { planPipeline } from '../../src/run/plan.ts';
import { readSchema } from '../../src/schema/schemas.ts';
import { temporaryFolder } from '../nodes/context.ts';

/** Values that mean the same. */
class Same {
  readonly spellings: readonly Json[];

  constructor(...spellings: readonly Json[]) {
    this.spellings = spellings;
  }
}

type Spelled = Json | Same | undefined | readonly Spelled[] | { readonly [key: string]: Spelled };

const same = (...spellings: readonly Json[]): Same => new Same(...spellings);
/** Left out, or the default. */
const byDefault = (...spellings: readonly Json[]): Same => new Same(LEFT_OUT, ...spellings);
const LEFT_OUT = '\0';

const adam = { learning_rate: 0.001, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, amsgrad: false };

const PIPELINE: Spelled = {
  name: 'x',
  seed: byDefault(0),
  stages: {
    mnist: {
      type: 'dataset',
      source: 'mnist',
      limit: same(64, { train: 64, test: 64 }),
      normalize: byDefault('minmax'),
    },
    few: {
      type: 'subset',
      data: 'mnist',
      count: same(32, { test: 32, train: 32 }),
      choose: byDefault('first'),
    },
    noisy: { type: 'noise', data: 'few', kind: 'gaussian', stddev: 0.3 },
    ae: {
      type: 'model',
      input_shape: [28, 28, 1],
      encoder: [
        {
          Conv2D: {
            filters: 2,
            kernel_size: same(3, [3, 3]),
            strides: byDefault(1, [1, 1]),
            padding: 'same',
            activation: byDefault('linear'),
            kernel_initializer: byDefault('glorot_uniform', 'GlorotUniform'),
            dilation_rate: byDefault(1, [1, 1]),
          },
        },
        same(
          'MaxPooling2D',
          { MaxPooling2D: {} },
          { MaxPooling2D: { pool_size: 2 } },
          { MaxPooling2D: { pool_size: [2, 2], strides: [2, 2] } },
          { MaxPooling2D: { strides: null } },
          { MaxPooling2D: { strides: 2, padding: 'valid' } },
        ),
        same('Flatten', { Flatten: {} }),
        { Dense: { units: 8, activation: same('silu', 'swish') } },
      ],
      decoder: [
        { Dense: { units: 392, use_bias: byDefault(true) } },
        { Reshape: { target_shape: [14, 14, 2] } },
        same(
          'UpSampling2D',
          { UpSampling2D: {} },
          { UpSampling2D: { size: [2, 2], interpolation: 'nearest' } },
        ),
        same(
          { ZeroPadding2D: { padding: 1 } },
          { ZeroPadding2D: { padding: [1, 1] } },
          {
            ZeroPadding2D: {
              padding: [
                [1, 1],
                [1, 1],
              ],
            },
          },
          'ZeroPadding2D',
        ),
        {
          Cropping2D: {
            cropping: same(
              1,
              [1, 1],
              [[1, 1], 1],
              [
                [1, 1],
                [1, 1],
              ],
            ),
          },
        },
        { Conv2D: { filters: 1, kernel_size: [3, 3], padding: 'same', activation: 'sigmoid' } },
      ],
    },
    trained: {
      type: 'train',
      model: 'ae',
      data: 'noisy',
      target: 'few',
      loss: same('mse', 'mean_squared_error', 'MSE', 'MeanSquaredError'),
      metrics: [same('mae', 'mean_absolute_error')],
      epochs: 2,
      optimizer: byDefault('adam', 'Adam', { Adam: {} }, { Adam: adam }, { Adam: { learning_rate: 1e-3 } }),
      batch_size: byDefault(32),
      early_stopping: byDefault(null),
      preview: byDefault(null),
      checkpoint: byDefault({}),
    },
    plain: {
      type: 'train',
      model: 'ae',
      data: 'few',
      target: byDefault('few'),
      loss: 'bce',
      epochs: 1,
      optimizer: same('rmsprop', 'RMSprop', { RMSprop: {} }),
    },
    quality: {
      type: 'evaluate',
      model: 'plain',
      data: 'few',
      target: byDefault('few'),
      metrics: [same('mse', 'MSE')],
    },
  },
};

/** A spelling of the whole, by a generator of choices; keys come in the order that it says. */
function spell(value: Spelled, choose: (most: number) => number): Json {
  if (value instanceof Same) return value.spellings[choose(value.spellings.length)] ?? null;
  if (Array.isArray(value)) return (value as readonly Spelled[]).map((item) => spell(item, choose));
  if (typeof value !== 'object' || value === null) return value ?? null;
  const entries = Object.entries(value as { readonly [key: string]: Spelled }).flatMap(
    ([key, member]): [string, Json][] => {
      const spelled = spell(member, choose);
      return spelled === LEFT_OUT ? [] : [[key, spelled]];
    },
  );
  for (let last = entries.length - 1; last > 0; last -= 1) {
    const other = choose(last + 1);
    const [one, two] = [entries[last], entries[other]];
    if (one !== undefined && two !== undefined) [entries[last], entries[other]] = [two, one];
  }
  return Object.fromEntries(entries);
}

test('property: no spelling of a pipeline changes a key', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'p.yaml');
  const keysOf = async (text: string): Promise<Readonly<Record<string, JsonObject>>> => {
    writeFileSync(file, text);
    const { located, diagnostics } = await loadPipeline(file, { stageTypes: stageTypes(false) });
    assert.deepEqual(diagnostics, [], text);
    assert.ok(located !== undefined);
    const options = { outputs: join(folder, 'outputs'), targets: [], force: false, engine: 'auto' } as const;
    const { plan } = await planPipeline(located, options, { kind: 'native', version: '1', platform: 'x' });
    return Object.fromEntries(
      (plan?.all ?? []).map(({ name, key, hash }) => [name, { ...key, hash } as unknown as JsonObject]),
    );
  };
  const numbers = (text: string): string =>
    text
      .replace('stddev: 0.3', 'stddev: 3e-1')
      .replace('epochs: 2', 'epochs: 2.0')
      .replace('filters: 2', 'filters: 0x2');
  const first = await keysOf(stringify(spell(PIPELINE, () => 0)));
  assert.equal(Object.keys(first).length, 7);
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(fc.nat()), fc.boolean(), async (stream, otherNumbers) => {
      const text = stringify(
        spell(PIPELINE, (most) => Number(stream.next().value) % most),
        { aliasDuplicateObjects: false },
      );
      assert.deepEqual(await keysOf(otherNumbers ? numbers(text) : text), first);
    }),
    { numRuns: 25 },
  );
});

test('every alias in a schema is replaced by the name that it stands for', async (t) => {
  const file = join(temporaryFolder(t), 'p.yaml');
  const aliases = (schema: string, name: string): Readonly<Record<string, string>> =>
    ((readSchema(schema)['definitions'] as Record<string, JsonObject>)[name]?.['aliases'] ?? {}) as Record<
      string,
      string
    >;
  const load = async (loss: string, layer: JsonObject): Promise<string> => {
    writeFileSync(
      file,
      stringify({
        name: 'x',
        stages: {
          m: { type: 'dataset', source: 'mnist' },
          a: {
            type: 'model',
            input_shape: [2],
            encoder: [{ Dense: { units: 2, ...layer } }],
            decoder: [{ Dense: { units: 2 } }],
          },
          t: { type: 'train', model: 'a', data: 'm', epochs: 1, loss },
        },
      }),
    );
    const { located, diagnostics } = await loadPipeline(file, {
      stageTypes: async () => ({ types: builtinNodes, problems: [] }),
    });
    assert.deepEqual(diagnostics, []);
    return JSON.stringify(located?.resolved);
  };
  for (const [alias, name] of Object.entries(aliases('training', 'LossName')))
    assert.equal(await load(alias, {}), await load(name, {}));
  for (const [key, definition] of [
    ['activation', 'ActivationName'],
    ['kernel_initializer', 'InitializerName'],
  ] as const) {
    for (const [alias, name] of Object.entries(aliases('layers', definition)))
      assert.equal(await load('mse', { [key]: alias }), await load('mse', { [key]: name }), alias);
  }
});
