/** How the user started this program: suggested commands must work when they are copied. */
import { existsSync } from 'node:fs';
import { basename, delimiter, dirname, resolve, sep } from 'node:path';
import { packageName, packageRoot } from '../core/package-root.ts';
import { pathFrom } from '../core/path.ts';
import { shellWord } from '../core/shell.ts';

/** How this process was started. */
export interface Start {
  /** The program's path, as Node was given it. */
  readonly script: string;
  /** The folder of this package, without links. */
  readonly root: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * `hourglass`, or its replacement if that is not a command of the shell: `npx hourglass-autoencoders`, `node bin/hourglass.js`.
 * Never `npx hourglass`: outside a folder with this package, that runs another package of this name.
 *
 * @param folder where it is to be typed
 */
export function programName(folder: string, { script, root, cwd, env }: Start): string {
  if (basename(dirname(root)) !== 'node_modules')
    return basename(script) === 'hourglass.js' ? `node ${shellWord(pathFrom(folder, script))}` : 'hourglass';
  const { npm_command: command, npm_config_user_agent: agent = '' } = env;
  const [manager] = /^(?:npm|pnpm|yarn)(?=\/)/.exec(agent) ?? [];
  if (manager === 'npm' && command !== undefined) return `npx ${packageName}`;
  // `pnpm dlx` installs what it runs in a folder of this name, and forgets it.
  if (manager === 'pnpm' && root.split(/[\\/]/).includes('dlx')) return `pnpm dlx ${packageName}`;
  // Both go to the folder of package.json first, so elsewhere they would not find the files that are named.
  if (manager !== undefined && resolve(folder) === cwd) return `${manager} hourglass`;
  const local = localProgram(script, cwd);
  // A manager puts the folder's programs on the path; the user's shell does not have them there.
  const isOnPath =
    manager === undefined &&
    local !== undefined &&
    (env['PATH'] ?? '').split(delimiter).includes(dirname(local));
  if (local === undefined || isOnPath) return 'hourglass';
  const path = pathFrom(folder, local);
  // cmd takes the word before a `/` for the command.
  return process.platform === 'win32' ? shellWord(path.replaceAll('/', '\\')) : shellWord(path);
}

/** The program of a folder's own packages; undefined for a global one. */
function localProgram(script: string, cwd: string): string | undefined {
  if (basename(dirname(script)) === '.bin') return script;
  // pnpm, and every manager on Windows, writes a script there that starts this one, not a link.
  const beside = resolve(script, '../../../.bin/hourglass');
  if (existsSync(beside)) return beside;
  // pnpm keeps packages in `node_modules/.pnpm/NAME/node_modules`, so its script lies further up.
  const [project] = script.split(/[\\/]node_modules[\\/]\.pnpm[\\/]/);
  const above = resolve(project ?? '', 'node_modules/.bin/hourglass');
  return project !== script && isWithin(cwd, project ?? '') && existsSync(above) ? above : undefined;
}

/** Not true of pnpm's folder for global packages, whose programs the shell has. */
function isWithin(folder: string, parent: string): boolean {
  return folder === parent || folder.startsWith(parent + sep);
}

function thisProgram(folder: string): string {
  const { argv, env } = process;
  return programName(folder, { script: argv[1] ?? '', root: packageRoot, cwd: process.cwd(), env });
}

/** Replaces `hourglass` in the commands of a text, which are in backquotes, by the way the user started this program. */
export function asStarted(text: string): string {
  return text.replace(/`hourglass (?=[a-z-])/g, () => `\`${thisProgram(process.cwd())} `);
}

/** A command line to type in a folder, by default the working folder. */
export function commandLine(words: readonly string[], folder = process.cwd()): string {
  return [thisProgram(folder), ...words.map((word) => shellWord(word))].join(' ');
}

/** A call of a command on a pipeline, with all options that affect the results. */
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

/** Its words, without options that have their default values. */
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
