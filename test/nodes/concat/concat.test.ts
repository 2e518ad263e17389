import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namesOf } from '../../../src/formats/image-names.ts';
import { toFloat32 } from '../../../src/formats/images.ts';
import type { ConcatSettings } from '../../../src/schema/generated/settings.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import type { Finding, OutputDescription } from '../../../src/core/stage-type.ts';
import { concatNode } from '../../../src/nodes/concat/node.ts';
import { numbered, numberedSet, runStep } from '../sets.ts';

const SETTINGS: ConcatSettings = { type: 'concat', data: 'one', with: 'two' };

test('images follow one another, split by split, with their labels; bytes stay bytes', async (t) => {
  const { splits, record, metrics } = await runStep(t, concatNode, SETTINGS, {
    data: numberedSet({ train: numbered(3), test: numbered(2, 50) }),
    with: numberedSet({ train: numbered(2, 7) }),
  });
  assert.deepEqual(splits.train?.data, Uint8Array.of(0, 1, 2, 7, 8));
  assert.deepEqual(splits.train?.labels, Int32Array.of(0, 1, 2, 1, 2));
  assert.deepEqual(splits.test?.data, Uint8Array.of(50, 51));
  assert.deepEqual(record.range, [0, 1]);
  assert.deepEqual(metrics, { train_images: 5, test_images: 2 });
});

test('where a byte does not mean the same in both, intensities are kept, also of a split that one set has', async (t) => {
  const one = numberedSet({ train: numbered(2), test: numbered(1, 255) });
  const two = {
    ...numberedSet({ train: { ...numbered(2, 5, false), scale: 1, offset: -1 } }),
    range: [-1, 254] as const,
  };
  const { splits, record } = await runStep(t, concatNode, SETTINGS, { data: one, with: two });
  assert.ok(splits.train && splits.test);
  assert.deepEqual(toFloat32(splits.train), Float32Array.of(0, 1 / 255, 4, 5));
  assert.deepEqual(toFloat32(splits.test), Float32Array.of(1));
  assert.deepEqual(record.range, [-1, 254]);
  // Labels of some images would be of no use.
  assert.equal(splits.train.labels, undefined);
  assert.deepEqual(splits.test.labels, Int32Array.of(0));
});

test('images of two sizes are not put together', async (t) => {
  const wide = { ...numbered(2), shape: [1, 2, 1] as const, count: 1, labels: Uint8Array.of(0) };
  const sets = {
    data: numberedSet({ train: numbered(2) }),
    with: { ...numberedSet({ train: wide }), shape: [1, 2, 1] as const },
  };
  await assert.rejects(runStep(t, concatNode, SETTINGS, sets), (error) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.diagnostics[0]?.code, 'shape-mismatch');
    return true;
  });
});

const PETS = ['cat', 'dog', 'mouse'];

/** Images of three classes in turn, with names. */
const named = (classes: readonly string[], first = 0) => ({ ...numbered(3, first), classes });

test('classes with names are the same where their names are', async (t) => {
  const alike = await runStep(t, concatNode, SETTINGS, {
    data: numberedSet({ train: named(PETS) }),
    with: numberedSet({ train: named(PETS) }),
  });
  assert.deepEqual(alike.record.classes, PETS);
  assert.deepEqual(alike.splits.train?.labels, Int32Array.of(0, 1, 2, 0, 1, 2));

  // A split of one set has the numbers of both.
  const other = await runStep(t, concatNode, SETTINGS, {
    data: numberedSet({ train: named(PETS) }),
    with: numberedSet({ train: named(['ant', 'cat', 'cow']), test: named(['ant', 'cat', 'cow'], 3) }),
  });
  assert.deepEqual(other.record.classes, [...PETS, 'ant', 'cow']);
  assert.deepEqual(other.splits.train?.labels, Int32Array.of(0, 1, 2, 3, 0, 4));
  assert.deepEqual(other.splits.test?.labels, Int32Array.of(3, 0, 4));
  assert.deepEqual(other.logs, []);
});

test('joining labels without names removes the names of the others, with a warning', async (t) => {
  const { record, splits, logs } = await runStep(t, concatNode, SETTINGS, {
    data: numberedSet({ train: numbered(3) }),
    with: numberedSet({ train: named(PETS, 3), test: named(PETS, 6) }),
  });
  assert.equal(record.classes, undefined);
  assert.deepEqual(splits.train?.labels, Int32Array.of(0, 1, 2, 0, 1, 2));
  assert.equal(logs.length, 1);
});

type Images = Extract<OutputDescription, { kind: 'images' }>;

function analyze(
  one: Partial<Images>,
  two: Partial<Images>,
): readonly [OutputDescription | undefined, Finding[]] {
  const findings: Finding[] = [];
  const described = concatNode.analyze({
    stage: 'both',
    settings: SETTINGS,
    inputs: {
      data: { kind: 'images', splits: ['train'], ...one },
      with: { kind: 'images', splits: ['test'], ...two },
    },
    references: { data: 'one', with: 'two' },
    report: (finding) => void findings.push(finding),
  });
  return [described, findings];
}

test('shape, range, splits and mistakes are known before it runs', () => {
  const [described] = analyze({ shape: [8, 8, 1], range: [0, 1] }, { shape: [8, 8, 1], range: [-1, 0.5] });
  assert.ok(described?.kind === 'images');
  assert.deepEqual(
    [described.shape, described.range, described.splits],
    [
      [8, 8, 1],
      [-1, 1],
      ['train', 'test'],
    ],
  );
  const places = (findings: readonly Finding[]): unknown => findings.map(({ code, at }) => [code, ...at]);
  assert.deepEqual(places(analyze({ shape: [8, 8, 1] }, { shape: [9, 8, 1] })[1]), [
    ['shape-mismatch', 'with'],
  ]);
  assert.deepEqual(places(analyze({}, { corruptionOf: 'one', resampled: true })[1]), [
    ['bad-setting', 'with'],
  ]);
});

test('an image that is among the training and the test images is pointed out', async (t) => {
  const set = (train: number, held: number) =>
    numberedSet({
      train: { ...numbered(3), names: namesOf(`array/${train}`, 3) },
      test: { ...numbered(2), names: namesOf(`array/${held}`, 2) },
    });
  const clean = await runStep(t, concatNode, SETTINGS, { data: set(1, 2), with: set(3, 4) });
  assert.deepEqual(clean.logs, []);
  const leaking = await runStep(t, concatNode, SETTINGS, { data: set(1, 2), with: set(2, 3) });
  assert.equal(leaking.logs.length, 1);
});
