/** The commands for the results of runs. */
import { APPLY_FORMATS, type ApplyFormat } from '../apply/format-names.ts';
import type { EngineChoice } from '../engine/engine.ts';
import { FORMAT_NAMES, type FormatName } from '../export/format-names.ts';
import {
  engineOption,
  outputsOption,
  terminalOf,
  withPipelineFlags,
  type AddCommand,
  type OutputFlags,
  type PipelineFlags,
  type SetCode,
} from './options.ts';

export function addRuns(command: AddCommand, setCode: SetCode): void {
  command('runs', 'list the runs of a pipeline: when, what changed, and the results', [
    'runs quickstart.yaml',
    'runs quickstart --json',
  ])
    .argument('<pipeline>', 'the pipeline, by file or name')
    .addOption(outputsOption())
    .action(async (pipeline: string, { outputs, ...flags }: OutputFlags & { outputs: string }) => {
      const { runs } = await import('./commands/runs.ts');
      setCode(await runs(terminalOf(flags), { pipeline, outputs }));
    });
}

export function addCompare(command: AddCommand, setCode: SetCode): void {
  withPipelineFlags(
    command('compare', 'print what differs between runs, or between the trials of a sweep', [
      'compare latent-sweep.yaml',
      'compare latent-sweep --sort quality.mse',
      'compare latent-sweep --csv > results.csv',
      'compare quickstart@1 quickstart@2',
      "compare quickstart 'latent-sweep#3' --page comparison.html",
    ]),
  )
    .argument(
      '<runs...>',
      'one pipeline, by file or name: the trials of its sweep; or several runs: NAME is the last one, NAME@3 the third, NAME#3 the third trial',
    )
    .addOption(outputsOption())
    .option('--sort <column>', 'for trials: a parameter, or a metric such as `quality.mse`')
    .option('--csv', 'for trials: print comma-separated values')
    .option('--page <file>', 'for runs: write a page with their curves and pictures side by side')
    .action(
      async (
        runs: string[],
        flags: OutputFlags & PipelineFlags & { outputs: string; sort?: string; csv?: boolean; page?: string },
      ) => {
        const { compare } = await import('./commands/compare.ts');
        setCode(await compare(terminalOf(flags), { ...flags, runs }));
      },
    );
}

export function addRestore(command: AddCommand, setCode: SetCode): void {
  command('restore', 'bring the outputs of an earlier run back from the cache', ['restore quickstart@2'])
    .argument('<run>', 'the run, such as NAME@2; `runs` lists them')
    .addOption(outputsOption())
    .action(async (run: string, { outputs, ...flags }: OutputFlags & { outputs: string }) => {
      const { restore } = await import('./commands/restore.ts');
      setCode(await restore(terminalOf(flags), { run, outputs }));
    });
}

interface ReportFlags {
  readonly outputs: string;
  readonly open?: boolean;
  readonly trial?: string;
  readonly allModels?: boolean;
}

export function addReport(command: AddCommand, setCode: SetCode): void {
  command('report', 'write `report.html` of the last run again', [
    'report quickstart.yaml',
    'report quickstart --open',
    'report latent-sweep --trial 3',
  ])
    .argument('<pipeline>', 'the pipeline, by file or name')
    .addOption(outputsOption())
    .option('--open', 'open it in the browser')
    .option('--trial <number>', 'report of a trial of a sweep, by its number or folder')
    .option('--all-models', 'also put models into the page that take more than 3 MB of it')
    .action(
      async (pipeline: string, { outputs, open, trial, allModels, ...flags }: OutputFlags & ReportFlags) => {
        const { report } = await import('./commands/report.ts');
        const options = { pipeline, outputs, open: open === true, allModels: allModels === true };
        setCode(await report(terminalOf(flags), trial === undefined ? options : { ...options, trial }));
      },
    );
}

export function addExport(command: AddCommand, setCode: SetCode): void {
  const described = command('export', 'write a trained model for Keras, ONNX or other programs', [
    'export quickstart.yaml --to keras',
    'export quickstart denoiser --to onnx -o models',
    'export quickstart@2 --to safetensors',
  ]);
  described
    .argument('<run>', 'the pipeline, by file or name, or one of its runs, such as NAME@2')
    .argument('[stage]', 'a stage that trains; by default the only one')
    .addOption(
      described.createOption('--to <format>', 'the format').choices(FORMAT_NAMES).makeOptionMandatory(),
    )
    .option('--overwrite', 'replace files that exist')
    .option('-o, --output <folder>', 'the folder to write; by default named after the stage')
    .option('--outputs <folder>', 'the outputs folder, with the trained model', 'outputs')
    .action(
      async (
        run: string,
        stage: string | undefined,
        flags: OutputFlags & { to: FormatName; output?: string; outputs: string; overwrite?: boolean },
      ) => {
        const { exportModel } = await import('./commands/export.ts');
        setCode(
          await exportModel(terminalOf(flags), {
            ...flags,
            run,
            overwrite: flags.overwrite === true,
            ...(stage === undefined ? {} : { stage }),
          }),
        );
      },
    );
}

interface ApplyFlags {
  readonly encode?: boolean;
  readonly to?: ApplyFormat;
  readonly label?: string;
  readonly invert?: boolean;
  readonly crop: boolean;
  readonly overwrite?: boolean;
  readonly output?: string;
  readonly outputs: string;
  readonly engine: EngineChoice;
}

export function addApply(command: AddCommand, setCode: SetCode): void {
  const described = command('apply', 'run a trained model on your own images', [
    'apply quickstart.yaml digit.png',
    'apply quickstart denoiser scans/ -o cleaned',
    'apply quickstart@2 digits.npy --encode',
  ]);
  described
    .usage('[options] <run> [stage] <images...>')
    .argument('<run>', 'the pipeline, by file or name, or one of its runs, such as NAME@2')
    .argument(
      '<images...>',
      'image files, folders of them, or one array (.npy); before them, a stage that trains, by default the only one',
    )
    .option('--encode', 'write the latents, not the outputs')
    .addOption(
      described
        .createOption('--to <format>', 'pictures or an array; by default as the images')
        .choices(APPLY_FORMATS),
    )
    .option('--label <class>', 'for a conditional model: the class of the images, by number or name')
    .option('--invert', 'make black white, and white black, before the model')
    .option('--no-crop', 'do not crop the images as the training images were')
    .option('--overwrite', 'replace files that exist')
    .option('-o, --output <folder>', 'the folder to write; by default named after the stage')
    .option('--outputs <folder>', 'the outputs folder, with the trained model', 'outputs')
    .addOption(engineOption())
    .action(async (run: string, words: string[], flags: OutputFlags & ApplyFlags) => {
      const { apply } = await import('./commands/apply.ts');
      const { encode = false, invert = false, overwrite = false, ...rest } = flags;
      setCode(await apply(terminalOf(flags), { ...rest, encode, invert, overwrite, run, words }));
    });
}
