import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../../src/core/json.ts';
import { changesBetween, differingSettings, isSame, numbersOf } from '../../src/history/difference.ts';

const BASE = {
  name: 'a',
  seed: 1,
  params: { size: 4, epochs: 3 },
  stages: {
    model: { type: 'model', encoder: ['Flatten', { Dense: { units: 4 } }] },
    trained: { type: 'train', epochs: 3, loss: 'mse' },
  },
};

const OTHER = {
  ...BASE,
  name: 'b',
  notes: 'better',
  params: { size: 8, epochs: 3 },
  stages: {
    model: { type: 'model', encoder: ['Flatten', { Dense: { units: 8 } }] },
    trained: { type: 'train', epochs: 3, loss: 'mae', notes: 'slower' },
    quality: { type: 'evaluate', model: 'trained' },
  },
};

test('settings that differ have a value for each run; parameters come first, and names do not count', () => {
  const rows = differingSettings([{ settings: BASE }, { settings: OTHER }, { settings: BASE }]);
  assert.deepEqual(
    rows.map(({ name, values }) => [name, ...values]),
    [
      ['params.size', 4, 8, 4],
      ['model.encoder[1].Dense.units', 4, 8, 4],
      ['trained.loss', 'mse', 'mae', 'mse'],
      ['quality', undefined, OTHER.stages.quality, undefined],
    ],
  );
});

/** The file, in which the units are a parameter. */
const WRITTEN = {
  stages: { model: { encoder: ['Flatten', { Dense: { units: '${params.size}' } }] }, trained: { epochs: 3 } },
};

test('a change of a parameter stands for the settings that it changed, and for no others', () => {
  const names = (after: JsonObject, written: readonly JsonObject[]): readonly string[] =>
    changesBetween(BASE, after, written).map(({ name }) => name);
  assert.deepEqual(names(OTHER, [WRITTEN]), ['params.size', 'trained.loss', 'quality']);
  const units = 'model.encoder[1].Dense.units';
  assert.deepEqual(names(OTHER, [{}]), ['params.size', units, 'trained.loss', 'quality']);
  assert.deepEqual(names({ ...OTHER, params: BASE.params }, [WRITTEN])[0], units);
});

test('a change of the seed is shown, even if a parameter changed in the same way', () => {
  const before = { ...BASE, params: { ...BASE.params, size: 1 } };
  const rows = changesBetween(before, { ...OTHER, seed: 8 }, [WRITTEN]);
  assert.deepEqual(
    rows.map(({ name }) => name).filter((name) => !name.includes('.')),
    ['seed', 'quality'],
  );
});

test('numbers of the last stages come first; a run without a number has none', () => {
  const rows = numbersOf([
    { metrics: { data: { images: 5 }, quality: { mse: 0.1 } } },
    { metrics: { data: { images: 5 }, quality: { mse: 0.2, psnr: 9 } } },
  ]);
  assert.deepEqual(
    rows.map(({ name, values }) => [name, ...values]),
    [
      ['quality.mse', 0.1, 0.2],
      ['quality.psnr', undefined, 9],
      ['data.images', 5, 5],
    ],
  );
  assert.deepEqual(rows.map(isSame), [false, false, true]);
});

test('property: equal settings do not differ, and each row differs', () => {
  const settings = fc.dictionary(
    fc.constantFrom('seed', 'params', 'stages'),
    fc.oneof(
      fc.integer(),
      fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), fc.jsonValue({ maxDepth: 2 })),
    ),
  ) as fc.Arbitrary<JsonObject>;
  fc.assert(
    fc.property(settings, settings, (one, other) => {
      assert.deepEqual(differingSettings([{ settings: one }, { settings: structuredClone(one) }]), []);
      for (const row of differingSettings([{ settings: one }, { settings: other }])) assert.ok(!isSame(row));
    }),
  );
});
