/** Programs of training and of trained models. Settings determine them, so no stage has to run first. */
import type {
  AnomalySettings,
  EvaluateSettings,
  ModelSettings,
  NoiseSettings,
  SampleSettings,
  TrainSettings,
} from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import { IMPORTANCE_SAMPLES } from '../../core/importance-samples.ts';
import { ProgramError } from '../../engine/program/types.ts';
import { traceStep } from '../../engine/train/compiled.ts';
import { LABEL_INPUT } from '../../engine/train/condition.ts';
import {
  DRAWS,
  importanceRows,
  importanceWork,
  posteriorWork,
  singleWork,
  trainedLatentModel,
} from '../../engine/train/elbo.ts';
import { measuringWork } from '../../engine/train/metrics.ts';
import type { FreshNoise } from '../../engine/train/noise.ts';
import { forwardWork, modelShapes, type ModelShapes } from '../../engine/train/predict.ts';
import { traceRows } from '../../engine/train/rows.ts';
import { trainingStep } from '../../engine/train/step.ts';
import { assembleAutoencoder, disposeAutoencoder, type TrainableAutoencoder } from '../../layers/build.ts';
import { freezeLayers } from '../../layers/start.ts';
import type { StageProgram, TraceContext } from '../contract.ts';
import { latentTerms } from './latent-terms.ts';
import { isOfImage, isOfLatent } from '../evaluate/names.ts';
import { lossChoice } from './loss.ts';
import { optimizerChoice } from './optimizer.ts';

/** Targets of variance 1: images are not read before a run. */
const UNKNOWN = { data: Float32Array.of(-1, 1), scale: 1, offset: 0 };

/** Traces one step of training or, with `validation`, the measurement of one batch. */
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
    const { classes } = shapes;
    const x = { shape: shapes.inputShape, ...freshNoise(context, data) };
    freezeLayers(models, settings.freeze);
    const frozen = models.autoencoder.layers.filter(
      ({ trainable, weights }) => !trainable && weights.length > 0,
    );
    const step = trainingStep(tf, {
      model: models.autoencoder,
      step: models.step,
      optimizer: optimizerChoice(settings.optimizer),
      loss: lossChoice(settings.loss),
      ...latentTerms(context, models, UNKNOWN),
      metrics: settings.metrics,
      data: { x },
    });
    try {
      const program = traceStep(tf, {
        samples: [x, ...(target === data ? [] : [{ shape: shapes.outputShape }]), ...labelsOf(shapes)],
        ...{ state: step.state, batchSize, classes },
        work: part === 'validation' ? step.evaluateBatch : step.trainBatch,
      });
      const images = countOf(batchSize);
      if (part === 'validation') return { program, title: `validation on ${images}`, compile };
      const still =
        frozen.length === 0 ? '' : `, with frozen layers: ${frozen.map(({ name }) => name).join(', ')}`;
      return { program, title: `one step of training on ${images}${still}`, compile };
    } finally {
      step.dispose();
    }
  });
}

type Trained = TraceContext<{ readonly model: string; readonly batch_size: number }>;

/** Traces a trained model in a stage that runs images through it. */
export function traceTrained(
  context: Trained,
  name: 'autoencoder' | 'encoder',
  part?: 'validation',
): StageProgram {
  const { tf, settings } = context;
  return withTrained(context, part, (models) => {
    const shapes = modelShapes(models[name]);
    const samples = [{ shape: shapes.inputShape }, ...labelsOf(shapes)];
    const program = traceRows(tf, { samples, ...forwardWork(tf, models[name]) }, settings.batch_size);
    return { program, title: `the ${name} on ${countOf(settings.batch_size)}` };
  });
}

/** Traces the metrics that a stage computes from a trained model's outputs. */
export function traceMeasures(context: TraceContext<EvaluateSettings>, part?: 'validation'): StageProgram {
  const { tf, settings } = context;
  const { data, target = data, batch_size: batchSize, metrics } = settings;
  const ofImages = metrics.filter(isOfImage);
  // Only metrics of the code.
  if (ofImages.length === 0 && !metrics.some(isOfLatent)) return traceTrained(context, 'encoder', part);
  return withTrained(context, part, (models) => {
    const { autoencoder } = models;
    const shapes = modelShapes(autoencoder);
    const samples = [
      { shape: shapes.inputShape },
      ...(target === data ? [] : [{ shape: shapes.outputShape }]),
    ];
    const labels = labelsOf(shapes);
    const latent = ofImages.length === 0 ? trainedLatentModel(tf, models) : undefined;
    const trained = context.stages.get(settings.model) as TrainSettings | undefined;
    if (latent !== undefined && trained !== undefined) {
      const draws = { name: DRAWS, shape: [latent.units] };
      const work = {
        samples: [...samples, draws, ...labels],
        ...singleWork(tf, latent, lossChoice(trained.loss)),
      };
      const program = traceRows(tf, work, batchSize);
      return { program, title: `the autoencoder, the loss and the divergence of ${countOf(batchSize)}` };
    }
    const program = traceRows(
      tf,
      { samples: [...samples, ...labels], ...measuringWork(tf, autoencoder, ofImages) },
      batchSize,
    );
    return { program, title: `the autoencoder and the losses of ${countOf(batchSize)}` };
  });
}

