/** Source texts: their lines, positions in them, and excerpts with a caret. */
import { isSteering } from '../core/text.ts';
import type { Position, SourceFile, SourceRange } from '../core/diagnostic.ts';

/** Offsets at which the lines of a text start. LF, CR LF and a lone CR end a line, as in YAML. */
export function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length);
  return starts;
}

/** The position of an offset. The caller limits offsets to the length of the text. */
export function positionAt(starts: readonly number[], offset: number): Position {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? Infinity) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
}

const startsOf = new WeakMap<SourceFile, readonly number[]>();

/** A line by its number, from 1, without its end; empty where there is none. */
function lineOf(source: SourceFile, line: number): string {
  const starts = startsOf.get(source) ?? lineStarts(source.text);
  startsOf.set(source, starts);
  const start = starts[line - 1];
  return start === undefined ? '' : source.text.slice(start, starts[line]).replace(/(\r\n|\n|\r)$/, '');
}

/** Longer lines are cut around the caret: the excerpt must fit a terminal. */
const WIDEST = 100;
/** Visible columns before a caret far to the right. */
const LEAD = 30;
/** Characters on either side of a range's start that an excerpt can need. */
const REACH = 400;
const TAB = '  ';

/**
 * The lines of a text around a range, numbered, with the range underlined: at most two lines before it, the line where
 * it starts, and a line with `^~~~`. Plain text without a line break at its end. Tabs are shown as two spaces, control
 * characters as `·`.
 */
export function codeFrame(source: SourceFile, range: SourceRange): string {
  const number = range.start.line;
  const line = lineOf(source, number);
  const first = Math.min(range.start.column - 1, line.length);
  const last = range.end.line > number ? line.trimEnd().length : Math.min(range.end.column - 1, line.length);

  // In a very long line, only the part around the range is read.
  const origin = Math.max(first - REACH, 0);
  const visible = (text: string): readonly Cell[] => cellsOf(text.slice(origin, first + REACH));
  const cells = visible(line);
  const before = width(cells.filter((cell) => cell.offset < first - origin));
  const marked = width(cells.filter((cell) => cell.offset >= first - origin && cell.offset < last - origin));
  const cut = width(cells) > WIDEST && before > LEAD * 2 ? before - LEAD : 0;

  const gutter = String(number).length;
  const context = [number - 2, number - 1].filter((other) => lineOf(source, other).trim() !== '');
  const numbered = [...context, number].map((each) =>
    `${String(each).padStart(gutter)} | ${show(visible(lineOf(source, each)), cut)}`.trimEnd(),
  );
  const room = Math.max(WIDEST - (before - cut), 1);
  const caret = `^${'~'.repeat(Math.min(Math.max(marked - 1, 0), room - 1))}`;
  return [...numbered, `${' '.repeat(gutter)} | ${' '.repeat(before - cut)}${caret}`].join('\n');
}

/** One character as displayed. */
interface Cell {
  /** Its UTF-16 offset in the line. */
  readonly offset: number;
  readonly shown: string;
  /** Its width in terminal columns. */
  readonly width: number;
}

function cellsOf(line: string): readonly Cell[] {
  const cells: Cell[] = [];
  let offset = 0;
  for (const character of line) {
    const shown = character === '\t' ? TAB : isSteering(character) ? '·' : character;
    cells.push({ offset, shown, width: shown === TAB ? TAB.length : widthOf(shown) });
    offset += character.length;
  }
  return cells;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const MARK = /[\p{Mn}\p{Me}\p{Cf}]/u;

function widthOf(character: string): number {
  return MARK.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
}

function width(cells: readonly Cell[]): number {
  return cells.reduce((sum, cell) => sum + cell.width, 0);
}

/** The columns from `cut` on, with `…` for omitted text. The columns do not move. */
function show(cells: readonly Cell[], cut: number): string {
  let column = 0;
  let text = '';
  for (const cell of cells) {
    const next = column + cell.width;
    if (next > cut + WIDEST) return `${text}…`;
    if (column >= cut + 1 || cut === 0) text += cell.shown;
    else if (next > cut) text = `…${' '.repeat(Math.max(next - cut - 1, 0))}`;
    column = next;
  }
  return text;
}
