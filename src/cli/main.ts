/** The command line: which commands there are, and how each is called. What a command does is in `commands/`. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Failure, type Diagnostic } from '../core/diagnostic.ts';
import { packageRoot } from '../core/package-root.ts';
import type { EngineChoice } from '../engine/engine.ts';
import { EXIT } from './exit.ts';
import { diagnosticToJson, renderDiagnostics } from './terminal/diagnostics.ts';
import { makeTerminal, type Terminal } from './terminal/terminal.ts';

/** Options that several commands take, as commander hands them on. */
export interface SharedOptions {
  readonly set?: readonly string[];
  readonly outputs: string;
  readonly engine: EngineChoice;
  readonly allowPlugins?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color: boolean;
}

/**
 * Runs one command line.
 *
 * @param args without the program's name
 * @returns the exit code
 */
export async function main(args: readonly string[]): Promise<number> {
  // A reader that has seen enough, such as `head`, is no error.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(EXIT.done);
      throw error;
    });
  }
  let code: number = EXIT.done;
  const program = describe((result) => (code = result));
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return reportProblem(error, args);
  }
}

function describe(setCode: (code: number) => void): Command {
  const program = new Command('hourglass')
    .description('Runs autoencoder experiments that are written as YAML.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .addHelpText(
      'after',
      `
Examples:
  $ hourglass init                            write a first pipeline
  $ hourglass run pipeline.yaml               run it
  $ hourglass run pipeline.yaml -S seed=42    run it with another seed
  $ hourglass plan pipeline.yaml              what would run, and why

Exit codes: 0 done, 1 a stage failed, 2 invalid pipeline or usage, 130 interrupted.`,
    );

  const command = (usage: string, description: string, examples: readonly string[]): Command =>
    program
      .command(usage)
      .description(description)
      .exitOverride()
      .configureOutput({ writeErr: () => undefined })
      .addOption(new Option('--json', 'print one JSON document and nothing else'))
      .addOption(new Option('-q, --quiet', 'print results and problems only'))
      .addOption(new Option('-v, --verbose', 'print more'))
      .addOption(new Option('--no-color', 'print without colours'))
      .addHelpText('after', `\nExamples:\n${examples.map((line) => `  $ hourglass ${line}`).join('\n')}`);

  withPipeline(
    command('run', 'run a pipeline, or the named stages and what they need', [
      'run pipelines/quickstart.yaml',
      'run pipelines/quickstart.yaml comparison',
      'run pipelines/quickstart.yaml -S params.latent_size=8 -S stages.denoiser.epochs=3',
      'run pipelines/quickstart.yaml --force quality',
    ]),
  )
    .argument('<pipeline>', 'the pipeline file')
    .argument('[stages...]', 'stages to run with what they need; all, if none is named')
    .option('-n, --dry-run', 'print the plan instead')
    .option('-f, --force', 'run the named stages, or all, even if the cache has their results')
    .option('-k, --keep-going', 'after a failure, go on with stages that do not depend on it')
    .option(
      '-j, --jobs <number>',
      'stages at work at one time',
      positiveInteger,
      Math.min(4, availableParallelism()),
    )
    .action(async (pipeline: string, stages: string[], options: SharedOptions & RunFlags) => {
      const { run } = await import('./commands/run.ts');
      setCode(await run(terminalOf(options), { ...options, pipeline, stages, version: version() }));
    });

  withPipeline(
    command('check', 'find every mistake of pipelines without running anything', [
      'check pipelines/quickstart.yaml',
      'check pipelines/*.yaml',
      'check --watch pipelines/quickstart.yaml',
    ]),
  )
    .argument('<pipelines...>', 'the pipeline files')
    .option('-w, --watch', 'check again whenever a file changes')
    .action(async (pipelines: string[], options: SharedOptions & { watch?: boolean }) => {
      const { check } = await import('./commands/check.ts');
      setCode(await check(terminalOf(options), { ...options, pipelines, watch: options.watch === true }));
    });

  withPipeline(
    command('plan', 'say what would run, and why', [
      'plan pipelines/quickstart.yaml',
      'plan pipelines/quickstart.yaml -S params.latent_size=8',
      'plan pipelines/quickstart.yaml --mermaid',
    ]),
  )
    .argument('<pipeline>', 'the pipeline file')
    .argument('[stages...]', 'stages to plan for; all, if none is named')
    .option('-f, --force', 'plan as for `run --force`')
    .option('--mermaid', 'print the graph in the Mermaid language')
    .action(
      async (
        pipeline: string,
        stages: string[],
        options: SharedOptions & { force?: boolean; mermaid?: boolean },
      ) => {
        const { plan } = await import('./commands/plan.ts');
        setCode(await plan(terminalOf(options), { ...options, pipeline, stages }));
      },
    );

  command('engine', 'install TensorFlow, show what is used, or remove it', [
    'engine status',
    'engine install',
    'engine remove',
  ])
    .addArgument(program.createArgument('<action>', 'what to do').choices(['install', 'status', 'remove']))
    .addOption(engineOption())
    .action(async (action: 'install' | 'status' | 'remove', options: SharedOptions) => {
      const { engine } = await import('./commands/engine.ts');
      setCode(await engine(terminalOf(options), action, options.engine));
    });

  command('schema', 'print the JSON Schema of pipeline files, for editors', [
    'schema > pipeline.schema.json',
    'schema --stage train',
    'schema examples/blur/deblurring.yaml --allow-plugins',
  ])
    .argument('[pipeline]', 'a pipeline whose plugins are to be included')
    .option('--stage <type>', 'only the settings of one stage type')
    .option('--allow-plugins', 'load the code of the plugins that the pipeline names')
    .action(async (pipeline: string | undefined, options: SharedOptions & { stage?: string }) => {
      const { schema } = await import('./commands/schema.ts');
      setCode(
        await schema(terminalOf(options), {
          allowPlugins: options.allowPlugins === true,
          ...(pipeline === undefined ? {} : { pipeline }),
          ...(options.stage === undefined ? {} : { stage: options.stage }),
        }),
      );
    });

  command('init', 'write a first pipeline, commented line by line', [
    'init',
    'init experiments/denoising.yaml',
  ])
    .argument('[file]', 'the file to write', 'pipeline.yaml')
    .action(async (file: string, options: SharedOptions) => {
      const { init } = await import('./commands/init.ts');
      setCode(await init(terminalOf(options), file));
    });

  command('clean', 'remove outputs, or results in the cache that no outputs show', [
    'clean quickstart',
    'clean --all --dry-run',
    'clean --cache',
  ])
    .argument('[names...]', 'names of pipelines whose outputs to remove')
    .addOption(outputsOption())
    .option('--all', 'the outputs of all pipelines')
    .option('--cache', 'results in the cache that no outputs show')
    .option('-n, --dry-run', 'say what would be removed')
    .action(
      async (
        names: string[],
        options: SharedOptions & { all?: boolean; cache?: boolean; dryRun?: boolean },
      ) => {
        const { clean } = await import('./commands/clean.ts');
        setCode(
          await clean(terminalOf(options), {
            names,
            outputs: options.outputs,
            all: options.all === true,
            cache: options.cache === true,
            dryRun: options.dryRun === true,
          }),
        );
      },
    );

  return program;
}

