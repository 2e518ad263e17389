/** Values that commas split inside `{ }` or `[ ]`: YAML reads `{ strides: (2, 2) }` as the value `(2` and a key `2)`. */
import { fixCall, meaningOf, namesBeside } from './calls.ts';
import { flowText } from './edits.ts';
import { readPython, valueOf } from './python.ts';

/** The most pieces in which a value is looked for. */
export const MOST_PIECES = 16;

/** A part of the text, by offsets. */
export interface Piece {
  readonly start: number;
  readonly end: number;
}

/**
 * How many pieces make up the value that begins with the first one: 1 if it is whole.
 *
 * @param pieces the first piece, and those after it that have no value
 */
export function countPieces(text: string, pieces: readonly Piece[], isList: boolean): number {
  const [first] = pieces;
  if (first === undefined) return 1;
  const begin = text.slice(first.start, first.end);
  const second = pieces[1];
  // A decimal comma.
  if (!isList && second !== undefined && /^-?\d+,\d+$/.test(text.slice(first.start, second.end))) return 2;
  if (!begin.includes('(') || /^["'{[]/.test(begin)) return 1;
  for (let count = 1; count <= Math.min(pieces.length, MOST_PIECES); count += 1) {
    const last = pieces[count - 1];
    if (last !== undefined && isBalanced(text.slice(first.start, last.end))) return count;
  }
  return 1;
}

function isBalanced(text: string): boolean {
  return [...text.matchAll(/\(/g)].length === [...text.matchAll(/\)/g)].length;
}

/** The replacement of a value that was split. */
export function joinedText(written: string): string {
  const python = readPython(written);
  if (python?.kind === 'call') {
    const name = meaningOf(python.name)?.name ?? '';
    const choices = namesBeside(name);
    const fixed = fixCall(python, choices);
    if (fixed !== undefined) return flowText(fixed);
  }
  const value = python === undefined ? undefined : valueOf(python);
  return value === undefined ? JSON.stringify(written) : flowText(value);
}

/** `Dense: { 32 }`: the content of the braces that has no key. */
export function bareText(parent: string | undefined, written: string): string {
  const argument = parent === undefined ? undefined : meaningOf(parent)?.positions[0];
  return argument === undefined ? written : `{ ${argument}: ${written} }`;
}
