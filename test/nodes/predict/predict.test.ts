/** The `predict` stage. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { readImages, readImageSet } from '../../../src/formats/images.ts';
import type { PredictSettings } from '../../../src/schema/generated/settings.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import { deriveSeed } from '../../../src/core/seed.ts';
import type { Finding, OutputDescription } from '../../../src/core/stage-type.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { buildAutoencoder, disposeAutoencoder } from '../../../src/layers/build.ts';
import { saveAutoencoder } from '../../../src/layers/save.ts';
import { predictNode } from '../../../src/nodes/predict/node.ts';
import { testEngine } from '../../engine/train/engine.ts';
import { fakeContext, temporaryFolder } from '../context.ts';
import { architecture, imageStage, squares } from '../train/rig.ts';

const SETTINGS: PredictSettings = {
  type: 'predict',
  model: 'trained',
  data: 'images',
  split: 'all',
  batch_size: 7,
};

let engine: Engine;
before(async () => {
  engine = await testEngine();
});

test('reconstructions are images of the same splits and labels', async (t) => {
  const root = temporaryFolder(t);
  const folder = join(root, 'trained');
  const models = buildAutoencoder(engine.tf, architecture, (purpose) => deriveSeed(1, 'trained', purpose));
  mkdirSync(folder);
  await saveAutoencoder(models, join(folder, 'model'));
  const clean = squares(10, 2);
  const inputs = {
    model: { stage: 'trained', kind: 'trained-model', folder },
    data: await imageStage(root, 'images', { train: squares(20, 1), test: clean }),
  } as const;
  const held = engine.tf.memory().numTensors;
  const context = fakeContext(root, SETTINGS, { inputs, engine: async () => engine });
  await predictNode.run(context);
  assert.equal(engine.tf.memory().numTensors, held);
  const record = await readImageSet(context.folder);
  assert.deepEqual([record.splits.train?.count, record.splits.test?.count], [20, 10]);
  const images = await readImages(context.folder, 'test');
  assert.deepEqual(images.labels, clean.labels);
  const expected = engine.tf.tidy(() => {
    const values = Float32Array.from(clean.data, (value) => value / 255);
    const result = models.autoencoder.predict(engine.tf.tensor(values, [10, 12, 12, 1]));
    assert.ok(!Array.isArray(result));
    return Float32Array.from(result.dataSync());
  });
  disposeAutoencoder(models);
  for (const [index, value] of images.data.entries())
    assert.ok(Math.abs(value - (expected[index] ?? 1)) < 1e-6);
  assert.deepEqual(
    record.range.map((end) => end >= 0 && end <= 1),
    [true, true],
  );

  const abort = new AbortController();
  abort.abort();
  const stopped = fakeContext(root, SETTINGS, { inputs, engine: async () => engine, signal: abort.signal });
  await assert.rejects(predictNode.run(stopped), (error) => error instanceof Failure);
});

test('images of another scale than the model was trained on are pointed out; which images they are is passed on', () => {
  const chosen = { set: 'mnist', divisions: [] };
  const shape = [12, 12, 1] as const;
  const warned = (
    trained: readonly [number, number],
    given: readonly [number, number],
  ): readonly unknown[] => {
    const findings: Finding[] = [];
    const output = predictNode.analyze({
      stage: 'reconstructions',
      settings: SETTINGS,
      inputs: {
        model: {
          ...{ kind: 'trained-model', inputShape: shape, latentShape: [3], outputShape: shape },
          ...{ data: 'images', target: 'images', denoiser: false, range: trained },
        },
        data: { kind: 'images', shape, splits: ['test'], range: given, chosen },
      },
      references: { model: 'trained', data: 'others' },
      report: (finding) => findings.push(finding),
    });
    assert.deepEqual(output, { kind: 'images', shape: [...shape], splits: ['test'], chosen });
    return findings.map(({ severity, at }) => [severity, ...at]);
  };
  const warning = [['warning', 'data']];
  assert.deepEqual(warned([0, 1], [0, 255]), warning);
  assert.deepEqual(warned([0, 65_535], [0, 1]), warning);
  assert.deepEqual(warned([-1, 1], [0, 1]), warning);
  assert.deepEqual(warned([0, 1], [0, 1]), []);
  assert.deepEqual(warned([-0.3, 1.4], [0, 1]), []);
  assert.deepEqual(warned([-2.1, 3], [-1.8, 2.5]), []);
});

test('the output is described as images', () => {
  const findings: Finding[] = [];
  const describe = (
    shape: readonly number[],
    splits: readonly ('train' | 'test')[],
  ): OutputDescription | undefined =>
    predictNode.analyze({
      stage: 'reconstructions',
      settings: SETTINGS,
      inputs: {
        model: {
          kind: 'trained-model',
          inputShape: shape,
          latentShape: [3],
          outputShape: shape,
          data: 'images',
          target: 'images',
          denoiser: false,
        },
        data: { kind: 'images', shape: [12, 12, 1], splits },
      },
      references: { model: 'trained', data: 'images' },
      report: (finding) => findings.push(finding),
    });
  assert.deepEqual(describe([12, 12, 1], ['test']), { kind: 'images', shape: [12, 12, 1], splits: ['test'] });
  assert.deepEqual(findings, []);
  assert.equal(describe([144], ['test']), undefined);
  assert.deepEqual(
    findings.map(({ code }) => code),
    ['shape-mismatch'],
  );
});
