/** The commands with their arguments and options. Their code is in `commands/`. */
import { Command } from 'commander';
import { availableParallelism } from 'node:os';
import { packageVersion } from '../core/package-root.ts';
import type { VerifyFlags } from './commands/verify.ts';
import { addCache, addClean, addEngine, addInit, addSchema } from './describe-upkeep.ts';
import { addApply, addCompare, addExport, addReport, addRestore, addRuns } from './describe-results.ts';
import { exitCodeLines } from './exit.ts';
import { LEVELS, type Level } from '../submission/levels.ts';
import {
  engineOption,
  outputsOption,
  portNumber,
  positiveInteger,
  terminalOf,
  withOutputFlags,
  withBatchFlags,
  withOverFlags,
  withPipelineFlags,
  withPlanFlags,
  type AddCommand,
  type OutputFlags,
  type PipelineFlags,
  type PlanFlags,
  type RunFlags,
  type SetCode,
  type SweepFlags,
} from './options.ts';

/**
 * @param setCode receives the exit code of the command that ran
 * @param versions the output of `--version`
 */
export function describeProgram(setCode: SetCode, versions: string): Command {
  const program = new Command('hourglass')
    .description('Runs autoencoder experiments written as YAML.')
    .version(versions, '-V, --version', 'print the versions of Hourglass and of the engine')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .showSuggestionAfterError()
    .exitOverride()
    // Commander's error output is replaced by a diagnostic.
    .configureOutput({ writeErr: () => undefined })
    .addHelpText(
      'after',
      `
Examples:
  $ hourglass init my-experiment              write a folder with a first pipeline
  $ hourglass run pipeline.yaml               run a pipeline
  $ hourglass run pipeline.yaml -S seed=42    run it with another seed
  $ hourglass plan pipeline.yaml              what would run, and why

Exit codes:
${exitCodeLines().join('\n')}`,
    );
  const command: AddCommand = (name, description, examples) =>
    withOutputFlags(
      program
        .command(name)
        .description(description)
        .exitOverride()
        .configureOutput({ writeErr: () => undefined })
        .addHelpText('after', `\nExamples:\n${examples.map((line) => `  $ hourglass ${line}`).join('\n')}`),
    );
  addRun(command, setCode);
  addCheck(command, setCode);
  addPlan(command, setCode);
  addData(command, setCode);
  addExplain(command, setCode);
  addSweep(command, setCode);
  addSweepMember(program, setCode);
  addRuns(command, setCode);
  addCompare(command, setCode);
  addRestore(command, setCode);
  addReproduce(command, setCode);
  addReport(command, setCode);
  addExport(command, setCode);
  addApply(command, setCode);
  addEngine(command, setCode);
  addPack(command, setCode);
  addVerify(command, setCode);
  addSchema(command, setCode);
  addInit(command, setCode);
  addClean(command, setCode);
  addCache(command, setCode);
  return program;
}

function addRun(command: AddCommand, setCode: SetCode): void {
  withPlanFlags(
    command('run', 'run a pipeline, or the named stages and what they need', [
      'run quickstart.yaml',
      'run quickstart.yaml comparison',
      'run quickstart.yaml -S params.latent_size=8 -S stages.denoiser.epochs=3',
      'run quickstart.yaml quality --force',
      'run quickstart.yaml --serve',
    ]),
  )
    .argument('<pipeline>', 'the pipeline file')
    .argument('[stages...]', 'stages to run, with what they need; by default all')
    .option('-n, --dry-run', 'only print the plan')
    .option('-f, --force', 'run the named stages, or all, even if their results are cached')
    .option('-k, --keep-going', 'after a failure, continue with stages that do not depend on it')
    .option(
      '-j, --jobs <number>',
      'the maximum number of stages that run in parallel',
      positiveInteger,
      Math.min(4, availableParallelism()),
    )
    .option('--serve [port]', 'serve a live report on a port of this machine during the run', portNumber)
    .action(async (pipeline: string, stages: string[], flags: OutputFlags & RunFlags) => {
      const { WorkerPool } = await import('../run/workers.ts');
      const pool = new WorkerPool();
      // The first worker process starts while this one loads the rest of the program and the pipeline.
      if (flags.dryRun !== true) pool.startEarly();
      try {
        const { run } = await import('./commands/run.ts');
        setCode(await run(terminalOf(flags), { ...flags, pipeline, stages, version: packageVersion, pool }));
      } finally {
        pool.close();
      }
    });
}

