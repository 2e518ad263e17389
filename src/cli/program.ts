/** How the user started this program, so that commands which we propose work as they stand. */
import { basename } from 'node:path';
import { pathFromHere } from '../core/path.ts';
import { shellWord } from '../core/shell.ts';

/** `hourglass`, or what it takes where that is no command of the shell: `npx hourglass`, `node bin/hourglass.js`. */
function programName(): string {
  // Set by npx, and by npm for its scripts.
  if ((process.env['npm_lifecycle_event'] ?? '') !== '') return 'npx hourglass';
  const script = process.argv[1] ?? '';
  return basename(script) === 'hourglass.js' ? `node ${shellWord(pathFromHere(script))}` : 'hourglass';
}

/** A command line as one would type it. */
export function commandLine(words: readonly string[]): string {
  return [programName(), ...words.map((word) => shellWord(word))].join(' ');
}

/** A call of a command on a pipeline, with all that decides which results it makes. */
export interface PipelineCall {
  readonly pipeline: string;
  readonly stages?: readonly string[];
  /** `-S` arguments. */
  readonly set?: readonly string[] | undefined;
  readonly outputs?: string;
  readonly engine?: string;
  readonly allowPlugins?: boolean | undefined;
  /** `--over` and `--metric` arguments of a sweep. */
  readonly over?: readonly string[] | undefined;
  readonly metric?: string | undefined;
}

/** Its words, without options that have their usual values. */
export function callWords(command: 'run' | 'sweep' | 'pack', call: PipelineCall): readonly string[] {
  const {
    pipeline,
    stages = [],
    over = [],
    metric,
    set = [],
    outputs = 'outputs',
    engine = 'auto',
    allowPlugins,
  } = call;
  return [
    command,
    pipeline,
    ...stages,
    ...over.flatMap((each) => ['--over', each]),
    ...(metric === undefined ? [] : ['--metric', metric]),
    ...set.flatMap((override) => ['-S', override]),
    ...(outputs === 'outputs' ? [] : ['--outputs', outputs]),
    ...(engine === 'auto' ? [] : ['--engine', engine]),
    ...(allowPlugins === true ? ['--allow-plugins'] : []),
  ];
}
