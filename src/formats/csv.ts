/** Comma-separated values by RFC 4180. */
import { canonicalJson, type Json } from '../core/json.ts';
import { printable } from '../core/text.ts';

export interface CsvRow {
  /** The line on which it begins, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * Reads rows; empty lines are none. Cells in quotation marks may hold separators, quotation marks (doubled) and line breaks.
 *
 * @param separator one character
 * @returns undefined where the text is no CSV: something other than a separator follows a closing quotation mark, an unquoted cell
 *   contains one, or one is not closed
 */
export function readCsv(text: string, separator = ','): readonly CsvRow[] | undefined {
  const rows: CsvRow[] = [];
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const cells: string[] = [];
    const first = line;
    for (;;) {
      let cell = '';
      if (text[at] === '"') {
        const end = closing(text, at);
        if (end === undefined) return undefined;
        cell = text.slice(at + 1, end).replaceAll('""', '"');
        line += cell.split(/\r\n|\n|\r/).length - 1;
        at = end + 1;
      } else {
        const start = at;
        while (at < text.length && text[at] !== separator && text[at] !== '\n' && text[at] !== '\r') {
          if (text[at] === '"') return undefined;
          at += 1;
        }
        cell = text.slice(start, at);
      }
      cells.push(cell);
      if (text[at] !== separator) break;
      at += 1;
    }
    if (at < text.length) {
      if (text[at] !== '\n' && text[at] !== '\r') return undefined;
      at += text[at] === '\r' && text[at + 1] === '\n' ? 2 : 1;
      line += 1;
    }
    if (cells.length > 1 || cells[0] !== '') rows.push({ line: first, cells });
  }
  return rows;
}

/** The position of the closing quotation mark; two in a row are one escaped mark. */
function closing(text: string, open: number): number | undefined {
  for (let at = open + 1; ; at += 2) {
    at = text.indexOf('"', at);
    if (at === -1) return undefined;
    if (text[at + 1] !== '"') return at;
  }
}

/** A cell: texts unchanged, other values as JSON, absent values empty. */
export type CsvValue = Json | undefined;

/** Rows as text. A spreadsheet that opens it runs nothing of it. */
export function writeCsv(rows: readonly (readonly CsvValue[])[], end: '\n' | '\r\n' = '\r\n'): string {
  return rows.map((row) => `${row.map(cellText).join(',')}${end}`).join('');
}

function cellText(value: CsvValue): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = withoutFormula(printable(typeof value === 'string' ? value : canonicalJson(value)));
  return /[",;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const NUMBER = /^[-+]?(?:\d+\.?|\d*\.\d+)(?:e[-+]?\d+)?$/i;

/**
 * Puts `'` before what a spreadsheet would take for a formula: at the beginning, and behind a semicolon, at which some systems
 * divide cells. A number with a sign is not a formula.
 */
function withoutFormula(text: string): string {
  if (NUMBER.test(text)) return text;
  return text.replace(/(^|;)(?=\s*[=+\-@＝＋－＠])/g, "$1'");
}
