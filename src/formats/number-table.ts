/** Tables of numbers as text, with commas, semicolons or tabs between them: a row is a sample. Read as a stream, by Papa Parse. */
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { failure, Failure } from '../core/diagnostic.ts';
import { printable } from '../core/text.ts';
import { openToRead } from '../files/open.ts';
import { NumberStore } from './number-store.ts';
import { decodeText, withLineFeeds } from './text-chunks.ts';

export interface TableOptions {
  /** The column that holds no number of the sample but its label: its name or, from 0, its place. */
  readonly label?: string | number;
  /** Rows that are read at most. */
  readonly limit?: number;
}

export interface NumberTable {
  /** Names of the columns besides the label's, where the first row has names. */
  readonly columns: readonly string[] | undefined;
  readonly rows: number;
  /** Numbers in a row. */
  readonly width: number;
  /** Row-major [rows, width]: bytes or 16 bits where all numbers are integers of that range. */
  readonly data: Uint8Array | Uint16Array | Float32Array;
  /** As they are written, one a row. */
  readonly labels: readonly string[] | undefined;
}

/** The most numbers of a table: 2 GB of float32. */
const SIZE_LIMIT = 2 ** 29;

/** The most characters of a row. A quotation mark that is not closed would make one row of the whole file. */
const ROW_LIMIT = 2 ** 24;

/** The first bytes of a gzipped file. */
const GZIP = Buffer.of(0x1f, 0x8b);

/** Columns of this name hold labels where no other is asked for. */
const LABEL_NAME = /^(?:label|class|target)s?$/i;

/**
 * @param path a file, which may be gzipped
 * @throws Failure `data-missing`, or `data-corrupt` with line and column; also for numbers that float32 does not hold
 */
export async function readNumberTable(path: string, options: TableOptions = {}): Promise<NumberTable> {
  const file = await openToRead(path).catch(() => {
    throw failure('data-missing', `\`${path}\` does not exist, or cannot be read`);
  });
  try {
    if (!(await file.stat()).isFile()) throw failure('data-missing', `\`${path}\` is not a file`);
    const { buffer: head } = await file.read(Buffer.alloc(2), 0, 2, 0);
    const raw = file.createReadStream({ autoClose: false, start: 0, highWaterMark: 2 ** 20 });
    const reader = new TableReader(path, options);
    const isGzipped = head.equals(GZIP);
    const bytes: AsyncIterable<Buffer> = isGzipped ? raw.pipe(createGunzip()) : raw;
    await readRows(decodeText(bytes, path), reader).catch((error: unknown) => {
      if (error instanceof Failure) throw error;
      throw corrupt(path, isGzipped ? 'is damaged: it cannot be unpacked' : 'cannot be read to its end');
    });
    raw.destroy();
    return reader.table();
  } finally {
    await file.close();
  }
}

