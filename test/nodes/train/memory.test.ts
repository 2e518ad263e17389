import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../src/core/diagnostic.ts';
import { loadTfjs } from '../../../src/engine/addon.ts';
import type { Samples } from '../../../src/engine/train/samples.ts';
import { checkMemory, estimateMemory, modelSize } from '../../../src/nodes/train/memory.ts';

function samples(count: number): Samples {
  return { data: new Float32Array(count * 10), count, shape: [10], scale: 1, offset: 0 };
}

test('a model is measured by its weights and by what its layers give', () => {
  const tf = loadTfjs();
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 4, inputShape: [10] }), tf.layers.dense({ units: 10 })],
  });
  const { parameters, activations } = modelSize(model);
  assert.equal(parameters, 10 * 4 + 4 + 4 * 10 + 10);
  // The input layer gives its ten values, too.
  assert.ok(activations === 14 || activations === 24, String(activations));
});

test('images that are input and target at once are counted once; a larger batch needs more', () => {
  const [one, other] = [samples(1000), samples(1000)];
  const size = { parameters: 100, activations: 100, batchSize: 32 };
  const same = estimateMemory({ ...size, data: [{ x: one, y: one }] });
  const different = estimateMemory({ ...size, data: [{ x: one, y: other }] });
  assert.ok(different - same >= 40_000);
  assert.ok(estimateMemory({ ...size, data: [], batchSize: 64 }) > estimateMemory({ ...size, data: [] }));
});

test('a training that cannot fit is refused before it begins', () => {
  const size = { data: [], parameters: 10 ** 9, activations: 0, batchSize: 1 };
  assert.doesNotThrow(() => checkMemory(size, 2 ** 40));
  assert.throws(
    () => checkMemory(size, 2 ** 30),
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'stage-failed',
  );
});
