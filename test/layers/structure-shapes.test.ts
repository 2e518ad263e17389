/** Shapes of models whose layers are not one chain: blocks, labels, tied layers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LayerSpec } from '../../src/schema/generated/settings.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import type { Finding } from '../../src/core/stage-type.ts';
import { inferAutoencoder } from '../../src/layers/shapes.ts';
import { finding, findings } from './findings.ts';
import { layer } from './specs.ts';

const block = (...layers: LayerSpec[]): LayerSpec => layer('Residual', { layers: layers as Json[] });

test('a block is a sum, and the layers in it come before it', () => {
  const conv = layer('Conv2D', { filters: 2, kernel_size: 3, padding: 'same' });
  const shapes = inferAutoencoder(
    {
      input_shape: [4, 4, 2],
      encoder: [block(conv, block(conv, 'BatchNormalization')), 'ReLU'],
      decoder: [block(layer('Dense', { units: 2, name: 'add_1' }))],
    },
    ({ message }) => assert.fail(message),
  );
  assert.deepEqual(
    shapes?.encoder.map(({ label, inside }) => [label, inside]),
    [
      ['conv2d', undefined],
      ['conv2d_1', undefined],
      ['batch_normalization', undefined],
      ['add', 2],
      ['add_2', 4],
      ['re_lu', undefined],
    ],
  );
  assert.deepEqual(
    shapes.decoder.map(({ label, inside }) => [label, inside]),
    [
      ['add_1', undefined],
      ['add_3', 1],
    ],
  );
  assert.equal(shapes.outputActivation, 'linear');
  assert.equal(shapes.parameters, 2 * 38 + 8 + 6);
});

test('a block whose output has another shape: the hint names the change that fixes it', () => {
  const inside = (...layers: LayerSpec[]): Finding =>
    finding([8, 8, 3], ['ReLU', block(...layers)], [layer('Dense', { units: 3 })]);
  const at = ['encoder', 1, 'Residual', 'layers'];
  const strided = inside(layer('Conv2D', { filters: 3, kernel_size: 3, strides: 2, padding: 'same' }));
  assert.match(strided.message, /8x8x3.*4x4x3/);
  assert.deepEqual(strided.at, [...at, 0, 'Conv2D', 'strides']);
  assert.deepEqual(strided.related?.at, ['encoder', 0]);
  const wide = inside(layer('Conv2D', { filters: 5, kernel_size: 1 }), 'ReLU');
  assert.deepEqual(wide.at, [...at, 0, 'Conv2D', 'filters']);
  assert.match(wide.hint ?? '', /filters: 3/);
  const both = inside(layer('Conv2D', { filters: 3, kernel_size: 3 }), layer('Dense', { units: 4 }));
  assert.match(both.hint ?? '', /padding: same.*units: 3/);
  assert.deepEqual(inside('MaxPooling2D').at, [...at, 0]);
  assert.deepEqual(inside('Flatten', layer('Dense', { units: 3 })).at, [...at, 0]);
});

test('a block in a decoder, a name inside blocks, a latent in a block, and too many of them', () => {
  const dense = (name?: string): LayerSpec => layer('Dense', { units: 4, ...(name && { name }) });
  const inDecoder = finding([4], [dense()], [dense(), block(layer('Dense', { units: 2 }))]);
  assert.deepEqual(inDecoder.at, ['decoder', 1, 'Residual', 'layers', 0, 'Dense', 'units']);
  const named = finding([4], [block(dense('a')), block(dense('a'))], [dense()]);
  assert.deepEqual(named.at, ['encoder', 1, 'Residual', 'layers', 0, 'Dense', 'name']);
  const latent = finding([4], [block(layer('Variational', { units: 4 }))], [dense()]);
  assert.deepEqual(latent.at, ['encoder', 0, 'Residual', 'layers', 0]);
  const deep = (depth: number): LayerSpec => (depth === 0 ? dense() : block(deep(depth - 1)));
  assert.deepEqual(findings([4], [deep(8)], [dense()]), []);
  assert.equal(finding([4], [deep(9)], [dense()]).code, 'out-of-range');
});

test('the label is appended to the first vector of the encoder, and to the latent', () => {
  const shapes = inferAutoencoder(
    {
      input_shape: [4, 4, 1],
      classes: 3,
      encoder: ['Flatten', block(layer('Dense', { units: 19 })), layer('Variational', { units: 2 })],
      decoder: [
        block(layer('Dense', { units: 5 })),
        layer('Dense', { units: 16 }),
        layer('Reshape', { target_shape: [4, 4, 1] }),
      ],
    },
    ({ message }) => assert.fail(message),
  );
  const places = [...(shapes?.encoder ?? []), ...(shapes?.decoder ?? [])];
  assert.deepEqual(
    places.filter(({ conditioned }) => conditioned === true).map(({ label, input }) => [label, input]),
    [
      ['dense', [19]],
      ['dense_1', [5]],
    ],
  );
  assert.deepEqual(shapes?.latent, [2]);
  const ofVectors = inferAutoencoder(
    {
      input_shape: [4],
      classes: 3,
      encoder: [layer('Dense', { units: 2 })],
      decoder: [layer('Dense', { units: 4 })],
    },
    ({ message }) => assert.fail(message),
  );
  assert.deepEqual(ofVectors?.encoder[0]?.input, [7]);
  assert.deepEqual(ofVectors.decoder[0]?.input, [5]);
});

test('a conditional model needs a vector before its latent, and a latent that is one', () => {
  const found = (
    encoder: readonly LayerSpec[],
    decoder: readonly LayerSpec[],
  ): readonly (readonly [string, string])[] => {
    const list: [string, string][] = [];
    inferAutoencoder({ input_shape: [2, 2, 1], classes: 3, encoder, decoder }, ({ code, at }) =>
      list.push([code, at.join('.')]),
    );
    return list;
  };
  const back = [layer('Dense', { units: 4 }), layer('Reshape', { target_shape: [2, 2, 1] })];
  assert.deepEqual(found(['ReLU'], ['ReLU']), [['shape-mismatch', 'condition']]);
  assert.deepEqual(found(['Flatten'], back), [['shape-mismatch', 'condition']]);
  assert.deepEqual(found(['Flatten', layer('Dense', { units: 2 })], back), []);
  const tied = [layer('Dense', { tied_to: 2 }), ...back.slice(1)];
  assert.deepEqual(found(['Flatten', layer('Dense', { units: 5 })], tied), [
    ['bad-setting', 'decoder.0.Dense.tied_to'],
  ]);
});

test('a tied layer has the units of the other one, and only a bias', () => {
  const encoder = ['Flatten', layer('Dense', { units: 5 }), layer('Dense', { units: 2 })] as const;
  const shapes = inferAutoencoder(
    {
      input_shape: [3, 4],
      encoder,
      decoder: [
        layer('Dense', { tied_to: 3 }),
        layer('Dense', { tied_to: 2, units: 12, use_bias: false }),
        layer('Reshape', { target_shape: [3, 4] }),
      ],
    },
    ({ message }) => assert.fail(message),
  );
  assert.deepEqual(
    shapes?.decoder.map(({ output, tiedTo }) => [output, tiedTo]),
    [
      [[5], 'dense_1'],
      [[12], 'dense'],
      [[3, 4], undefined],
    ],
  );
  assert.equal(shapes.parameters, 12 * 5 + 5 + 5 * 2 + 2 + 5);
});

test('layers that cannot be tied: the hint names those that can', () => {
  const encoder = ['Flatten', layer('Dense', { units: 5 }), layer('Dense', { units: 2 })] as const;
  const at = (index: number, argument: string): Finding['at'] => ['decoder', index, 'Dense', argument];
  const tied = (args: JsonObject, ...rest: LayerSpec[]): Finding =>
    finding([12], encoder, [layer('Dense', args), ...rest]);
  const beyond = tied({ tied_to: 4 });
  assert.equal(beyond.code, 'out-of-range');
  assert.match(beyond.hint ?? '', /2 and 3/);
  assert.match(tied({ tied_to: 1 }).message, /Flatten/);
  const swapped = tied({ tied_to: 2 });
  assert.deepEqual([swapped.code, swapped.at], ['shape-mismatch', at(0, 'tied_to')]);
  assert.match(swapped.hint ?? '', /tied_to: 3/);
  assert.deepEqual(tied({ tied_to: 3, units: 6 }).at, at(0, 'units'));
  assert.deepEqual(
    tied({ tied_to: 3, kernel_regularizer: { l1: 1, l2: 0 } }).at,
    at(0, 'kernel_regularizer'),
  );
  assert.deepEqual(tied({ tied_to: 3, kernel_initializer: 'zeros' }).at, at(0, 'kernel_initializer'));
  const inEncoder = finding([4], [layer('Dense', { tied_to: 1 })], [layer('Dense', { units: 4 })]);
  assert.deepEqual(inEncoder.at, ['encoder', 0, 'Dense', 'tied_to']);
  // A change of another layer is still suggested.
  const last = tied({ tied_to: 3 }, layer('Dense', { tied_to: 2 }), layer('Dense', { units: 7 }));
  assert.deepEqual(last.at, at(2, 'units'));
});
