/** Explains the errors of the YAML parser, and where to look. */
import { isScalar, visit, type Document, type YAMLParseError } from 'yaml';

/** A part of the text, as offsets. */
export interface SyntaxProblem {
  readonly start: number;
  readonly end: number;
  readonly message: string;
  readonly hint?: string;
}

/**
 * The first error of a document that did not parse. Later errors are mostly consequences of it.
 *
 * @param text the text that was parsed
 */
export function syntaxProblem(text: string, document: Document): SyntaxProblem | undefined {
  const [error] = document.errors.toSorted((a, b) => a.pos[0] - b.pos[0] || a.pos[1] - b.pos[1]);
  return error === undefined ? undefined : problemOf(text, document, error);
}

function problemOf(text: string, document: Document, error: YAMLParseError): SyntaxProblem {
  const [start, end] = error.pos;
  const at = { start, end: Math.max(end, start) };
  const line = lineAround(text, start);
  switch (error.code) {
    case 'TAB_AS_INDENT': {
      // The parser may point at the line break before the tab.
      const tab = text.indexOf('\t', start);
      return {
        start: tab,
        end: tab + 1,
        message: 'this line is indented with a tab; YAML takes only spaces',
        hint: 'indent with two spaces per level',
      };
    }
    case 'UNEXPECTED_TOKEN':
    case 'BAD_INDENT':
      if (/\$\{/.test(line.text) && line.text[start - line.start] === '{') {
        return {
          ...at,
          message: '`${…}` needs quotation marks inside `{ }` or `[ ]`, where YAML reads its braces as a map',
          hint: 'put it in quotation marks: `"${params.name}"`',
        };
      }
      return unexpected(text, at, error);
    case 'BLOCK_AS_IMPLICIT_KEY': {
      const twoLines = document.errors.some(
        (other) => other.code === 'MULTILINE_IMPLICIT_KEY' && other.pos[0] === start,
      );
      return twoLines
        ? brokenKey(text, at)
        : {
            ...at,
            message: 'a second `key: value` begins on the same line',
            hint: 'put it on its own line, or put the string that contains the `:` in quotation marks',
          };
    }
    case 'MULTILINE_IMPLICIT_KEY':
      return brokenKey(text, at);
    case 'MISSING_CHAR':
      return missing(text, document, at, error);
    case 'BAD_SCALAR_START':
      return {
        ...at,
        message: `a string cannot begin with \`${text.charAt(start)}\` here`,
        hint: 'put it in quotation marks',
      };
    case 'BAD_DQ_ESCAPE':
      return {
        ...at,
        message: `\`${line.text.slice(start - line.start, start - line.start + 2)}\` means nothing inside double quotation marks`,
        hint: 'use single quotation marks, or write `\\\\` for a backslash',
      };
    case 'BLOCK_IN_FLOW':
      return {
        ...at,
        message: 'a `[` or `{` before this place is not closed',
        hint: 'close it, or remove it: indented lines below a key need no bracket',
      };
    case 'KEY_OVER_1024_CHARS':
      return { ...at, message: 'a key is longer than 1024 characters' };
    default:
      return { ...at, message: `this is not YAML: ${lowerFirst(error.message)}` };
  }
}

function unexpected(text: string, at: { start: number; end: number }, error: YAMLParseError): SyntaxProblem {
  const unclosed = openBracket(at, error);
  if (unclosed !== undefined) return unclosed;
  if (error.message.startsWith('All mapping items') || error.message.startsWith('All sequence items')) {
    const start = nextWord(text, at.start);
    return {
      start,
      end: Math.max(start, at.end),
      message: 'the indentation of this line matches neither the lines above nor a key that could contain it',
      hint: 'give all keys of one map, and all items of one list, the same indentation',
    };
  }
  if (error.message.includes('on same line with key')) {
    return {
      ...at,
      message: 'a list begins on the line of its key',
      hint: 'begin it on the next line, or write it as `[a, b]`',
    };
  }
  if (error.message.startsWith('Unexpected , in')) {
    return { ...at, message: 'unexpected comma: nothing before it', hint: 'remove the comma' };
  }
  if (error.message.startsWith('Block scalar header')) {
    return { ...at, message: 'nothing can follow `|` or `>` on the same line' };
  }
  const word = text.slice(at.start, at.end).trim().split(/\s/)[0] ?? '';
  return {
    ...at,
    message: word === '' ? 'the text ends too early here' : `\`${word.slice(0, 40)}\` is not allowed here`,
    hint: 'look at the indentation, quotation marks and brackets here and on the line before',
  };
}

function missing(
  text: string,
  document: Document,
  at: { start: number; end: number },
  error: YAMLParseError,
): SyntaxProblem {
  const unclosed = openBracket(at, error);
  if (unclosed !== undefined) return unclosed;
  if (error.message.includes('quote')) {
    let opening = at.start;
    visit(document, {
      Scalar(_key, node) {
        if (isScalar(node) && node.type?.startsWith('QUOTE') === true && node.range?.[1] === at.start) {
          opening = node.range[0];
        }
      },
    });
    return {
      start: opening,
      end: opening + 1,
      message: 'this quotation mark is not closed',
      hint: `add a ${text.charAt(opening) === "'" ? 'single' : 'double'} quotation mark at the end of the text`,
    };
  }
  if (error.message.startsWith('Implicit map keys')) {
    return {
      ...at,
      message: 'a `:` is missing after this',
      hint: 'write `key: value`, or `- item` in a list',
    };
  }
  if (error.message.startsWith('Missing ,')) {
    return { ...at, message: 'a comma is missing before this' };
  }
  if (error.message.startsWith('Sequence item')) {
    return {
      ...at,
      message: 'an item of a list begins with `- `',
      hint: 'add the dash, or indent the line',
    };
  }
  return { ...at, message: `this is not YAML: ${lowerFirst(error.message)}` };
}

function openBracket(
  at: { start: number; end: number },
  { message }: YAMLParseError,
): SyntaxProblem | undefined {
  if (!/^Flow (map|sequence)/.test(message)) return undefined;
  const [bracket, closing] = message.startsWith('Flow map') ? ['{', '}'] : ['[', ']'];
  return {
    ...at,
    message: `a \`${bracket}\` before this place is not closed`,
    hint: `add the \`${closing}\``,
  };
}

/** A key that continues over a line break: on one of the two lines a colon, a space or the indentation is wrong. */
function brokenKey(text: string, at: { start: number; end: number }): SyntaxProblem {
  const line = lineAround(text, at.start);
  const first = text.slice(at.start, line.start + line.text.length).trimEnd();
  const joined = /^[\w-]+:\S/.test(first);
  return {
    start: at.start,
    end: at.start + Math.max(first.length, 1),
    message: 'this string continues on the next line, which has a `:`',
    hint: joined
      ? 'put a space after the colon'
      : 'add the `:` that is missing at the end of this line, or indent the next line less',
  };
}

function lineAround(text: string, offset: number): { start: number; text: string } {
  const start = Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1)) + 1;
  const end = text.slice(offset).search(/[\r\n]/);
  return { start, text: text.slice(start, end === -1 ? text.length : offset + end) };
}

function nextWord(text: string, offset: number): number {
  const rest = text.slice(offset).search(/\S/);
  return rest === -1 ? offset : offset + rest;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, '');
}
