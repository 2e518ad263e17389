import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LayerSpec } from '../../src/schema/generated/settings.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Finding } from '../../src/core/stage-type.ts';
import type { Architecture } from '../../src/layers/layer.ts';
import { labelLayers, layerOf } from '../../src/layers/layer.ts';
import { inferLayer } from '../../src/layers/infer-layer.ts';
import { inferAutoencoder } from '../../src/layers/shapes.ts';
import { finding, findings } from './findings.ts';
import { denoiser, layer } from './specs.ts';

const same = { kernel_size: 3, strides: 2, padding: 'same' };

test('shapes, parameters and output activation of the example', () => {
  const shapes = inferAutoencoder(denoiser, ({ message }) => assert.fail(message));
  assert.deepEqual(
    shapes?.encoder.map(({ label, output }) => [label, output]),
    [
      ['conv2d', [14, 14, 32]],
      ['conv2d_1', [7, 7, 64]],
      ['flatten', [3136]],
      ['dense', [16]],
    ],
  );
  assert.deepEqual(
    shapes.decoder.map(({ label, output }) => [label, output]),
    [
      ['dense_1', [784]],
      ['reshape', [28, 28, 1]],
      ['conv2d_transpose', [28, 28, 64]],
      ['conv2d_transpose_1', [28, 28, 32]],
      ['conv2d_transpose_2', [28, 28, 1]],
    ],
  );
  assert.deepEqual(shapes.latent, [16]);
  assert.deepEqual(shapes.output, [28, 28, 1]);
  assert.equal(shapes.outputActivation, 'sigmoid');
  assert.equal(shapes.parameters, 320 + 18496 + 50192 + 13328 + 640 + 18464 + 289);
});

test('names are those of a fresh Keras session, and a name of the user is taken by no other layer', () => {
  const architecture: Architecture = {
    input_shape: [8],
    encoder: [
      layer('Dense', { units: 4 }),
      'LeakyReLU',
      layer('Dense', { units: 4, name: 'dense_1' }),
      'ReLU',
      'PReLU',
    ],
    decoder: [layer('Dense', { units: 8, name: 'input_layer' }), layer('Dense', { units: 8 }), 'ReLU', 'ELU'],
  };
  assert.deepEqual(labelLayers(architecture), {
    encoderInput: 'input_layer_1',
    encoder: ['dense', 'leaky_re_lu', 'dense_1', 're_lu', 'p_re_lu'],
    decoderInput: 'input_layer_2',
    decoder: ['input_layer', 'dense_2', 're_lu_1', 'elu'],
  });
});

test('a name that is used twice', () => {
  const twice = finding(
    [4],
    [layer('Dense', { units: 4, name: 'a' })],
    [layer('Dense', { units: 4, name: 'a' })],
  );
  assert.equal(twice.code, 'bad-setting');
  assert.deepEqual(twice.at, ['decoder', 0, 'Dense', 'name']);
  assert.deepEqual(twice.related?.at, ['encoder', 0, 'Dense', 'name']);
});

test('the output activation is seen through layers that only move values', () => {
  const activation = (decoder: readonly LayerSpec[]): string | undefined =>
    inferAutoencoder({ input_shape: [2, 2, 1], encoder: ['Flatten'], decoder }, ({ message }) =>
      assert.fail(message),
    )?.outputActivation;
  const reshape = layer('Reshape', { target_shape: [2, 2, 1] });
  assert.equal(activation([layer('Dense', { units: 4, activation: 'sigmoid' }), reshape]), 'sigmoid');
  assert.equal(
    activation([layer('Activation', { activation: 'tanh' }), reshape, layer('Dropout', { rate: 0.1 })]),
    'tanh',
  );
  assert.equal(activation(['Softmax', reshape]), 'softmax');
  assert.equal(
    activation([
      layer('Dense', { units: 4, activation: 'sigmoid' }),
      layer('Activation', { activation: 'linear' }),
      reshape,
    ]),
    'sigmoid',
  );
  assert.equal(
    activation([layer('Dense', { units: 4, activation: 'sigmoid' }), 'BatchNormalization', reshape]),
    'linear',
  );
  assert.equal(activation([reshape]), 'linear');
});

