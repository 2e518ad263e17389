/** Memory of the kernels: no more than expected, and bounded for any number of channels. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { before, test } from 'node:test';
import type { LayersModel } from '@tensorflow/tfjs';
import type { LayerSpec } from '../../../src/schema/generated/settings.ts';
import { kernelMemory } from '../../../src/engine/xla/kernel-memory.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { kernelBuild } from '../../../src/engine/tensorflow/native-kernels.ts';
import { rowNumbers } from '../../../src/engine/train/samples.ts';
import { buildAutoencoder, disposeAutoencoder } from '../../../src/layers/build.ts';
import type { Architecture } from '../../../src/layers/layer.ts';
import { layer, seedsOf } from '../../layers/specs.ts';
import { BATCH, bytes, nativeEngine, start, work } from './rig.ts';

let engine: Engine;
let held: () => number;
before(async () => {
  engine = await nativeEngine();
  const require = createRequire(import.meta.url);
  const addon = require(kernelBuild().addon) as { readonly memoryHeld: () => number };
  held = addon.memoryHeld;
});

function convolution(filters: number, kernel: number): LayerSpec {
  return layer('Conv2D', { filters, kernel_size: kernel, padding: 'same', activation: 'relu' });
}

const architectures: readonly Architecture[] = [
  {
    input_shape: [300],
    encoder: [layer('Dense', { units: 40, activation: 'relu' })],
    decoder: [layer('Dense', { units: 300, activation: 'sigmoid' })],
  },
  {
    input_shape: [9, 30, 3],
    encoder: [convolution(40, 5), convolution(33, 3)],
    decoder: [layer('Conv2DTranspose', { filters: 3, kernel_size: 3, padding: 'same' })],
  },
  { input_shape: [2, 2, 768], encoder: [convolution(768, 3)], decoder: [convolution(768, 3)] },
];

/** The layers of several models after one another, since the kernels keep what they have. */
function modelOf(all: readonly Architecture[]): { readonly layers: LayersModel['layers']; dispose(): void } {
  const models = all.map((each) => buildAutoencoder(engine.tf, each, seedsOf(1)));
  return {
    layers: models.flatMap(({ autoencoder }) => autoencoder.layers),
    dispose: () => models.forEach(disposeAutoencoder),
  };
}

for (const [index, architecture] of architectures.entries()) {
  test(`kernels hold no more than was counted on: ${architecture.input_shape.join('x')}`, async () => {
    const x = bytes(architecture.input_shape, 2 * BATCH);
    const { trainer, dispose } = start(engine, architecture, 'xla', { data: { x, y: x } });
    await trainer.trainEpoch(rowNumbers(2 * BATCH), work);
    dispose();
    const model = modelOf(architectures.slice(0, index + 1));
    const counted = kernelMemory(model, BATCH, engine.threads);
    model.dispose();
    assert.ok(held() > 0 && held() <= counted, `${held()} bytes, ${counted} were counted on`);
  });
}

test('memory for sums and weights is bounded, however many channels there are', () => {
  const [few, many] = [512, 4096].map((channels) => {
    const model = modelOf([
      { input_shape: [2, 2, 1], encoder: [convolution(1, 3)], decoder: [convolution(1, 3)] },
    ]);
    const [first, ...rest] = model.layers.map((each) => ({
      getClassName: () => each.getClassName(),
      outputShape: [null, 2, 2, channels],
      weights: [{ shape: [3, 3, channels, channels] }],
    }));
    model.dispose();
    return kernelMemory({ layers: [first, ...rest] } as unknown as LayersModel, 32, 1);
  });
  assert.ok((few ?? 0) > 2 ** 24 * 4);
  assert.ok((many ?? Infinity) < 2 * (few ?? 0), `${few}, then ${many}`);
});
