import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import type { HeldImages } from '../../../src/formats/images.ts';
import type { SplitSettings } from '../../../src/schema/generated/settings.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import type { Finding, OutputDescription } from '../../../src/core/stage-type.ts';
import { divide } from '../../../src/nodes/split/divide.ts';
import { splitNode } from '../../../src/nodes/split/node.ts';
import { rig } from '../../rig.ts';
import { numbered, numberedSet, runStep, type Set } from '../sets.ts';

const SETTINGS: SplitSettings = {
  type: 'split',
  data: 'all',
  test: 0.25,
  stratify: false,
  redivide: false,
  seed: 0,
};

async function run(
  t: TestContext,
  splits: Set['splits'],
  settings: Partial<SplitSettings> = {},
  stage = 'parts',
): Promise<Record<'train' | 'test', HeldImages>> {
  const all = { ...SETTINGS, ...settings };
  const result = await runStep(t, splitNode, all, { data: numberedSet(splits) }, { stage });
  const { train, test: held } = result.splits;
  assert.ok(train && held);
  assert.deepEqual(result.metrics, { train_images: train.count, test_images: held.count });
  return { train, test: held };
}

const hasCode = (code: string) => (error: unknown) => {
  assert.ok(error instanceof Failure, String(error));
  assert.equal(error.diagnostics[0]?.code, code);
  return true;
};

test('each image goes to one of the splits, with its label', async (t) => {
  const { train, test: held } = await run(t, { train: numbered(40) });
  assert.deepEqual([train.count, held.count], [30, 10]);
  const all = [...train.data, ...held.data].sort((a, b) => a - b);
  assert.deepEqual(all, [...Array(40).keys()]);
  for (const { data, labels } of [train, held])
    assert.deepEqual(
      [...(labels ?? [])],
      [...data].map((value) => value % 3),
    );
});

test('sets of equal size are split in the same way, under any stage name; another `seed` splits differently', async (t) => {
  const first = await run(t, { train: numbered(40) });
  const other = await run(t, { train: numbered(40, 100, false) }, {}, 'other');
  assert.deepEqual(
    [...other.test.data],
    [...first.test.data].map((value) => value + 100),
  );
  const again = await run(t, { train: numbered(40) }, { seed: 1 });
  assert.notDeepEqual(again.test.data, first.test.data);
});

test('a set with only test images is divided, and one with both splits put together before', async (t) => {
  assert.equal((await run(t, { test: numbered(8) })).train.count, 6);
  const both = { train: numbered(30), test: numbered(10, 30) };
  const { train, test: held } = await run(t, both, { redivide: true, test: 0.5 });
  assert.deepEqual([train.count, held.count], [20, 20]);
  assert.equal(new Set([...train.data, ...held.data]).size, 40);
});

test('sets that cannot be split are refused', async (t) => {
  await assert.rejects(run(t, { train: numbered(1) }), hasCode('bad-setting'));
  await assert.rejects(run(t, { train: numbered(40) }, { test: 0.001 }), hasCode('bad-setting'));
  await assert.rejects(run(t, { train: numbered(9, 0, false) }, { stratify: true }), hasCode('bad-setting'));
});

test('shares are as exact as whole images allow, of all images and of each class', () => {
  const share = fc.double({ min: 0.001, max: 0.999, noNaN: true });
  const labels = fc.array(fc.nat(4), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(labels, share, fc.nat(), fc.boolean(), (classes, wanted, seed, stratify) => {
      const all = Int32Array.from(classes);
      const { train, test: held } = divide(all.length, wanted, seed, stratify ? all : undefined);
      assert.equal(held.length, Math.round(all.length * wanted));
      assert.equal(new Set([...train, ...held]).size, all.length);
      if (!stratify) return;
      for (const label of new Set(classes)) {
        const due = classes.filter((one) => one === label).length * wanted;
        const given = [...held].filter((row) => all[row] === label).length;
        assert.ok(Math.abs(given - due) < 1, `${given} of ${due}`);
      }
    }),
  );
});

test('the seed decides which of several equal classes gives one more', () => {
  // Ten classes of five: each is to give 1.5. Ten of 20 and ten of 60 to give 0.5 and 1.5 is a tie, too.
  const counts = [Array<number>(10).fill(5), [...Array<number>(5).fill(20), ...Array<number>(5).fill(60)]];
  for (const [place, sizes] of counts.entries()) {
    const labels = Int32Array.from(sizes.flatMap((size, label) => Array<number>(size).fill(label)));
    const share = place === 0 ? 0.3 : 0.025;
    const chosen = (seed: number): readonly number[] => {
      const { test: held } = divide(labels.length, share, seed, labels);
      return sizes.flatMap((size, label) => {
        const given = [...held].filter((row) => labels[row] === label).length;
        return given > Math.floor(size * share) ? [label] : [];
      });
    };
    assert.deepEqual(chosen(1), chosen(1));
    const seen = new Set(Array.from({ length: 30 }, (_, seed) => chosen(seed)).flat());
    assert.equal(seen.size, 10);
  }
});

