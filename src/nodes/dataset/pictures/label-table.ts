/** Labels of image files in a text table with one row per image. */
import { readFile, stat } from 'node:fs/promises';
import { failure, type Failure } from '../../../core/diagnostic.ts';
import { errorCode } from '../../../files/atomic.ts';
import { wholeText } from '../../../formats/text-chunks.ts';
import { compareNames, shownName } from '../names.ts';
import type { NamedImage } from './image-file.ts';
import { nothingFailure, type Arranged } from './layout.ts';
import type { ImageTree } from './tree.ts';

export interface LabelTable {
  /** Its name in messages. */
  readonly shown: string;
  readonly rows: readonly LabelRow[];
  /** Whether the first row may be column names that were not recognised. */
  readonly mayHaveHeader: boolean;
}

interface LabelRow {
  /** Its position among all rows of the table, from 1. */
  readonly line: number;
  readonly name: string;
  readonly label: string;
}

/** Names of columns. */
export interface Columns {
  readonly name?: string;
  readonly label?: string;
}

/** The largest table, in bytes: some million rows. */
const SIZE_LIMIT = 2 ** 28;

/** If a row has several of these, the first one separates the cells: file names contain commas more often than tabs. */
const SEPARATORS = ['\t', ';', ','];

/** Usual names of the columns. */
const NAME_COLUMN =
  /^(?:image|img|file|photo|picture)?[ _-]?(?:name|path|id|file)$|^(?:image|img|file|photo|picture)s?$/i;
const LABEL_COLUMN = /^(?:label|class|target|category)(?:es|s)?$/i;

/** A usual name of labels, but also of a coordinate. */
const SHORT_LABEL_COLUMN = /^y$/i;

/**
 * Reads a table, with or without names of columns in its first row.
 *
 * @param path absolute
 * @param shown the path as written in the setting
 * @throws Failure `data-missing`, or `data-corrupt` with the row
 */
export async function readLabelTable(path: string, shown: string, columns: Columns): Promise<LabelTable> {
  const name = `\`${shownName(shown)}\``;
  const info = await stat(path).catch(() => undefined);
  if (info?.isFile() !== true)
    throw failure('data-missing', `${name} ${info === undefined ? 'does not exist' : 'is not a file'}`);
  if (info.size > SIZE_LIMIT) throw corrupt(name, `has ${info.size} bytes, more than ${SIZE_LIMIT}`);
  const bytes = await readFile(path).catch((error: unknown) => {
    throw failure('data-missing', `${name} cannot be read (${errorCode(error)})`, 'check its permissions');
  });
  const text = wholeText(bytes);
  if (text === undefined) throw corrupt(name, 'is not UTF-8 text', 'save it as CSV in UTF-8');
  const cells = await parse(text, name);
  const [first] = cells;
  if (first === undefined) throw corrupt(name, 'has no rows');
  const places = findColumns(first.cells, columns, name);
  const rows = (places.hasHeader ? cells.slice(1) : cells).map(({ line, cells: own }) => {
    const [file, label] = [own[places.name] ?? '', own[places.label] ?? ''];
    if (file === '') throw corrupt(name, `line ${line} has no name of an image`);
    if (label === '') throw corrupt(name, `line ${line} has no label`, 'give it a label, or remove the row');
    return { line, name: file, label };
  });
  if (rows.length === 0) throw corrupt(name, 'has column names, but no rows');
  return { shown: name, rows, mayHaveHeader: !places.hasHeader };
}

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

async function parse(text: string, name: string): Promise<readonly Row[]> {
  const { default: papa } = await import('papaparse');
  const [first = ''] = text.trimStart().split(/[\r\n]/, 1);
  const delimiter = SEPARATORS.find((separator) => first.includes(separator)) ?? ',';
  const { data, errors } = papa.parse<string[]>(text, { delimiter });
  const quotes = errors.find(({ type }) => type === 'Quotes');
  const rows: Row[] = [];
  let line = 1;
  for (const [index, cells] of data.entries()) {
    if (index === quotes?.row)
      throw corrupt(name, `line ${line}: a quotation mark is missing, or there is one too many`);
    const trimmed = cells.map((cell) => cell.trim());
    if (trimmed.some((cell) => cell !== '')) rows.push({ line, cells: trimmed });
    // Quoted cells may contain line ends.
    line += cells.reduce((count, cell) => count + cell.split(/\r\n|\r|\n/).length - 1, 1);
  }
  return rows;
}

interface Places {
  readonly name: number;
  readonly label: number;
  readonly hasHeader: boolean;
}

function findColumns(first: readonly string[], { name, label }: Columns, shown: string): Places {
  const listed = first.slice(0, 8).map((column) => `\`${shownName(column)}\``);
  const find = (column: string): number => {
    const place = first.indexOf(column);
    if (place >= 0) return place;
    throw corrupt(shown, `has no column \`${column}\` in its first row; it has ${listed.join(', ')}`);
  };
  const usual = (pattern: RegExp): number => first.findIndex((column) => pattern.test(column));
  if (first.length < 2)
    throw corrupt(
      shown,
      'has one column',
      'a row needs the name of an image and its label, separated by a comma',
    );
  const usualName = usual(NAME_COLUMN);
  const longLabel = usual(LABEL_COLUMN);
  const usualLabel = longLabel >= 0 || usual(/^x$/i) >= 0 ? longLabel : usual(SHORT_LABEL_COLUMN);
  const hasHeader = name !== undefined || label !== undefined || usualName >= 0 || usualLabel >= 0;
  const namePlace = name === undefined ? Math.max(0, usualName) : find(name);
  if (label !== undefined) return { name: namePlace, label: find(label), hasHeader };
  if (usualLabel >= 0 && usualLabel !== namePlace) return { name: namePlace, label: usualLabel, hasHeader };
  if (first.length === 2) return { name: namePlace, label: 1 - namePlace, hasHeader };
  throw corrupt(
    shown,
    `has ${first.length} columns, and none is called \`label\` or \`class\``,
    hasHeader
      ? `name the column of labels with \`label\`: there are ${listed.join(', ')}`
      : 'give the columns names in a first row, such as `filename,label`',
  );
}

