/** How the user started this program, so that commands which we propose work as they stand. */
import { basename, delimiter, dirname } from 'node:path';
import { packageName, packageRoot } from '../core/package-root.ts';
import { pathFrom } from '../core/path.ts';
import { shellWord } from '../core/shell.ts';

/**
 * `hourglass`, or what it takes where that is no command of the shell: `npx hourglass-autoencoders`, `node bin/hourglass.js`.
 * Never `npx hourglass`: outside a folder with this package, that runs another package of this name.
 */
function programName(folder = process.cwd()): string {
  const script = process.argv[1] ?? '';
  const isInstalled = basename(dirname(packageRoot)) === 'node_modules';
  if (!isInstalled)
    return basename(script) === 'hourglass.js' ? `node ${shellWord(pathFrom(folder, script))}` : 'hourglass';
  const { npm_command: command, npm_lifecycle_event: event, npm_config_user_agent: agent = '' } = process.env;
  // Of these, npx alone runs a package that is not installed.
  if (command === 'exec' && agent.startsWith('npm/')) return `npx ${packageName}`;
  if (command !== undefined || event !== undefined) {
    const [manager] = /^(?:pnpm|yarn)/.exec(agent) ?? [];
    if (manager !== undefined) return `${manager} hourglass`;
  }
  // The program of a folder's own packages, called by its path.
  const isOnPath = (process.env['PATH'] ?? '').split(delimiter).includes(dirname(script));
  return basename(dirname(script)) === '.bin' && !isOnPath
    ? shellWord(pathFrom(folder, script))
    : 'hourglass';
}

/** A text whose commands are given in backquotes, with this program as the user started it. */
export function asStarted(text: string): string {
  return text.replace(/`hourglass (?=[a-z-])/g, () => `\`${programName()} `);
}

/** A command line as one would type it in a folder, by default the present one. */
export function commandLine(words: readonly string[], folder?: string): string {
  return [programName(folder), ...words.map((word) => shellWord(word))].join(' ');
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
