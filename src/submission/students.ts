/** Whose archive is whose: the list of students, numbers in file names, and whether a seed is one of them. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { errorCode } from '../files/atomic.ts';
import { readCsv, type CsvRow } from '../formats/csv.ts';
import { Failure, failure, type Diagnostic } from '../core/diagnostic.ts';
import { printable } from '../core/text.ts';

/** Numbers of students by the names of their archives, as `nameKey` writes both. */
export type Students = ReadonlyMap<string, string>;

/** Names of columns, without blanks, hyphens, underscores and capital letters. */
const FILE_COLUMNS = ['file', 'filename'];
const NUMBER_COLUMNS = ['number', 'studentnumber', 'idnumber'];

/**
 * Reads a list of students: a table with the columns `file` and `number`, as spreadsheets write it.
 *
 * @throws Failure `file-not-found`, `file-unreadable`, or `bad-setting` for each line that does not tell whose number it is
 */
export async function readStudents(path: string): Promise<Students> {
  const bytes = await readFile(path).catch((error: unknown) => {
    const code = errorCode(error);
    if (code === 'ENOENT') throw failure('file-not-found', `\`${path}\` does not exist`);
    throw failure('file-unreadable', `\`${path}\` cannot be read (${code})`);
  });
  return parseStudents(decode(bytes), path);
}

/** UTF-8, or what Excel writes: UTF-16 as "Unicode text", Windows-1252 as plain CSV. */
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
    if (name === '') bad(`\`${printable(written)}\` stands beside no file`);
    else if (value === undefined)
      bad(
        `\`${printable(written)}\` is not one number, which \`${printable(name)}\` needs`,
        'write the digits of the number; format the column as text if a spreadsheet shortens them',
      );
    else {
      const before = found.get(nameKey(name));
      if (before === undefined) found.set(nameKey(name), { number: value, line });
      else if (before.number !== value)
        bad(`\`${printable(name)}\` has another number than on line ${before.line}`, 'keep one of the lines');
    }
  }
  if (problems.length > 0) throw new Failure(...problems);
  return new Map([...found].map(([name, { number: value }]) => [name, value]));
}

/** The rows below the line that names the columns, by whichever separator makes columns of it. */
function readTable(
  text: string,
  path: string,
): { readonly head: readonly string[]; readonly rows: readonly CsvRow[] } {
  const plain = text.replace(/^\ufeff/, '');
  // Excel's own line, which says what separates cells.
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
    'begin it with `file,number`; semicolons or tabs may separate, too',
  );
}

/**
 * The number in a cell, without zeros in front: among letters (`s0123456`), with a point and zeros (`123456.0`), or as Excel
 * keeps texts (`="0123456"`). Undefined where there are none or several.
 */
function numberIn(cell: string): string | undefined {
  const runs = digitRuns(cell.replace(/[.,]0+$/, ''));
  return runs.length === 1 ? runs[0] : undefined;
}

/** Each run of digits of a text, without zeros in front. */
function digitRuns(text: string): readonly string[] {
  // Digits of full width are digits.
  return (text.normalize('NFKC').match(/\d+/g) ?? []).map((digits) => digits.replace(/^0+(?=\d)/, ''));
}

/** A name of a file as it is compared: without its folder and extension, whatever case or Unicode form a system gives it. */
function nameKey(path: string): string {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1).trim();
  return name
    .replace(/\.zip$/i, '')
    .normalize('NFC')
    .toLowerCase();
}

/**
 * Says whether a seed is the number of the student who handed in an archive; nothing if it is as it must be. Numbers are compared
 * as numbers: `0123456` is 123456, as in YAML.
 *
 * @param archive the path under which it was handed in
 * @param pipeline what it holds
 * @returns `assignment-seed` if it is another number, or as a warning if the name holds several and so proves little;
 *   `student-unknown` if neither the list nor the name tells the number
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
      message: `the name ${shown} holds no number of a student`,
      hint: 'name the archive as `pack` does, or give a list with `students:` in the assignment',
    };
  }
  if (!numbers.includes(String(seed))) {
    return wrong(`the seed is ${seed}, and the name ${shown} holds ${numbers.join(' and ')}`);
  }
  // The name that `pack` gives, in which the pipeline's own may hold a number, too.
  if (numbers.length === 1 || told[0] === `${pipeline}-${seed}`) return undefined;
  return {
    code: 'assignment-seed',
    severity: 'warning',
    message: `the name ${shown} holds several numbers, ${numbers.join(' and ')}: the seed is one of them, which need not be the student's`,
    hint: 'a list with `students:` in the assignment tells whose archive it is',
  };
}

function wrong(message: string): Diagnostic {
  return {
    code: 'assignment-seed',
    severity: 'error',
    message,
    hint: 'the `seed` of a submission is the number of its student',
  };
}

/** What learning platforms add to the name of a file: numbers of their own, which are not the student's, and dates. */
const PLATFORMS: readonly RegExp[] = [
  // Moodle: `Jane Doe_31415_assignsubmission_file_NAME`
  /^(?<student>[^_]*)_\d+_assignsubmission_file_(?<file>.*)$/,
  // Blackboard: `Exercise 1_s0123456_attempt_2026-01-31-23-59-00_NAME`
  /^.*_(?<student>[^_]+)_attempt_\d{4}(?:-\d\d){5}(?:_(?<file>.*))?$/,
  // Canvas: `doejane_LATE_271828_161803_NAME`
  /^(?<student>[^_\d]*)_(?:LATE_)?\d+_\d+_(?<file>.*)$/,
];

/** What the student called an archive, then the same with less left out, for names that are told otherwise. */
function toldBy(name: string): readonly string[] {
  const whole = name.replace(/\.zip$/i, '');
  const groups = PLATFORMS.map((pattern) => pattern.exec(whole)?.groups).find((each) => each !== undefined);
  // What browsers and platforms add to the second file of a name.
  const plain = (text: string): string => text.replace(/(?: \(\d{1,2}\)|-\d{1,2})$/, '');
  const { student = '', file = '' } = groups ?? {};
  return [...(groups === undefined ? [] : [plain(file), student, file]), plain(whole), whole];
}

/** The numbers of the first of some texts that has any, each once. */
function numbersIn(texts: readonly string[]): readonly string[] {
  return texts.map((text) => [...new Set(digitRuns(text))]).find(({ length }) => length > 0) ?? [];
}
