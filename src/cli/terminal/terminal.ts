/** The two output streams of a command, with the user's options. */
import { printableJson, printableLines } from '../../core/text.ts';
import { makeStyle, type Style } from './style.ts';

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** False after `--no-color`. */
  readonly color: boolean;
}

export interface Terminal {
  readonly options: OutputOptions;
  /** Results, for stdout. With `--json`, only the one document. */
  result(text: string): void;
  /** Progress and problems, for stderr. */
  note(text: string): void;
  /** Colours for stdout and for stderr. */
  readonly resultStyle: Style;
  readonly noteStyle: Style;
  /** Whether stdout is a terminal. */
  readonly interactive: boolean;
  /** Whether stderr is a terminal on which lines can be redrawn. */
  readonly live: boolean;
  /** Whether the terminal shows characters beyond ASCII, such as the bars of a sparkline. */
  readonly unicode: boolean;
  /** Current width of stderr in columns. */
  columns(): number;
  /** Clears the terminal of stdout, if it is one. */
  clear(): void;
}

const ESCAPE = '\u001b';

/** Escape sequences for colours, which the program itself writes. */
const COLOR = new RegExp(`(${ESCAPE}\\[[\\d;]*m)`);

/** A text without control characters, except colours: it may contain untrusted parts. */
function harmless(text: string): string {
  return text
    .split(COLOR)
    .map((part, index) => (index % 2 === 1 ? part : printableLines(part)))
    .join('');
}

const CLEAR = `${ESCAPE}[2J${ESCAPE}[3J${ESCAPE}[H`;

/** Width if the terminal does not report it. */
const USUAL_COLUMNS = 100;

/** Follows `NO_COLOR` (no-color.org), `FORCE_COLOR`, `CI` and `TERM=dumb`. */
export function makeTerminal(options: OutputOptions): Terminal {
  const { env, stdout, stderr } = process;
  const isSet = (name: string): boolean => (env[name] ?? '') !== '';
  const isDumb = env['TERM'] === 'dumb';
  const colors = (stream: NodeJS.WriteStream): boolean => {
    if (!options.color || isSet('NO_COLOR')) return false;
    if (isSet('FORCE_COLOR')) return env['FORCE_COLOR'] !== '0' && env['FORCE_COLOR'] !== 'false';
    return stream.isTTY === true && !isDumb;
  };
  return {
    options,
    result: (text) => void stdout.write(`${options.json ? printableJson(text) : harmless(text)}\n`),
    note: (text) => void stderr.write(`${harmless(text)}\n`),
    resultStyle: makeStyle(colors(stdout)),
    noteStyle: makeStyle(colors(stderr)),
    interactive: stdout.isTTY === true,
    live: stderr.isTTY === true && !isSet('CI') && !isDumb && !options.quiet && !options.json,
    unicode: hasUnicode(env, process.platform),
    // Terminals that do not know their width report 0.
    columns: () => stderr.columns || USUAL_COLUMNS,
    clear: () => {
      if (stdout.isTTY === true && !isDumb) stdout.write(CLEAR);
    },
  };
}

/** Terminals of Windows with fonts for more than a code page name themselves. */
const NAMED_ON_WINDOWS = ['WT_SESSION', 'TERM_PROGRAM', 'ConEmuTask', 'MSYSTEM'] as const;

/** Whether a terminal shows Unicode, as far as its environment tells: a locale without it, or Linux's console, does not. */
export function hasUnicode(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): boolean {
  if (platform === 'win32')
    return NAMED_ON_WINDOWS.some((name) => (env[name] ?? '') !== '') || /xterm/.test(env['TERM'] ?? '');
  if (env['TERM'] === 'linux') return false;
  // The first that is set counts, as in POSIX.
  const locale = ['LC_ALL', 'LC_CTYPE', 'LANG'].map((name) => env[name] ?? '').find((value) => value !== '');
  return locale === undefined || /utf-?8/i.test(locale);
}
