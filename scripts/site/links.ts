/** Resolves links in the documents, for the site and the repository. */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { anchorsOf, linksOf } from './markdown.ts';
import { addressOf, PAGES } from './pages.ts';

export interface Target {
  /** Path below the package root, with `/`. */
  readonly path: string;
  /** The anchor with its `#`, or empty. */
  readonly hash: string;
}

/** The target of a relative link on a page; undefined for addresses such as `https:`. */
export function targetOf(page: string, link: string): Target | undefined {
  if (/^[a-z][a-z\d+.-]*:|^\//i.test(link)) return undefined;
  const [path = '', anchor] = link.split('#');
  const hash = anchor === undefined ? '' : `#${anchor}`;
  return { path: path === '' ? page : posix.join(posix.dirname(page), path), hash };
}

/** The same link on the site, which shows other files of the repository on pages below `/source/`. */
export function siteLink(page: string, link: string): string {
  const target = targetOf(page, link);
  if (target === undefined) return link;
  const address = PAGES.includes(target.path) ? addressOf(target.path) : sourceAddress(target.path);
  return `${address}${target.hash}`;
}

/** The name of the page of a file or folder below `/source/`. */
export const sourceName = (path: string): string => path.replace(/\/$|\.md$/, '');

export const sourceAddress = (path: string): string => `/source/${sourceName(path)}.html`;

/** Broken links on pages, and in Markdown files that they link to, as `page:line: target`. */
export function brokenLinks(root: string): readonly string[] {
  const read = (path: string): string => readFileSync(posix.join(root, path), 'utf8');
  const texts = [...PAGES, ...linkedSources(root).filter((path) => path.endsWith('.md'))];
  return texts.flatMap((page) =>
    linksOf(read(page)).flatMap(({ target: link, line }) => {
      const target = targetOf(page, link);
      if (target === undefined) return [];
      const { path, hash } = target;
      const exists = existsSync(posix.join(root, path));
      const found = exists && (hash === '' || anchorsOf(read(path)).has(decodeURIComponent(hash.slice(1))));
      return found ? [] : [`${page}:${line}: ${link}`];
    }),
  );
}

/** Whether a page can show a file: not pictures or `hourglass.wasm`. */
const isText = (path: string): boolean => /\.(?:ts|js|h|cc|cpp|yaml|json|md)$/.test(path);

/** Texts and folders that pages link to and that are not pages, and the direct contents of these folders. */
export function linkedSources(root: string): readonly string[] {
  const linked = PAGES.flatMap((page) =>
    linksOf(readFileSync(posix.join(root, page), 'utf8')).flatMap(({ target }) => {
      const path = targetOf(page, target)?.path.replace(/\/$/, '');
      return path === undefined || PAGES.includes(path) ? [] : [path];
    }),
  );
  const inside = linked.filter((path) => isFolder(root, path)).flatMap((path) => childrenOf(root, path));
  return [...new Set([...linked, ...inside])].filter((path) => isFolder(root, path) || isText(path)).sort();
}

export const isFolder = (root: string, path: string): boolean =>
  statSync(posix.join(root, path)).isDirectory();

export function childrenOf(root: string, folder: string): readonly string[] {
  return readdirSync(posix.join(root, folder))
    .sort()
    .map((name) => `${folder}/${name}`);
}
