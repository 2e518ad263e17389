/** Every picture in `docs/images/`, and where it comes from. */

import type { Film } from './film.ts';

export interface Picture {
  /** File name in `docs/images/`. */
  readonly file: string;
  /** Path of the pipeline below the package root. */
  readonly pipeline: string;
  /** Path below the pipeline's folder in `outputs/`; a screenshot is taken of a page. */
  readonly from: string;
  /** `-S` options of the run. */
  readonly set?: readonly string[];
  readonly page?: Page;
  /** Of a film of how its section "Explore" is used: all of it, or its last frame. */
  readonly film?: keyof Film;
}

export interface Page {
  readonly width: number;
  /** Device pixels for a CSS pixel; 1 by default. */
  readonly scale?: number;
  /** The screenshot begins with this element; by default at the top of the page. */
  readonly since?: string;
  /** The screenshot ends before this element. */
  readonly until: string;
}

const COURSEWORK = 'pipelines/coursework';

export const PICTURES: readonly Picture[] = [
  {
    file: 'quickstart-comparison.png',
    pipeline: 'pipelines/quickstart.yaml',
    from: 'comparison/figure.png',
  },
  {
    file: 'quickstart-preview.png',
    pipeline: 'pipelines/quickstart.yaml',
    from: 'denoiser/previews/epoch-006.png',
  },
  { file: 'quickstart-curves.png', pipeline: 'pipelines/quickstart.yaml', from: 'curves/figure.png' },
  {
    file: 'report.png',
    pipeline: 'pipelines/quickstart.yaml',
    from: 'report.html',
    page: { width: 1160, until: '#explore' },
  },
  {
    file: 'report-phone.png',
    pipeline: 'pipelines/quickstart.yaml',
    from: 'report.html',
    page: { width: 390, until: '#explore', scale: 2 },
  },
  {
    file: 'explore.webp',
    pipeline: 'pipelines/quickstart.yaml',
    from: 'report.html',
    film: 'animation',
  },
  { file: 'explore.png', pipeline: 'pipelines/quickstart.yaml', from: 'report.html', film: 'still' },
  {
    file: 'coursework-denoising.png',
    pipeline: `${COURSEWORK}/mnist-denoising.yaml`,
    from: 'denoising_comparison/figure.png',
  },
  { file: 'hinton-2006.png', pipeline: 'pipelines/hinton-2006.yaml', from: 'comparison/figure.png' },
  { file: 'latent-tsne.png', pipeline: 'pipelines/latent-space.yaml', from: 'tsne_figure/figure.png' },
  { file: 'latent-umap.png', pipeline: 'pipelines/latent-space.yaml', from: 'umap_figure/figure.png' },
  { file: 'latent-plane.png', pipeline: 'pipelines/latent-space.yaml', from: 'plane_figure/figure.png' },
  { file: 'latent-axes.png', pipeline: 'pipelines/latent-space.yaml', from: 'axes/figure.png' },
  { file: 'latent-manifold.png', pipeline: 'pipelines/latent-space.yaml', from: 'manifold/figure.png' },
  { file: 'vae-samples.png', pipeline: 'pipelines/vae.yaml', from: 'samples_figure/figure.png' },
  { file: 'vae-manifold.png', pipeline: 'pipelines/vae.yaml', from: 'manifold/figure.png' },
  {
    file: 'structures-residual.png',
    pipeline: 'pipelines/structures.yaml',
    from: 'residual_figure/figure.png',
  },
  {
    file: 'structures-tied.png',
    pipeline: 'pipelines/structures.yaml',
    from: 'tied_figure/figure.png',
  },
  {
    file: 'structures-sparse.png',
    pipeline: 'pipelines/structures.yaml',
    from: 'sparse_figure/figure.png',
  },
  {
    file: 'structures-classes.png',
    pipeline: 'pipelines/structures.yaml',
    from: 'styles/figure.png',
  },
  { file: 'anomaly-scores.png', pipeline: 'pipelines/anomaly.yaml', from: 'scores/figure.png' },
  { file: 'anomaly-extremes.png', pipeline: 'pipelines/anomaly.yaml', from: 'extremes/figure.png' },
  { file: 'vq-vae.png', pipeline: 'pipelines/vq-vae.yaml', from: 'comparison/figure.png' },
  { file: 'wae-samples.png', pipeline: 'pipelines/wae.yaml', from: 'samples_figure/figure.png' },
  { file: 'learning.gif', pipeline: 'pipelines/latent-space.yaml', from: 'learning/figure.gif' },
  { file: 'latent-size.png', pipeline: 'pipelines/latent-sweep.yaml', from: 'sweep-metric.png' },
  {
    file: 'sweep-reconstructions.png',
    pipeline: 'pipelines/latent-sweep.yaml',
    from: 'sweep-reconstructions.png',
  },
  {
    file: 'sweep-page.png',
    pipeline: 'pipelines/latent-sweep.yaml',
    from: 'sweep.html',
    page: { width: 1160, until: '#figures' },
  },
  {
    file: 'latent-size-accuracy.png',
    pipeline: 'pipelines/latent-sweep.yaml',
    from: 'sweep-metric.png',
    set: ['sweep.metric.name=probe.knn_accuracy', 'sweep.metric.goal=maximize'],
  },
];
