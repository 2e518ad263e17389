import { dirname, join, resolve, sep } from 'node:path';
import { pathFromHere } from '../../core/path.ts';
import { exists, makeFolder, writeFileAtomic } from '../../files/atomic.ts';
import { kindOf, nearbyPath } from '../../files/nearby.ts';
import { identifyFile, readStart } from '../../formats/containers.ts';
import type { LocatedPipeline } from '../../config/pipeline.ts';
import { Failure, failure, isError, type Diagnostic, type SourceFile } from '../../core/diagnostic.ts';
import type { EngineChoice } from '../../engine/engine.ts';
import { renderPng } from '../../figures/figure.ts';
import type { Guess } from '../../nodes/dataset/guess/guess.ts';
import { guessSource } from '../../nodes/dataset/guess/source.ts';
import { pipelineText } from '../../nodes/dataset/guess/yaml.ts';
import { lookAt, readOmitted, type Look, type Omitted } from '../../nodes/dataset/look.ts';
import { checkTargets } from '../../plan/make.ts';
import type { Plan } from '../../plan/plan.ts';
import { computeStages } from '../../run/compute.ts';
import { planPipeline } from '../../run/plan.ts';
import { EXIT } from '../exit.ts';
import { callWords, commandLine } from '../program.ts';
import { reported } from '../reported.ts';
import { wasInterrupted } from '../signals.ts';
import { renderLook } from '../terminal/data-text.ts';
import { diagnosticToJson, renderDiagnostics } from '../terminal/diagnostics.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { loadChecked, printProblems, type PipelineOptions } from './load.ts';

export interface DataOptions extends PipelineOptions {
  /** A pipeline, or a file or folder of data. */
  readonly path: string;
  /** A stage of the pipeline; by default the only stage that loads images. */
  readonly stage?: string;
  readonly outputs: string;
  readonly engine: EngineChoice;
}

/** `hourglass data` */
export async function data(terminal: Terminal, options: DataOptions): Promise<number> {
  if (!(await isPipeline(options.path))) return showPath(terminal, options);
  const { located, diagnostics, sources } = await loadChecked(options.path, {
    ...options,
    ...(options.stage === undefined ? {} : { targets: [options.stage] }),
  });
  if (located === undefined) return printProblems(terminal, diagnostics, sources);
  const { stage, problems } = chooseStage(located, options.stage);
  if (stage === undefined) return printProblems(terminal, problems, sources);
  return showStage(terminal, { located, stage, diagnostics, sources, options });
}

/** A pipeline ends in `.yaml` or `.yml`, or is a text with stages that is not of another kind. */
async function isPipeline(path: string): Promise<boolean> {
  if (/\.ya?ml$/i.test(path)) return true;
  const kind = await kindOf(path);
  if (kind === undefined) {
    if (await exists(path)) throw failure('file-unreadable', `\`${path}\` is neither a file nor a folder`);
    const near = await nearbyPath(process.cwd(), path, ['file', 'folder']);
    const hint =
      near === undefined ? 'name a pipeline, or a file or folder of data' : `did you mean \`${near}\`?`;
    throw failure('file-not-found', `\`${path}\` does not exist`, hint);
  }
  if (kind === 'folder' || (await identifyFile(path)) !== undefined) return false;
  return /^stages[ \t]*:/m.test((await readStart(path))?.toString('utf8') ?? '');
}

/** Guesses the source for a file or a folder, and shows its contents. */
async function showPath(terminal: Terminal, options: DataOptions): Promise<number> {
  if (options.stage !== undefined) {
    const message = `\`${options.path}\` is not a pipeline, so it has no stage \`${options.stage}\``;
    throw failure('usage', message, `leave the stage out: \`${commandLine(['data', options.path])}\``);
  }
  const outputs = resolve(options.outputs);
  const guess = await guessSource(resolve(options.path), outputs);
  const { stage, text } = pipelineText(guess, options.path, process.cwd());
  const { json } = terminal.options;
  if (!json) terminal.result(`${text}`);
  const file = `${stage}.yaml`;
  const { located, diagnostics, sources } = await loadChecked(file, {
    ...options,
    texts: [{ name: file, text }],
  });
  if (located === undefined) return printProblems(terminal, diagnostics, sources);
  const warnings = [...diagnostics, ...warnOfOutputs(guess, outputs, options)];
  return showStage(terminal, { located, stage, diagnostics: warnings, sources, options, yaml: text });
}

/** Pictures of results in the image folder would be read as images. */
function warnOfOutputs(
  { settings: { source, path } }: Guess,
  outputs: string,
  options: DataOptions,
): readonly Diagnostic[] {
  if (source !== 'images' || !`${outputs}${sep}`.startsWith(`${String(path)}${sep}`)) return [];
  return [
    {
      code: 'bad-setting',
      severity: 'warning',
      message: `the outputs go to \`${options.outputs}\`, which is among the images of \`${options.path}\``,
      hint: 'work in the folder above, or name another folder with `--outputs`',
    },
  ];
}

