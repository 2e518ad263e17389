/** How many points projections need. */
import type { ProjectSettings } from '../../schema/generated/settings.ts';

/** t-SNE's neighbours per unit of perplexity: L. van der Maaten, 2014. */
export const NEIGHBORS_BY_PERPLEXITY = 3;

/** The minimum number of points for a method. */
export function pointsNeeded(settings: ProjectSettings): number {
  if (settings.method === 'tsne') return Math.ceil(NEIGHBORS_BY_PERPLEXITY * settings.perplexity) + 1;
  return settings.method === 'umap' ? settings.neighbors + 1 : 2;
}
