/** Finds the student of an archive by the list of students or by its file name, and checks the seed against the number. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { errorCode } from '../files/atomic.ts';
import { readCsv, type CsvRow } from '../formats/csv.ts';
import { Failure, failure, type Diagnostic } from '../core/diagnostic.ts';
import { printable } from '../core/text.ts';

/** Numbers of students by the names of their archives, normalised by `nameKey`. */
export type Students = ReadonlyMap<string, string>;

/** Names of columns in lower case, without spaces, hyphens and underscores. */
const FILE_COLUMNS = ['file', 'filename'];
const NUMBER_COLUMNS = ['number', 'studentnumber', 'idnumber'];

/**
 * Reads a list of students: a table with the columns `file` and `number`, as spreadsheets export it.
 *
 * @throws Failure `file-not-found`, `file-unreadable`, or `bad-setting` for each line without a file or without one number
 */
export async function readStudents(path: string): Promise<Students> {
  const bytes = await readFile(path).catch((error: unknown) => {
    const code = errorCode(error);
    if (code === 'ENOENT') throw failure('file-not-found', `\`${path}\` does not exist`);
    throw failure('file-unreadable', `\`${path}\` cannot be read (${code})`);
  });
  return parseStudents(decode(bytes), path);
}

/** Decodes UTF-8, or what Excel writes: UTF-16 as "Unicode text", Windows-1252 as plain CSV. */
function decode(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

/**
 * @param path for diagnostics
 * @throws Failure `bad-setting`
 */
export function parseStudents(text: string, path: string): Students {
  const { head, rows } = readTable(text, path);
  const names = head.map((name) => name.toLowerCase().replace(/[\s_-]/g, ''));
  const column = (known: readonly string[]): number => names.findIndex((name) => known.includes(name));
  const [file, number] = [column(FILE_COLUMNS), column(NUMBER_COLUMNS)];
  const problems: Diagnostic[] = [];
  const found = new Map<string, { readonly number: string; readonly line: number }>();
  for (const { line, cells } of rows) {
    const [name, written] = [(cells[file] ?? '').trim(), (cells[number] ?? '').trim()];
    if (name === '' && written === '') continue;
    const bad = (message: string, hint?: string): void =>
      void problems.push({
        code: 'bad-setting',
        severity: 'error',
        message,
        ...(hint === undefined ? {} : { hint }),
        range: { file: path, start: { line, column: 1 }, end: { line, column: 1 } },
      });
    const value = numberIn(written);
    if (name === '') bad(`\`${printable(written)}\` has no file beside it`);
    else if (value === undefined)
      bad(
        `\`${printable(written)}\` is not a single number, as \`${printable(name)}\` needs`,
        'write the digits of the number; format the column as text if a spreadsheet shortens them',
      );
    else {
      const before = found.get(nameKey(name));
      if (before === undefined) found.set(nameKey(name), { number: value, line });
      else if (before.number !== value)
        bad(
          `\`${printable(name)}\` has a different number on line ${before.line}`,
          'remove one of the lines',
        );
    }
  }
  if (problems.length > 0) throw new Failure(...problems);
  return new Map([...found].map(([name, { number: value }]) => [name, value]));
}

/** The rows below the header. The separator is the one that splits the header into known columns. */
function readTable(
  text: string,
  path: string,
): { readonly head: readonly string[]; readonly rows: readonly CsvRow[] } {
  const plain = text.replace(/^\ufeff/, '');
  // Excel's own line that declares the separator.
  const declared = /^"?sep=(.)"?\r?\n/.exec(plain);
  const separators = declared?.[1] === undefined ? [',', ';', '\t', '|'] : [declared[1]];
  const body = declared === null ? plain : plain.slice(declared[0].length);
  for (const separator of separators) {
    const [first, ...rows] = readCsv(body, separator) ?? [];
    const head = (first?.cells ?? []).map((name) => name.trim());
    const keys = head.map((name) => name.toLowerCase().replace(/[\s_-]/g, ''));
    if (keys.some((key) => FILE_COLUMNS.includes(key)) && keys.some((key) => NUMBER_COLUMNS.includes(key))) {
      const skipped = declared === null ? 0 : 1;
      return { head, rows: rows.map((row) => ({ ...row, line: row.line + skipped })) };
    }
  }
  throw failure(
    'bad-setting',
    `\`${path}\` has no columns \`file\` and \`number\` in its first line`,
    'start it with `file,number`; the separator may also be a semicolon or a tab',
  );
}

/**
 * The number in a cell, without leading zeros: among letters (`s0123456`), with a decimal point and zeros (`123456.0`), or as
 * Excel exports texts (`="0123456"`). Undefined if there are none or several.
 */
function numberIn(cell: string): string | undefined {
  const runs = digitRuns(cell.replace(/[.,]0+$/, ''));
  return runs.length === 1 ? runs[0] : undefined;
}

/** Each run of digits in a text, without leading zeros. */
function digitRuns(text: string): readonly string[] {
  // Full-width digits count as digits.
  return (text.normalize('NFKC').match(/\d+/g) ?? []).map((digits) => digits.replace(/^0+(?=\d)/, ''));
}

/** A file name normalised for comparison: without folder and extension, independent of case and Unicode form. */
function nameKey(path: string): string {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1).trim();
  return name
    .replace(/\.zip$/i, '')
    .normalize('NFC')
    .toLowerCase();
}

