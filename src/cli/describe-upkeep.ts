/** The commands that run no pipeline: for the engine, first files, and disk space. */
import type { CacheAction } from './commands/cache.ts';
import type { EngineAction } from './commands/engine.ts';
import { ASSIGNMENT, TEMPLATE_NAMES, TEMPLATES, type TemplateName } from './init/templates.ts';
import {
  engineOption,
  outputsOption,
  sizeInBytes,
  terminalOf,
  type AddCommand,
  type OutputFlags,
  type PlanFlags,
  type SetCode,
} from './options.ts';

export function addEngine(command: AddCommand, setCode: SetCode): void {
  const described = command('engine', 'install TensorFlow, show which engine is used, or remove it', [
    'engine status',
    'engine install',
    'engine remove',
  ]);
  described
    .addArgument(described.createArgument('<action>', 'what to do').choices(['install', 'status', 'remove']))
    .addOption(engineOption())
    .action(async (action: EngineAction, flags: OutputFlags & Pick<PlanFlags, 'engine'>) => {
      const { engine } = await import('./commands/engine.ts');
      setCode(await engine(terminalOf(flags), action, flags.engine));
    });
}

export function addSchema(command: AddCommand, setCode: SetCode): void {
  command('schema', 'print the JSON Schema of pipeline files, for editors', [
    'schema > pipeline.schema.json',
    'schema --stage train',
    'schema deblurring.yaml --allow-plugins',
  ])
    .argument('[pipeline]', 'a pipeline whose plugins to include')
    .option('--stage <type>', 'only the settings of one stage type')
    .option('--allow-plugins', 'load the code of the plugins that the pipeline uses')
    .action(
      async (
        pipeline: string | undefined,
        flags: OutputFlags & { stage?: string; allowPlugins?: boolean },
      ) => {
        const { schema } = await import('./commands/schema.ts');
        setCode(
          await schema(terminalOf(flags), {
            allowPlugins: flags.allowPlugins === true,
            ...(pipeline === undefined ? {} : { pipeline }),
            ...(flags.stage === undefined ? {} : { stage: flags.stage }),
          }),
        );
      },
    );
}

export function addInit(command: AddCommand, setCode: SetCode): void {
  const described = command('init', 'write a folder to work in, with a pipeline that runs', [
    'init my-experiment',
    'init faces --template faces',
    'init course/denoising --template assignment',
  ]);
  described
    .argument('[folder]', 'the folder to write, by default the current one', '.')
    .addOption(
      described
        .createOption('--template <name>', 'the template to start from')
        .choices(TEMPLATE_NAMES)
        .default('quickstart'),
    )
    .addHelpText('after', `\nTemplates:\n${templateLines().join('\n')}`)
    .action(async (folder: string, flags: OutputFlags & { template: TemplateName }) => {
      const { init } = await import('./commands/init.ts');
      setCode(await init(terminalOf(flags), folder, flags.template));
    });
}

function templateLines(): readonly string[] {
  const about = {
    ...Object.fromEntries(Object.entries(TEMPLATES).map(([name, template]) => [name, template.about])),
    [ASSIGNMENT]: 'A folder for teachers: a pipeline to hand out, and rules to verify submissions by.',
  };
  const width = Math.max(...Object.keys(about).map((name) => name.length));
  return Object.entries(about).map(([name, text]) => `  ${name.padEnd(width)}  ${text}`);
}

export function addClean(command: AddCommand, setCode: SetCode): void {
  command('clean', 'remove outputs, or cached results that no outputs link to', [
    'clean quickstart',
    'clean quickstart.yaml',
    'clean --all --dry-run',
    'clean --cache',
  ])
    .argument('[pipelines...]', 'pipelines whose outputs to remove, by name or file')
    .addOption(outputsOption())
    .option('--all', 'the outputs of all pipelines')
    .option('--cache', 'cached results that no outputs link to')
    .option('-n, --dry-run', 'only list what would be removed')
    .action(
      async (
        pipelines: string[],
        flags: OutputFlags &
          Pick<PlanFlags, 'outputs'> & { all?: boolean; cache?: boolean; dryRun?: boolean },
      ) => {
        const { clean } = await import('./commands/clean.ts');
        setCode(
          await clean(terminalOf(flags), {
            pipelines,
            outputs: flags.outputs,
            all: flags.all === true,
            cache: flags.cache === true,
            dryRun: flags.dryRun === true,
          }),
        );
      },
    );
}

export function addCache(command: AddCommand, setCode: SetCode): void {
  const described = command('cache', 'show what the cache holds, check it, or make room', [
    'cache status',
    'cache verify',
    'cache gc --max-size 2GB',
    'cache gc --max-size 500MB --dry-run',
  ]);
  described
    .addArgument(described.createArgument('<action>', 'what to do').choices(['status', 'verify', 'gc']))
    .addOption(outputsOption())
    .option('--max-size <size>', 'for gc: the maximum size of the cache, such as 2GB', sizeInBytes)
    .option('-n, --dry-run', 'for gc: only list what would be removed')
    .option('--keep-runs', 'for gc: keep all results of earlier runs, which `restore` needs')
    .action(
      async (
        action: CacheAction,
        flags: OutputFlags &
          Pick<PlanFlags, 'outputs'> & { maxSize?: number; dryRun?: boolean; keepRuns?: boolean },
      ) => {
        const { cache } = await import('./commands/cache.ts');
        setCode(await cache(terminalOf(flags), action, flags));
      },
    );
}