function addSweep(command: AddCommand, setCode: SetCode): void {
  withBatchFlags(
    withOverFlags(
      withPipelineFlags(
        command('sweep', "run the trials of a pipeline's `sweep` block; resumes an earlier start", [
          'sweep latent-sweep.yaml',
          'sweep latent-sweep.yaml --dry-run',
          'sweep latent-sweep.yaml -S params.epochs=2 -j 2',
          'sweep latent-sweep.yaml --on slurm --partition short --wait',
          'sweep quickstart.yaml --over latent_size=2..64:log --over epochs=1,2',
        ]),
      ),
    ),
  )
    .argument('<pipeline>', 'the pipeline file')
    .addOption(outputsOption())
    .addOption(engineOption())
    .option('-n, --dry-run', 'only list the trials')
    .option('-j, --jobs <number>', 'the maximum number of trials that run in parallel', positiveInteger)
    .option(
      '--retry-failed',
      'also run trials again that failed because of their settings, such as a loss of NaN',
    )
    .action(async (pipeline: string, flags: OutputFlags & SweepFlags) => {
      const { sweep } = await import('./commands/sweep.ts');
      setCode(await sweep(terminalOf(flags), { ...flags, pipeline, version: packageVersion }));
    });
}

/** Called by the jobs of a submitted sweep, not by users. */
function addSweepMember(program: Command, setCode: SetCode): void {
  withOutputFlags(program.command('sweep-member <folder> <submission> <member>', { hidden: true })).action(
    async (folder: string, submission: string, member: string, flags: OutputFlags) => {
      const { sweepMember } = await import('./commands/sweep-member.ts');
      setCode(await sweepMember(terminalOf(flags), folder, submission, member));
    },
  );
}

function addReproduce(command: AddCommand, setCode: SetCode): void {
  command('reproduce', 'train what others published, and compare the results; resumes an earlier start', [
    'reproduce --list',
    'reproduce pca',
    'reproduce keras-dense pytorch-vae --seeds 1',
    'reproduce',
  ])
    .argument('[names...]', 'published results; by default all, which takes many hours')
    .option('--list', 'only list the results and their published figures')
    .option('--seeds <number>', 'with how many seeds each is trained; by default usually 3', positiveInteger)
    .addOption(outputsOption())
    .addOption(engineOption())
    .action(
      async (
        names: string[],
        flags: OutputFlags & Pick<PlanFlags, 'outputs' | 'engine'> & { list?: boolean; seeds?: number },
      ) => {
        const { reproduce } = await import('./commands/reproduce.ts');
        setCode(await reproduce(terminalOf(flags), { ...flags, names, version: packageVersion }));
      },
    );
}

function addCheck(command: AddCommand, setCode: SetCode): void {
  withPipelineFlags(
    command('check', 'find every mistake in pipelines without running anything', [
      'check quickstart.yaml',
      'check *.yaml',
      'check --watch quickstart.yaml',
    ]),
  )
    .argument('<pipelines...>', 'the pipeline files')
    .option('-w, --watch', 'check again whenever a file changes')
    .action(async (pipelines: string[], flags: OutputFlags & PipelineFlags & { watch?: boolean }) => {
      const { check } = await import('./commands/check.ts');
      setCode(await check(terminalOf(flags), { ...flags, pipelines, watch: flags.watch === true }));
    });
}

function addPlan(command: AddCommand, setCode: SetCode): void {
  withPlanFlags(
    command('plan', 'say what would run, and why', [
      'plan quickstart.yaml',
      'plan quickstart.yaml -S params.latent_size=8',
      'plan quickstart.yaml --mermaid',
    ]),
  )
    .argument('<pipeline>', 'the pipeline file')
    .argument('[stages...]', 'stages to plan; by default all')
    .option('-f, --force', 'plan for `run --force`')
    .option('--mermaid', 'print the graph in the Mermaid language')
    .action(
      async (pipeline: string, stages: string[], flags: OutputFlags & PlanFlags & { mermaid?: boolean }) => {
        const { plan } = await import('./commands/plan.ts');
        setCode(await plan(terminalOf(flags), { ...flags, pipeline, stages }));
      },
    );
}

