/** Measures the results of a `train` stage and draws its previews without training, exactly as at the end of the training. */
import { join } from 'node:path';
import type { TrainSettings } from '../../schema/generated/settings.ts';
import { deriveSeed } from '../../core/seed.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Split } from '../../core/stage-type.ts';
import { modelShapes } from '../../engine/train/predict.ts';
import { inShapes, rowNumbers, type SamplePair } from '../../engine/train/samples.ts';
import type { Measured, Trainer } from '../../engine/train/trainer.ts';
import { createTrainer } from '../../engine/choose-trainer.ts';
import { disposeAutoencoder, type TrainableAutoencoder } from '../../layers/build.ts';
import { loadTrainable } from '../../layers/save.ts';
import { freezeLayers } from '../../layers/start.ts';
import type { StageContext, StageResult } from '../contract.ts';
import { readJson } from '../figure/records.ts';
import { quantities } from './history.ts';
import { latentTerms } from './latent-terms.ts';
import { lossChoice } from './loss.ts';
import { optimizerChoice } from './optimizer.ts';
import { imageSource, requireInput, type ImageSource } from './pairs.ts';
import { divide, startPreviews } from './run.ts';
import { loadStart } from './start.ts';

/** Settings of an inspection, besides the inputs. */
export interface InspectionSettings {
  /** The stage that was trained, its settings, and the pipeline's seed. */
  readonly stage: string;
  readonly train: TrainSettings;
  readonly seed: number;
}

/**
 * Inputs: `trained`, the stage to inspect, and its own inputs `model`, `data`, `target` and `start_from`.
 *
 * Metrics: `val_loss` and the other numbers in the history for the weights in `model/`, and with the prefix `best_` for those in
 * `best/`. Without validation: `test_loss` on the test images or, without these, `train_loss` on the training images.
 * `initial_similarity` is the correlation of the trained with the initial weights, -1 to 1.
 *
 * Draws `previews/inputs` and, if `model/` has the weights of the last epoch, the preview of that epoch.
 *
 * @throws Failure `data-missing` or `data-corrupt` for models with another architecture than the stage's
 */
export async function inspectTrained(context: StageContext): Promise<StageResult> {
  const { stage, train, seed } = context.settings as unknown as InspectionSettings;
  const own: StageContext<TrainSettings> = {
    ...context,
    stage,
    settings: train,
    seed: (purpose) => deriveSeed(seed, stage, purpose),
  };
  const trained = requireInput(context.inputs, 'trained').folder;
  const metrics = await inspectWeights(
    own,
    join(trained, 'model'),
    await readJson(join(trained, 'training.json')),
  );
  const best = await inspectWeights(own, join(trained, 'best'));
  return {
    metrics: {
      ...metrics,
      ...Object.fromEntries(Object.entries(best).map(([name, value]) => [`best_${name}`, value])),
    },
  };
}

/** @param training the record of the training, if previews are wanted */
async function inspectWeights(
  context: StageContext<TrainSettings>,
  folder: string,
  training?: JsonObject,
): Promise<Record<string, number>> {
  const { inputs } = context;
  const engine = await context.engine();
  const untrained = requireInput(inputs, 'model').folder;
  const models = await loadTrainable(engine.tf, untrained, context.seed, folder);
  try {
    const thaw = freezeLayers(models, context.settings.freeze);
    const source = await imageSource(inputs, modelShapes(models.autoencoder));
    const measured = await measure(context, models, source);
    thaw();
    if (training === undefined) return measured;
    const { epochs, epoch_of_model: epoch } = training;
    const previews = await startPreviews(context, { engine, models, source });
    await previews?.drawInputs();
    if (typeof epoch === 'number' && epoch === epochs) await previews?.drawEpoch(epoch);
    const initial = await loadStart(context, engine.tf);
    const similarity = correlation(await kernelsOf(models), await kernelsOf(initial));
    disposeAutoencoder(initial);
    return { ...measured, initial_similarity: similarity };
  } finally {
    disposeAutoencoder(models);
  }
}

async function measure(
  context: StageContext<TrainSettings>,
  models: TrainableAutoencoder,
  source: ImageSource,
): Promise<Record<string, number>> {
  const { settings, signal } = context;
  const shapes = modelShapes(models.autoencoder);
  const images = await source.readTraining({
    radius: context.seed('noise/radius'),
    angle: context.seed('noise/angle'),
  });
  const data = inShapes(images, shapes);
  const read = async (split: Split): Promise<SamplePair> => inShapes(await source.read(split), shapes);
  const engine = await context.engine();
  const { trainer } = createTrainer(
    engine,
    {
      model: models.autoencoder,
      step: models.step,
      optimizer: optimizerChoice(settings.optimizer),
      loss: lossChoice(settings.loss),
      ...latentTerms(context, models, data.y),
      metrics: settings.metrics,
      data,
      batchSize: settings.batch_size,
    },
    'eager',
  );
  try {
    const { validation } = await divide(context, data, read);
    if (validation !== undefined) {
      return namesOf(await trainer.evaluate(validation.data, validation.rows, { signal }), 'val_', trainer);
    }
    const split = source.data.splits.test === undefined ? 'train' : 'test';
    const pair = await read(split);
    return namesOf(await trainer.evaluate(pair, rowNumbers(pair.x.count), { signal }), `${split}_`, trainer);
  } finally {
    trainer.dispose();
  }
}

function namesOf(
  training: Measured,
  prefix: string,
  { measures }: Pick<Trainer, 'measures'>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(quantities({ epoch: 1, training }, measures)).map(([name, value]) => [
      prefix + name,
      value,
    ]),
  );
}

/** The weights with a random initialisation: not biases and scales, whose initial values do not depend on the seed. */
async function kernelsOf({ autoencoder }: TrainableAutoencoder): Promise<Float32Array> {
  const variables = autoencoder.weights
    .filter(({ shape }) => shape.length > 1)
    .map((weight) => ({ name: weight.originalName, variable: weight.read() }));
  const arrays = await Promise.all(variables.map(({ variable }) => variable.data<'float32'>()));
  const all = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const array of arrays) {
    all.set(array, end);
    end += array.length;
  }
  return all;
}

/** Pearson correlation of two arrays of equal length; 0 if one of them is constant. */
export function correlation(one: Float32Array, other: Float32Array): number {
  const mean = (values: Float32Array): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [a, b] = [mean(one), mean(other)];
  let [both, first, second] = [0, 0, 0];
  for (let index = 0; index < one.length; index++) {
    const [x, y] = [(one[index] ?? 0) - a, (other[index] ?? 0) - b];
    both += x * y;
    first += x * x;
    second += y * y;
  }
  const scale = Math.sqrt(first * second);
  return scale > 0 ? both / scale : 0;
}
