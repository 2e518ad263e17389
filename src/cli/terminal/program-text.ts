/** Programs for people: each instruction with its cost and the kernel that runs it. */
import { costOf, type Cost } from '../../engine/program/cost.ts';
import { programLines, type ProgramLine } from '../../engine/program/print.ts';
import { readersOf, type Instruction, type Program } from '../../engine/program/program.ts';
import { formatBytes, formatOperations, formatPlural, table } from './format.ts';
import type { Style } from './style.ts';

export interface ProgramTextOptions {
  /** The kernel that runs an instruction, if known. */
  readonly targetOf: (instruction: Instruction) => string | undefined;
  /** Whether everything is printed: each body, and all elements of constants. */
  readonly full: boolean;
  /** False if the parameters were already shown. */
  readonly parameters?: boolean;
  /** Width of the terminal; Infinity if lines must not be broken. */
  readonly columns: number;
  readonly style: Style;
}

/** The most elements of a constant that are shown. */
const ELEMENTS = 8;

/** Width of a line without a terminal. After a longer line, the note follows immediately. */
const USUAL_TEXT = 72;

/** The minimum width for the text of an instruction. */
const LEAST_TEXT = 40;

/** The program, line by line, with notes at the ends of lines. */
export function renderProgram(program: Program, options: ProgramTextOptions): string {
  const { full, columns, style } = options;
  const shown = programLines(program, full ? {} : { elements: ELEMENTS, bodiesOnce: true });
  const lines = [
    ...(options.parameters === false ? [] : readParameters(program, shown)),
    ...shown.slice(program.parameters.length),
  ];
  const noteOf = notesFor(program, options.targetOf);
  const notes = lines.map(noteOf);
  const longest = (texts: readonly string[]): number => Math.max(0, ...texts.map(({ length }) => length));
  const texts = lines.map(({ text }) => text).filter((_, index) => notes[index] !== '');
  const room = Number.isFinite(columns)
    ? Math.max(LEAST_TEXT, columns - longest(notes) - 2)
    : Math.min(longest(texts), USUAL_TEXT);
  return lines
    .flatMap(({ text }, index) => {
      const note = notes[index] ?? '';
      const [first = '', ...rest] = Number.isFinite(columns)
        ? broken(text, note === '' ? columns : room)
        : [text];
      return [note === '' ? first : `${first.padEnd(room)}  ${style('dim', note)}`, ...rest];
    })
    .join('\n');
}

/** Lines for the parameters that are read or changed, and the number of the others. */
function readParameters(program: Program, lines: readonly ProgramLine[]): readonly ProgramLine[] {
  const { parameters, updates } = program;
  const used = new Set([...readersOf(program).keys(), ...updates.map(({ variable }) => variable)]);
  const shown = parameters.flatMap(({ value }, index) => (used.has(value) ? (lines[index] ?? []) : []));
  const others = parameters.length - shown.length;
  const rest = { text: `# and ${formatPlural(others, 'variable')} that it does not read` };
  return others === 0 ? shown : [...shown, rest];
}

/** `3 instructions, 221 MFLOP, 12 MB` */
export function describeSize(program: Program, { operations, read, written }: Cost): string {
  const count = formatPlural(countOf(program), 'instruction');
  return `${count}, ${formatOperations(operations)}, ${formatBytes(read + written)} moved`;
}

/** Instructions, without the scalar constants that are printed inline. */
export function countOf({ instructions }: Program): number {
  return instructions.filter(({ op, results }) => op !== 'constant' || results[0]?.type.shape.length !== 0)
    .length;
}

/** The instructions with the most operations, each with its share of all operations and of all bytes. */
export function renderLargest(program: Program, total: Cost, style: Style): string {
  const names = new Map(
    programLines(program).flatMap(({ text, instruction }) =>
      instruction === undefined ? [] : [[instruction, text.slice(0, text.indexOf(':'))] as const],
    ),
  );
  const largest = program.instructions
    .map((instruction) => ({ instruction, cost: costOf(instruction) }))
    .sort((a, b) => b.cost.operations - a.cost.operations)
    .slice(0, LARGEST);
  const rows = largest.map(({ instruction, cost: { operations, read, written } }) => [
    names.get(instruction) ?? '',
    instruction.op,
    formatOperations(operations),
    share(operations, total.operations),
    formatBytes(read + written),
    share(read + written, total.read + total.written),
  ]);
  const lines = table([['largest', '', 'operations', '', 'bytes', ''], ...rows]);
  return lines.map((line, index) => (index === 0 ? style('dim', line) : line)).join('\n');
}

const LARGEST = 5;

function share(part: number, total: number): string {
  return total === 0 ? '' : `${Math.round((100 * part) / total)} %`;
}

/** The note after a line: costs for the program's own instructions, operands for a body's parameters. */
function notesFor(
  { instructions }: Program,
  targetOf: ProgramTextOptions['targetOf'],
): (line: ProgramLine) => string {
  const parts = new Map(
    instructions.map((instruction) => {
      const { operations, read, written } = costOf(instruction);
      return [
        instruction,
        [
          operations === 0 ? '' : formatOperations(operations),
          read + written === 0 ? '' : formatBytes(read + written),
          targetOf(instruction) ?? '',
        ],
      ] as const;
    }),
  );
  const widths = [0, 1].map((column) =>
    Math.max(0, ...[...parts.values()].map((row) => row[column]?.length ?? 0)),
  );
  return ({ instruction, operand }) => {
    if (operand !== undefined) return `# ${operand}`;
    const [operations = '', bytes = '', target = ''] = (instruction && parts.get(instruction)) ?? [];
    // A reshape costs nothing.
    if (operations === '' && bytes === '') return '';
    return `# ${operations.padStart(widths[0] ?? 0)}  ${bytes.padStart(widths[1] ?? 0)}  ${target}`.trimEnd();
  };
}

/** Wraps a text to a width, as far as its words allow; all lines but the first are indented. */
function broken(text: string, columns: number): readonly string[] {
  const start = ' '.repeat(text.length - text.trimStart().length);
  const lines: string[] = [];
  let line = '';
  for (const word of wordsOf(text)) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = `${start}    ${word}`;
    } else line = line === '' ? `${start}${word}` : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Parts that stay on one line: a list in brackets, an attribute with its value, otherwise a word. */
function wordsOf(text: string): readonly string[] {
  const words: string[] = [];
  let depth = 0;
  let word = '';
  for (const letter of text.trim()) {
    if (letter === '[') depth += 1;
    if (letter === ']') depth -= 1;
    if (letter === ' ' && depth === 0 && !word.endsWith(':')) {
      words.push(word);
      word = '';
    } else word += letter;
  }
  return [...words, word];
}