/** Flags of `run` alone. */
export interface RunFlags {
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly keepGoing?: boolean;
  readonly jobs: number;
}

/** The options of commands that read a pipeline. */
function withPipeline(command: Command): Command {
  return command
    .option('-S, --set <path=value>', 'override a value of the pipeline; may be repeated', collect)
    .addOption(outputsOption())
    .addOption(engineOption())
    .option('--allow-plugins', 'load the code of the plugins that the pipeline names');
}

function outputsOption(): Option {
  return new Option('-o, --outputs <folder>', 'where outputs go').default('outputs');
}

function engineOption(): Option {
  return new Option(
    '--engine <kind>',
    'native: TensorFlow; portable: slower, runs everywhere; auto: native if it can be had',
  )
    .choices(['auto', 'native', 'portable'])
    .default('auto');
}

function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It takes a whole number from 1.');
  return value;
}

function terminalOf(options: SharedOptions): Terminal {
  return makeTerminal({
    json: options.json === true,
    quiet: options.quiet === true,
    verbose: options.verbose === true,
    color: options.color,
  });
}

function version(): string {
  const { version: text } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    version: string;
  };
  return text;
}

/** What the command line itself is wrong about, what a command threw, or a bug. */
function reportProblem(error: unknown, args: readonly string[]): number {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
  const terminal = makeTerminal({
    json: args.includes('--json'),
    quiet: false,
    verbose: args.includes('-v') || args.includes('--verbose'),
    color: !args.includes('--no-color'),
  });
  const diagnostics = diagnosticsOf(error, terminal.options.verbose);
  if (terminal.options.json) {
    terminal.result(
      JSON.stringify({ status: 'invalid', diagnostics: diagnostics.map(diagnosticToJson) }, null, 2),
    );
  } else {
    terminal.note(renderDiagnostics(diagnostics, [], terminal.noteStyle));
  }
  return error instanceof CommanderError || error instanceof Failure ? EXIT.invalid : EXIT.failed;
}

function diagnosticsOf(error: unknown, verbose: boolean): readonly Diagnostic[] {
  if (error instanceof Failure) return error.diagnostics;
  if (error instanceof CommanderError) {
    const [message = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
    const suggestion = rest.join(' ').replace(/^\(Did you mean (.*)\?\)$/, 'did you mean `$1`?');
    return [
      {
        code: 'usage',
        severity: 'error',
        message: error.code === 'commander.help' ? 'a command is missing' : message.replaceAll("'", '`'),
        hint: suggestion === '' ? 'see `hourglass --help`' : suggestion,
      },
    ];
  }
  const stack = error instanceof Error ? error.stack : undefined;
  return [
    {
      code: 'internal-error',
      severity: 'error',
      message:
        verbose && stack !== undefined ? stack : error instanceof Error ? error.message : String(error),
      hint: verbose
        ? 'this is a bug in Hourglass'
        : 'this is a bug in Hourglass; run again with `--verbose` to see where',
    },
  ];
}
