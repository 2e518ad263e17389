/** Models whose layers are not one chain, against Keras's numbers: in every mode, and as they are saved. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { createTrainer } from '../../../src/engine/choose-trainer.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { loadEngine } from '../../../src/engine/load.ts';
import { predictAll } from '../../../src/engine/train/predict.ts';
import { rowNumbers } from '../../../src/engine/train/samples.ts';
import { disposeAutoencoder } from '../../../src/layers/build.ts';
import { loadAutoencoder, loadModel, saveAutoencoder } from '../../../src/layers/save.ts';
import { BATCH } from '../../layers/keras/numbers.ts';
import { structure, structureImages, structureModel, structureNames } from '../../layers/keras/structure.ts';
import { testEngine } from './engine.ts';

const engines = new Map<string, Engine>();
before(async () => {
  engines.set('usual', await testEngine());
  engines.set('portable', await loadEngine({ choice: 'portable', threads: 1 }));
});

function engineOf(name: string): Engine {
  return engines.get(name) ?? assert.fail(name);
}

function assertNear(actual: ArrayLike<number>, wanted: readonly number[], what: string): void {
  assert.equal(actual.length, wanted.length, what);
  for (const [index, value] of wanted.entries()) {
    const distance = Math.abs((actual[index] ?? Number.NaN) - value);
    assert.ok(distance <= 2e-5 * Math.max(1, Math.abs(value)), `${what}: ${actual[index]}, not ${value}`);
  }
}

const signal = new AbortController().signal;

for (const name of structureNames) {
  const { loss, output, gradients } = structure[name];
  for (const [kind, choice] of [
    ['usual', 'auto'],
    ['usual', 'eager'],
    ['portable', 'auto'],
  ] as const)
    test(`a step of the ${name} model, on the ${kind} engine, \`${choice}\``, async () => {
      const engine = engineOf(kind);
      const { tf } = engine;
      const models = structureModel(tf, name);
      const { weights } = models.autoencoder;
      const x = structureImages(tf, name);
      const before = weights.map((weight) => weight.read().dataSync<'float32'>().slice());
      const held = tf.memory().numTensors;
      const { trainer } = createTrainer(
        engine,
        {
          ...{ model: models.autoencoder, step: models.step, loss: 'mse', metrics: [] },
          optimizer: { SGD: { learning_rate: 1, momentum: 0, nesterov: false } },
          ...{ data: { x, y: x }, batchSize: BATCH },
        },
        choice,
      );
      const validated = await trainer.evaluate({ x, y: x }, rowNumbers(BATCH), { signal });
      const trained = await trainer.trainEpoch(rowNumbers(BATCH), { signal });
      assertNear([validated.loss, trained.loss], [loss, loss], 'the loss');
      for (const [index, weight] of weights.entries()) {
        const after = weight.read().dataSync<'float32'>();
        const moved = (before[index] ?? []).map((value, place) => value - (after[place] ?? NaN));
        assertNear(moved, gradients[index] ?? [], `the gradient of ${weight.originalName}`);
      }
      trainer.dispose();
      assert.equal(tf.memory().numTensors, held, 'tensors are left behind');
      disposeAutoencoder(models);
    });

  for (const kind of ['usual', 'portable'])
    test(`the saved ${name} model, and its two parts, on the ${kind} engine`, async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'hourglass-structure-'));
      t.after(() => rmSync(folder, { recursive: true, force: true }));
      const engine = engineOf(kind);
      const { tf } = engine;
      const models = structureModel(tf, name);
      await saveAutoencoder(models, folder);
      disposeAutoencoder(models);
      const whole = await loadModel(tf, join(folder, 'autoencoder'));
      const parts = await loadAutoencoder(tf, folder);
      for (const model of [whole, parts.autoencoder]) {
        const computed = await predictAll(engine, model, structureImages(tf, name), rowNumbers(BATCH), {
          ...{ batchSize: BATCH, signal },
        });
        assertNear(computed, output, 'the output');
      }
      disposeAutoencoder(parts);
      whole.dispose();
    });
}
