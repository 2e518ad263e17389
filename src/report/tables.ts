/** Tables from CSV, JSON and model summaries. */
import { formatNumber } from '../core/format.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import type { Cell, ModelTable, TableExhibit } from './exhibit.ts';

/** Longer tables are cut. */
const MOST_ROWS = 120;

type Table = Pick<TableExhibit, 'columns' | 'rows' | 'omitted'>;

/** A table whose first row names the columns; undefined if the text is not a table. */
export function csvTable(rows: readonly (readonly string[])[]): Table | undefined {
  const [columns, ...body] = rows;
  if (columns === undefined || body.length === 0) return undefined;
  if (body.some((row) => row.length !== columns.length)) return undefined;
  return {
    columns,
    rows: body.slice(0, MOST_ROWS).map((row) => row.map(csvCell)),
    omitted: Math.max(0, body.length - MOST_ROWS),
  };
}

function csvCell(text: string): Cell {
  const value = Number(text);
  const numeric = text.trim() !== '' && Number.isFinite(value);
  return numeric
    ? { text: Number.isInteger(value) ? text : formatNumber(value), numeric }
    : { text, numeric };
}

/**
 * The members of a JSON object, one per row. If it contains objects of the same kind, such as `train` and `test`, each of them
 * is a column.
 */
export function jsonTable(value: JsonObject): Table {
  const groups = Object.entries(value);
  const flat = new Map(groups.map(([name, part]) => [name, isJsonObject(part) ? flatten(part) : undefined]));
  const [first] = flat.values();
  const isMatrix =
    groups.length > 1 &&
    first !== undefined &&
    first.size > 0 &&
    [...flat.values()].every(
      (facts) => facts !== undefined && [...first.keys()].some((key) => facts.has(key)),
    );
  const columns = isMatrix ? ['', ...flat.keys()] : ['', 'value'];
  const facts = isMatrix ? [...flat.values()].map((one) => one ?? new Map<string, Cell>()) : [flatten(value)];
  const names = [...new Set(facts.flatMap((one) => [...one.keys()]))];
  const rows = names.map((name) => [
    { text: name, numeric: false },
    ...facts.map((one) => one.get(name) ?? { text: '', numeric: false }),
  ]);
  return { columns, rows: rows.slice(0, MOST_ROWS), omitted: Math.max(0, rows.length - MOST_ROWS) };
}

/** Values by their path: `as_loaded.mean`. */
function flatten(value: JsonObject, prefix = ''): ReadonlyMap<string, Cell> {
  const facts = new Map<string, Cell>();
  for (const [key, member] of Object.entries(value)) {
    const path = `${prefix}${key}`;
    const counts = isJsonObject(member) ? manyNumbers(member) : undefined;
    if (counts !== undefined) facts.set(path, counts);
    else if (isJsonObject(member))
      for (const [name, cell] of flatten(member, `${path}.`)) facts.set(name, cell);
    else facts.set(path, jsonCell(key, member));
  }
  return facts;
}

/** Many numbers of one kind, such as the images of each class, in one cell: their range, which opens to all of them. */
function manyNumbers(value: JsonObject): Cell | undefined {
  const entries = Object.entries(value);
  const numbers = entries.flatMap(([, member]) => (typeof member === 'number' ? [member] : []));
  if (numbers.length < entries.length || numbers.length <= MOST_ITEMS) return undefined;
  const [least, most] = [
    numbers.reduce((one, other) => Math.min(one, other)),
    numbers.reduce((one, other) => Math.max(one, other)),
  ].map(formatNumber);
  return {
    text: `${numbers.length} numbers, ${least} to ${most}`,
    numeric: true,
    full: entries.map(([name, member]) => `${name}: ${formatNumber(Number(member))}`).join('\n'),
  };
}

function jsonCell(key: string, value: Json): Cell {
  if (typeof value === 'number') return { text: formatNumber(value), numeric: true };
  if (!Array.isArray(value)) return { text: String(value), numeric: false };
  return { text: key.endsWith('shape') ? value.join(' × ') : listText(value), numeric: false };
}

const MOST_ITEMS = 6;

function listText(items: readonly Json[]): string {
  const shown = items.slice(0, MOST_ITEMS).map((item) => {
    if (typeof item === 'number') return formatNumber(item);
    if (!isJsonObject(item)) return String(item);
    // A layer of a model is an object with one key; other objects have names.
    return typeof item['name'] === 'string' ? item['name'] : (Object.keys(item)[0] ?? '');
  });
  return items.length > MOST_ITEMS ? `${shown.join(', ')}, … (${items.length})` : shown.join(', ');
}

/** The tables in a model summary in the format of Keras; none in any other text. */
export function parseModelSummary(text: string): readonly ModelTable[] {
  return text.split(/^(?=Model: ")/m).flatMap((part): ModelTable[] => {
    const name = /^Model: "(.*)"/.exec(part)?.[1];
    const layers = part.split('\n').flatMap((line) => {
      const [before, own = '', shape = '', parameters = '', after] = line
        .split('│')
        .map((cell) => cell.trim());
      const [, layer = '', type = ''] = /^(\S+) \((\S+)\)$/.exec(own) ?? [];
      const isLayer =
        before === '' && after === '' && layer !== '' && shape !== '' && /^[\d,]+$/.test(parameters);
      return isLayer ? [{ name: layer, type, shape, parameters }] : [];
    });
    const totals = [...part.matchAll(/^ (.*params: .+)$/gm)].map(([, total = '']) => total);
    return name === undefined || layers.length === 0 ? [] : [{ name, layers, totals }];
  });
}
