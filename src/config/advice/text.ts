/** Repairs of a text that is not YAML: each is tried, and offered if the text is then read further than before. */
import { parseDocument } from 'yaml';
import { yamlText } from '../../core/yaml-text.ts';
import { choiceText, flowText } from './edits.ts';
import { fixChoice } from './calls.ts';

/** A change by offsets. */
export interface OffsetEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface TextAdvice {
  readonly hint: string;
  readonly edits: readonly OffsetEdit[];
}

/** White space that looks like a blank, and that YAML takes for a letter. */
const ODD_SPACE = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff]/gu;
const ODD = '[\\u00a0\\u1680\\u2000-\\u200b\\u202f\\u205f\\u3000\\ufeff]';
/** Where it separates: before the first letter of a line, or beside a sign of YAML. */
const SEPARATING = new RegExp(`^\\s*${ODD}+|(?:[:,{[]|^\\s*-)\\s*${ODD}+|${ODD}+\\s*[:,}\\]](?=\\s|$)`, 'gu');

/** Odd spaces that stand where YAML needs plain ones, all of them. */
export function oddSpaces(text: string): readonly OffsetEdit[] {
  const edits: OffsetEdit[] = [];
  for (const { start, line } of linesOf(text)) {
    const code = line.replace(/(?:^|\s)#.*$/, '');
    for (const match of code.matchAll(SEPARATING)) {
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

/** The repair of a text that did not parse at an offset. */
export function repairText(text: string, offset: number): TextAdvice | undefined {
  const before = firstError(text) ?? offset;
  const lines = linesOf(text);
  const index = lines.findLastIndex(({ start }) => start <= offset);
  let further: TextAdvice | undefined;
  for (const candidate of candidates(lines, index)) {
    const after = firstError(applyEdits(text, candidate.edits));
    if (after === undefined) return candidate;
    if (further === undefined && after > before + 40) further = candidate;
  }
  return further;
}

export function applyEdits(text: string, edits: readonly OffsetEdit[]): string {
  return edits
    .toSorted((a, b) => b.start - a.start)
    .reduce((all, edit) => all.slice(0, edit.start) + edit.text + all.slice(edit.end), text);
}

function firstError(text: string): number | undefined {
  const { errors } = parseDocument(text, { logLevel: 'silent', prettyErrors: false, uniqueKeys: false });
  return errors.length === 0 ? undefined : Math.min(...errors.map(({ pos }) => pos[0]));
}

interface Line {
  readonly start: number;
  readonly line: string;
}

function linesOf(text: string): readonly Line[] {
  let start = 0;
  return text.split('\n').map((line) => {
    const found = { start, line: line.replace(/\r$/, '') };
    start += line.length + 1;
    return found;
  });
}

function isQuoted(line: string, at: number): boolean {
  const before = line.slice(0, at);
  return [...before.matchAll(/"/g)].length % 2 === 1 || [...before.matchAll(/'/g)].length % 2 === 1;
}

const KEY = '[A-Za-z_][\\w.-]*';

function* candidates(lines: readonly Line[], index: number): Generator<TextAdvice> {
  for (const width of [2, 4]) {
    const tabs = lines.flatMap(({ start, line }) => {
      const indent = /^\s*/.exec(line)?.[0] ?? '';
      return indent.includes('\t')
        ? [{ start, end: start + indent.length, text: indent.replaceAll('\t', ' '.repeat(width)) }]
        : [];
    });
    if (tabs.length > 0) yield { hint: `indent with spaces, ${width} for a tab here`, edits: tabs };
  }
  const here = [index, index - 1, index + 1].flatMap((each) => lines[each] ?? []);
  for (const line of here) yield* ofLine(line);
  yield* ofAll(lines);
  const wrong = lines[index];
  if (wrong !== undefined) yield* indentations(lines, index, wrong);
}

/** The same slip on several lines. */
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

function* ofLine(line: Line): Generator<TextAdvice> {
  const found = [
    equalsSign(line),
    missingColonSpace(line),
    missingDashSpace(line),
    optimizerWithRate(line),
    missingComma(line),
    twoOnALine(line),
    missingColon(line),
    unquotedParameter(line),
    secondColon(line),
    unclosed(line),
    reserved(line),
  ];
  for (const each of found) if (each !== undefined) yield each;
}

function whole({ start, line }: Line, text: string, from = 0, to = line.length): TextAdvice {
  return {
    hint: `write \`${text.trim()}\``,
    edits: [{ start: start + from, end: start + to, text }],
  };
}

/** `epochs = 1` */
function equalsSign(line: Line): TextAdvice | undefined {
  const match = new RegExp(`^(\\s*(?:- )?)(${KEY})\\s*:?=\\s*(.*?),?\\s*$`).exec(line.line);
  if (match === null) return undefined;
  const [, indent = '', key = '', value = ''] = match;
  return whole(line, `${key}: ${value}`, indent.length);
}

/** `epochs:1` */
function missingColonSpace(line: Line): TextAdvice | undefined {
  const match = new RegExp(`^(\\s*(?:- )?)(${KEY}):([^\\s:/].*)$`).exec(line.line);
  if (match === null) return undefined;
  const [, indent = '', key = '', value = ''] = match;
  return whole(line, `${key}: ${value}`, indent.length);
}

/** `-Flatten` */
function missingDashSpace(line: Line): TextAdvice | undefined {
  const match = /^(\s*)-([A-Za-z{["'].*)$/.exec(line.line);
  if (match === null) return undefined;
  const [, indent = '', item = ''] = match;
  return whole(line, `- ${item}`, indent.length);
}

/** `optimizer: adam, lr: 0.001` */
function optimizerWithRate(line: Line): TextAdvice | undefined {
  const match = /^(\s*)optimi[sz]er:\s*([\w.]+)\s*,\s*(.+)$/.exec(line.line);
  if (match === null) return undefined;
  const [, indent = '', name = '', rest = ''] = match;
  const args = Object.fromEntries(
    rest.split(/\s*,\s*/).flatMap((part) => {
      const [key, value] = part.split(/\s*[:=]\s*/);
      const number = Number(value);
      return key === undefined || !Number.isFinite(number) ? [] : [[key, number]];
    }),
  );
  const fixed = fixChoice({ name, ...args }, [
    'SGD',
    'RMSprop',
    'Adam',
    'AdamW',
    'Nadam',
    'Adamax',
    'Adagrad',
  ]);
  return fixed === undefined
    ? undefined
    : whole(line, `optimizer: ${choiceText(fixed, false)}`, indent.length);
}

/** `units: 3, activation: relu` outside of braces. */
function twoOnALine(line: Line): TextAdvice | undefined {
  const match = new RegExp(`^(\\s*)((?:- )?${KEY}: [^,{}[\\]]+(?:, ${KEY}: [^,{}[\\]]+)+)$`).exec(line.line);
  if (match === null) return undefined;
  const [, indent = '', entries = ''] = match;
  const inner = entries.startsWith('- ') ? `${indent}  ` : indent;
  const parts = entries.split(/, (?=[\w.-]+: )/);
  return {
    hint: `put each on a line of its own: ${parts.map((part) => `\`${part.trim()}\``).join(', ')}`,
    edits: [
      {
        start: line.start + indent.length,
        end: line.start + line.line.length,
        text: parts.join(`\n${inner}`),
      },
    ],
  };
}

/** `{ units: 3 activation: relu }` */
function missingComma(line: Line): TextAdvice | undefined {
  const edits: OffsetEdit[] = [];
  const open = line.line.indexOf('{');
  for (const match of line.line.matchAll(/(?<=[^\s,{:]) +(?=[A-Za-z_]\w*: )/g)) {
    if (open < 0 || match.index < open || isQuoted(line.line, match.index)) continue;
    const at = line.start + match.index;
    edits.push({ start: at, end: at, text: ',' });
  }
  return edits.length === 0 ? undefined : { hint: 'put a comma between the entries: `,`', edits };
}

/** `epochs 3` */
function missingColon(line: Line): TextAdvice | undefined {
  const match = new RegExp(`^(\\s*(?:- )?)(${KEY})(?: +(\\S[^:]*))?$`).exec(line.line);
  if (match === null) return undefined;
  const [, indent = '', key = '', value] = match;
  return whole(line, value === undefined ? `${key}:` : `${key}: ${value}`, indent.length);
}

/** `{ units: ${params.n} }` */
function unquotedParameter(line: Line): TextAdvice | undefined {
  const matches = [...line.line.matchAll(/\$\{[^{}"']*\}/g)].filter(
    ({ index }) => !isQuoted(line.line, index),
  );
  if (matches.length === 0) return undefined;
  return {
    hint: `put it in quotation marks: ${matches.map(([text]) => `\`"${text}"\``).join(', ')}`,
    edits: matches.map((match) => ({
      start: line.start + match.index,
      end: line.start + match.index + match[0].length,
      text: `"${match[0]}"`,
    })),
  };
}

/** `title: Loss: training` */
function secondColon(line: Line): TextAdvice | undefined {
  const match = new RegExp(`^(\\s*(?:- )?${KEY}: +)([^"'{[].*: .*)$`).exec(line.line);
  if (match === null) return undefined;
  const [, begin = '', value = ''] = match;
  const text = JSON.stringify(value.trim());
  return {
    hint: `put it in quotation marks: \`${text}\``,
    edits: [{ start: line.start + begin.length, end: line.start + line.line.length, text }],
  };
}

/** A bracket or a quotation mark that is not closed on its line. */
function unclosed(line: Line): TextAdvice | undefined {
  const code = line.line.replace(/\s+#.*$/, '').trimEnd();
  const stack: string[] = [];
  let quote = '';
  for (const character of code) {
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (
      character === '"' ||
      (character === "'" && /[\s:[{,(]$/.test(code.slice(0, code.indexOf(character))))
    ) {
      quote = character;
    } else if (character === '{' || character === '[') {
      stack.push(character === '{' ? '}' : ']');
    } else if (character === stack.at(-1)) {
      stack.pop();
    }
  }
  const missing = `${quote}${stack
    .toReversed()
    .map((each) => (each === '}' ? ' }' : each))
    .join('')}`;
  if (missing === '') return undefined;
  const end = line.start + code.length;
  return {
    hint: `add \`${missing.trim()}\` at the end of the line`,
    edits: [{ start: end, end, text: missing }],
  };
}

/** A value that begins with a sign that YAML keeps for itself. */
function reserved(line: Line): TextAdvice | undefined {
  const match = new RegExp(`^(\\s*(?:- )?(?:${KEY}: +)?)([@\`%*&!|>][^"]*)$`).exec(line.line);
  if (match === null) return undefined;
  const [, begin = '', value = ''] = match;
  const text = yamlText(value.trim());
  return {
    hint: `put it in quotation marks: \`${flowText(value.trim())}\``,
    edits: [{ start: line.start + begin.length, end: line.start + line.line.length, text }],
  };
}

/** The indentation of a line nearby in place of its own. */
function* indentations(lines: readonly Line[], index: number, { start, line }: Line): Generator<TextAdvice> {
  const own = /^[ \t]*/.exec(line)?.[0].length ?? 0;
  const nearby = new Set<number>();
  for (const distance of [1, 2, 3, 4, 5, 6]) {
    const above = lines[index - distance]?.line;
    if (above !== undefined && above.trim() !== '') {
      const indent = /^ *(?:- )?/.exec(above)?.[0].length ?? 0;
      nearby
        .add(indent)
        .add(/^ */.exec(above)?.[0].length ?? 0)
        .add(indent + 2);
    }
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
