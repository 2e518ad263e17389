/** Options that several commands take. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { EngineChoice } from '../engine/engine.ts';
import { makeTerminal, type Terminal } from './terminal/terminal.ts';

/** Receives the exit code of the command that ran. */
export type SetCode = (code: number) => void;

/** Adds a command with the common options, and examples for its help. */
export type AddCommand = (name: string, description: string, examples: readonly string[]) => Command;

/** Options of every command, as commander passes them. */
export interface OutputFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color: boolean;
}

/** Options of commands that read a pipeline. */
export interface PipelineFlags {
  /** `-S` arguments, as given. */
  readonly set?: readonly string[];
  readonly allowPlugins?: boolean;
}

/** Options of commands that plan or run. */
export interface PlanFlags extends PipelineFlags {
  readonly outputs: string;
  readonly engine: EngineChoice;
  readonly force?: boolean;
}

/** Options of `run` only. */
export interface RunFlags extends PlanFlags {
  readonly dryRun?: boolean;
  readonly keepGoing?: boolean;
  readonly jobs: number;
  /** Port of the live report; true for any free port. */
  readonly serve?: number | true;
}

/** Options of `sweep` only. */
export interface SweepFlags extends PipelineFlags {
  /** `--over` arguments, as given. */
  readonly over?: readonly string[];
  readonly metric?: string;
  readonly outputs: string;
  readonly engine: EngineChoice;
  readonly dryRun?: boolean;
  readonly jobs?: number;
  readonly on?: 'local' | 'slurm';
  readonly partition?: string;
  readonly account?: string;
  readonly time?: string;
  readonly mem?: string;
  readonly cpus?: number;
  readonly arrayLimit?: number;
  readonly trialsPerJob?: number;
  readonly requeue?: boolean;
  readonly sbatchArg?: readonly string[];
  readonly retryFailed?: boolean;
  readonly wait?: boolean;
  readonly status?: boolean;
  readonly cancel?: boolean;
}

export function withOutputFlags(command: Command): Command {
  return command
    .option('--json', 'print one JSON document and nothing else')
    .option('-q, --quiet', 'print results and problems only')
    .option('-v, --verbose', 'print more')
    .option('--no-color', 'print without colours');
}

export function withPipelineFlags(command: Command): Command {
  return command
    .option('-S, --set <path=value>', 'override a value of the pipeline; can be repeated', collect)
    .option('--allow-plugins', 'load the code of the plugins that the pipeline uses');
}

export function withPlanFlags(command: Command): Command {
  return withPipelineFlags(command).addOption(outputsOption()).addOption(engineOption());
}

export function outputsOption(): Option {
  return new Option('-o, --outputs <folder>', 'the outputs folder').default('outputs');
}

export function engineOption(): Option {
  return new Option(
    '--engine <kind>',
    'native: TensorFlow; portable: WebAssembly, runs everywhere; auto: native if available',
  )
    .choices(['auto', 'native', 'portable'])
    .default('auto');
}

/** Options of `sweep` for what it varies. */
export function withOverFlags(command: Command): Command {
  return command
    .option(
      '--over <name=values>',
      'vary a parameter over values or a range: 2,4,8 or 2..10:2 or 0.001..0.1:log; can be repeated',
      collect,
    )
    .option('--metric <stage.name[:goal]>', 'the metric that ranks trials, such as quality.mse:min');
}

/** Options of `sweep` for a batch system. */
export function withBatchFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--on <launcher>', 'where trials run: on this machine, or as Slurm jobs').choices([
        'local',
        'slurm',
      ]),
    )
    .option('--partition <name>', 'for Slurm: the partition')
    .option('--account <name>', 'for Slurm: the account to charge')
    .option('--time <limit>', 'for Slurm: time limit of a job, such as 2:00:00')
    .option('--mem <size>', 'for Slurm: memory of a job, such as 4G')
    .option('--cpus <number>', 'for Slurm: cores of a job', positiveInteger)
    .option(
      '--array-limit <number>',
      'for Slurm: the maximum number of jobs that run in parallel',
      positiveInteger,
    )
    .option('--trials-per-job <number>', 'for Slurm: the number of trials per job', positiveInteger)
    .option('--no-requeue', 'for Slurm: do not restart a job after a time limit or a node failure')
    .option(
      '--sbatch-arg <argument>',
      'for Slurm: an additional argument for sbatch; can be repeated',
      collect,
    )
    .option('--wait', 'for Slurm: wait until the jobs end')
    .addOption(
      new Option('--status', 'show the progress of each trial').conflicts(['cancel', 'dryRun', 'wait']),
    )
    .addOption(new Option('--cancel', 'for Slurm: cancel the jobs').conflicts(['dryRun', 'wait']));
}

function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

/** Reads an option value that is a whole number of at least 1. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('Expected a whole number of at least 1.');
  return value;
}

/** Bytes of each unit: `KB` is 1000 bytes, `KiB` is 1024. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ...['k', 'm', 'g', 't'].flatMap((prefix, index): [string, number][] => [
    [prefix, 1000 ** (index + 1)],
    [`${prefix}i`, 1024 ** (index + 1)],
  ]),
]);

/** Reads an option value that is a size, such as `500MB`, `2 GB`, `1.5GiB` or a number of bytes. */
export function sizeInBytes(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([a-z]{0,2}?)b?$/i.exec(text.trim()) ?? [];
  const bytes = UNITS.get(unit.toLowerCase());
  if (number === '' || bytes === undefined)
    throw new InvalidArgumentError('Expected a size, such as 500MB, 2GB or 1.5GiB.');
  return Math.floor(Number(number) * bytes);
}

/** Reads a port number. */
export function portNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65535)
    throw new InvalidArgumentError('Expected a port from 0 to 65535. Put `--serve` after the pipeline file.');
  return value;
}

export function terminalOf(flags: OutputFlags): Terminal {
  return makeTerminal({
    json: flags.json === true,
    quiet: flags.quiet === true,
    verbose: flags.verbose === true,
    color: flags.color,
  });
}
