import type { LossName } from './losses.ts';

/** The measures of a batch in training: the loss, with a variational latent its two parts, and metrics. */
export type MeasureName = 'loss' | 'reconstruction' | 'kl' | LossName;

/** The measures of a training, in the order of the history's columns. */
export function measuresOf(variational: boolean, metrics: readonly LossName[]): readonly MeasureName[] {
  return ['loss', ...(variational ? (['reconstruction', 'kl'] as const) : []), ...metrics];
}