/** Images with labels, and rows that match no image. */
export interface Matched extends Arranged {
  /** Names in rows without an image. */
  readonly absent: readonly string[];
}

/**
 * Assigns the labels of a table to images. A row names an image by its path, or by the end of its path if that is unique, with or
 * without the extension.
 *
 * @param path of the images, as the setting names it
 * @throws Failure `data-missing` if there is no image; `data-corrupt` if rows contradict each other, or name two images or none
 */
export function byTable(tree: ImageTree, table: LabelTable, path: string): Matched {
  const { images, root, skipped } = tree;
  if (images.length === 0) throw nothingFailure(skipped, path);
  const find = finder(images, root);
  const rows = new Map<string, LabelRow>();
  const absent: LabelRow[] = [];
  const useless = new Set(skipped.flatMap(({ name }) => keysOf(name)));
  for (const row of table.rows) {
    const [image, other] = find(row.name);
    const where = `line ${row.line}: \`${shownName(row.name)}\``;
    if (image === undefined) {
      // Skipped files have been listed already.
      if (!useless.has(keyOf(row.name))) absent.push(row);
      continue;
    }
    if (other !== undefined)
      throw corrupt(
        table.shown,
        `${where} may be \`${shownName(image)}\` or \`${shownName(other)}\``,
        'write more of the path, or the extension',
      );
    const before = rows.get(image);
    if (before !== undefined && before.label !== row.label)
      throw corrupt(
        table.shown,
        `${where} has the label \`${shownName(row.label)}\`, and \`${shownName(before.label)}\` in line ${before.line}`,
        'keep one of the two rows',
      );
    rows.set(image, row);
  }
  const [first] = table.rows;
  if (rows.size === 0)
    throw corrupt(
      table.shown,
      `names no image of \`${shownName(path)}\`: line ${first?.line} has \`${shownName(first?.name ?? '')}\`, and an image is \`${shownName(images[0] ?? '')}\``,
      adviceFor(table.rows, path, (name) => find(name).length > 0),
    );
  const files = images.flatMap((name): NamedImage[] => {
    const className = rows.get(name)?.label;
    return className === undefined ? [] : [{ name, className }];
  });
  const reason = `has no row in ${table.shown}`;
  const unlabeled = images.flatMap((name) =>
    rows.has(name) ? [] : [{ name, kind: 'unlabeled', reason } as const],
  );
  return {
    files,
    skipped: [...skipped, ...unlabeled],
    absent: absent
      .filter((row) => row !== first || !table.mayHaveHeader)
      .map(({ name }) => name)
      .sort(compareNames),
  };
}

/** The hint if no row names an image: rows may have paths that begin above `path`. */
function adviceFor(rows: readonly LabelRow[], path: string, isImage: (name: string) => boolean): string {
  const parts = keyOf(path)
    .split('/')
    .filter((part) => part !== '');
  for (const start of parts.keys()) {
    const above = `${parts.slice(start).join('/')}/`;
    if (!rows.some(({ name }) => keyOf(name).startsWith(above) && isImage(keyOf(name).slice(above.length))))
      continue;
    return `rows have the paths of images below \`path\`: remove \`${shownName(above)}\` from the table, in pandas with \`d[c] = d[c].str.removeprefix('${shownName(above)}')\``;
  }
  return 'rows have the paths of images below `path`';
}

/** Finds the images that a row can mean. */
function finder(images: readonly string[], root: string): (name: string) => readonly string[] {
  const byPath = new Map<string, string[]>();
  const byFile = new Map<string, string[]>();
  const add = (map: Map<string, string[]>, key: string, image: string): void => {
    const others = map.get(key);
    if (others === undefined) map.set(key, [image]);
    else if (!others.includes(image)) others.push(image);
  };
  const stems = new Map<string, string[]>();
  const fileStems = new Map<string, string[]>();
  for (const image of images) {
    for (const full of [image, `${root}${image}`]) {
      const [key, stem] = [keyOf(full), withoutEnding(keyOf(full))];
      add(byPath, key, image);
      add(stems, stem, image);
    }
    const file = image.slice(image.lastIndexOf('/') + 1);
    add(byFile, keyOf(file), image);
    add(fileStems, withoutEnding(keyOf(file)), image);
  }
  return (name) => {
    const key = keyOf(name);
    return byPath.get(key) ?? stems.get(key) ?? byFile.get(key) ?? fileStems.get(key) ?? [];
  };
}

/** A path in the form in which paths are compared: with `/`, without `./` at the beginning, and with accents stored in one way. */
function keyOf(name: string): string {
  return name
    .normalize('NFC')
    .replaceAll('\\', '/')
    .replace(/^(?:\.\/)+/, '');
}

function keysOf(name: string): readonly string[] {
  const key = keyOf(name);
  const file = key.slice(key.lastIndexOf('/') + 1);
  return [key, withoutEnding(key), file, withoutEnding(file)];
}

function withoutEnding(key: string): string {
  return key.replace(/\.[^./]+$/, '');
}

function corrupt(name: string, what: string, hint?: string): Failure {
  return failure('data-corrupt', `${name} ${what}`, hint);
}
