/** Hourglass's inference: `hourglass-inference.js <task> evaluate|stage|predict <batch>` prints a measurement. */
import { imageOf, sizeOf } from '../../src/core/shape.ts';
import { meanOf } from '../../src/core/statistics.ts';
import { measureImages } from '../../src/engine/train/metrics.ts';
import { loadEngine } from '../../src/engine/load.ts';
import { predictBatches } from '../../src/engine/train/predict.ts';
import { createTrainer } from '../../src/engine/choose-trainer.ts';
import { buildModels, readSamples } from './hourglass-model.ts';
import { IMAGES, type Measurement } from './inference-task.ts';
import type { Task } from './protocol.ts';

const task = JSON.parse(process.argv[2] ?? '') as Task;
const batchSize = Number(process.argv[4]);
const { signal } = new AbortController();
const engine = await loadEngine({ choice: 'native', threads: task.threads });

const { autoencoder: model, step } = buildModels(engine.tf, task);
const data = await readSamples(task);
const rows = Int32Array.from({ length: IMAGES }, (_, index) => index % task.rows);

/** Times validation during training. */
async function evaluate(): Promise<Timed> {
  const { optimizer, loss } = task;
  const options = { model, step, optimizer, loss, metrics: [], data, batchSize };
  const { trainer } = createTrainer(engine, options, 'auto');
  return timed(async () => (await trainer.evaluate({ ...data }, rows, { signal })).loss);
}

/** Times an `evaluate` stage. */
async function measure(): Promise<Timed> {
  const { loss } = task;
  const shape = imageOf(data.y.shape);
  if (shape === undefined) throw new TypeError('the samples are not images');
  const options = { metrics: [loss], kind: { shape, span: 1 }, batchSize, signal };
  return timed(async () =>
    meanOf((await measureImages(engine, model, data, rows, options)).get(loss) ?? new Float64Array()),
  );
}

/** Times a `predict` stage, which returns all outputs. */
async function predict(): Promise<Timed> {
  const outputs = new Float32Array(IMAGES * sizeOf(data.y.shape));
  const result = await timed(async () => {
    let end = 0;
    for await (const batch of predictBatches(engine, model, data.x, rows, { batchSize, signal })) {
      outputs.set(batch.outputs, end);
      end += batch.outputs.length;
    }
    return Number.NaN;
  });
  return { ...result, loss: outputs.reduce((sum, value) => sum + value, 0) / outputs.length };
}

type Timed = Omit<Measurement, 'images'>;

async function timed(work: () => Promise<number>): Promise<Timed> {
  const started = performance.now();
  const loss = await work();
  return { ms: performance.now() - started, loss };
}

const works = { evaluate, stage: measure, predict } as const;
const work = works[(process.argv[3] ?? '') as keyof typeof works];
const measurement: Measurement = { ...(await work()), images: IMAGES };
process.stdout.write(`${JSON.stringify(measurement)}\n`);
process.exit(0);
