/** A YAML text as HTML: tokens with their kind, one element per line, one block per stage. */
import { CST, Lexer } from 'yaml';
import { html, Html, textOf, type Content } from './html.ts';

export type TokenKind = 'key' | 'comment' | 'string' | 'number' | 'word' | 'mark' | 'plain';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

/** Markers of the lexer that are not part of the text. */
const INVISIBLE: ReadonlySet<string> = new Set([CST.DOCUMENT, CST.FLOW_END, CST.SCALAR]);

/** The text as tokens; joined, they are the text. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const source of new Lexer().lex(text)) {
    if (INVISIBLE.has(source)) continue;
    tokens.push({ kind: kindOf(source), text: source });
  }
  const lexed = tokens.map((token) => token.text).join('');
  return lexed === text ? markKeys(tokens) : [{ kind: 'plain', text }];
}

function kindOf(source: string): TokenKind {
  switch (CST.tokenType(source)) {
    case 'comment':
      return 'comment';
    case 'single-quoted-scalar':
    case 'double-quoted-scalar':
      return 'string';
    case 'anchor':
    case 'tag':
    case 'alias':
    case 'block-scalar-header':
    case 'map-value-ind':
    case 'seq-item-ind':
    case 'flow-map-start':
    case 'flow-map-end':
    case 'flow-seq-start':
    case 'flow-seq-end':
    case 'comma':
      return 'mark';
    case 'space':
    case 'newline':
      return 'plain';
    default:
      return scalarKind(source);
  }
}

function scalarKind(source: string): TokenKind {
  if (/^[-+]?(?:\d[\d_]*(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?$/i.test(source)) return 'number';
  return /^(true|false|null|~)$/.test(source) ? 'word' : 'string';
}

/** A scalar before a colon is a key. */
function markKeys(tokens: readonly Token[]): readonly Token[] {
  const marked = [...tokens];
  let candidate = -1;
  tokens.forEach(({ kind, text }, index) => {
    if (kind === 'string' || kind === 'number' || kind === 'word') candidate = index;
    else if (kind === 'mark' && text === ':' && candidate >= 0) {
      marked[candidate] = { kind: 'key', text: tokens[candidate]?.text ?? '' };
      candidate = -1;
    } else if (kind !== 'plain') candidate = -1;
  });
  return marked;
}

/** Lines that belong together, numbered from 1. */
export interface LineBlock {
  /** Id of the element around them. */
  readonly id: string;
  readonly lines: readonly [number, number];
}

const lineEnd = '\n</span>';

/**
 * @param overridden lines with overridden values, each with its overrides
 * @returns one element per line; the lines of a block are in an element with its id
 */
export function renderYaml(
  text: string,
  stages: readonly LineBlock[],
  overridden: ReadonlyMap<number, readonly string[]> = new Map(),
): Html {
  // As text: the source formatter treats a line break in a template as a blank.
  const lines = linesOf(tokenize(text)).map((line, index) => {
    const notes = overridden.get(index + 1)?.map(overrideNote);
    return notes === undefined
      ? new Html(`<span class="line">${textOf(line)}${lineEnd}`)
      : new Html(`<span class="line overridden">${textOf(line)}\n${textOf(notes)}</span>`);
  });
  const blocks: Html[] = [];
  let next = 1;
  for (const {
    id,
    lines: [first, last],
  } of [...stages].sort((one, other) => one.lines[0] - other.lines[0])) {
    if (first < next) continue;
    blocks.push(...lines.slice(next - 1, first - 1));
    blocks.push(html`<span class="block" id="${id}">${lines.slice(first - 1, last)}</span>`);
    next = last + 1;
  }
  return html`${blocks}${lines.slice(next - 1)}`;
}

function overrideNote(override: string): Html {
  return html`<span class="override">-S ${override}</span>`;
}

/** Tokens cut at line ends, as HTML. */
function linesOf(tokens: readonly Token[]): readonly Content[][] {
  const lines: Content[][] = [[]];
  for (const { kind, text } of tokens) {
    text.split(/\r?\n/).forEach((part, index) => {
      if (index > 0) lines.push([]);
      if (part === '') return;
      lines
        .at(-1)
        ?.push(kind === 'plain' ? part : html`<span class="y-${kind}">${withParameters(part)}</span>`);
    });
  }
  if (lines.at(-1)?.length === 0) lines.pop();
  return lines;
}

/** Marks each `${params.x}`. */
function withParameters(text: string): Content {
  return text
    .split(/(\$\{[^{}]*\})/)
    .map((part, index) => (index % 2 === 1 ? html`<span class="y-parameter">${part}</span>` : part));
}
