/** Reads the images that a stage puts into a model, and those it compares the outputs with. */
import { readImages, readImageSet, type ImageArray, type ImageSetRecord } from '../../artifacts/images.ts';
import { failure } from '../../core/diagnostic.ts';
import type { Split } from '../../core/stage-type.ts';
import type { SamplePair } from '../../engine/train/samples.ts';
import type { InputArtifact } from '../contract.ts';
import { sameShape, shapeText } from './checks.ts';

/** Images of one split, row by row. Without a target of their own, `x` and `y` are the same object. */
export interface ImagePair extends SamplePair {
  readonly x: ImageArray;
  readonly y: ImageArray;
}

export interface ImageSource {
  readonly data: ImageSetRecord;
  readonly target: ImageSetRecord;
  /**
   * Reads a split, once.
   *
   * @throws Failure if a file is damaged, or the target has another number of images, or there are none
   */
  read(split: Split): Promise<ImagePair>;
}

/** @throws Failure if images and model do not fit, which only shows here where a pipeline names files */
export async function imageSource(
  inputs: Readonly<Record<string, InputArtifact>>,
  model: { readonly inputShape: readonly number[]; readonly outputShape: readonly number[] },
): Promise<ImageSource> {
  const from = requireInput(inputs, 'data');
  const to = inputs['target'] ?? from;
  const data = await readImageSet(from.folder);
  const target = await readImageSet(to.folder);
  requireShape(model.inputShape, from.stage, data.shape, 'takes');
  requireShape(model.outputShape, to.stage, target.shape, 'gives');
  const pairs = new Map<Split, Promise<ImagePair>>();
  return {
    data,
    target,
    read(split) {
      const pair = pairs.get(split) ?? readPair(from, to, split);
      pairs.set(split, pair);
      return pair;
    },
  };
}

async function readPair(from: InputArtifact, to: InputArtifact, split: Split): Promise<ImagePair> {
  const x = await readImages(from.folder, split);
  const y = to.folder === from.folder ? x : await readImages(to.folder, split);
  if (x.count !== y.count) {
    throw failure(
      'shape-mismatch',
      `\`${from.stage}\` has ${x.count} ${split} images, but \`${to.stage}\` has ${y.count}`,
      'let `target` hold the same images as `data`, one for one',
    );
  }
  if (x.count === 0) throw failure('missing-split', `\`${from.stage}\` has no ${split} images`);
  return { x, y };
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
  if (sameShape(wanted, found)) return;
  throw failure(
    'shape-mismatch',
    `the model ${verb} ${shapeText(wanted)}, but the images of \`${stage}\` are ${shapeText(found)}`,
    `give the model \`input_shape: [${found.join(', ')}]\``,
  );
}