/**
 * Checks that the seed is the number of the student who submitted an archive; undefined if it is. Compares numbers, not texts:
 * `0123456` is 123456, as in YAML.
 *
 * @param archive the path under which it was submitted
 * @param pipeline the pipeline in it
 * @returns `assignment-seed` if it is another number, or as a warning if the name contains several numbers, which proves little;
 *   `student-unknown` if neither the list nor the name has the number
 */
export function seedProblem(
  students: Students | undefined,
  archive: string,
  { name: pipeline, seed }: { readonly name: string; readonly seed: number },
): Diagnostic | undefined {
  const name = basename(archive);
  const shown = `\`${printable(name)}\``;
  if (students !== undefined) {
    const number = students.get(nameKey(name));
    if (number === undefined) {
      return {
        code: 'student-unknown',
        severity: 'error',
        message: `the list of students has no ${shown}`,
        hint: 'add a line with its name and the number of its student',
      };
    }
    return number === String(seed) ? undefined : wrong(`the seed is ${seed}, not ${number}`);
  }
  const told = toldBy(name);
  const numbers = numbersIn(told);
  if (numbers.length === 0) {
    return {
      code: 'student-unknown',
      severity: 'error',
      message: `the name ${shown} contains no student number`,
      hint: 'name the archive as `pack` does, or add a list with `students:` to the assignment',
    };
  }
  if (!numbers.includes(String(seed))) {
    return wrong(`the seed is ${seed}, but the name ${shown} contains ${numbers.join(' and ')}`);
  }
  // The name that `pack` gives, in which the pipeline's own name may contain a number, too.
  if (numbers.length === 1 || told[0] === `${pipeline}-${seed}`) return undefined;
  return {
    code: 'assignment-seed',
    severity: 'warning',
    message: `the name ${shown} contains several numbers, ${numbers.join(' and ')}: the seed is one of them, but not necessarily the student's`,
    hint: 'add a list with `students:` to the assignment',
  };
}

function wrong(message: string): Diagnostic {
  return {
    code: 'assignment-seed',
    severity: 'error',
    message,
    hint: 'the `seed` of a submission must be the number of its student',
  };
}

/** What learning platforms add to a file name: dates, and numbers that are not the student's. */
const PLATFORMS: readonly RegExp[] = [
  // Moodle: `Jane Doe_31415_assignsubmission_file_NAME`
  /^(?<student>[^_]*)_\d+_assignsubmission_file_(?<file>.*)$/,
  // Blackboard: `Exercise 1_s0123456_attempt_2026-01-31-23-59-00_NAME`
  /^.*_(?<student>[^_]+)_attempt_\d{4}(?:-\d\d){5}(?:_(?<file>.*))?$/,
  // Canvas: `doejane_LATE_271828_161803_NAME`
  /^(?<student>[^_\d]*)_(?:LATE_)?\d+_\d+_(?<file>.*)$/,
];

/** The student's own name for an archive, then longer parts of the file name, in case the guess was wrong. */
function toldBy(name: string): readonly string[] {
  const whole = name.replace(/\.zip$/i, '');
  const groups = PLATFORMS.map((pattern) => pattern.exec(whole)?.groups).find((each) => each !== undefined);
  // Browsers and platforms add this to the second file of the same name.
  const plain = (text: string): string => text.replace(/(?: \(\d{1,2}\)|-\d{1,2})$/, '');
  const { student = '', file = '' } = groups ?? {};
  return [...(groups === undefined ? [] : [plain(file), student, file]), plain(whole), whole];
}

/** The distinct numbers in the first text that has any. */
function numbersIn(texts: readonly string[]): readonly string[] {
  return texts.map((text) => [...new Set(digitRuns(text))]).find(({ length }) => length > 0) ?? [];
}