const images = (fields: object = {}): OutputDescription => ({ kind: 'images', splits: ['train'], ...fields });

function analyze(
  data: OutputDescription,
  settings: Partial<SplitSettings> = {},
): { described: OutputDescription | undefined; findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const described = splitNode.analyze({
    stage: 'parts',
    settings: { ...SETTINGS, ...settings },
    inputs: { data },
    references: { data: 'all' },
    report: (finding) => void findings.push(finding),
  });
  return { described, findings };
}

test('a set that has both splits is split only on request, and resampled noise never', () => {
  const both = images({ splits: ['train', 'test'], shape: [8, 8, 1], range: [0, 1] });
  assert.deepEqual(
    analyze(both).findings.map(({ code, at }) => [code, ...at]),
    [['bad-setting', 'data']],
  );
  const { described, findings } = analyze(both, { redivide: true });
  assert.deepEqual(findings, []);
  assert.ok(described?.kind === 'images');
  assert.deepEqual(
    [described.splits, described.shape],
    [
      ['train', 'test'],
      [8, 8, 1],
    ],
  );
  const resampled = analyze(images({ corruptionOf: 'clean', resampled: true }));
  assert.deepEqual(
    resampled.findings.map(({ code, at }) => [code, ...at]),
    [['bad-setting', 'data']],
  );
});

/** Steps after the noise, with the clean images divided by `seed`. */
const pairs = (seed: number): string => `name: pairs
seed: 7
threads: 1
stages:
  mnist: { type: dataset, source: mnist, limit: { train: 40, test: 8 } }
  noisy: { type: noise, data: mnist, kind: gaussian, stddev: 0.2 }
  clean_parts: { type: split, data: mnist, redivide: true, test: 0.5, seed: ${seed} }
  noisy_parts: { type: split, data: noisy, redivide: true, test: 0.5, seed: 3 }
  model:
    type: model
    input_shape: [28, 28, 1]
    encoder: [Flatten, { Dense: { units: 2 } }]
    decoder: [{ Dense: { units: 784 } }, { Reshape: { target_shape: [28, 28, 1] } }]
  denoiser: { type: train, model: model, data: noisy_parts, target: clean_parts, loss: mse, epochs: 1 }
  few_noisy: { type: subset, data: noisy_parts, count: 4 }
  few_clean: { type: subset, data: clean_parts, count: 4 }
  more: { type: train, model: model, data: few_noisy, target: few_clean, loss: mse, epochs: 1 }
  twice_noisy: { type: concat, data: few_noisy, with: clean_parts }
  twice_clean: { type: concat, data: few_clean, with: clean_parts }
  most: { type: train, model: model, data: twice_noisy, target: twice_clean, loss: mse, epochs: 1 }
  noisier: { type: noise, data: few_clean, kind: gaussian, stddev: 0.1 }
  least_noisy: { type: subset, data: noisier, count: 2 }
  least_clean: { type: subset, data: few_clean, count: 2 }
  least: { type: train, model: model, data: least_noisy, target: least_clean, loss: mse, epochs: 1 }
  quality_more: { type: evaluate, model: more, data: few_clean, metrics: [mse] }
  quality_most: { type: evaluate, model: most, data: few_clean, metrics: [mse] }
  quality_least: { type: evaluate, model: least, data: few_clean, metrics: [mse] }
  quality: { type: evaluate, model: denoiser, data: clean_parts, metrics: [mse] }
`;

test('the same step of noisy and clean images gives the images of a denoiser; another step does not', async (t) => {
  const { write, runJson } = rig(t);
  write('same.yaml', pairs(3));
  write('other.yaml', pairs(4));
  const { json } = await runJson(['check', 'same.yaml', 'other.yaml']);
  // With `seed: 4` only the last model, whose noise came after that step, is a denoiser; images of other divisions are refused,
  // and of joined sets it is warned. Only a denoiser is not to be measured on clean images.
  const codes = json.files.map(({ diagnostics }) => diagnostics.map(({ code }) => code));
  assert.deepEqual(codes, [
    Array(4).fill('clean-evaluation'),
    ['pair-mismatch', 'pair-mismatch', 'bad-setting', 'clean-evaluation'],
  ]);
});
