import type { LossName } from './losses.ts';

/** What a training measures of a batch: the loss, with a variational latent its two parts, and metrics. */
export type MeasureName = 'loss' | 'reconstruction' | 'kl' | LossName;

/** What a training measures, in the order of the history's columns. */
export function measuresOf(variational: boolean, metrics: readonly LossName[]): readonly MeasureName[] {
  return ['loss', ...(variational ? (['reconstruction', 'kl'] as const) : []), ...metrics];
}
