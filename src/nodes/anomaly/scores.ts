/** Scores of images: how unusual they are for a trained model. */
import { join } from 'node:path';
import type { StoredImages } from '../../formats/images.ts';
import type { AnomalySettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import { sizeOf } from '../../core/shape.ts';
import type { Engine } from '../../engine/engine.ts';
import type { LossChoice } from '../../engine/train/losses.ts';
import { measureImages } from '../../engine/train/metrics.ts';
import { modelShapes, predictAll } from '../../engine/train/predict.ts';
import { loadModel } from '../../layers/save.ts';
import type { StageContext } from '../contract.ts';
import { latentMeasure } from '../evaluate/latent.ts';
import { requireInput } from '../train/pairs.ts';
import { distancesFrom, fitCovariance, heldOutDistances, type Covariance } from './covariance.ts';
import { FEWEST_REFERENCES, fewReferences, tooFew } from './names.ts';

type Progress = (fraction: number) => void;

export interface Scorer {
  /** The loss that the scores are a likelihood by; absent for scores that need no likelihood. */
  readonly loss?: LossChoice;
  /**
   * Learns what is normal, if the score needs it, and scores the images that it learned from. Called once, before other images are
   * scored.
   */
  learn(images: StoredImages, rows: Int32Array, onProgress: Progress): Promise<Float64Array>;
  /** A score for each row. */
  score(images: StoredImages, rows: Int32Array, onProgress: Progress): Promise<Float64Array>;
  dispose(): void;
}

type Context = StageContext<AnomalySettings>;

/** @throws Failure `bad-setting` if the model has no such score. For models of plugins, this is only known here */
export async function loadScorer(context: Context, engine: Engine): Promise<Scorer> {
  switch (context.settings.score) {
    case 'squared_error':
      return bySquaredError(context, engine);
    case 'nll':
      return byLikelihood(context, engine);
    case 'latent_distance':
      return byDistance(context, engine);
  }
}

async function bySquaredError(context: Context, engine: Engine): Promise<Scorer> {
  const model = await loadModel(engine.tf, join(modelFolder(context), 'autoencoder'));
  const score: Scorer['score'] = async (images, rows, onProgress) => {
    const how = { metrics: ['squared_error'], kind: { shape: images.shape, span: 1 } } as const;
    const pair = { x: images, y: images };
    const found = await measureImages(engine, model, pair, rows, {
      ...how,
      ...options(context, onProgress),
    });
    return found.get('squared_error') ?? new Float64Array();
  };
  return { learn: score, score, dispose: () => model.dispose() };
}

async function byLikelihood(context: Context, engine: Engine): Promise<Scorer> {
  const latent = await latentMeasure(context, engine, {
    metrics: ['nll'],
    at: ['score'],
    hint: 'use `score: squared_error`',
  });
  const score: Scorer['score'] = async (images, rows, onProgress) => {
    const { images: found } = await latent.measure({ x: images, y: images }, { rows, onProgress });
    return found.get('nll') ?? new Float64Array();
  };
  return { loss: latent.loss, learn: score, score, dispose: latent.dispose };
}

async function byDistance(context: Context, engine: Engine): Promise<Scorer> {
  const encoder = await loadModel(engine.tf, join(modelFolder(context), 'encoder'));
  const size = sizeOf(modelShapes(encoder).outputShape);
  const { signal, log } = context;
  const half = (onProgress: Progress, from: number) => (fraction: number) => onProgress(from + fraction / 2);
  const encode = (images: StoredImages, rows: Int32Array, onProgress: Progress): Promise<Float32Array> =>
    predictAll(engine, encoder, images, rows, options(context, half(onProgress, 0)));
  let covariance: Covariance | undefined;
  return {
    async learn(images, rows, onProgress) {
      if (rows.length < FEWEST_REFERENCES) {
        const { message, hint } = tooFew(rows.length);
        throw failure('bad-setting', message, hint, ['score']);
      }
      const few = fewReferences(rows.length, size);
      if (few !== undefined) log('warn', `${few.message}: ${few.hint}`);
      const latents = await encode(images, rows, onProgress);
      covariance = await fitCovariance(latents, size, { signal });
      return heldOutDistances(covariance, latents, { signal, onProgress: half(onProgress, 0.5) });
    },
    async score(images, rows, onProgress) {
      if (covariance === undefined) throw new Error('scored before `learn`');
      const latents = await encode(images, rows, onProgress);
      return distancesFrom(covariance, latents, { signal, onProgress: half(onProgress, 0.5) });
    },
    dispose: () => encoder.dispose(),
  };
}

function modelFolder({ inputs }: Context): string {
  return join(requireInput(inputs, 'model').folder, 'model');
}

function options({ settings, signal }: Context, onProgress: Progress) {
  return { batchSize: settings.batch_size, signal, onProgress };
}

/** The outputs of the model for some images, row-major. */
export async function reconstruct(
  context: Context,
  engine: Engine,
  images: StoredImages,
  rows: Int32Array,
): Promise<Float32Array> {
  const model = await loadModel(engine.tf, join(modelFolder(context), 'autoencoder'));
  try {
    return await predictAll(
      engine,
      model,
      images,
      rows,
      options(context, () => undefined),
    );
  } finally {
    model.dispose();
  }
}
