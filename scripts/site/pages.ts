/** The pages of the documentation site, in the order of its sidebar. Paths are below the package root. */

export interface Group {
  readonly title: string;
  readonly pages: readonly string[];
}

export const HOME = 'README.md';

export const GROUPS: readonly Group[] = [
  { title: 'Start', pages: [HOME, 'docs/experiments.md', 'docs/coursework.md', 'docs/gallery.md'] },
  {
    title: 'Guides',
    pages: [
      'docs/data.md',
      'docs/files.md',
      'docs/sweeps.md',
      'docs/models.md',
      'docs/published.md',
      'docs/latent-space.md',
      'docs/report.md',
      'docs/submissions.md',
      'docs/teaching.md',
      'docs/plugins.md',
    ],
  },
  {
    title: 'Reference',
    pages: ['docs/reference.md', 'docs/terms.md', 'docs/keras.md', 'docs/failures.md', 'docs/scaling.md'],
  },
  {
    title: 'Inside Hourglass',
    pages: ['docs/compiled-training.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
  },
];

export const PAGES: readonly string[] = GROUPS.flatMap(({ pages }) => pages);

/** Where a page is on the site: `docs/data.md` as `/data`, the README as `/`. */
export function addressOf(page: string): string {
  if (page === HOME) return '/';
  return `/${page
    .replace(/^docs\//, '')
    .replace(/\.md$/, '')
    .toLowerCase()}`;
}
