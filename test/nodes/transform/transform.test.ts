import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import type { ImageArray } from '../../../src/formats/images.ts';
import type { TransformSettings } from '../../../src/schema/generated/settings.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import type { Finding, ImageShape } from '../../../src/core/stage-type.ts';
import { transformNode } from '../../../src/nodes/transform/node.ts';
import { transformer } from '../../../src/nodes/transform/run.ts';
import { problemsOf, rig } from '../../rig.ts';
import { npy } from '../../formats/numpy-files.ts';
import { runStep, type StepResult } from '../sets.ts';

type Change = Pick<TransformSettings, 'transpose' | 'flip'>;

/** Image rows of letters, as text: `ab/cd`. */
function changed(text: string, change: Change): string {
  const rows = text.split('/');
  const width = rows[0]?.length ?? 0;
  const { shape, origins } = transformer([rows.length, width, 1], change);
  const letters = Array.from(origins, (origin) => rows.join('')[origin] ?? '');
  return Array.from({ length: shape[0] }, (_, row) =>
    letters.slice(row * shape[1], (row + 1) * shape[1]).join(''),
  ).join('/');
}

test('height and width are exchanged, left and right, top and bottom', () => {
  const image = 'abc/def';
  assert.equal(changed(image, { transpose: [1, 0] }), 'ad/be/cf');
  assert.equal(changed(image, { flip: 'horizontal' }), 'cba/fed');
  assert.equal(changed(image, { flip: 'vertical' }), 'def/abc');
  assert.equal(changed(image, { flip: 'horizontal_and_vertical' }), 'fed/cba');
  // A quarter to the right, and to the left.
  assert.equal(changed(image, { transpose: [1, 0], flip: 'horizontal' }), 'da/eb/fc');
  assert.equal(changed(image, { transpose: [1, 0], flip: 'vertical' }), 'cf/be/ad');
});

test('channels stay together; twice is as before; nothing is lost', () => {
  const side = fc.integer({ min: 1, max: 6 });
  const flip = fc.constantFrom(undefined, 'horizontal', 'vertical', 'horizontal_and_vertical' as const);
  fc.assert(
    fc.property(side, side, fc.integer({ min: 1, max: 3 }), flip, (height, width, channels, mode) => {
      const shape: ImageShape = [height, width, channels];
      const once = transformer(shape, { transpose: [1, 0] });
      assert.deepEqual(once.shape, [width, height, channels]);
      const back = transformer(once.shape, { transpose: [1, 0] });
      assert.deepEqual(
        [...back.origins].map((origin) => once.origins[origin]),
        [...back.origins.keys()],
      );
      if (mode !== undefined) {
        const { origins } = transformer(shape, { flip: mode as 'vertical' });
        assert.deepEqual(
          [...origins].map((origin) => origins[origin]),
          [...origins.keys()],
        );
      }
      for (const [to, origin] of once.origins.entries()) assert.equal(to % channels, origin % channels);
    }),
  );
});

function run(t: TestContext, own: Partial<ImageArray> = {}, signal?: AbortSignal): Promise<StepResult> {
  const train: ImageArray = {
    ...{ data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), count: 2, shape: [2, 3, 1] },
    ...{ scale: 0.5, offset: 1, labels: Uint8Array.of(4, 7) },
    ...own,
  };
  const set = { shape: train.shape, range: [0, 128] as const, splits: { train, test: { ...train, ...own } } };
  const settings: TransformSettings = { type: 'transform', data: 'data', transpose: [1, 0] };
  return runStep(t, transformNode, settings, { data: set }, signal === undefined ? {} : { signal });
}

test('both splits are transposed; labels, scale and range stay, and so do bytes and floats', async (t) => {
  const { record, splits } = await run(t);
  assert.deepEqual([record.shape, record.range, record.scale, record.offset], [[3, 2, 1], [0, 128], 0.5, 1]);
  for (const split of [splits.train, splits.test]) {
    assert.deepEqual(split?.data, Uint8Array.of(1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12));
    assert.deepEqual([...(split.labels ?? [])], [4, 7]);
  }
  const floats = await run(t, {
    data: Float32Array.of(0.5, 1, 2, 3, 4, 5),
    count: 1,
    labels: Uint8Array.of(1),
  });
  assert.deepEqual(floats.splits.train?.data, Float32Array.of(0.5, 3, 1, 4, 2, 5));
  await assert.rejects(
    run(t, {}, AbortSignal.abort()),
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'interrupted',
  );
});

function describe(change: Change): readonly [shape: unknown, findings: readonly Finding[]] {
  const findings: Finding[] = [];
  const described = transformNode.analyze({
    stage: 'upright',
    settings: { type: 'transform', data: 'all', ...change },
    inputs: { data: { kind: 'images', splits: ['train'], range: [0, 1], shape: [28, 20, 3] } },
    references: { data: 'all' },
    report: (finding) => void findings.push(finding),
  });
  assert.ok(described?.kind === 'images');
  return [described.shape, findings];
}

test('the new shape is known before it runs; what changes nothing is refused', () => {
  assert.deepEqual(describe({ transpose: [1, 0] }), [[20, 28, 3], []]);
  assert.deepEqual(describe({ flip: 'vertical' }), [[28, 20, 3], []]);
  assert.equal(describe({})[1][0]?.code, 'missing-key');
  for (const transpose of [[0, 1] as const, [1, 1] as const]) {
    const [, [finding]] = describe({ transpose });
    assert.deepEqual([finding?.at, finding?.replacement], [['transpose'], '[1, 0]']);
  }
});

test('noisy and clean images stay pairs only if they are transformed in the same way', async (t) => {
  const rigged = rig(t);
  rigged.write(
    'x.npy',
    npy('|u1', '(4, 2, 3)', Buffer.from([...Array(24).keys()].map((value) => value * 10))),
  );
  const pipeline = (flip: string): string => `
name: p
stages:
  clean: { type: dataset, source: npy, train_images: x.npy }
  noisy: { type: noise, data: clean, kind: gaussian, stddev: 0.1 }
  upright: { type: transform, data: clean, transpose: [1, 0] }
  noisy_upright: { type: transform, data: noisy, transpose: [1, 0]${flip} }
  ae:
    type: model
    input_shape: [3, 2, 1]
    encoder: [Flatten, { Dense: { units: 2 } }]
    decoder: [{ Dense: { units: 6, activation: sigmoid } }, { Reshape: { target_shape: [3, 2, 1] } }]
  trained: { type: train, model: ae, data: noisy_upright, target: upright, epochs: 1, loss: mse, validation: none }
`;
  for (const [flip, expected] of [
    ['', 0],
    [', flip: vertical', 1],
  ] as const) {
    rigged.write('p.yaml', pipeline(flip));
    const { json } = await rigged.runJson(['check', 'p.yaml']);
    assert.equal(problemsOf(json).length, expected, JSON.stringify(json));
  }
});
