/** Repairs of one line of a text that is not valid YAML. */
import { isJsonObject } from '../../core/json.ts';
import { yamlText } from '../../core/yaml-text.ts';
import { readSchema, STAGE_TYPES } from '../../schema/schemas.ts';
import { objectAt, resolveReference, typesOf, variantsOf } from '../../schema/view.ts';
import { fixChoice, namesBeside } from './calls.ts';
import { choiceText, flowText } from './edits.ts';
import { declaredName } from './parameters.ts';

/** A change of the text, by offsets. */
export interface OffsetEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface TextAdvice {
  readonly hint: string;
  readonly edits: readonly OffsetEdit[];
}

export interface Line {
  readonly start: number;
  readonly line: string;
}

export function isQuoted(line: string, at: number): boolean {
  const before = line.slice(0, at);
  return [...before.matchAll(/"/g)].length % 2 === 1 || [...before.matchAll(/'/g)].length % 2 === 1;
}

const KEY = '[A-Za-z_][\\w.-]*';

/** Changes of a line that may make it valid YAML, the most likely first. @param all the whole text */
export function* repairsOf(line: Line, all: string): Generator<TextAdvice> {
  const found = [
    comment(line),
    code(line),
    choiceLine(line),
    equalsSign(line),
    missingColonSpace(line),
    missingDashSpace(line),
    flag(line),
    section(line),
    nested(line),
    missingComma(line),
    twoOnALine(line),
    twoWithoutComma(line),
    missingColon(line),
    unquotedParameter(line),
    strayDash(line),
    dashBehindKey(line),
    quotesInside(line),
    backslashes(line),
    otherParameter(line, all),
    secondColon(line),
    strayBracket(line),
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

/** `epochs = 1`, `epochs -> 1`, `epochs; 1` */
export function equalsSign(line: Line): TextAdvice | undefined {
  const match = new RegExp(
    `^(\\s*(?:- )?)["']?(${KEY})["']?\\s*(?::?=>?|->|;|\uff1a)\\s*(.*?)[,;]?\\s*$`,
  ).exec(line.line);
  if (match === null) return undefined;
  const [, indent = '', key = '', value = ''] = match;
  return whole(line, `${key}: ${value}`, indent.length);
}

/** `epochs:1`, `epochs :1` */
export function missingColonSpace(line: Line): TextAdvice | undefined {
  const match = new RegExp(`^(\\s*(?:- )?)(${KEY}) *:([^\\s:/].*)$`).exec(line.line);
  if (match === null) return undefined;
  const [, indent = '', key = '', value = ''] = match;
  return whole(line, `${key}: ${value}`, indent.length);
}

/** `-Flatten` */
export function missingDashSpace(line: Line): TextAdvice | undefined {
  const match = /^(\s*)-([A-Za-z{["'].*)$/.exec(line.line);
  if (match === null) return undefined;
  const [, indent = '', item = ''] = match;
  return whole(line, `- ${item}`, indent.length);
}

/** `units: 3, activation: relu` outside of braces. */
function twoOnALine(line: Line): TextAdvice | undefined {
  const match = new RegExp(`^(\\s*)((?:- )?${KEY}: [^,{}[\\]]+(?:, ${KEY}: [^,{}[\\]]+)+)$`).exec(line.line);
  if (match === null) return undefined;
  const [, indent = '', entries = ''] = match;
  const inner = entries.startsWith('- ') ? `${indent}  ` : indent;
  const parts = entries.split(/, (?=[\w.-]+: )/);
  return {
    hint: `put each on its own line: ${parts.map((part) => `\`${part.trim()}\``).join(', ')}`,
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
  const key = begin.replace(/^\s*(?:- )?|:.*$/g, '');
  if (KEYS.has(key) && !TEXTS.has(key)) return undefined;
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

/** A value that begins with a character that YAML reserves. */
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

/** `- Dense: 64, activation: relu`, `- Dense(units: 64, activation: relu)`, `optimizer: Adam: { learning_rate: 0.001 }` */
function choiceLine(line: Line): TextAdvice | undefined {
  const match = /^(\s*)(- |optimi[sz]er:\s+)(.*?)(?:\s+#.*)?$/.exec(line.line);
  const [, indent = '', begin = '', text = ''] = match ?? [];
  const fixed = text === '' ? undefined : fixChoice(text, namesBeside(begin === '- ' ? 'Dense' : 'Adam'));
  if (fixed === undefined) return undefined;
  const key = begin === '- ' ? '- ' : 'optimizer: ';
  const end = indent.length + begin.length + text.length;
  return whole(line, `${key}${choiceText(fixed, begin === '- ')}`, indent.length, end);
}

/** Settings of all stages, with the types that they accept. */
const SETTINGS: readonly (readonly [key: string, types: readonly string[]])[] = [
  'document',
  ...STAGE_TYPES.map((type) => `stages/${type}`),
].flatMap((file) => {
  const root = readSchema(file);
  return [root, ...variantsOf(root).map(({ schema }) => schema)].flatMap((schema) =>
    Object.entries(objectAt(schema, 'properties')).map(([key, property]): [string, readonly string[]] => [
      key,
      isJsonObject(property) ? typesOf({ ...resolveReference(property, root)[0], ...property }) : [],
    ]),
  );
});

const MAPS = new Set(SETTINGS.flatMap(([key, types]) => (types.includes('object') ? [key] : [])));
const TEXTS = new Set(SETTINGS.flatMap(([key, types]) => (types.includes('string') ? [key] : [])));
export const KEYS = new Set(SETTINGS.map(([key]) => key));

/** `early_stopping: patience: 3` */
function nested(line: Line): TextAdvice | undefined {
  const match = new RegExp(`^(\\s*(?:- )?)(${KEY}): +(${KEY}: *[^\\s].*)$`).exec(line.line);
  const [, indent = '', key = '', inner = ''] = match ?? [];
  return MAPS.has(key) ? whole(line, `${key}: { ${inner.trim()} }`, indent.length) : undefined;
}

/** `epochs: 3 batch_size: 32` */
function twoWithoutComma(line: Line): TextAdvice | undefined {
  const match = new RegExp(`^(\\s*)(${KEY}: [^\\s{}[\\]"',]+) +(${KEY}): (.*)$`).exec(line.line);
  const [, indent = '', first = '', key = '', value = ''] = match ?? [];
  if (!KEYS.has(key) && !/: (?:[\d.]+|true|false)$/.test(first)) return undefined;
  const text = `${first}\n${indent}${key}: ${value}`;
  return { ...whole(line, text, indent.length), hint: `begin \`${key}: ${value}\` on its own line` };
}

/** `// three epochs` */
function comment(line: Line): TextAdvice | undefined {
  const match =
    /^(\s*)(?:\/\/+|\/\*+|--(?=\s)|;|"{3}|'{3}|<!--|%+(?=\s)|REM\s)\s*(.*?)\s*(?:\*\/|"{3}|'{3}|-->)?$/.exec(
      line.line,
    );
  if (match === null) return undefined;
  const [, indent = '', text = ''] = match;
  return whole(line, `# ${text}`, indent.length);
}

/** `import keras` */
function code(line: Line): TextAdvice | undefined {
  if (!/^\s*(?:import |from [\w.]+ import |def |class |print\(|if __name__)/.test(line.line))
    return undefined;
  const end = line.start + line.line.length;
  return {
    hint: 'remove this line: a pipeline contains settings, not code',
    edits: [{ start: line.start, end: end + 1, text: '' }],
  };
}

/** `--epochs 3` */
function flag(line: Line): TextAdvice | undefined {
  const match = new RegExp(`^(\\s*)--?(${KEY})[ =:]+(.*)$`).exec(line.line);
  const [, indent = '', key = '', value = ''] = match ?? [];
  return match === null ? undefined : whole(line, `${key}: ${value}`, indent.length);
}

/** `[stages]`, as in TOML and INI. */
function section(line: Line): TextAdvice | undefined {
  const match = new RegExp(`^(\\s*)\\[+\\s*(${KEY})\\s*\\]+\\s*:?$`).exec(line.line);
  const [, indent = '', key = ''] = match ?? [];
  return match === null ? undefined : whole(line, `${key}:`, indent.length);
}

/** `- epochs: 3` among keys. */
function strayDash(line: Line): TextAdvice | undefined {
  const match = new RegExp(`^(\\s*)- (${KEY}:(?: .*)?)$`).exec(line.line);
  const [, indent = '', entry = ''] = match ?? [];
  return match === null
    ? undefined
    : {
        ...whole(line, entry, indent.length),
        hint: `write \`${entry}\`, without the dash: this is not a list`,
      };
}

/** `'it's'`, `"Loss" (best)`, `"Loss",` */
function quotesInside(line: Line): TextAdvice | undefined {
  const match = new RegExp(`^(\\s*(?:- )?(?:["']?${KEY}["']?: +)?)((["']).*)$`).exec(line.line);
  const [, begin = '', written = '', quote = ''] = match ?? [];
  const value = written.replace(/\s+#.*$/, '').replace(/[\s,;]+$/, '');
  const end = value.indexOf(quote, 1);
  // Two kinds of quotes around one text.
  const mixed = /^["']([^"']+)["']$/.exec(value)?.[1];
  if (end < 0 && mixed !== undefined) {
    const text = JSON.stringify(mixed);
    return { ...whole(line, text, begin.length, begin.length + written.length), hint: `write \`${text}\`` };
  }
  if (match === null || end < 0 || value.slice(1, end).includes('\\')) return undefined;
  const isWhole = value.endsWith(quote) && value.length > 1;
  const inner = end === value.length - 1 || isWhole ? value.slice(1, -1) : value.replaceAll(quote, '');
  const text = JSON.stringify(inner);
  return { ...whole(line, text, begin.length, begin.length + written.length), hint: `write \`${text}\`` };
}

/** `"C:\data"` */
function backslashes(line: Line): TextAdvice | undefined {
  const edits = [...line.line.matchAll(/"([^"']*\\[^"']*)"/g)].map((match) => ({
    start: line.start + match.index,
    end: line.start + match.index + match[0].length,
    text: `'${match[1] ?? ''}'`,
  }));
  const [first] = edits;
  return first === undefined
    ? undefined
    : { hint: `write \`${first.text}\`: between single quotation marks, a backslash needs no escape`, edits };
}

/** `@latent_size`, `%latent_size%` */
function otherParameter(line: Line, all: string): TextAdvice | undefined {
  const match = new RegExp(`^(\\s*(?:- )?${KEY}: +)([@%][\\w.]+%?)$`).exec(line.line);
  const [, begin = '', written = ''] = match ?? [];
  const meant = written === '' ? undefined : declaredName(all, written);
  return meant === undefined
    ? undefined
    : { ...whole(line, meant, begin.length), hint: `write \`${meant}\`` };
}

/** `stages: [` above a block. */
export function strayBracket(line: Line): TextAdvice | undefined {
  const match = new RegExp(`^(\\s*(?:- )?)(${KEY}:)\\s*(?:[[{]|[-=]>?)\\s*$`).exec(line.line);
  const [, indent = '', key = ''] = match ?? [];
  return match === null
    ? undefined
    : {
        ...whole(line, key, indent.length),
        hint: `write \`${key}\`, without a sign after the colon: its contents follow, indented, on the next lines`,
      };
}

/** `metrics: - mae` */
function dashBehindKey(line: Line): TextAdvice | undefined {
  const match = new RegExp(`^(\\s*(?:- )?)(${KEY}): +- +([^\\s#].*)$`).exec(line.line);
  const [, indent = '', key = '', item = ''] = match ?? [];
  return match === null ? undefined : whole(line, `${key}: [${item.trim()}]`, indent.length);
}
