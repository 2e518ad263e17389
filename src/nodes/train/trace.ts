/** What training and trained models compute, as programs. They follow from settings: no stage has to run before. */
import type { ModelSettings, NoiseSettings, TrainSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import { ProgramError } from '../../engine/program/types.ts';
import { traceStep } from '../../engine/train/compiled.ts';
import type { FreshNoise } from '../../engine/train/noise.ts';
import { forwardWork, modelShapes } from '../../engine/train/predict.ts';
import { traceRows } from '../../engine/train/rows.ts';
import { trainingStep } from '../../engine/train/step.ts';
import { assembleAutoencoder, disposeAutoencoder, type TrainableAutoencoder } from '../../layers/build.ts';
import type { StageProgram, TraceContext } from '../contract.ts';
import { optimizerChoice } from './optimizer.ts';

/** Traces one step of training or, with `validation`, what measures a batch without training on it. */
export function traceTrain(context: TraceContext<TrainSettings>, part?: 'validation'): StageProgram {
  const { tf, stage, settings } = context;
  const { model, data, target = data, batch_size: batchSize, compile } = settings;
  if (part === 'validation' && settings.validation === 'none') {
    throw failure(
      'usage',
      `\`${stage}\` does not validate`,
      'set its `validation`, or leave out `--validation`',
    );
  }
  return withModels(context, model, (models) => {
    const shapes = modelShapes(models.autoencoder);
    const x = { shape: shapes.inputShape, ...freshNoise(context, data) };
    const step = trainingStep(tf, {
      model: models.autoencoder,
      step: models.step,
      optimizer: optimizerChoice(settings.optimizer),
      loss: settings.loss,
      metrics: settings.metrics,
      data: { x },
    });
    try {
      const program = traceStep(tf, {
        samples: target === data ? [x] : [x, { shape: shapes.outputShape }],
        state: step.state,
        batchSize,
        work: part === 'validation' ? step.evaluateBatch : step.trainBatch,
      });
      const images = `${batchSize} images`;
      const title = part === 'validation' ? `validation on ${images}` : `one step of training on ${images}`;
      return { program, title, compile };
    } finally {
      step.dispose();
    }
  });
}

/** Traces what a stage has a trained model compute. */
export function traceTrained(
  context: TraceContext<{ readonly model: string; readonly batch_size: number }>,
  name: 'autoencoder' | 'encoder',
  part?: 'validation',
): StageProgram {
  const { tf, stage, settings } = context;
  if (part === 'validation') throw failure('usage', `\`${stage}\` trains nothing, so it has no validation`);
  const trained = context.stages.get(settings.model) as TrainSettings | undefined;
  if (trained?.type !== 'train') throw unknownModel(stage, settings.model);
  return withModels(context, trained.model, (models) => {
    const shape = modelShapes(models[name]).inputShape;
    const samples = [{ shape }];
    const program = traceRows(tf, { samples, ...forwardWork(tf, models[name]) }, settings.batch_size);
    return { program, title: `the ${name} on ${settings.batch_size} images` };
  });
}

function withModels(
  { tf, stage, stages, seed }: TraceContext<unknown>,
  model: string,
  work: (models: TrainableAutoencoder) => StageProgram,
): StageProgram {
  const settings = stages.get(model);
  if (settings?.type !== 'model') throw unknownModel(stage, model);
  const models = assembleAutoencoder(tf, settings as unknown as ModelSettings, seed);
  try {
    return work(models);
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    throw failure('stage-failed', `\`${stage}\` cannot be traced: ${error.message}`);
  } finally {
    disposeAutoencoder(models);
  }
}

/** A stage type of a plugin makes its output when it runs. */
function unknownModel(stage: string, model: string): Error {
  return failure(
    'usage',
    `the program of \`${stage}\` cannot be known before \`${model}\` has run: a plugin makes it`,
    'name a stage whose model is written in the pipeline',
  );
}

/** As the `noise` stage records it for the training. */
function freshNoise({ stages, seed }: TraceContext<unknown>, data: string): { readonly noise?: FreshNoise } {
  const settings = stages.get(data);
  if (settings?.type !== 'noise') return {};
  const noise = settings as unknown as NoiseSettings;
  if (noise.kind !== 'gaussian' || !noise.resample) return {};
  const { mean, stddev, clip } = noise;
  return {
    noise: { mean, stddev, clip, seeds: { radius: seed('noise/radius'), angle: seed('noise/angle') } },
  };
}
