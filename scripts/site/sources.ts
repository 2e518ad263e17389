/** Pages of the site that show a file or a folder of the repository, as targets of links in the documents. */
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { childrenOf, isFolder, linkedSources, siteLink, sourceAddress } from './links.ts';

export interface SourcePage {
  readonly path: string;
  /** The page as Markdown. */
  readonly content: string;
}

const LANGUAGES: Readonly<Record<string, string>> = {
  ts: 'ts',
  js: 'js',
  h: 'cpp',
  cc: 'cpp',
  cpp: 'cpp',
  yaml: 'yaml',
  json: 'json',
};

export function sourcePages(root: string): readonly SourcePage[] {
  const paths = linkedSources(root);
  return paths.map((path) => ({
    path,
    content: isFolder(root, path) ? folderText(root, path, new Set(paths)) : fileText(root, path),
  }));
}

function fileText(root: string, path: string): string {
  const text = readFileSync(posix.join(root, path), 'utf8').trimEnd();
  if (path.endsWith('.md'))
    return text.replace(/\]\(([^()\s]+)\)/g, (_, link: string) => `](${siteLink(path, link)})`);
  const fence = '`'.repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length + 1)));
  const language = LANGUAGES[posix.extname(path).slice(1)] ?? 'text';
  return `# \`${path}\`\n\n${fence}${language}\n${text}\n${fence}`;
}

/** The files of a folder, each with the first sentence of the comment at its top. */
function folderText(root: string, folder: string, shown: ReadonlySet<string>): string {
  const rows = childrenOf(root, folder).map((path) => {
    const isInside = isFolder(root, path);
    const name = `\`${posix.basename(path)}${isInside ? '/' : ''}\``;
    const link = shown.has(path) ? `[${name}](${sourceAddress(path)})` : name;
    return `| ${link} | ${isInside || !shown.has(path) ? '' : summaryOf(readFileSync(posix.join(root, path), 'utf8'))} |`;
  });
  return [`# \`${folder}/\``, '', '| | |', '| --- | --- |', ...rows].join('\n');
}

function summaryOf(text: string): string {
  const [, comment = ''] = /^(?:#[^\n]*\n)*\s*\/\*\*?([^]*?)\*\//.exec(text) ?? [];
  const plain = comment.replace(/\s*\n\s*\*?\s*/g, ' ').trim();
  const [sentence = plain] = /^.*?[.:](?=\s|$)/.exec(plain) ?? [];
  return sentence.replace(/:$/, '.').replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
