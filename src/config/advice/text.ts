/** Repairs of a text that is not valid YAML. Each is tried, and offered if the parser then gets further than before. */
import { parseDocument } from 'yaml';
import {
  equalsSign,
  KEYS,
  strayBracket,
  isQuoted,
  missingColonSpace,
  missingDashSpace,
  repairsOf,
  type Line,
  type OffsetEdit,
  type TextAdvice,
} from './lines.ts';
import { LONGEST_TEXT, MOST_READ } from './limits.ts';

/** White space that looks like a blank, but is a letter to YAML. */
const ODD_SPACE = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff]/gu;

/** All odd spaces in places where YAML needs plain ones. */
export function oddSpaces(text: string): readonly OffsetEdit[] {
  const edits: OffsetEdit[] = [];
  for (const { start, line } of linesOf(text)) {
    const code = line.replace(/(?:^|\s)#.*$/, '');
    for (const match of code.matchAll(/[\s\u200b]+/gu)) {
      const end = match.index + match[0].length;
      if (match[0].search(ODD_SPACE) < 0 || !isSeparating(code, match.index, end)) continue;
      if (isQuoted(code, match.index)) continue;
      for (const odd of match[0].matchAll(ODD_SPACE)) {
        const at = start + match.index + odd.index;
        edits.push({
          start: at,
          end: at + odd[0].length,
          text: odd[0] === '\u200b' || odd[0] === '\ufeff' ? '' : ' ',
        });
      }
    }
  }
  return edits;
}

/** Whether a space separates: it is before the first letter of a line, or beside a YAML indicator. */
function isSeparating(code: string, start: number, end: number): boolean {
  const before = code.charAt(start - 1);
  const isDash = before === '-' && code.slice(0, start - 1).trim() === '';
  return start === 0 || isDash || /[:,{[]/.test(before) || /^[:,}\]](?:\s|$)/.test(code.slice(end, end + 2));
}

/** The repair of a text that did not parse at an offset. */
export function repairText(text: string, offset: number): TextAdvice | undefined {
  const before = firstError(text) ?? offset;
  const lines = linesOf(text);
  if (lines.some(({ line }) => line.length > LONGEST_TEXT)) return undefined;
  const index = lines.findLastIndex(({ start }) => start <= offset);
  let further: TextAdvice | undefined;
  let twice: TextAdvice | undefined;
  let left = MOST_READ;
  for (const candidate of candidates(lines, index)) {
    left -= text.length;
    if (left < 0) break;
    const repaired = applyEdits(text, candidate.edits);
    const after = firstError(repaired);
    // Duplicate keys are a sign of wrong indentation.
    if (after === undefined && firstError(repaired, true) === undefined) return candidate;
    if (after === undefined) twice ??= candidate;
    else if (further === undefined && after > before + 40) further = candidate;
  }
  return twice ?? further;
}

function applyEdits(text: string, edits: readonly OffsetEdit[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    parts.push(text.slice(at, edit.start), edit.text);
    at = edit.end;
  }
  return parts.join('') + text.slice(at);
}

function firstError(text: string, uniqueKeys = false): number | undefined {
  const { errors } = parseDocument(text, { logLevel: 'silent', prettyErrors: false, uniqueKeys });
  return errors.length === 0 ? undefined : Math.min(...errors.map(({ pos }) => pos[0]));
}

function linesOf(text: string): readonly Line[] {
  let start = 0;
  return text.split('\n').map((line) => {
    const found = { start, line: line.replace(/\r$/, '') };
    start += line.length + 1;
    return found;
  });
}

function* candidates(lines: readonly Line[], index: number): Generator<TextAdvice> {
  for (const width of tabWidths(lines)) {
    const tabs = lines.flatMap(({ start, line }) => {
      const indent = /^\s*/.exec(line)?.[0] ?? '';
      return indent.includes('\t')
        ? [{ start, end: start + indent.length, text: indent.replaceAll('\t', ' '.repeat(width)) }]
        : [];
    });
    if (tabs.length > 0) yield { hint: `indent with spaces, ${width} instead of a tab here`, edits: tabs };
  }
  yield* argumentsBelow(lines, index);
  const here = [index, index - 1, index + 1].flatMap((each) => lines[each] ?? []);
  for (const line of here) yield* repairsOf(line, lines.map((each) => each.line).join('\n'));
  yield* ofAll(lines);
  yield* openAbove(lines, index);
  yield* valueAboveMap(lines, index);
  const wrong = lines[index];
  if (wrong !== undefined) yield* indentations(lines, index, wrong);
  yield* deeperBelow(lines, index);
}

/** Spaces for a tab, the most likely first: those that align it with the line above. */
function tabWidths(lines: readonly Line[]): ReadonlySet<number> {
  const first = lines.findIndex(({ line }) => /^\t+\S/.test(line));
  const tabs = /^\t*/.exec(lines[first]?.line ?? '')?.[0].length ?? 0;
  const above = lines.slice(0, Math.max(0, first)).findLast(({ line }) => /^ *[^\s#]/.test(line))?.line ?? '';
  const [, indent = '', dash = ''] = /^( *)(- )?/.exec(above) ?? [];
  const below = /:\s*(?:#.*)?$/.test(above) ? indent.length + 2 + dash.length : indent.length;
  const width = below / Math.max(tabs, 1);
  return new Set([...(Number.isInteger(width) && width > 0 ? [width] : []), 2, 4]);
}

/** The lines after a line, as long as they are of the same kind. */
function runAfter(lines: readonly Line[], index: number, kind: RegExp): readonly Line[] {
  const later = lines.slice(index, index + 30);
  const end = later.findIndex(({ line }) => !kind.test(line));
  return later.slice(0, end < 0 ? later.length : end);
}

function indented(lines: readonly Line[], from: number, to: number): readonly OffsetEdit[] {
  return lines.map(({ start }) => ({ start, end: start + from, text: ' '.repeat(to) }));
}

/** `- Dense:`, with its arguments below the dash. */
function* argumentsBelow(lines: readonly Line[], index: number): Generator<TextAdvice> {
  const [, indent, name = ''] = /^( *)- ([A-Za-z]\w*):\s*$/.exec(lines[index - 1]?.line ?? '') ?? [];
  if (indent === undefined) return;
  const found = runAfter(lines, index, new RegExp(`^${indent}[A-Za-z_]\\w*:`));
  const width = indent.length + 4;
  const more = ['', ' and the next'][found.length - 1] ?? ` and the next ${found.length - 1}`;
  if (found.length > 0)
    yield {
      hint: `indent this line${more} with ${width} spaces, further than \`${name}\``,
      edits: indented(found, indent.length, width),
    };
}

/** `source: mnist`, with the settings that follow indented further. */
function* deeperBelow(lines: readonly Line[], index: number): Generator<TextAdvice> {
  const [, indent, key = ''] = /^( *)([\w-]+): +[^\s#]/.exec(lines[index]?.line ?? '') ?? [];
  const own = /^ */.exec(lines[index + 1]?.line ?? '')?.[0] ?? '';
  if (indent === undefined || own.length <= indent.length || !KEYS.has(key)) return;
  const found = runAfter(lines, index + 1, new RegExp(`^${own}[A-Za-z_]`));
  const which = found.length === 1 ? 'the next line' : `the next ${found.length} lines`;
  if (found.length > 0)
    yield {
      hint: `indent ${which} with ${indent.length} spaces, like this one`,
      edits: indented(found, own.length, indent.length),
    };
}

/** The same mistake on several lines. */
function* ofAll(lines: readonly Line[]): Generator<TextAdvice> {
  const [equals, dashes, colons] = [equalsSign, missingDashSpace, missingColonSpace].map((fix) =>
    lines.flatMap((line) => fix(line)?.edits ?? []),
  );
  if (equals !== undefined && equals.length > 1)
    yield { hint: 'write `key: value`, with a colon', edits: equals };
  if (dashes !== undefined && dashes.length > 1) yield { hint: 'put a space after each dash', edits: dashes };
  if (colons !== undefined && colons.length > 1)
    yield { hint: 'put a space after each colon', edits: colons };
}

/** `stages: [` above a block, with the closing bracket. */
function* openAbove(lines: readonly Line[], index: number): Generator<TextAdvice> {
  const open = lines.slice(0, index).findLast(({ line }) => /:\s*[[{]\s*$/.test(line));
  const advice = open === undefined ? undefined : strayBracket(open);
  if (open === undefined || advice === undefined) return;
  yield advice;
  const closing = lines.findLast(({ line, start }) => start > open.start && /^\s*[\]}],?\s*$/.test(line));
  if (closing === undefined) return;
  const end = closing.start + closing.line.length;
  yield { ...advice, edits: [...advice.edits, { start: closing.start, end, text: '' }] };
}

/** `quality: evaluate`, with more keys below it. */
function* valueAboveMap(lines: readonly Line[], index: number): Generator<TextAdvice> {
  const [here, next] = [lines[index], lines[index + 1]];
  const match = /^(\s*)([\w-]+): +([\w-]+)$/.exec(here?.line ?? '');
  const below = /^(\s*)[\w-]+:/.exec(next?.line ?? '');
  const [, indent = '', key = '', value = ''] = match ?? [];
  if (here === undefined || match === null || (below?.[1] ?? '').length <= indent.length) return;
  const later = lines.slice(index + 1, index + 30);
  const end = later.findIndex(({ line }) => line.trim() !== '' && !line.startsWith(`${indent} `));
  const hasType = later.slice(0, end < 0 ? later.length : end).some(({ line }) => /^\s*type:/.test(line));
  if (/^(?:name|stage|id)$/.test(key)) {
    const whole = { start: here.start + indent.length, end: here.start + here.line.length };
    yield {
      hint: `write \`${value}:\`, since its settings follow`,
      edits: [{ ...whole, text: `${value}:` }],
    };
  }
  if (KEYS.has(key)) return;
  const text = hasType ? `${key}:` : `${key}:\n${below?.[1] ?? ''}type: ${value}`;
  yield {
    hint: hasType
      ? `write \`${key}:\`, since its settings follow`
      : `write \`type: ${value}\` on a line below \`${key}:\``,
    edits: [{ start: here.start + indent.length, end: here.start + here.line.length, text }],
  };
}

/** Gives a line the indentation of a nearby line. */
function* indentations(lines: readonly Line[], index: number, { start, line }: Line): Generator<TextAdvice> {
  const own = /^[ \t]*/.exec(line)?.[0].length ?? 0;
  const nearby = new Set<number>();
  for (const [distance, above] of lines
    .slice(Math.max(0, index - 60), index)
    .toReversed()
    .entries()) {
    if (above.line.trim() === '') continue;
    const width = /^ */.exec(above.line)?.[0].length ?? 0;
    nearby.add(width);
    if (distance > 6) continue;
    const indent = /^ *(?:- )?/.exec(above.line)?.[0].length ?? 0;
    nearby.add(indent).add(indent + 2);
  }
  // The line above is not indented far enough.
  for (const above of lines.slice(Math.max(0, index - 12), index).toReversed()) {
    const width = /^ */.exec(above.line)?.[0].length ?? 0;
    if (above.line.trim() === '') continue;
    const isDeeper = above === lines[index - 1] && width > own && width < own + 2;
    if (width >= own && !isDeeper) continue;
    const edits = [{ start: above.start, end: above.start + width, text: ' '.repeat(own) }];
    if (isDeeper || (/^\s*[\w-]+:\s*$/.test(above.line) && !/^(?:stages|params|sweep):/.test(above.line)))
      yield { hint: `indent \`${above.line.trim()}\` with ${own} spaces, like this line`, edits };
    break;
  }
  const byDistance = [...nearby]
    .filter((each) => each !== own || line.startsWith('\t'))
    .sort((a, b) => Math.abs(a - own) - Math.abs(b - own));
  for (const indent of byDistance) {
    yield {
      hint: `indent this line with ${indent} spaces`,
      edits: [{ start, end: start + own, text: ' '.repeat(indent) }],
    };
  }
}
