/** The two streams of a command, and what the user asked of them. */
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
  /** Results: to stdout. With `--json`, nothing but the one document. */
  result(text: string): void;
  /** Progress and problems: to stderr. */
  note(text: string): void;
  /** Colours for stdout, and for stderr. */
  readonly resultStyle: Style;
  readonly noteStyle: Style;
  /** Whether stderr is a terminal on which lines can be drawn again. */
  readonly live: boolean;
  /** Width of stderr in columns. */
  readonly columns: number;
}

/** Heeds `NO_COLOR` (no-color.org), `FORCE_COLOR`, `CI` and `TERM=dumb`. */
export function makeTerminal(options: OutputOptions): Terminal {
  const { env, stdout, stderr } = process;
  const isSet = (name: string): boolean => (env[name] ?? '') !== '';
  const colors = (stream: NodeJS.WriteStream): boolean => {
    if (!options.color || isSet('NO_COLOR')) return false;
    return isSet('FORCE_COLOR')
      ? env['FORCE_COLOR'] !== '0'
      : stream.isTTY === true && env['TERM'] !== 'dumb';
  };
  return {
    options,
    result: (text) => void stdout.write(`${text}\n`),
    note: (text) => void stderr.write(`${text}\n`),
    resultStyle: makeStyle(colors(stdout)),
    noteStyle: makeStyle(colors(stderr)),
    live: stderr.isTTY === true && !isSet('CI') && env['TERM'] !== 'dumb' && !options.quiet && !options.json,
    columns: stderr.columns ?? 100,
  };
}
