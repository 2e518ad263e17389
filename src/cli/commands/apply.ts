import { join, resolve } from 'node:path';
import { applyModel, type Applied, type AppliedModel } from '../../apply/apply.ts';
import { isArray } from '../../apply/arrays.ts';
import type { ApplyFormat } from '../../apply/format-names.ts';
import { failure } from '../../core/diagnostic.ts';
import { formatNumber } from '../../core/format.ts';
import type { EngineChoice } from '../../engine/engine.ts';
import { exists } from '../../files/atomic.ts';
import { kindOf, nearbyPath } from '../../files/nearby.ts';
import { findRun } from '../../history/find.ts';
import { readResult } from '../../history/results.ts';
import { storeOf } from '../../run/plan.ts';
import { EXIT } from '../exit.ts';
import { reported } from '../reported.ts';
import { diagnosticToJson, renderDiagnostics } from '../terminal/diagnostics.ts';
import { printable } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { runLabel } from './outputs.ts';
import { onlyTraining, runAgain, trainedResult, type WantedModel } from './trained.ts';

export interface ApplyCommandOptions {
  /** The pipeline file, or a run. */
  readonly run: string;
  /** Perhaps a stage, then images. */
  readonly words: readonly string[];
  readonly encode: boolean;
  /** By default, pictures for pictures, and an array for an array. */
  readonly to?: ApplyFormat;
  /** The class of the images, for a conditional model. */
  readonly label?: string;
  readonly invert: boolean;
  readonly crop: boolean;
  readonly overwrite: boolean;
  /** The folder to write; by default named after the stage. */
  readonly output?: string;
  readonly outputs: string;
  readonly engine: EngineChoice;
}

/** `hourglass apply` */
export async function apply(terminal: Terminal, options: ApplyCommandOptions): Promise<number> {
  if (options.encode && options.to === 'png')
    throw failure('usage', '`--encode` writes latents, which are no pictures', 'leave `--to png` out');
  const { model, paths } = await findModel(options);
  const isOneArray = await checkPaths(paths);
  const folder = options.output ?? `${model.trained.stage}-applied`;
  const to = options.to ?? (isOneArray ? 'npy' : 'png');
  const applied = await reported(terminal, (how) =>
    applyModel(model, { ...options, paths, isArray: isOneArray, folder, to, ...how }),
  );
  print(terminal, { ...applied, run: model.run, stage: model.trained.stage, folder });
  return EXIT.done;
}

async function findModel(
  options: ApplyCommandOptions,
): Promise<{ readonly model: AppliedModel; readonly paths: readonly string[] }> {
  const outputs = resolve(options.outputs);
  const places = { outputs, store: storeOf(outputs) };
  const known = await findRun(await runLabel(options.run), places);
  const { stages } = known.record;
  const [first = '', ...others] = options.words;
  // A file may have the name of a stage that trains nothing.
  const isStage =
    Object.hasOwn(stages, first) && (stages[first]?.type === 'train' || (await kindOf(first)) === undefined);
  const paths = isStage ? others : options.words;
  const wanted: WantedModel = {
    run: options.run,
    outputs: options.outputs,
    withStage: (name) => ['apply', options.run, name, ...paths],
  };
  const stage = isStage ? first : onlyTraining(known, wanted);
  const trained = await trainedResult(known, stage, places, wanted);
  if (paths.length === 0)
    throw failure('usage', 'no image was named', 'name image files, a folder of them, or an array');
  const model: AppliedModel = {
    ...{ run: known.label, trained },
    inputOf: (name, setting) => stages[name]?.inputs[setting] ?? '',
    async find(name, hash) {
      const found = await readResult(known, name, hash, places.store);
      if (found !== undefined) return found;
      throw failure(
        'no-run',
        `the result of \`${name}\`, which tells how the training images were prepared, is no longer in the cache`,
        runAgain(known, name, wanted),
      );
    },
  };
  return { model, paths };
}

/**
 * Checks that all files exist.
 *
 * @returns whether the only one is an array
 * @throws Failure `file-not-found` or `file-unreadable`; `usage` for an array beside other files
 */
async function checkPaths(paths: readonly string[]): Promise<boolean> {
  let arrays = 0;
  for (const path of paths) {
    const kind = await kindOf(path);
    if (kind === undefined) {
      if (await exists(path))
        throw failure('file-unreadable', `\`${path}\` is neither a file nor a folder`, 'name image files');
      const near = await nearbyPath(process.cwd(), path, ['file', 'folder']);
      const hint =
        near === undefined ? 'name image files, a folder of them, or an array' : `did you mean \`${near}\`?`;
      throw failure('file-not-found', `\`${path}\` does not exist`, hint);
    }
    if (kind === 'file' && (await isArray(path))) arrays += 1;
  }
  if (arrays > 0 && paths.length > 1)
    throw failure('usage', 'an array must be the only file that is named', 'name one array, or pictures');
  return arrays === 1;
}

/** How many files the terminal lists. */
const LISTED = 10;

interface Printed extends Applied {
  readonly run: string;
  readonly stage: string;
  readonly folder: string;
}

function print(terminal: Terminal, { run, stage, folder, files, warnings, ...applied }: Printed): void {
  const { json, quiet } = terminal.options;
  const { images, range, notes } = applied;
  const pathOf = (file: string): string => join(folder, file);
  if (json) {
    const document = {
      ...{ status: 'done', run, stage, range, notes },
      images: images.map(({ file, ...rest }) => ({
        ...rest,
        ...(file === undefined ? {} : { file: pathOf(file) }),
      })),
      files: files.map(pathOf),
      diagnostics: warnings.map(diagnosticToJson),
    };
    terminal.result(JSON.stringify(document, null, 2));
    return;
  }
  if (!quiet) for (const note of notes) terminal.note(printable(note));
  if (warnings.length > 0) terminal.note(`${renderDiagnostics(warnings, [], terminal.noteStyle)}\n`);
  const errors = new Map(images.map(({ file, mse }) => [file, mse]));
  // The picture of all images, or the names of an array, are last.
  const shown = files.length > LISTED + 1 ? [...files.slice(0, LISTED), ...files.slice(-1)] : files;
  for (const [index, file] of shown.entries()) {
    if (index === LISTED && shown !== files) terminal.result(`… and ${files.length - shown.length} more`);
    const mse = errors.get(file);
    terminal.result(`${printable(pathOf(file))}${mse === undefined ? '' : `  mse ${formatNumber(mse)}`}`);
  }
}
