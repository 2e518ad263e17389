import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Json } from '../../src/core/json.ts';
import type { Tf } from '../../src/engine/engine.ts';
import { loadEngine } from '../../src/engine/load.ts';
import { buildAutoencoder } from '../../src/layers/build.ts';
import { modelSummary } from '../../src/layers/summary.ts';
import { denoiser, layer, seedsOf, small } from './specs.ts';

let tf: Tf;
before(async () => {
  ({ tf } = await loadEngine({ choice: 'portable', threads: 1 }));
});

const ENCODER = `Model: "encoder"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ input_layer (InputLayer)        │ (None, 28, 28, 1)      │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ conv2d (Conv2D)                 │ (None, 14, 14, 32)     │           320 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ conv2d_1 (Conv2D)               │ (None, 7, 7, 64)       │        18,496 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ flatten (Flatten)               │ (None, 3136)           │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense (Dense)                   │ (None, 16)             │        50,192 │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 69,008 (269.56 KB)
 Trainable params: 69,008 (269.56 KB)
 Non-trainable params: 0 (0.00 B)
`;

test('the example is printed as Keras prints it', () => {
  const { encoder } = buildAutoencoder(tf, denoiser, seedsOf(1));
  const summary = modelSummary(encoder);
  assert.equal(summary, ENCODER, summary);
});

test('statistics count as not trainable, and long names widen their column', () => {
  const name = 'a'.repeat(40);
  const wide = { ...small, decoder: [layer('Dropout', { rate: 0.1, name }), ...small.decoder] };
  const summary = modelSummary(buildAutoencoder(tf, wide, seedsOf(1)).autoencoder);
  assert.match(summary, /Total params: 191 \(764\.00 B\)/);
  assert.match(summary, /Non-trainable params: 4 \(16\.00 B\)/);
  const rows = summary.split('\n').filter((line) => /^[┏┃┡│├└]/.test(line));
  assert.equal(new Set(rows.map((row) => row.length)).size, 1);
  assert.match(summary, new RegExp(`│ ${name} \\(Dropout\\) │`));
});

const BLOCK = `
│ conv2d (Conv2D)          │ (None, 4, 4, 2)   │         20 │ input_layer[0][0] │
├──────────────────────────┼───────────────────┼────────────┼───────────────────┤
│ conv2d_1 (Conv2D)        │ (None, 4, 4, 2)   │          6 │ conv2d[0][0]      │
├──────────────────────────┼───────────────────┼────────────┼───────────────────┤
│ add (Add)                │ (None, 4, 4, 2)   │          0 │ conv2d[0][0],     │
│                          │                   │            │ conv2d_1[0][0]    │
`;

test('where layers are not one chain, the table says which outputs a layer takes', () => {
  const conv = layer('Conv2D', { filters: 2, kernel_size: 1 }) as Json;
  const { encoder, decoder } = buildAutoencoder(
    tf,
    {
      input_shape: [4, 4, 1],
      encoder: [
        layer('Conv2D', { filters: 2, kernel_size: 3, padding: 'same' }),
        layer('Residual', { layers: [conv] }),
      ],
      decoder: [layer('Dense', { units: 1 })],
    },
    seedsOf(1),
  );
  const summary = modelSummary(encoder);
  assert.ok(summary.includes(BLOCK), summary);
  assert.doesNotMatch(modelSummary(decoder), /Connected to/);
});
