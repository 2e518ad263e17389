/** The headings and links of a Markdown text, read as on GitHub. */

export interface Link {
  readonly target: string;
  /** Line in the text, from 1. */
  readonly line: number;
}

/** The text with code blanked out, since it contains no links. Line numbers do not change. */
function withoutCode(text: string): string {
  return text
    .replace(/^( *)(```+|~~~+)[^\n]*\n[^]*?^\1\2[ \t]*$/gm, (block) => block.replace(/[^\n]/g, ''))
    .replace(/(`+)(?!`)[^`]*?\1(?!`)/g, (code) => code.replace(/[^\n]/g, ' '));
}

/** Links and images. */
export function linksOf(text: string): readonly Link[] {
  const plain = withoutCode(text);
  return [...plain.matchAll(/\]\(([^()\s]+)\)/g)].map(({ 1: target = '', index }) => ({
    target,
    line: plain.slice(0, index).split('\n').length,
  }));
}

/** The anchor of a heading with this text, as GitHub forms it. */
export function slugify(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

/** The anchors of a text's headings. A second heading of the same text gets `-1`. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const blocks = text.replace(/^( *)(```+|~~~+)[^\n]*\n[^]*?^\1\2[ \t]*$/gm, '');
  const counts = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading = ''] of blocks.matchAll(/^#{1,6} +(.+?)\s*$/gm)) {
    const slug = slugify(heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1'));
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}

/** The text of the first heading. */
export function titleOf(text: string): string {
  return /^# +(.+?)\s*$/m.exec(text)?.[1] ?? '';
}