test('a Reshape of another size names both sizes and points to the layer before', () => {
  const { code, at, message, related } = finding(
    [28, 28, 1],
    ['Flatten', layer('Dense', { units: 16 })],
    [layer('Dense', { units: 784 }), layer('Reshape', { target_shape: [28, 28, 3] })],
  );
  assert.equal(code, 'shape-mismatch');
  assert.deepEqual(at, ['decoder', 1, 'Reshape', 'target_shape']);
  assert.deepEqual(related?.at, ['decoder', 0]);
  for (const part of ['28x28x3 = 2352', '784', '`Dense`']) assert.ok(message.includes(part), message);
});

test('a layer for images after a vector: the hint has the Reshape that fixes it', () => {
  const encoder = [layer('Conv2D', { filters: 8, ...same }), 'Flatten'] as const;
  const direct = finding([8, 8, 1], encoder, [layer('Conv2DTranspose', { filters: 1, ...same })]);
  assert.deepEqual(direct.at, ['decoder', 0]);
  assert.deepEqual(direct.related?.at, ['encoder', 1]);
  assert.match(direct.hint ?? '', /Reshape: \{ target_shape: \[4, 4, 8\] \}/);
  assert.doesNotMatch(direct.hint ?? '', /Dense/);

  const narrowed = finding(
    [8, 8, 1],
    [...encoder, layer('Dense', { units: 5 })],
    [layer('Conv2DTranspose', { filters: 1, ...same })],
  );
  assert.match(narrowed.hint ?? '', /Dense: \{ units: 128 \}.*\[4, 4, 8\]/);

  const first = finding([784], ['MaxPooling2D'], ['Flatten']);
  assert.deepEqual(first.at, ['encoder', 0]);
  assert.deepEqual(first.related?.at, ['input_shape']);
});

test('windows larger than the image, borders cut beyond it', () => {
  const kernel = finding([4, 4, 1], [layer('Conv2D', { filters: 1, kernel_size: [3, 5] })], ['Flatten']);
  assert.deepEqual([kernel.code, kernel.at], ['shape-mismatch', ['encoder', 0, 'Conv2D', 'kernel_size']]);
  const dilated = finding(
    [4, 4, 1],
    [layer('Conv2D', { filters: 1, kernel_size: 3, dilation_rate: 2 })],
    ['Flatten'],
  );
  assert.match(dilated.message, /5x5/);
  const pool = finding([1, 1, 4], ['AveragePooling2D'], ['Flatten']);
  assert.deepEqual([pool.code, pool.at], ['shape-mismatch', ['encoder', 0]]);
  const cropped = finding([4, 4, 1], [layer('Cropping2D', { cropping: 2 })], ['Flatten']);
  assert.deepEqual([cropped.code, cropped.at], ['shape-mismatch', ['encoder', 0, 'Cropping2D', 'cropping']]);
});

