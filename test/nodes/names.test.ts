/** Every step passes on which images it keeps. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeOf, type ImageNames } from '../../src/formats/image-names.ts';
import type {
  BinarizeSettings,
  NoiseSettings,
  NormalizeSettings,
} from '../../src/schema/generated/settings.ts';
import { binarizeNode } from '../../src/nodes/binarize/node.ts';
import { concatNode } from '../../src/nodes/concat/node.ts';
import { noiseNode } from '../../src/nodes/noise/node.ts';
import { normalizeNode } from '../../src/nodes/normalize/node.ts';
import { resizeNode } from '../../src/nodes/resize/node.ts';
import { splitNode } from '../../src/nodes/split/node.ts';
import { subsetNode } from '../../src/nodes/subset/node.ts';
import { transformNode } from '../../src/nodes/transform/node.ts';
import { numbered, numberedSet, runStep, type Set } from './sets.ts';

/** Images named by files: image n is in place n + 1, and its file is `n.png`. */
function named(count: number, first = 0): Set {
  const names: ImageNames = {
    count,
    sources: [`folder/${first}`],
    places: Int32Array.from({ length: count }, (_, row) => first + row + 1),
    files: Array.from({ length: count }, (_, row) => `${first + row}.png`),
  };
  return numberedSet({ train: { ...numbered(count, first), names } });
}

const NOISE: NoiseSettings = {
  type: 'noise',
  data: 'data',
  kind: 'gaussian',
  mean: 0,
  stddev: 0.1,
  clip: null,
  resample: false,
};

const NORMALIZE: NormalizeSettings = {
  type: 'normalize',
  data: 'data',
  method: 'minmax',
  from: [0, 1],
  to: [-1, 1],
};

const BINARIZE: BinarizeSettings = { type: 'binarize', data: 'data', method: 'threshold', seed: 0 };

test('steps that change only pixels keep the names', async (t) => {
  const data = named(5);
  for (const result of [
    await runStep(t, noiseNode, NOISE, { data }),
    await runStep(t, normalizeNode, NORMALIZE, { data }),
    await runStep(t, resizeNode, { type: 'resize', data: 'data', size: [2, 2] }, { data }),
    await runStep(t, binarizeNode, BINARIZE, { data }),
    await runStep(t, transformNode, { type: 'transform', data: 'data', transpose: [1, 0] }, { data }),
  ])
    assert.deepEqual(result.splits.train?.names, data.splits.train?.names);
});

test('steps that select, reorder or join images do the same with their names', async (t) => {
  const data = named(12);
  const split = {
    type: 'split',
    data: 'data',
    test: 0.25,
    stratify: false,
    redivide: false,
    seed: 3,
  } as const;
  const subset = { type: 'subset', data: 'data', classes: [1, 2], count: 5, share: null } as const;
  for (const { splits } of [
    await runStep(t, splitNode, split, { data }),
    await runStep(t, subsetNode, { ...subset, choose: 'random', seed: 4 }, { data }),
    await runStep(
      t,
      concatNode,
      { type: 'concat', data: 'data', with: 'with' },
      { data, with: named(4, 20) },
    ),
  ])
    for (const { data: pixels, names } of Object.values(splits)) {
      assert.ok(names?.files);
      assert.deepEqual(
        names.files,
        Array.from(pixels, (value) => `${value}.png`),
      );
      assert.deepEqual(
        names.files.map((_, row) => placeOf(names, row)),
        Array.from(pixels, (value) => value + 1),
      );
    }
});
