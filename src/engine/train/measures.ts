import type { LossName } from './losses.ts';

/** What a model adds to the loss of its outputs because of its latent. */
export type LatentKind = 'plain' | 'variational' | 'quantized';

/** The parts of the loss, and what else is measured of a latent in training. */
const PARTS = {
  plain: [],
  variational: ['reconstruction', 'kl'],
  quantized: ['reconstruction', 'vq', 'perplexity'],
} as const satisfies Readonly<Record<LatentKind, readonly string[]>>;

/** The measures of a batch in training: the loss, its parts, and metrics. */
export type MeasureName = 'loss' | (typeof PARTS)[LatentKind][number] | LossName;

/** The measures of a training, in the order of the history's columns. */
export function measuresOf(latent: LatentKind, metrics: readonly LossName[]): readonly MeasureName[] {
  return ['loss', ...PARTS[latent], ...metrics];
}
