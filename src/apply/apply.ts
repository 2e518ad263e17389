/** Applies a trained model to the user's own images, and writes what it makes of them. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { failure, Failure, type Diagnostic } from '../core/diagnostic.ts';
import type { Emit } from '../core/event.ts';
import { isJsonObject } from '../core/json.ts';
import { imageOf } from '../core/shape.ts';
import type { EngineChoice } from '../engine/engine.ts';
import { renderPng } from '../figures/figure.ts';
import { imageTiles } from '../figures/image-grid.ts';
import { readImageSet } from '../formats/images.ts';
import type { StageResult } from '../history/results.ts';
import { prepareEngine } from '../run/prepare.ts';
import { readArray } from './arrays.ts';
import { brightnessProblem, someInverted, trainingMean, withoutNoise } from './brightness.ts';
import { codesOf } from './codes.ts';
import { computeOutputs, type Computed } from './compute.ts';
import {
  checkFree,
  comparisonFile,
  FILES,
  pictureFiles,
  windowsNote,
  writeAll,
  type Written,
} from './files.ts';
import type { ApplyFormat } from './format-names.ts';
import { labelFor } from './label.ts';
import { invert, type OwnImages } from './own-images.ts';
import { drawApplied, squaredErrors } from './picture.ts';
import { readPictures } from './pictures.ts';
import { readPreparation, type FindResult, type InputOf, type Preparation } from './preparation.ts';

/** The model, and where the results of its run are. */
export interface AppliedModel {
  /** The run, as the user named it. */
  readonly run: string;
  readonly trained: StageResult;
  readonly find: FindResult;
  readonly inputOf: InputOf;
}

