/** Commands to reproduce the results on a page. */
import type { JsonObject } from '../core/json.ts';
import { shellWord } from '../core/shell.ts';
import type { Report } from './report.ts';

export interface Repetition {
  readonly command: 'run' | 'sweep';
  /** The pipeline, as it was named on the command line. */
  readonly file: string;
  /** `-S` arguments. */
  readonly settings: readonly string[];
  /** Other options with their values. */
  readonly options?: readonly (readonly [option: string, value: string])[];
  /** The engine of the run. */
  readonly engine: JsonObject | undefined;
  readonly hasPlugins: boolean;
}

/** The command as a text to type. */
export function commandText({
  command,
  file,
  settings,
  options = [],
  engine,
  hasPlugins,
}: Repetition): string {
  return [
    `hourglass ${command}`,
    shellWord(file),
    ...options.map(([option, value]) => `${option} ${shellWord(value)}`),
    ...settings.map((text) => `-S ${shellWord(text)}`),
    ...(engine?.['kind'] === 'portable' ? ['--engine portable'] : []),
    ...(hasPlugins ? ['--allow-plugins'] : []),
  ].join(' ');
}

/** The command that repeats the run with its settings. */
export function runText({ file, overrides, engine, hasPlugins }: Report): string {
  return commandText({ command: 'run', file, settings: overrides, engine, hasPlugins });
}

/** The same for another machine. Results depend on the number of threads, so it is set if the pipeline does not set it. */
export function repeatText(report: Report): string {
  const { overrides, threads, sources } = report;
  const [only] = threads;
  const pinned =
    sources.some(({ text }) => /^threads:/m.test(text)) ||
    overrides.some((text) => text.startsWith('threads='));
  if (threads.length !== 1 || only === undefined || pinned) return runText(report);
  return runText({ ...report, overrides: [...overrides, `threads=${only}`] });
}
