import type { LossName } from './losses.ts';

/** What an encoder returns. */
export type LatentKind = 'plain' | 'variational' | 'quantized';

/** What a training adds to the loss of the outputs because of the latent. */
export type LossKind = LatentKind | 'importance' | 'regularized';

/** The parts of the loss, and what else is measured of a latent in training. */
const PARTS = {
  plain: [],
  variational: ['reconstruction', 'kl'],
  importance: ['reconstruction', 'kl', 'iwae'],
  quantized: ['reconstruction', 'vq', 'perplexity'],
  regularized: ['reconstruction', 'mmd'],
} as const satisfies Readonly<Record<LossKind, readonly string[]>>;

/** The measures of a batch in training: the loss, its parts, and metrics. */
export type MeasureName = 'loss' | (typeof PARTS)[LossKind][number] | LossName;

/** The measures of a training, in the order of the history's columns. */
export function measuresOf(kind: LossKind, metrics: readonly LossName[]): readonly MeasureName[] {
  return ['loss', ...PARTS[kind], ...metrics];
}
