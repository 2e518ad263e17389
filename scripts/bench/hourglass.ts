/** Hourglass as an engine of the benchmark: `hourglass.js <task> auto|eager native|portable`. */
import { permutation } from '../../src/core/philox.ts';
import type { EngineChoice } from '../../src/engine/engine.ts';
import { loadEngine } from '../../src/engine/load.ts';
import { createTrainer, type CompileChoice } from '../../src/engine/choose-trainer.ts';
import { divisorOf } from '../../src/nodes/train/codes.ts';
import { buildModels, readSamples } from './hourglass-model.ts';
import { serve, type Task } from './protocol.ts';

const task = JSON.parse(process.argv[2] ?? '') as Task;
const compile: CompileChoice = process.argv[3] === 'eager' ? 'eager' : 'auto';
const choice: EngineChoice = process.argv[4] === 'portable' ? 'portable' : 'native';

const data = await readSamples(task);
const engine = await loadEngine({ choice, threads: task.threads });
const models = buildModels(engine.tf, task);
const { trainer, mode, fallbackReason } = createTrainer(
  engine,
  {
    model: models.autoencoder,
    step: models.step,
    optimizer: task.optimizer,
    loss: task.loss,
    metrics: [],
    ...divisorOf(task, data.y),
    data,
    batchSize: task.batch,
  },
  compile,
);

let stretch = 0;
const steps = mode === 'eager' ? Math.ceil(task.steps / 6) : task.steps;
const facts = {
  versions: { [choice === 'native' ? 'hourglass' : 'portable']: engine.identity.version },
  ...(fallbackReason === undefined ? {} : { note: `Hourglass trains op by op: ${fallbackReason}.` }),
};
await serve(facts, async () => {
  stretch += 1;
  const order = permutation([stretch, 1], task.rows).subarray(0, steps * task.batch);
  const { loss } = await trainer.trainEpoch(order, { signal: new AbortController().signal });
  return { steps, loss };
});