function addData(command: AddCommand, setCode: SetCode): void {
  withPipelineFlags(
    command('data', 'show what a stage, a file or a folder contains: counts, values, classes, first images', [
      'data quickstart.yaml',
      'data quickstart.yaml noisy',
      'data photos/',
      'data arrays.npz',
    ]),
  )
    .argument('<path>', 'a pipeline file; or a file or folder of data, to guess its source')
    .argument('[stage]', 'a stage of the pipeline; by default the only one that loads images')
    .addOption(outputsOption())
    .addOption(engineOption())
    .action(
      async (
        path: string,
        stage: string | undefined,
        flags: OutputFlags & PipelineFlags & Pick<PlanFlags, 'outputs' | 'engine'>,
      ) => {
        const { data } = await import('./commands/data.ts');
        setCode(await data(terminalOf(flags), { ...flags, path, ...(stage === undefined ? {} : { stage }) }));
      },
    );
}

function addExplain(command: AddCommand, setCode: SetCode): void {
  withPipelineFlags(
    command('explain', 'print what a stage computes for one batch, instruction by instruction', [
      'explain quickstart.yaml',
      'explain quickstart.yaml denoiser --passes',
      'explain quickstart.yaml quality -S params.latent_size=8',
    ]),
  )
    .argument('<pipeline>', 'the pipeline file')
    .argument('[stage]', 'a stage that runs a model; by default the only one that trains')
    .option('--passes', 'show the program as traced, and after each compiler pass that changes it')
    .option('--validation', 'show the validation step instead of the training step')
    .addOption(engineOption())
    .action(
      async (
        pipeline: string,
        stage: string | undefined,
        flags: OutputFlags &
          PipelineFlags &
          Pick<PlanFlags, 'engine'> & { passes?: boolean; validation?: boolean },
      ) => {
        const { explain } = await import('./commands/explain.ts');
        setCode(
          await explain(terminalOf(flags), { ...flags, pipeline, ...(stage === undefined ? {} : { stage }) }),
        );
      },
    );
}

function addPack(command: AddCommand, setCode: SetCode): void {
  withPipelineFlags(
    command('pack', 'pack a finished run into one archive to hand in', [
      'pack quickstart.yaml',
      'pack quickstart.yaml -o 20231234.zip',
      'pack own-images.yaml --include-data',
    ]),
  )
    .argument('<pipeline>', 'the pipeline file, with the `-S` options of its run')
    .option('-o, --output <file>', 'the archive to write, - means stdout; by default NAME-SEED.zip')
    .option('--outputs <folder>', 'the outputs folder, which is packed', 'outputs')
    .option('--include-data', 'include your own data files that the pipeline reads')
    .action(
      async (
        pipeline: string,
        flags: OutputFlags & PipelineFlags & { output?: string; outputs: string; includeData?: boolean },
      ) => {
        const { pack } = await import('./commands/pack.ts');
        setCode(
          await pack(terminalOf(flags), { ...flags, pipeline, includeData: flags.includeData === true }),
        );
      },
    );
}

function addVerify(command: AddCommand, setCode: SetCode): void {
  const described = command('verify', 'check archives that `pack` wrote, each in a process with limits', [
    'verify mnist-denoising-20231234.zip',
    'verify --level full mnist-denoising-20231234.zip',
    'verify handed-in/*.zip --assignment assignment.yaml --csv marks.csv',
  ]);
  described
    .argument('<archives...>', 'the archives')
    .addOption(
      described
        .createOption(
          '--level <level>',
          'hashes: check file integrity; spot: also compute everything again from the submitted models; full: also train again',
        )
        .choices(LEVELS)
        .default('spot' satisfies Level),
    )
    .option('--assignment <file>', 'rules: what may be changed, and whose archive is whose')
    .option('--data <folder>', 'folder of data files that the archives do not include')
    .option('--csv <file>', 'write a table of all archives; - means stdout')
    .option('--gradescope <file>', "write Gradescope's results.json, one per archive; - means stdout")
    .option('--same-platform', 'require equal bits, whatever platform an archive claims')
    .option('--allow-plugins', 'run the code of plugins in the archives')
    .option('--timeout <minutes>', 'time limit for one archive', positiveInteger, 120)
    .option(
      '-j, --jobs <number>',
      'the maximum number of archives checked in parallel',
      positiveInteger,
      Math.max(1, Math.floor(availableParallelism() / 2)),
    )
    .action(async (archives: string[], flags: OutputFlags & VerifyFlags) => {
      const { verify } = await import('./commands/verify.ts');
      setCode(await verify(terminalOf(flags), { ...flags, archives }));
    });
}