/** The stage that was named, or the only one that loads images. */
function chooseStage(
  located: LocatedPipeline,
  named: string | undefined,
): { readonly stage?: string; readonly problems: readonly Diagnostic[] } {
  const { pipeline, stageTypes, locate } = located;
  const names = (holds: (type: string) => boolean): readonly string[] =>
    [...pipeline.stages].filter(([, { type }]) => holds(type)).map(([name]) => name);
  const withImages = names((type) => stageTypes.get(type)?.outputs === 'images');
  if (named === undefined) {
    const [only, ...more] = names((type) => type === 'dataset');
    if (only !== undefined && more.length === 0) return { stage: only, problems: [] };
    const message =
      only === undefined ? 'no stage of the pipeline loads images' : 'several stages load images: name one';
    const hint = `its stages with images: ${withImages.join(', ') || 'none'}`;
    return { problems: [{ code: 'usage', severity: 'error', message, hint }] };
  }
  const problems = checkTargets(located, [named]);
  if (problems.some(isError)) return { problems };
  if (withImages.includes(named)) return { stage: named, problems };
  const type = pipeline.stages.get(named)?.type ?? '';
  return {
    problems: [
      {
        code: 'wrong-stage-kind',
        severity: 'error',
        message: `\`${named}\` is a stage of type \`${type}\`, which has no images to show`,
        range: locate(['stages', named], 'key'),
        hint: `stages with images: ${withImages.join(', ') || 'none'}`,
      },
    ],
  };
}

export interface Shown {
  readonly located: LocatedPipeline;
  readonly stage: string;
  /** Warnings of the checks. */
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: readonly SourceFile[];
  readonly options: DataOptions;
  /** The pipeline, if it was guessed. */
  readonly yaml?: string;
}

/** Computes a stage, if it is not cached, and prints its contents. */
async function showStage(terminal: Terminal, shown: Shown): Promise<number> {
  const { located, stage, diagnostics, sources, options } = shown;
  const outputs = resolve(options.outputs);
  const targets = [stage];
  const planned = await planPipeline(located, { outputs, targets, force: false, engine: options.engine });
  if (planned.plan === undefined) return printProblems(terminal, planned.diagnostics, sources);
  if (!terminal.options.json && diagnostics.length > 0)
    terminal.note(`${renderDiagnostics(diagnostics, sources, terminal.noteStyle)}\n`);
  try {
    const { look, omitted } = await compute(terminal, planned.plan, shown);
    const picture = await writePicture(look, outputs, stage);
    print(terminal, { look, omitted, picture }, shown);
    return EXIT.done;
  } catch (error) {
    // The places of the failure are in the pipeline, which is known here.
    if (!(error instanceof Failure) || wasInterrupted()) throw error;
    return printProblems(terminal, error.diagnostics, sources);
  }
}

interface Found {
  readonly look: Look;
  readonly omitted: readonly Omitted[];
  /** Its path, relative to the working folder. */
  readonly picture: string | undefined;
}

function print(
  terminal: Terminal,
  { look, omitted, picture }: Found,
  { stage, diagnostics, yaml }: Shown,
): void {
  const { json, verbose } = terminal.options;
  if (json) {
    const { shape, range, splits } = look;
    const document = {
      status: 'done',
      ...(yaml === undefined ? {} : { yaml }),
      stage,
      shape,
      range,
      splits: Object.fromEntries(splits.map(({ split, ...facts }) => [split, facts])),
      omitted,
      ...(picture === undefined ? {} : { picture }),
      diagnostics: diagnostics.map(diagnosticToJson),
    };
    terminal.result(JSON.stringify(document, null, 2));
    return;
  }
  terminal.result(renderLook(stage, look, omitted, terminal.resultStyle, verbose));
  terminal.result(
    picture === undefined
      ? `\nno picture: images with ${look.shape[2]} channels cannot be shown`
      : `\nthe first images: ${picture}`,
  );
}

/** @throws Failure the error of a stage, with its place */
async function compute(
  terminal: Terminal,
  plan: Plan,
  { located, stage, options }: Shown,
): Promise<Omit<Found, 'picture'>> {
  return reported(terminal, async (how) => {
    const entries = await computeStages(plan, {
      outputs: resolve(options.outputs),
      ...how,
      refuse: ({ name, type }) => ({
        code: 'wrong-stage-kind',
        severity: 'error',
        message:
          name === stage
            ? `\`${name}\` is a stage of type \`${type}\`, which \`data\` does not run`
            : `\`${stage}\` needs \`${name}\`, a stage of type \`${type}\`, which \`data\` does not run`,
        range: located.locate(['stages', name], 'key'),
        hint: `run it first: \`${commandLine(callWords('run', { ...options, pipeline: options.path, stages: [stage] }))}\``,
      }),
    });
    const entry = entries.get(stage);
    if (entry === undefined) throw new Error(`${stage} was not computed`);
    const omitted = await Promise.all([...entries.values()].map(({ folder }) => readOmitted(folder)));
    return { look: await lookAt(entry.folder, stage), omitted: omitted.flat() };
  });
}

/** Not a name of outputs: runs have their own folders. */
async function writePicture({ picture }: Look, outputs: string, stage: string): Promise<string | undefined> {
  if (picture === undefined) return undefined;
  const path = join(outputs, 'data', `${stage}.png`);
  await makeFolder(dirname(path));
  await writeFileAtomic(path, renderPng(picture));
  return pathFromHere(path);
}
