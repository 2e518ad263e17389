import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type * as tfjs from '@tensorflow/tfjs';
import type { Tf } from '../../src/engine/engine.ts';
import { loadEngine } from '../../src/engine/load.ts';
import { type RandomLayers, randomLayers } from '../../src/layers/random-layers.ts';
import { seedsOf } from './specs.ts';

let tf: Tf;
let step: tfjs.Variable;
before(async () => {
  ({ tf } = await loadEngine({ choice: 'portable', threads: 1 }));
  step = tf.variable(tf.scalar(0, 'int32'), false);
});

function layers(seed = 1): RandomLayers {
  return randomLayers(tf, { seeds: seedsOf(seed), step });
}

function draw(layer: tfjs.layers.Layer, at: number, training = true): Float32Array {
  step.assign(tf.scalar(at, 'int32'));
  const output = layer.apply(tf.ones([20, 500]), { training }) as tfjs.Tensor;
  return output.dataSync<'float32'>();
}

const kinds: readonly [string, (random: RandomLayers, name: string) => tfjs.layers.Layer][] = [
  ['Dropout', (random, name) => random.dropout(name, 0.25)],
  ['GaussianNoise', (random, name) => random.gaussianNoise(name, 0.5)],
];

for (const [kind, make] of kinds) {
  test(`${kind} depends on seed, name and step alone`, () => {
    const first = draw(make(layers(), 'a'), 3);
    assert.deepEqual(draw(make(layers(), 'a'), 3), first);
    assert.notDeepEqual(draw(make(layers(), 'a'), 4), first);
    assert.notDeepEqual(draw(make(layers(), 'b'), 3), first);
    assert.notDeepEqual(draw(make(layers(2), 'a'), 3), first);
  });

  test(`${kind} does nothing unless it trains`, () => {
    assert.ok(draw(make(layers(), 'a'), 3, false).every((value) => value === 1));
  });

  test(`${kind} is saved under the name and with the arguments of tfjs's layer`, () => {
    const layer = make(layers(), 'a');
    const plain =
      kind === 'Dropout' ? tf.layers.dropout({ rate: 0.25 }) : tf.layers.gaussianNoise({ stddev: 0.5 });
    assert.equal(layer.getClassName(), plain.getClassName());
    assert.deepEqual(Object.keys(layer.getConfig()).sort(), Object.keys(plain.getConfig()).sort());
  });
}

test('Dropout sets its share to zero and keeps the mean', () => {
  const values = draw(layers().dropout('a', 0.25), 1);
  const zeros = values.filter((value) => value === 0).length;
  assert.ok(Math.abs(zeros / values.length - 0.25) < 0.02);
  assert.ok(values.every((value) => value === 0 || Math.abs(value - 4 / 3) < 1e-6));
});

test('GaussianNoise has mean 0 and the requested standard deviation', () => {
  const values = draw(layers().gaussianNoise('a', 0.5), 1).map((value) => value - 1);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
  const beyond = values.filter((value) => Math.abs(value) > 0.5).length / values.length;
  assert.ok(Math.abs(mean) < 0.02);
  assert.ok(Math.abs(Math.sqrt(variance) / 0.5 - 1) < 0.03);
  assert.ok(Math.abs(beyond - 0.3173) < 0.02);
});
