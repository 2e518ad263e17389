/** Reads a model's input images, and the images with which its outputs are compared. */
import {
  openImages,
  readImageSet,
  readResample,
  type StoredImages,
  type ImageSetRecord,
} from '../../formats/images.ts';
import { failure } from '../../core/diagnostic.ts';
import { fitsImage, imageOf } from '../../core/shape.ts';
import type { ImageShape, Split } from '../../core/stage-type.ts';
import type { ModelShapes } from '../../engine/train/predict.ts';
import type { FreshNoise } from '../../engine/train/noise.ts';
import type { SamplePair, Samples } from '../../engine/train/samples.ts';
import { shapeText } from '../../layers/layer.ts';
import type { InputArtifact } from '../contract.ts';
import { noLabels } from './checks.ts';
import { checkRecordedRange } from './targets.ts';

/** Images of one split, paired row by row. Without a separate target, `x` and `y` are the same object. */
export interface ImagePair extends SamplePair {
  readonly x: StoredImages;
  readonly y: StoredImages;
}

export interface ImageSource {
  readonly data: ImageSetRecord;
  readonly target: ImageSetRecord;
  /**
   * Reads a split; repeated calls share the result.
   *
   * @throws Failure if a file is damaged, the numbers of images differ, or there are none
   */
  read(split: Split): Promise<ImagePair>;
  /**
   * The images for training: the training split or, if its noise is resampled, the clean images with that noise.
   *
   * @throws Failure as `read`
   */
  readTraining(seeds: FreshNoise['seeds']): Promise<SamplePair>;
}

/** Images of one set, checked against a model. */
export interface InputImages {
  readonly record: ImageSetRecord;
  /** @throws Failure if a file is damaged, or there are no images */
  read(split: Split): Promise<StoredImages>;
}

/**
 * Images for a model whose outputs are not compared with a target.
 *
 * @throws Failure if images and model do not fit
 */
export async function imagesFor(
  from: InputArtifact,
  { inputShape, classes }: Pick<ModelShapes, 'inputShape' | 'classes'>,
): Promise<InputImages> {
  const record = await readImageSet(from.folder);
  requireShape(inputShape, from.stage, record.shape, 'takes');
  return {
    record,
    read: async (split) => {
      const { x } = await readPair(from, from, split);
      requireLabels(from, split, x, classes);
      return x;
    },
  };
}

/** @throws Failure if images and model do not fit. For pipelines that name files, this is only known here */
export async function imageSource(
  inputs: Readonly<Record<string, InputArtifact>>,
  model: ModelShapes,
): Promise<ImageSource> {
  const from = requireInput(inputs, 'data');
  const to = inputs['target'] ?? from;
  const data = await readImageSet(from.folder);
  const target = await readImageSet(to.folder);
  requireShape(model.inputShape, from.stage, data.shape, 'takes');
  requireShape(model.outputShape, to.stage, target.shape, 'returns');
  // The same targets may be read for the images and for the clean images.
  const opened = new Map<string, Promise<StoredImages>>();
  const open: typeof openImages = (folder, split) => {
    const key = `${split} ${folder}`;
    const images = opened.get(key) ?? openImages(folder, split);
    opened.set(key, images);
    return images;
  };
  const pairs = new Map<Split, Promise<ImagePair>>();
  const read = (split: Split): Promise<ImagePair> => {
    const pair = pairs.get(split) ?? readLabelled(split);
    pairs.set(split, pair);
    return pair;
  };
  const readLabelled = async (split: Split): Promise<ImagePair> => {
    const pair = await readPair(from, to, split, open);
    requireLabels(from, split, pair.x, model.classes);
    return pair;
  };
  return {
    data,
    target,
    read,
    async readTraining(seeds) {
      const resample = await readResample(from.folder);
      if (resample === undefined) return read('train');
      const { labels } = await open(from.folder, 'train');
      const x = {
        ...{ ...resample.clean, noise: { ...resample.noise, seeds } },
        ...(labels === undefined ? {} : { labels }),
      };
      const y = to.folder === from.folder ? x : await open(to.folder, 'train');
      requireCounts(x, y, [from, to], 'train');
      requireLabels(from, 'train', x, model.classes);
      return { x, y };
    },
  };
}

async function readPair(
  from: InputArtifact,
  to: InputArtifact,
  split: Split,
  open = openImages,
): Promise<ImagePair> {
  const x = await open(from.folder, split);
  const y = to.folder === from.folder ? x : await open(to.folder, split);
  checkRecordedRange(to, (await readImageSet(to.folder)).range, y);
  requireCounts(x, y, [from, to], split);
  return { x, y };
}

function requireCounts(
  x: Samples,
  y: Samples,
  [from, to]: readonly [InputArtifact, InputArtifact],
  split: Split,
): void {
  if (x.count !== y.count) {
    throw failure(
      'shape-mismatch',
      `\`${from.stage}\` has ${x.count} ${split} images, but \`${to.stage}\` has ${y.count}`,
      'let `target` hold the same images as `data`, one for one',
    );
  }
  if (x.count === 0) throw failure('missing-split', `\`${from.stage}\` has no ${split} images`);
}

/** @throws Failure if a conditional model does not know the class of each image */
function requireLabels(
  { stage }: InputArtifact,
  split: Split,
  { labels }: Samples,
  classes: number | undefined,
): void {
  if (classes === undefined) return;
  if (labels === undefined) throw failure('bad-setting', noLabels(stage).message, noLabels(stage).hint);
  const wrong = labels.findIndex((label) => label < 0 || label >= classes);
  if (wrong === -1) return;
  let highest = 0;
  for (const label of labels) highest = Math.max(highest, label);
  throw failure(
    'out-of-range',
    `${split} image ${wrong} of \`${stage}\` has the label ${labels[wrong]}, but the model knows ${classes} classes, 0 to ${classes - 1}`,
    `give the model \`classes: ${highest + 1}\``,
  );
}

export function requireInput(inputs: Readonly<Record<string, InputArtifact>>, key: string): InputArtifact {
  const input = inputs[key];
  if (input === undefined) throw new Error(`the stage was started without \`${key}\``);
  return input;
}

function requireShape(
  wanted: readonly number[],
  stage: string,
  found: readonly number[],
  verb: string,
): void {
  if (fitsImage(wanted, found)) return;
  throw failure(
    'shape-mismatch',
    `the model ${verb} ${shapeText(wanted)}, but the images of \`${stage}\` are ${shapeText(found)}`,
    `give the model \`input_shape: [${found.join(', ')}]\``,
  );
}

/**
 * The shape of a decoder's output as an image.
 *
 * @throws Failure `shape-mismatch` if it is not one
 */
export function requireImage(shape: readonly number[]): ImageShape {
  const image = imageOf(shape);
  if (image !== undefined) return image;
  throw failure(
    'shape-mismatch',
    `the decoder returns [${shape.join(', ')}], which is not the shape of an image`,
    'let the decoder end with a `Reshape` to [height, width, channels]',
  );
}
