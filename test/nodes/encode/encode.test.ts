/** The `encode` stage. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readVectors, readVectorSet } from '../../../src/formats/vectors.ts';
import type { EncodeSettings } from '../../../src/schema/generated/settings.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import { deriveSeed } from '../../../src/core/seed.ts';
import type { Finding, OutputDescription } from '../../../src/core/stage-type.ts';
import { buildAutoencoder, disposeAutoencoder } from '../../../src/layers/build.ts';
import type { Architecture } from '../../../src/layers/layer.ts';
import { saveAutoencoder } from '../../../src/layers/save.ts';
import { encodeNode } from '../../../src/nodes/encode/node.ts';
import { testEngine } from '../../engine/train/engine.ts';
import { layer } from '../../layers/specs.ts';
import { fakeContext, temporaryFolder } from '../context.ts';
import { imageStage, SHAPE, squares } from '../train/rig.ts';

const SETTINGS: EncodeSettings = {
  type: 'encode',
  model: 'trained',
  data: 'images',
  split: 'all',
  batch_size: 7,
};

/** Its latent has the shape [6, 6, 2]. */
const convolutional: Architecture = {
  input_shape: [...SHAPE],
  encoder: [layer('Conv2D', { filters: 2, kernel_size: 3, strides: 2, padding: 'same', activation: 'tanh' })],
  decoder: [layer('Conv2DTranspose', { filters: 1, kernel_size: 3, strides: 2, padding: 'same' })],
};

test('latents are those of the encoder, flattened, with the labels of the images', async (t) => {
  const { tf, ...engine } = await testEngine();
  const root = temporaryFolder(t);
  const folder = join(root, 'trained');
  const models = buildAutoencoder(tf, convolutional, (purpose) => deriveSeed(1, 'trained', purpose));
  mkdirSync(folder);
  await saveAutoencoder(models, join(folder, 'model'));
  const classes = ['a', 'b', 'c', 'd'];
  const images = { ...squares(10, 2), classes };
  const inputs = {
    model: { stage: 'trained', kind: 'trained-model', folder },
    data: await imageStage(root, 'images', { train: { ...squares(20, 1), classes }, test: images }),
  } as const;
  const held = tf.memory().numTensors;
  const context = fakeContext(root, SETTINGS, { inputs, engine: async () => ({ tf, ...engine }) });
  await encodeNode.run(context);
  assert.equal(tf.memory().numTensors, held);

  const record = await readVectorSet(context.folder);
  assert.deepEqual(record.classes, classes);
  assert.deepEqual([record.size, record.splits.train?.count, record.splits.test?.count], [72, 20, 10]);
  const vectors = await readVectors(context.folder, 'test');
  assert.deepEqual(vectors.labels, images.labels);
  const values = Float32Array.from(images.data, (value) => value / 255);
  const result = models.encoder.predict(tf.tensor(values, [10, ...SHAPE]));
  assert.ok(!Array.isArray(result));
  const expected = result.dataSync();
  assert.equal(vectors.data.length, expected.length);
  vectors.data.forEach((value, index) => assert.ok(Math.abs(value - (expected[index] ?? 9)) < 1e-6));
  disposeAutoencoder(models);

  const stopped = fakeContext(root, SETTINGS, {
    inputs,
    engine: async () => ({ tf, ...engine }),
    signal: AbortSignal.abort(),
  });
  await assert.rejects(encodeNode.run(stopped), (error) => error instanceof Failure);
});

test('check accepts what fits and refuses what does not', () => {
  const model = {
    kind: 'trained-model',
    inputShape: [12, 12, 1],
    latentShape: [6, 6, 2],
    outputShape: [12, 12, 1],
    data: 'noisy',
    target: 'images',
    denoiser: false,
  } as const;
  const images = { kind: 'images', shape: [12, 12, 1], splits: ['test'] } as const;
  const analyze = (
    settings: Partial<EncodeSettings>,
    inputs: Readonly<Record<string, OutputDescription>>,
  ): readonly [OutputDescription | undefined, string[]] => {
    const findings: Finding[] = [];
    const output = encodeNode.analyze({
      stage: 'latents',
      settings: { ...SETTINGS, ...settings },
      inputs,
      references: { model: 'trained', data: 'images' },
      report: (finding) => findings.push(finding),
    });
    return [
      output,
      findings.map(({ code, severity, at }) => `${severity ?? 'error'} ${code} ${at.join('.')}`),
    ];
  };
  const vectors = { kind: 'vectors', size: 72, splits: ['test'] } as const;
  assert.deepEqual(analyze({}, { model, data: images }), [vectors, []]);
  assert.deepEqual(analyze({ split: 'train' }, { model, data: images })[1], ['error missing-split split']);
  assert.deepEqual(analyze({}, { model, data: { ...images, shape: [28, 28, 1] } })[1], [
    'error shape-mismatch model',
  ]);
  const denoiser = { ...model, denoiser: true };
  assert.deepEqual(analyze({}, { model: denoiser, data: images })[1], ['warning clean-evaluation data']);
  assert.deepEqual(analyze({}, { model: denoiser, data: { ...images, corruptionOf: 'images' } })[1], []);
});
