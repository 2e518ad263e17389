/** Hourglass as an engine of the benchmark: `hourglass.js <task> <compile>`. */
import { readFileSync } from 'node:fs';
import { permutation, Philox } from '../../src/core/philox.ts';
import { deriveSeed } from '../../src/core/seed.ts';
import { loadEngine } from '../../src/engine/load.ts';
import type { Samples } from '../../src/engine/train/samples.ts';
import { createTrainer, type CompileChoice } from '../../src/engine/trainer.ts';
import { buildAutoencoder } from '../../src/layers/build.ts';
import { architectureOf, trainingOf } from './cases.ts';
import { serve, type Task } from './protocol.ts';

const task = JSON.parse(process.argv[2] ?? '') as Task;
const compile: CompileChoice = process.argv[3] === 'eager' ? 'eager' : 'auto';

const engine = await loadEngine({ choice: 'native', threads: task.threads });
const models = buildAutoencoder(engine.tf, architectureOf(task), (purpose) =>
  deriveSeed(1, 'bench', purpose),
);
const bytes = readFileSync(task.images);
const count = bytes.length / 784;
const clean: Samples = {
  data: Uint8Array.from(bytes),
  count,
  shape: [28, 28, 1],
  scale: 1 / 255,
  offset: 0,
};

function corrupted(): Samples {
  const data = new Float32Array(bytes.length);
  new Philox([1, 2]).normal(data);
  for (const [index, value] of data.entries()) {
    data[index] = Math.min(1, Math.max(0, (bytes[index] ?? 0) / 255 + 0.5 + 0.5 * value));
  }
  return { ...clean, data, scale: 1 };
}

const { trainer } = createTrainer(
  engine,
  {
    model: models.autoencoder,
    step: models.step,
    ...trainingOf(task),
    metrics: [],
    data: { x: task.model === 'dense' ? clean : corrupted(), y: clean },
    batchSize: task.batch,
  },
  compile,
);

let stretch = 0;
const steps = compile === 'eager' ? Math.ceil(task.steps / 6) : task.steps;
await serve({ hourglass: engine.identity.version }, async () => {
  stretch += 1;
  const order = permutation([stretch, 1], count).subarray(0, steps * task.batch);
  const { loss } = await trainer.trainEpoch(order, { signal: new AbortController().signal });
  return { steps, loss };
});