async function readRows(chunks: AsyncIterable<string>, reader: TableReader): Promise<void> {
  const { default: papa } = await import('papaparse');
  const text = Readable.from(reader.watched(withLineFeeds(chunks)), { highWaterMark: 1 });
  await new Promise<void>((resolve, reject) => {
    papa.parse<string[]>(text, {
      newline: '\n',
      // Papa Parse would not count the empty lines that it skips.
      delimiter: (start) =>
        papa.parse(start, { newline: '\n', skipEmptyLines: true, preview: 1 }).meta.delimiter,
      chunk({ data, errors }, parser) {
        try {
          reader.addAll(data, errors.find(({ type }) => type === 'Quotes')?.row);
          if (!reader.isFull) return;
          resolve();
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
        parser.abort();
        text.destroy();
      },
      complete: () => resolve(),
      error: reject,
    });
  });
}

class TableReader {
  readonly #path: string;
  readonly #options: TableOptions;
  #columns: readonly string[] | undefined;
  /** The place of the label; -1 if there is none. */
  #label = -1;
  #cells: number | undefined;
  #row = new Float64Array(0);
  readonly #numbers = new NumberStore(SIZE_LIMIT);
  readonly #labels: string[] = [];
  /** Where the row that is read begins, from 1. */
  #line = 1;
  /** Whether there are quotation marks, between which lines may end inside a row. */
  #hasQuotes = false;
  #rows = 0;

  constructor(path: string, options: TableOptions) {
    this.#path = path;
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#rows >= (this.#options.limit ?? Infinity);
  }

  /** Chunks of text, unless they hold a row without an end. */
  async *watched(chunks: AsyncIterable<string>): AsyncGenerator<string> {
    let [line, length] = [1, 0];
    for await (const chunk of chunks) {
      if (this.#line > line) [line, length] = [this.#line, 0];
      length += chunk.length;
      if (length > ROW_LIMIT)
        throw this.#corrupt(
          `has more than ${ROW_LIMIT} characters`,
          'look for a quotation mark that is not closed',
        );
      this.#hasQuotes ||= chunk.includes('"');
      yield chunk;
    }
  }

  /** @param unclosed the number of a row, from 0, with a quotation mark that is not closed */
  addAll(rows: readonly (readonly string[])[], unclosed?: number): void {
    for (const [index, cells] of rows.entries()) {
      if (this.isFull) return;
      if (index === unclosed) throw this.#corrupt('a quotation mark is not closed');
      if (cells.length > 1 || cells[0] !== '') this.#add(cells);
      this.#line += 1 + (this.#hasQuotes ? countBreaks(cells) : 0);
    }
  }

  #add(cells: readonly string[]): void {
    if (this.#cells === undefined) {
      if (this.#begin(cells)) return;
    } else if (cells.length !== this.#cells) {
      const isEnded = cells.length === this.#cells + 1 && cells.at(-1)?.trim() === '';
      throw this.#corrupt(
        `has ${cells.length} cells, and the rows before it ${this.#cells}`,
        isEnded ? 'remove the separator at the end of the row' : undefined,
      );
    }
    const row = this.#row;
    let at = 0;
    for (let column = 0; column < cells.length; column++) {
      const text = cells[column] ?? '';
      if (column === this.#label) {
        this.#labels.push(text.trim());
        continue;
      }
      const value = numberOf(text);
      if (!Number.isFinite(Math.fround(value)) || isInexact(text, value))
        throw this.#badCell(text, column, value);
      row[at++] = value;
    }
    if (!this.#numbers.add(row)) throw corrupt(this.#path, 'has more than 2 GB of numbers');
    this.#rows += 1;
  }

  /** Takes the first row. @returns whether it has names instead of numbers */
  #begin(cells: readonly string[]): boolean {
    const [first = '', ...rest] = cells;
    const names = [first.replace(/^\uFEFF/, ''), ...rest].map((name) => name.trim());
    if (names[0] === '' && names.length > 1)
      throw this.#corrupt(
        'column 1 has no name',
        'pandas writes such a column for its index: save with `index=False`',
      );
    const { label } = this.#options;
    const hasNames = areNames(names.filter((_, column) => column !== label));
    this.#cells = cells.length;
    if (hasNames) this.#columns = names;
    this.#label = this.#findLabel(names, hasNames);
    this.#row = new Float64Array(cells.length - (this.#label < 0 ? 0 : 1));
    return hasNames;
  }

  #findLabel(names: readonly string[], hasNames: boolean): number {
    const { label } = this.#options;
    if (typeof label === 'number') {
      if (label < names.length) return label;
      throw corrupt(this.#path, `has ${names.length} columns: there is no column ${label}`);
    }
    const found = names.findIndex((name) => (label === undefined ? LABEL_NAME.test(name) : name === label));
    if (label === undefined) return hasNames ? found : -1;
    if (found >= 0 && hasNames) return found;
    const known = hasNames ? `its columns are ${listed(names)}` : 'its first row has no names';
    throw corrupt(this.#path, `has no column \`${label}\`: ${known}`);
  }

  table(): NumberTable {
    if (this.#rows === 0) throw corrupt(this.#path, 'has no rows of numbers');
    const width = this.#row.length;
    if (width === 0) throw corrupt(this.#path, 'has only labels');
    return {
      columns: this.#columns?.filter((_, column) => column !== this.#label),
      rows: this.#rows,
      width,
      data: this.#numbers.take(),
      labels: this.#label < 0 ? undefined : this.#labels,
    };
  }

  #badCell(text: string, column: number, value: number): Failure {
    const name = this.#columns?.[column];
    const place = name === undefined ? `${column + 1}` : `${column + 1}, \`${printable(name)}\`,`;
    const shown = `holds \`${printable(text.slice(0, 40))}\``;
    if (text.trim() === '') {
      const isLast = column === (this.#cells ?? 0) - 1;
      const hint = isLast
        ? 'if each row ends with a separator, remove it; otherwise write a number'
        : ONE_ROW;
      return this.#corrupt(`column ${place} is empty`, hint);
    }
    if (!Number.isNaN(value))
      return this.#corrupt(
        `column ${place} ${shown}, which float32 does not hold`,
        'make the numbers smaller',
      );
    const isComma = /^\s*-?\d+,\d+\s*$/.test(text);
    const hint = isComma ? 'write decimal points instead of commas' : ONE_ROW;
    return this.#corrupt(`column ${place} ${shown}, which is not a decimal number`, hint);
  }

  #corrupt(what: string, hint?: string): Failure {
    return corrupt(this.#path, `line ${this.#line}: ${what}`, hint);
  }
}

const ONE_ROW = 'each row holds the numbers of one sample; name the column of labels with `label`';

/** Lines that end inside the cells of a row. */
function countBreaks(cells: readonly string[]): number {
  return cells.reduce((count, cell) => count + cell.split('\n').length - 1, 0);
}

/** What a program writes where a number is missing or too large. */
const NO_NAME = /^[-+]?(?:nan|inf(?:inity)?)$/i;

/** Whether a first row names columns: it has no numbers, or those by which pandas and others count columns. */
function areNames(cells: readonly string[]): boolean {
  if (cells.some((cell) => NO_NAME.test(cell))) return false;
  const numbers = cells.filter(isNumber).map(numberOf);
  const isCount = numbers.every((value, index) => index === 0 || value === (numbers[index - 1] ?? 0) + 1);
  if (numbers.length < cells.length) return isCount && numbers.length !== 1;
  return isCount && numbers[0] === 0 && numbers.length > 2;
}

const isNumber = (text: string): boolean => Number.isFinite(numberOf(text));

function listed(names: readonly string[]): string {
  const some = names.slice(0, 5).map((name) => `\`${printable(name)}\``);
  return names.length > some.length ? `${some.join(', ')}, …` : some.join(', ');
}

function corrupt(path: string, what: string, hint?: string): Failure {
  return failure('data-corrupt', `\`${path}\` ${what}`, hint);
}

/** A cell as a number: NaN if it is no decimal number, or empty. */
function numberOf(text: string): number {
  if (text.length > 3 || text.length === 0) return longNumberOf(text);
  // Most cells are pixels of 8 bits, which `Number` takes long for.
  let value = 0;
  for (let index = 0; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return longNumberOf(text);
    value = value * 10 + digit;
  }
  return value;
}

function longNumberOf(text: string): number {
  // `Number` also takes `Infinity`, and numbers of other bases such as `0x10`.
  return text.trim() === '' || /[boxy]/i.test(text) ? Number.NaN : Number(text);
}

/** Whether a cell is an integer that float32 would change. Fractions are rounded. */
function isInexact(text: string, value: number): boolean {
  return Math.fround(value) !== value && Number.isInteger(value) && /^\s*[-+]?\d+\s*$/.test(text);
}
