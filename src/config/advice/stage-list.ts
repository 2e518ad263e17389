/** Stages written as a list, like the steps of GitHub Actions and many other tools. */
import type { TextEdit } from '../../core/diagnostic.ts';
import type { Located, LocatedMap } from '../located.ts';
import type { Advice } from './edits.ts';

/** Keys that name a step in other tools. */
const NAMES = new Set(['name', 'id', 'stage']);

/** The same stages by their names. */
export function adviseStageList(list: Located): Advice | undefined {
  if (list.kind !== 'list' || list.items.length === 0) return undefined;
  const edits = list.items.flatMap((item) => (item.kind === 'map' ? editsOf(item) : []));
  const hint = 'write the stages by their names, without dashes: `NAME:`, and its settings indented below it';
  return edits.length < list.items.length ? { hint } : { hint, edits };
}

function editsOf(item: LocatedMap): readonly TextEdit[] {
  const [first] = item.entries;
  if (first === undefined) return [];
  const [key, { keyRange, value }] = first;
  const { start } = keyRange;
  const isNamed = NAMES.has(key) && value.kind === 'scalar' && typeof value.value === 'string';
  if (!isNamed && (value.kind !== 'map' || item.entries.size > 1)) return [];
  // Keys are two columns to the right of the dash; below `stages`, a name is indented.
  const dash = start.column - 2;
  if (dash < 1 || item.range.start.column !== start.column) return [];
  const isFlush = dash === 1;
  const name = isNamed ? `${String(value.value)}:` : '';
  const end = isNamed ? value.range.end : start;
  const begin = {
    range: { ...keyRange, start: { ...start, column: dash }, end },
    text: `${isFlush ? '  ' : ''}${name}`,
  };
  if (!isFlush) return [begin];
  const count = Math.max(0, item.range.end.line - end.line);
  const lines = Array.from({ length: count }, (_, index) => ({ line: end.line + index + 1, column: 1 }));
  return [begin, ...lines.map((at) => ({ range: { ...keyRange, start: at, end: at }, text: '  ' }))];
}
