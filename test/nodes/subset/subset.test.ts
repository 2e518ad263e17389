import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { SubsetSettings } from '../../../src/schema/generated/settings.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import type { Finding } from '../../../src/core/stage-type.ts';
import { subsetNode } from '../../../src/nodes/subset/node.ts';
import { numbered, numberedSet, runStep, type StepResult } from '../sets.ts';

const SETTINGS: SubsetSettings = {
  type: 'subset',
  data: 'all',
  classes: null,
  count: null,
  share: null,
  choose: 'first',
  seed: 0,
};

const run = (
  t: TestContext,
  settings: Partial<SubsetSettings>,
  stage = 'some',
  labels = true,
): Promise<StepResult> => {
  const set = numberedSet({ train: numbered(30, 0, labels), test: numbered(9, 100, labels) });
  return runStep(t, subsetNode, { ...SETTINGS, ...settings }, { data: set }, { stage });
};

test('a number or a share of the first images is kept, of each split or of one', async (t) => {
  const numbers = async (settings: Partial<SubsetSettings>): Promise<unknown> => {
    const { splits, metrics } = await run(t, settings);
    assert.deepEqual(metrics, { train_images: splits.train?.count, test_images: splits.test?.count });
    return [splits.train?.count, splits.test?.count, splits.train?.data[0], splits.test?.data[0]];
  };
  assert.deepEqual(await numbers({}), [30, 9, 0, 100]);
  assert.deepEqual(await numbers({ count: 10 }), [10, 9, 0, 100]);
  assert.deepEqual(await numbers({ count: { test: 2 } }), [30, 2, 0, 100]);
  assert.deepEqual(await numbers({ share: 0.1 }), [3, 1, 0, 100]);
  assert.deepEqual(await numbers({ share: { train: 0.5 } }), [15, 9, 0, 100]);
});

test('classes are kept by name, too, and keep all names', async (t) => {
  const named = { ...numbered(9), classes: ['cat', 'dog', 'mouse'] };
  const keep = (classes: SubsetSettings['classes'], train = named) =>
    runStep(t, subsetNode, { ...SETTINGS, classes }, { data: numberedSet({ train }) });
  const { splits, record } = await keep(['mouse', 0]);
  assert.deepEqual([...(splits.train?.labels ?? [])], [0, 2, 0, 2, 0, 2]);
  assert.deepEqual(record.classes, named.classes);
  const plain = numbered(9) as typeof named;
  const wrongs: readonly (readonly [classes: SubsetSettings['classes'], train: typeof named, at: number])[] =
    [
      [['mice'], named, 0],
      [['0'], plain, 0],
      // The others would still be kept.
      [[0, 3], named, 1],
      [[1, 2, 7], plain, 2],
    ];
  for (const [classes, train, at] of wrongs) {
    await assert.rejects(keep(classes, train), (error) => {
      assert.ok(error instanceof Failure);
      assert.deepEqual(
        error.diagnostics.map((one) => [one.code, one.at]),
        [['bad-setting', ['classes', at]]],
      );
      return true;
    });
  }
});

test('classes are kept with their labels, before images are counted', async (t) => {
  const { splits } = await run(t, { classes: [0, 2], count: 4 });
  assert.deepEqual([...(splits.train?.data ?? [])], [0, 2, 3, 5]);
  assert.deepEqual([...(splits.train?.labels ?? [])], [0, 2, 0, 2]);
});

test('random images stay in order, and are the same of all sets of as many', async (t) => {
  const { splits } = await run(t, { count: 10, choose: 'random' });
  const drawn = [...(splits.train?.data ?? [])];
  assert.equal(new Set(drawn).size, 10);
  assert.deepEqual(
    drawn,
    drawn.toSorted((a, b) => a - b),
  );
  assert.notDeepEqual(drawn, [...Array(10).keys()]);
  const other = await run(t, { count: 10, choose: 'random' }, 'other', false);
  assert.deepEqual([...(other.splits.train?.data ?? [])], drawn);
  const again = await run(t, { count: 10, choose: 'random', seed: 1 });
  assert.notDeepEqual([...(again.splits.train?.data ?? [])], drawn);
});

test('nothing left, or nothing to choose by, is said', async (t) => {
  for (const [settings, labels] of [
    [{ classes: [7] }, true],
    [{ share: 0.001 }, true],
    [{ classes: [0] }, false],
  ] as const) {
    await assert.rejects(run(t, settings, 'some', labels), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.diagnostics[0]?.code, 'bad-setting');
      return true;
    });
  }
});

test('settings that contradict each other or the data are found before it runs', () => {
  const findings: Finding[] = [];
  const settings = { ...SETTINGS, count: { test: 3 }, share: 0.5 };
  subsetNode.analyze({
    stage: 'some',
    settings,
    inputs: { data: { kind: 'images', splits: ['train'] } },
    references: { data: 'all' },
    report: (finding) => void findings.push(finding),
  });
  assert.deepEqual(
    findings.map(({ code, at }) => [code, ...at]),
    [
      ['bad-setting', 'share'],
      ['missing-split', 'count', 'test'],
    ],
  );
});

test('classes that the first images of a sorted set lack are pointed out', async (t) => {
  const sorted = { ...numbered(9), labels: Int32Array.of(0, 0, 0, 1, 1, 1, 2, 2, 2) };
  const logs = async (settings: Partial<SubsetSettings>, train = sorted): Promise<number> => {
    const data = numberedSet({ train });
    return (await runStep(t, subsetNode, { ...SETTINGS, ...settings }, { data })).logs.length;
  };
  assert.equal(await logs({ count: 4 }), 1);
  assert.equal(await logs({ share: 0.3 }), 1);
  assert.equal(await logs({ count: 7 }), 0);
  assert.equal(await logs({ count: 4, choose: 'random' }), 0);
  assert.equal(await logs({ count: 3, classes: [1] }), 0);
  assert.equal(await logs({ count: 2 }, { ...sorted, labels: Int32Array.of(0, 1, 2, 0, 1, 2, 0, 1, 2) }), 0);
});
