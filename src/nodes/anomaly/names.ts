import type { AnomalySettings } from '../../schema/generated/settings.ts';
import type { ClassDescription, Split } from '../../core/stage-type.ts';
import { listOf } from '../class-labels.ts';

/** Metrics that need to know which images are anomalous. The first one is that by which sweeps compare trials. */
const JUDGED = ['roc_auc', 'average_precision', 'precision', 'recall', 'false_positive_rate'] as const;

const ALWAYS = ['threshold', 'flagged_share'] as const;

export type AnomalyMetric = (typeof JUDGED)[number] | (typeof ALWAYS)[number];

/** The names of a stage's metrics, in order. */
export function metricNames({ normal }: Pick<AnomalySettings, 'normal'>): readonly AnomalyMetric[] {
  return normal === undefined ? ALWAYS : [...JUDGED, ...ALWAYS];
}

/** Maximum size of a latent for `latent_distance`: its time grows with the square of the size. */
export const LARGEST_LATENT = 1024;

/** Files of the stage that figures read. */
export const FILES = {
  record: 'anomaly.json',
  scores: 'scores.csv',
  examples: 'examples',
} as const;

interface Advice {
  readonly message: string;
  readonly hint: string;
}

/** The fewest reference images for `latent_distance`: each is measured by the covariance of others. */
export const FEWEST_REFERENCES = 5;

/** What to say about fewer. */
export function tooFew(count: number): Advice {
  return {
    message: `\`latent_distance\` needs at least ${FEWEST_REFERENCES} reference images, but there are ${count}`,
    hint: 'use more images, or `score: squared_error`',
  };
}

/** What to say if the covariance of latents is mostly the shrunk one. */
export function fewReferences(count: number, latent: number): Advice | undefined {
  if (count > latent) return undefined;
  return {
    message: `\`latent_distance\` has ${count} reference ${count === 1 ? 'image' : 'images'} for latents of ${latent} values, too few to learn how the values vary together`,
    hint: 'use more images, a smaller latent, or `score: squared_error`',
  };
}

/** What to say if there are no images from which the threshold could come. */
export function noneNormal(stage: string | undefined, classes: readonly ClassDescription[]): Advice {
  return {
    message: `none of the training images of \`${stage}\` is of a class in \`normal\`, so there is no threshold`,
    hint: `their classes: ${listOf(classes)}`,
  };
}

/** The name of the images of a split in messages. */
export function nameOf(split: Split): string {
  return split === 'train' ? 'training' : split;
}
