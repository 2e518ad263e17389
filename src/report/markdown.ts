/** Notes, which are Markdown, as HTML. Only the elements that this file names can come out of it. */
import MarkdownIt from 'markdown-it';
import { html, Html, textOf, type Content } from './html.ts';

/** The most characters of a note. The schema allows no more, but outputs are untrusted. */
const MOST_CHARACTERS = 20_000;
/** Notes are below headings of the page, so all of their own are of one lower level. */
const HEADING = 'h4';

const markdown = new MarkdownIt({ html: false, linkify: true, maxNesting: 20 });
markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
markdown.validateLink = isSafe;

type Token = ReturnType<typeof markdown.parse>[number];

/** Elements that have other content, as in Markdown. */
const ELEMENTS: ReadonlySet<string> = new Set([
  ...['p', 'ul', 'ol', 'li', 'blockquote', 'strong', 'em', 's', 'thead', 'tbody', 'tr', 'th', 'td', HEADING],
]);

/** Notes of a pipeline or a stage; undefined if there are none. */
export function notesBlock(text: string | undefined, label: string): Content {
  if (text === undefined || text.trim() === '') return undefined;
  return html`<div class="notes" role="group" aria-label="${label}">
    <p class="notes-label" aria-hidden="true">Notes</p>
    ${renderMarkdown(text)}
  </div>`;
}

/**
 * Text of others as HTML. What is written as HTML is shown as text, pictures as their descriptions, and links only lead to the
 * web and to mail addresses.
 */
export function renderMarkdown(text: string): Html {
  const shown = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
  return render(markdown.parse(shown, {}));
}

function render(tokens: readonly Token[]): Html {
  return new Html(tokens.map((token) => textOf(renderToken(token))).join(''));
}

function renderToken(token: Token): Content {
  const { type, content, hidden } = token;
  switch (type) {
    case 'inline':
      return render(token.children ?? []);
    case 'text':
    case 'text_special':
    case 'image':
      return content;
    case 'code_inline':
      return html`<code>${content}</code>`;
    case 'code_block':
    case 'fence':
      return new Html(`<pre><code>${textOf(content)}</code></pre>`);
    case 'softbreak':
      return '\n';
    case 'hardbreak':
      return new Html('<br />');
    case 'hr':
      return new Html('<hr />');
    default:
      return hidden ? undefined : tagOf(token);
  }
}

/** The start or the end of an element. */
function tagOf(token: Token): Html | undefined {
  const { nesting } = token;
  const tag = /^h[1-6]$/.test(token.tag) ? HEADING : token.tag;
  if (nesting === 0) return undefined;
  const isStart = nesting === 1;
  if (tag === 'table') return new Html(isStart ? `${TABLE}<table>` : '</table></div>');
  if (tag !== 'a' && !ELEMENTS.has(tag)) return undefined;
  if (!isStart) return new Html(`</${tag}>`);
  const attributes = tag === 'a' ? linkOf(String(token.attrGet('href'))) : alignment(token.attrGet('style'));
  return new Html(`<${tag}${textOf(attributes)}>`);
}

/** Wide tables scroll. */
const TABLE = '<div class="scroll wide" tabindex="0" role="group" aria-label="Table in the notes">';

function linkOf(url: string): Html | undefined {
  return isSafe(url) ? html` href="${url}" rel="noopener noreferrer"` : undefined;
}

/** Of a column of a table. The page allows no styles of elements. */
function alignment(style: unknown): Html | undefined {
  return String(style).includes('right') ? html` class="number"` : undefined;
}

function isSafe(url: string): boolean {
  return /^(?:https?:\/\/|mailto:)/i.test(url);
}