export interface ApplyOptions {
  /** Existing files and folders. */
  readonly paths: readonly string[];
  /** Whether the only path is an array. */
  readonly isArray: boolean;
  /** The folder to write, as the user named it. */
  readonly folder: string;
  readonly to: ApplyFormat;
  /** Whether the latents are written, not the outputs. */
  readonly encode: boolean;
  /** The class, by number or name. */
  readonly label?: string;
  readonly invert: boolean;
  readonly crop: boolean;
  readonly overwrite: boolean;
  readonly engine: EngineChoice;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

export interface Applied {
  /** Relative to the folder. */
  readonly files: readonly string[];
  readonly images: readonly AppliedImage[];
  /** The values of black and white for the model. */
  readonly range: readonly [number, number];
  /** What was done to the images. */
  readonly notes: readonly string[];
  readonly warnings: readonly Diagnostic[];
}

export interface AppliedImage {
  readonly name: string;
  /** Its picture, if there is one, relative to the folder. */
  readonly file?: string;
  /** The mean squared difference of output and input, on the scale of the training data. */
  readonly mse?: number;
}

/** @throws Failure for images that do not fit, outputs that cannot be written, or the error of the model */
export async function applyModel(model: AppliedModel, options: ApplyOptions): Promise<Applied> {
  const { trained, find, inputOf } = model;
  const { folder, encode, to, engine, emit, signal } = options;
  const data = { stage: inputOf(trained.stage, 'data'), hash: trained.inputs['data'] ?? '' };
  const preparation = await readPreparation(data, find, inputOf);
  const { classes } = await readImageSet((await find(data.stage, data.hash)).folder);
  const label = await labelFor(join(trained.folder, 'model', 'autoencoder'), options.label, classes);
  const images = await readOwn(preparation, options);
  const { all: planned, picture } = await plannedFiles(images.names, options);
  await checkFree(folder, planned, { sources: options.paths, overwrite: options.overwrite });

  const windows = windowsNote(planned);
  const warnings: Diagnostic[] = windows === undefined ? [] : [warning(windows)];
  const identity = await prepareEngine({ engine, emit, signal });
  const computed = await computeOutputs({
    ...{ trained, preparation, images, encode, engine: identity.kind, signal },
    ...(label === undefined ? {} : { label }),
    events: {
      progress: () => undefined,
      log: (level, message) => void (level === 'warn' && warnings.push(warning(message))),
    },
  });
  const { values } = computed.input;
  const means = await meansOf(model);
  const problem =
    brightnessProblem(values, preparation.range, means) ??
    someInverted(images.names, values, preparation.range, means) ??
    withoutNoise(values, preparation.range, means);
  if (problem !== undefined) warnings.push(warning(problem.message, problem.hint));
  const outputRange = await outputRangeOf(model, preparation);
  const made = { images, computed, outputRange, preparation, to, picture, ...model };
  const written = encode ? await latentFiles(made) : await outputFiles(made);
  await writeAll(folder, written);
  const errors = encode ? undefined : squaredErrors(computed.input, computed.output);
  return {
    files: written.map(({ file }) => file),
    images: images.names.map((name, index) => ({
      name,
      ...(to === 'png' && !encode ? { file: planned[index] ?? '' } : {}),
      ...(errors === undefined ? {} : { mse: errors[index] ?? 0 }),
    })),
    ...{ range: preparation.range, notes: images.notes, warnings },
  };
}

async function readOwn(preparation: Preparation, options: ApplyOptions): Promise<OwnImages> {
  const { paths, isArray, crop, folder, signal } = options;
  const own = isArray
    ? await readArray(paths[0] ?? '', preparation)
    : await readPictures(paths, preparation, { crop, without: resolve(folder), signal });
  return options.invert ? invert(own, preparation.dataset.range) : own;
}

interface Planned {
  readonly all: readonly string[];
  /** The picture of inputs and outputs; of latents there is none. */
  readonly picture: string;
}

async function plannedFiles(
  names: readonly string[],
  { folder, to, encode, overwrite }: Pick<ApplyOptions, 'folder' | 'to' | 'encode' | 'overwrite'>,
): Promise<Planned> {
  if (encode) return { all: [FILES.latents, FILES.codes, FILES.names], picture: '' };
  const others = to === 'png' ? pictureFiles(names) : [FILES.outputs, FILES.names];
  const picture = await comparisonFile(folder, others, overwrite);
  return { all: [...others, picture], picture };
}

/** Of the training images and, if they differ, of what the model learned to return for them. */
async function meansOf({
  trained: { stage, inputs },
  find,
  inputOf,
}: AppliedModel): Promise<readonly number[]> {
  const means: number[] = [];
  for (const setting of ['data', 'target']) {
    const hash = inputs[setting];
    if (hash !== undefined)
      means.push(await trainingMean((await find(inputOf(stage, setting), hash)).folder));
  }
  return means;
}

function warning(message: string, hint?: string): Diagnostic {
  return { code: 'bad-setting', severity: 'warning', message, ...(hint === undefined ? {} : { hint }) };
}

/** The values of black and white in the outputs: those of the targets of the training. */
async function outputRangeOf(
  { trained, find, inputOf }: AppliedModel,
  { range }: Preparation,
): Promise<readonly [number, number]> {
  const hash = trained.inputs['target'];
  if (hash === undefined) return range;
  const stage = inputOf(trained.stage, 'target');
  try {
    return (await readPreparation({ stage, hash }, find, inputOf)).range;
  } catch (error) {
    // Targets that are made in another way have the range that is recorded with them.
    if (!(error instanceof Failure) || error.diagnostics[0]?.code !== 'bad-setting') throw error;
    return (await readImageSet((await find(stage, hash)).folder)).range;
  }
}

interface Made extends AppliedModel {
  readonly images: OwnImages;
  readonly preparation: Preparation;
  readonly computed: Computed;
  readonly outputRange: readonly [number, number];
  readonly to: ApplyFormat;
  /** The name of the picture of inputs and outputs. */
  readonly picture: string;
}

async function latentFiles({ trained, images, computed: { output } }: Made): Promise<readonly Written[]> {
  const { names } = images;
  const codes = await codesOf(join(trained.folder, 'model', 'encoder'), output);
  const shape = [names.length, ...output.shape];
  return [
    { file: FILES.latents, array: { shape, data: output.values } },
    ...(codes === undefined
      ? []
      : [{ file: FILES.codes, array: { shape: [names.length, codes.perImage], data: codes.codes } }]),
    namesFile(names),
  ];
}

function namesFile(names: readonly string[]): Written {
  return { file: FILES.names, bytes: `${JSON.stringify(names, null, 2)}\n` };
}

async function outputFiles(made: Made): Promise<readonly Written[]> {
  const { images, computed, outputRange, to } = made;
  const { names } = images;
  const { output } = computed;
  const figure = await pictureOf(made);
  const picture = figure === undefined ? [] : [{ file: made.picture, bytes: figure }];
  if (to === 'npy')
    return [
      { file: FILES.outputs, array: { shape: [names.length, ...output.shape], data: output.values } },
      namesFile(names),
      ...picture,
    ];
  const shape = imageOf(output.shape);
  if (shape === undefined || figure === undefined)
    throw failure(
      'shape-mismatch',
      `the outputs have the shape [${output.shape.join(', ')}], which is not that of a picture`,
      'write an array with `--to npy`',
    );
  const files = pictureFiles(names);
  const tiles = imageTiles(output.values, shape, outputRange);
  return [...tiles.map((tile, index) => ({ file: files[index] ?? '', tile })), ...picture];
}

async function pictureOf({
  run,
  trained,
  images: { names },
  preparation,
  computed,
  outputRange,
}: Made): Promise<Uint8Array | undefined> {
  const training: unknown = JSON.parse(await readFile(join(trained.folder, 'training.json'), 'utf8'));
  const figure = drawApplied({
    ...{ names, ...computed, outputRange, inputRange: preparation.range },
    title: `${run}: ${trained.stage}`,
    denoiser: isJsonObject(training) && training['denoiser'] === true,
  });
  return figure === undefined ? undefined : renderPng(figure);
}