/** Traces the scores of an `anomaly` stage. */
export function traceScores(context: TraceContext<AnomalySettings>, part?: 'validation'): StageProgram {
  const { tf, settings } = context;
  const { score, batch_size: batchSize, importance_samples: draws = IMPORTANCE_SAMPLES } = settings;
  if (score === 'latent_distance') return traceTrained(context, 'encoder', part);
  return withTrained(context, part, (models) => {
    const { autoencoder } = models;
    const shapes = modelShapes(autoencoder);
    const samples = [{ shape: shapes.inputShape }];
    const labels = labelsOf(shapes);
    if (score === 'squared_error') {
      const work = measuringWork(tf, autoencoder, ['squared_error']);
      const program = traceRows(tf, { samples: [...samples, ...labels], ...work }, batchSize);
      return { program, title: `the autoencoder and the squared errors of ${countOf(batchSize)}` };
    }
    const latent = trainedLatentModel(tf, models);
    if (latent === undefined) throw failure('bad-setting', `\`${settings.model}\` has no variational latent`);
    const { loss } = context.stages.get(settings.model) as TrainSettings;
    const rows = importanceRows(draws);
    const normals = { name: DRAWS, shape: [draws * latent.units] };
    const work = {
      samples: [...samples, normals, ...labels],
      ...importanceWork(tf, latent, lossChoice(loss), draws),
    };
    const title = `the likelihood of ${countOf(rows)}, by ${draws} ${draws === 1 ? 'sample' : 'samples'} of each latent`;
    return { program: traceRows(tf, work, rows), title };
  });
}

/** Traces what decodes the samples of a `sample` stage. */
export function traceSamples(context: TraceContext<SampleSettings>, part?: 'validation'): StageProgram {
  const { tf, settings } = context;
  const { from, count } = settings;
  const batchSize = Math.min(settings.batch_size, count);
  return withTrained(context, part, (models) => {
    const shapes = modelShapes(models.autoencoder);
    const latentShape = modelShapes(models.decoder).inputShape;
    const labels = labelsOf(shapes);
    if (from === 'posterior') {
      const latent = trainedLatentModel(tf, models);
      if (latent === undefined)
        throw failure('bad-setting', `\`${settings.model}\` has no variational latent`);
      const samples = [{ shape: shapes.inputShape }, { name: DRAWS, shape: [latent.units] }, ...labels];
      const program = traceRows(tf, { samples, ...posteriorWork(tf, latent) }, batchSize);
      return { program, title: `the autoencoder on ${countOf(batchSize)}, with a sample of each latent` };
    }
    const samples = [{ name: DRAWS, shape: latentShape }, ...labels];
    const program = traceRows(tf, { samples, ...forwardWork(tf, models.decoder) }, batchSize);
    const how = from === 'prior' ? 'from the prior' : 'from a mixture fitted to the latents of the encoder';
    return { program, title: `the decoder on ${batchSize} ${batchSize === 1 ? 'sample' : 'samples'} ${how}` };
  });
}

function withTrained(
  context: Trained,
  part: 'validation' | undefined,
  work: (models: TrainableAutoencoder) => StageProgram,
): StageProgram {
  const { stage, settings } = context;
  if (part === 'validation') throw failure('usage', `\`${stage}\` does not train, so it has no validation`);
  const trained = context.stages.get(settings.model) as TrainSettings | undefined;
  if (trained?.type !== 'train') throw unknownModel(stage, settings.model);
  return withModels(context, trained.model, work);
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

/** The output of a plugin's stage is only known after it has run. */
function unknownModel(stage: string, model: string): Error {
  return failure(
    'usage',
    `the program of \`${stage}\` is only known after \`${model}\` has run, since a plugin creates that model`,
    'name a stage whose model is defined in the pipeline',
  );
}

/** Resampled noise, as the `noise` stage records it for training. */
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

/** The last input of a conditional model's program. */
function labelsOf({ classes }: ModelShapes): readonly (typeof LABEL_INPUT)[] {
  return classes === undefined ? [] : [LABEL_INPUT];
}

function countOf(images: number): string {
  return images === 1 ? '1 image' : `${images} images`;
}
