/**
 * The documents as a site: `npm run docs` builds it into `docs/.vitepress/dist`, `npm run docs:serve` shows it while you write.
 * Its pages are the Markdown files of the repository (`scripts/site/pages.ts`). Links are written for the repository and
 * translated here.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { defineConfig } from 'vitepress';
import { siteLink } from '../../scripts/site/links.ts';
import { slugify, titleOf } from '../../scripts/site/markdown.ts';
import { addressOf, GROUPS, HOME, PAGES } from '../../scripts/site/pages.ts';

const root = process.cwd();
const read = (path: string): string => readFileSync(`${root}/${path}`, 'utf8');

/** The template of pages that show a file of the repository. */
const SOURCE = 'scripts/site/source/';

const hidden = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !['docs', 'scripts'].includes(entry.name))
  .map(({ name }) => `${name}/**`);

const icon = `data:image/svg+xml;base64,${Buffer.from(read('assets/report/icon.svg')).toString('base64')}`;

const entry = (page: string): { text: string; link: string } => ({
  text: page === HOME ? 'Introduction' : titleOf(read(page)),
  link: addressOf(page),
});

export default defineConfig({
  title: 'Hourglass',
  description: 'Autoencoder experiments as YAML',
  srcDir: '..',
  srcExclude: [...hidden, 'scripts/!(site)/**'],
  rewrites: (page) => {
    if (page.startsWith(SOURCE)) return `source/${page.slice(SOURCE.length)}`;
    return page === HOME ? 'index.md' : `${addressOf(page).slice(1)}.md`;
  },
  head: [['link', { rel: 'icon', href: icon }]],
  markdown: {
    anchor: { slugify },
    config(md) {
      md.core.ruler.push('repository-links', ({ tokens, env }) => {
        const { realPath, path } = env as { realPath?: string; path: string };
        const page = (realPath ?? path).slice(root.length + 1);
        if (!PAGES.includes(page)) return;
        for (const token of tokens.flatMap(({ children }) => children ?? [])) {
          const link = token.attrGet('href');
          if (token.type === 'link_open' && link !== null) token.attrSet('href', siteLink(page, link));
        }
      });
    },
  },
  // The reference is one page with hundreds of headings.
  vite: { build: { chunkSizeWarningLimit: 2000 } },
  themeConfig: {
    logo: icon,
    nav: ['docs/experiments.md', 'docs/reference.md', 'docs/coursework.md', 'docs/gallery.md']
      .map(entry)
      .map(({ text, link }) => ({ text: text.replace(/,.*/, ''), link })),
    sidebar: GROUPS.map(({ title, pages }) => ({ text: title, items: pages.map(entry) })),
    outline: { level: [2, 3] },
    search: { provider: 'local' },
  },
});