test('arguments that TensorFlow.js or the shape of the input do not allow', () => {
  const place = (spec: LayerSpec): Finding => finding([4, 4, 1], [spec], ['ReLU']);
  const cases: readonly [LayerSpec, Finding['code'], string][] = [
    [layer('Softmax', { axis: 0 }), 'out-of-range', 'axis'],
    [layer('Softmax', { axis: -4 }), 'out-of-range', 'axis'],
    [layer('BatchNormalization', { axis: 0 }), 'out-of-range', 'axis'],
    [layer('LayerNormalization', { axis: -4 }), 'out-of-range', 'axis'],
    [layer('GroupNormalization', { groups: 1, axis: 4 }), 'out-of-range', 'axis'],
    [layer('GroupNormalization', { groups: 0 }), 'out-of-range', 'groups'],
    [layer('GroupNormalization', { groups: 2 }), 'shape-mismatch', 'groups'],
    [layer('Reshape', { target_shape: [-1, -1] }), 'out-of-range', 'target_shape'],
    [layer('Reshape', { target_shape: [0, 4] }), 'out-of-range', 'target_shape'],
    [
      layer('Conv2D', { filters: 1, ...same, strides: [2, 1], dilation_rate: [1, 2] }),
      'bad-setting',
      'dilation_rate',
    ],
    [layer('Dense', { units: 1, bias_initializer: 'orthogonal' }), 'bad-setting', 'bias_initializer'],
    [
      layer('Dense', { units: 1, bias_initializer: { Orthogonal: { gain: 2 } } }),
      'bad-setting',
      'bias_initializer',
    ],
    [
      layer('Conv2D', { filters: 2, kernel_size: 3, kernel_initializer: 'identity' }),
      'bad-setting',
      'kernel_initializer',
    ],
    [
      layer('Dense', { units: 1, kernel_initializer: { RandomUniform: { minval: 1, maxval: 0 } } }),
      'out-of-range',
      'kernel_initializer',
    ],
    [
      layer('VectorQuantizer', {
        codes: 4,
        embeddings_initializer: { RandomNormal: { mean: 1, stddev: 0 } },
      }),
      'bad-setting',
      'embeddings_initializer',
    ],
    [
      layer('VectorQuantizer', { codes: 4, embeddings_initializer: 'zeros' }),
      'bad-setting',
      'embeddings_initializer',
    ],
  ];
  for (const [spec, code, argument] of cases) {
    const [first] = findings([4, 4, 1], [spec], ['ReLU']);
    assert.equal(first?.code, code);
    assert.equal(first.at.at(-1), argument);
  }
  assert.equal(place(layer('Softmax', { axis: -4 })).at.length, 4);
  // The default of 32 groups is for many channels; single values would be lost.
  for (const [input, args, hint] of [
    [[4, 4, 16], {}, /groups: 8`/],
    [[4, 4, 48], {}, /groups: 24`/],
    [[4, 4, 7], { groups: 2 }, /groups: 1`/],
    [[12], { groups: 12 }, /groups: 6`/],
    [[12], { groups: -1 }, /groups: 6`/],
  ] as const)
    assert.match(finding([...input], [layer('GroupNormalization', args)], ['ReLU']).hint ?? '', hint);
  const [beyond] = findings([4], [layer('PReLU', { shared_axes: [2] })], ['ReLU']);
  assert.deepEqual(beyond?.at, ['encoder', 0, 'PReLU', 'shared_axes']);
});

test('a gray image needs no axis of channels, but convolutions and pooling do', () => {
  const reshape = layer('Reshape', { target_shape: [28, 28] });
  assert.deepEqual(findings([28, 28], ['Flatten'], [layer('Dense', { units: 784 }), reshape]), []);
  for (const first of [layer('Conv2D', { filters: 4, kernel_size: 3 }), 'MaxPooling2D'] as const) {
    const [flat] = findings([28, 28], [first], [reshape]);
    assert.equal(flat?.code, 'shape-mismatch');
    assert.deepEqual(flat.at.slice(0, 2), ['encoder', 0]);
    assert.match(flat.hint ?? '', /input_shape: \[28, 28, 1\]/);
  }
});

test('sizes that no memory holds', () => {
  const wide = finding([4096], [layer('Dense', { units: 1_000_000 })], ['ReLU']);
  assert.deepEqual([wide.code, wide.at], ['out-of-range', ['encoder', 0]]);
  const grown = finding([28, 28, 1], [layer('UpSampling2D', { size: 100_000 })], ['ReLU']);
  assert.equal(grown.code, 'out-of-range');
});

const down = (filters: number): LayerSpec => layer('Conv2D', { filters, ...same });
const up = (filters: number): LayerSpec => layer('Conv2DTranspose', { filters, ...same });

test('a decoder that does not mirror the encoder: the hint names the change that fixes it', () => {
  const cases: readonly {
    readonly encoder: readonly LayerSpec[];
    readonly decoder: readonly LayerSpec[];
    readonly at: Finding['at'];
    readonly hint: RegExp;
  }[] = [
    // 28 -> 14 -> 7 -> 4, but 4 -> 8 -> 16 -> 32.
    {
      encoder: [down(8), down(8), down(8)],
      decoder: [up(8), up(8), up(1)],
      at: ['decoder', 0],
      hint: /`output_padding: \[0, 0\]`/,
    },
    {
      encoder: [down(8), down(8)],
      decoder: [up(8), up(3)],
      at: ['decoder', 1, 'Conv2DTranspose', 'filters'],
      hint: /`filters: 1` instead of 3/,
    },
    {
      encoder: [down(8), down(8)],
      decoder: [up(8), layer('Conv2DTranspose', { filters: 1, kernel_size: 3, padding: 'same' })],
      at: ['decoder', 1, 'Conv2DTranspose', 'strides'],
      hint: /`strides: 2` instead of 1/,
    },
    {
      encoder: [down(8), down(8)],
      decoder: ['UpSampling2D', up(8), layer('Conv2D', { filters: 1, kernel_size: 3 })],
      at: ['decoder', 2, 'Conv2D', 'padding'],
      hint: /`padding: same` instead of "valid"/,
    },
    // 28 -> 14 -> 7 -> 3, but 3 -> 6 -> 12 -> 24.
    {
      encoder: ['MaxPooling2D', 'MaxPooling2D', 'MaxPooling2D'],
      decoder: ['UpSampling2D', 'UpSampling2D', 'UpSampling2D'],
      at: ['decoder', 0],
      hint: /ZeroPadding2D: \{ padding: \[\[0, 1\], \[0, 1\]\] \}/,
    },
    {
      encoder: [layer('Conv2D', { filters: 8, kernel_size: 3 })],
      decoder: [layer('Conv2D', { filters: 1, kernel_size: 3 })],
      at: ['decoder', 0],
      hint: /`Conv2DTranspose`/,
    },
    {
      encoder: [layer('Dense', { units: 16 })],
      decoder: [layer('Dense', { units: 784 })],
      at: ['encoder', 0],
      hint: /`Flatten`/,
    },
    {
      encoder: ['Flatten', layer('Dense', { units: 16 })],
      decoder: [layer('Dense', { units: 784 })],
      at: ['decoder', 0],
      hint: /Reshape: \{ target_shape: \[28, 28, 1\] \}/,
    },
  ];
  for (const { encoder, decoder, at, hint } of cases) {
    const found = finding([28, 28, 1], encoder, decoder);
    assert.equal(found.code, 'shape-mismatch');
    assert.deepEqual(found.at, at);
    assert.match(found.hint ?? '', hint);
    assert.deepEqual(found.related?.at, ['input_shape']);
  }
  const way = finding([28, 28, 1], [down(8), down(8), down(8)], [up(8), up(8), up(1)]).message;
  assert.match(way, /28 -> 14 -> 7 -> 4.* 4 -> 8 -> 16 -> 32/);
  const vector = finding([784], [layer('Dense', { units: 16 })], [layer('Dense', { units: 768 })]);
  assert.deepEqual(vector.at, ['decoder', 0, 'Dense', 'units']);
  assert.match(vector.hint ?? '', /`units: 784` instead of 768/);
});

test('a decoder that no single change fixes still gets a hint', () => {
  const found = finding([28, 28, 1], [down(8)], ['GlobalAveragePooling2D']);
  assert.deepEqual([found.code, found.at], ['shape-mismatch', ['decoder', 0]]);
  assert.ok(found.hint);
});

test('`output_padding` chooses between the sizes that shrink to the input', () => {
  const sides = (length: number, args: object): number | string => {
    const found = layerOf(layer('Conv2DTranspose', { filters: 1, padding: 'same', ...args } as JsonObject));
    let problem = '';
    const inferred = inferLayer(found, {
      input: [length, length, 1],
      giver: 'the input is',
      report: ({ code, argument }) => (problem = `${code} ${argument}`),
    });
    return inferred?.output[0] ?? problem;
  };
  // LFW's 47 columns, and 24 after the encoder.
  assert.equal(sides(24, { kernel_size: 3, strides: 2, output_padding: 0 }), 47);
  assert.equal(sides(24, { kernel_size: 3, strides: 2, output_padding: 1 }), 48);
  assert.equal(sides(24, { kernel_size: 3, strides: 2 }), 48);
  const wrong = 'out-of-range output_padding';
  assert.equal(sides(24, { kernel_size: 3, strides: 2, output_padding: 2 }), wrong);
  assert.equal(sides(24, { kernel_size: 2, strides: 2, output_padding: 0 }), wrong);
  const size = fc.integer({ min: 1, max: 6 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 }),
      size,
      size,
      fc.nat(5),
      (length, kernel_size, strides, extra) => {
        const output = sides(length, { kernel_size, strides, output_padding: extra });
        if (typeof output === 'number') assert.equal(Math.ceil(output / strides), length);
        else {
          const wanted = (length - 1) * strides + (kernel_size % 2) + extra;
          assert.ok(extra >= strides || Math.ceil(wanted / strides) !== length);
        }
      },
    ),
  );
});
