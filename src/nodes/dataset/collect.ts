/** Image files of a folder or an archive -> one array, with what could not be used by name. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { decodeImage, type DecodedImage } from '../../artifacts/decode.ts';
import { namesOf, takeNames, type ImageNames } from '../../artifacts/image-names.ts';
import type { ImagesDatasetSettings, LfwDatasetSettings } from '../../config/generated/settings.ts';
import { Failure, failure } from '../../core/diagnostic.ts';
import { sha256 } from '../../core/json.ts';
import type { StageContext } from '../contract.ts';

export interface ImageFile {
  /** Path below the folder or in the archive, with `/`. */
  readonly name: string;
  /** Name of its class; undefined where the files are not sorted by classes. */
  readonly className?: string;
  read(): Promise<Uint8Array>;
}

export interface Skipped {
  readonly name: string;
  readonly reason: string;
}

export interface Collected {
  readonly shape: readonly [number, number, number, number];
  readonly data: Uint8Array;
  readonly labels?: Int32Array;
  /** Names of the classes, by label. */
  readonly classes?: readonly string[];
  readonly skipped: readonly Skipped[];
  /** The path of each image, and its place among all that were found. */
  readonly names: ImageNames;
}

export type ImageFileSettings = LfwDatasetSettings | ImagesDatasetSettings;

/** The most bytes that decoded images take in memory. */
const SIZE_LIMIT = 2 ** 31;

/**
 * Decodes files, in any order; the images come in the order of their names, their classes too. Where sizes differ, the most
 * frequent one wins.
 *
 * @param listed how many files there are, for the progress, and the names of all classes, whose places are the labels
 * @throws Failure `data-corrupt` if none is left, or if one fails with `on_error: fail`; `interrupted`
 */
export async function collectImages(
  files: AsyncIterable<ImageFile>,
  { count, classes }: { readonly count: number; readonly classes: readonly string[] },
  {
    settings,
    signal,
    progress,
    log,
  }: Pick<StageContext<ImageFileSettings>, 'settings' | 'signal' | 'progress' | 'log'>,
): Promise<Collected> {
  const options = {
    crop: settings.crop,
    size: settings.size ?? settings.resize ?? null,
    color: settings.color,
  };
  const decoded: { readonly name: string; readonly className?: string; readonly image: DecodedImage }[] = [];
  const skipped: Skipped[] = [];
  const skip = (name: string, reason: string): void => {
    if (settings.on_error === 'fail') {
      throw failure('data-corrupt', `\`${name}\` ${reason}`, 'mend or remove it, or use `on_error: skip`');
    }
    skipped.push({ name, reason });
  };
  let [bytes, seen] = [0, 0];
  for await (const { name, className, read } of files) {
    await nextTurn();
    if (signal.aborted) throw failure('interrupted', 'stopped while decoding images');
    progress({ text: 'decoding images', fraction: Math.min(1, seen / count) });
    seen += 1;
    try {
      const image = await decodeImage(await read(), options);
      bytes += image.data.length;
      if (bytes > SIZE_LIMIT) {
        throw new RangeError(`${seen} images`);
      }
      decoded.push({ name, image, ...(className === undefined ? {} : { className }) });
    } catch (error) {
      if (error instanceof RangeError) {
        throw failure('data-corrupt', 'the decoded images take more than 2 GiB', 'use a smaller `size`');
      }
      if (!(error instanceof Failure)) throw error;
      skip(name, error.message);
    }
  }
  const shape = mostFrequent(decoded.map(({ image }) => image.shape.join('x')));
  const fitting = decoded.filter(({ name, image }) => {
    const own = image.shape.join('x');
    if (own !== shape) skip(name, `is ${own}, most images are ${shape}`);
    return own === shape;
  });
  fitting.sort((a, b) => (a.name < b.name ? -1 : 1));
  const [first] = fitting;
  if (first === undefined) {
    throw failure('data-corrupt', `there is no image that could be decoded${reasonText(skipped)}`);
  }
  if (skipped.length > 0) {
    log('warn', `${skipped.length} of ${seen} images were left out${reasonText(skipped)}`);
  }
  const size = first.image.data.length;
  const data = new Uint8Array(fitting.length * size);
  fitting.forEach(({ image }, index) => data.set(image.data, index * size));
  const found = [...decoded, ...skipped].map(({ name }) => name);
  return {
    shape: [fitting.length, ...first.image.shape],
    data,
    skipped: skipped.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    names: namesAmong(
      found,
      fitting.map(({ name }) => name),
      data,
    ),
    ...labelsOf(fitting, classes),
  };
}

/** Names of the files that are kept: one that is left out keeps its place, so that those behind it keep theirs. */
function namesAmong(found: readonly string[], kept: readonly string[], data: Uint8Array): ImageNames {
  const files = [...new Set(found)].sort();
  const places = new Map(files.map((name, place) => [name, place]));
  const all = { ...namesOf(`folder/${sha256(data)}`, files.length), files };
  return takeNames(
    all,
    Int32Array.from(kept, (name) => places.get(name) ?? 0),
  );
}

function labelsOf(
  images: readonly { readonly className?: string }[],
  classes: readonly string[],
): Pick<Collected, 'labels' | 'classes'> {
  const numbers = new Map(classes.map((name, label) => [name, label]));
  const labels = images.flatMap(({ className }) => numbers.get(className ?? '') ?? []);
  return labels.length < images.length ? {} : { labels: Int32Array.from(labels), classes };
}

/** Names of classes, each once, in order. */
export function classesOf(files: readonly Pick<ImageFile, 'className'>[]): readonly string[] {
  return [...new Set(files.flatMap(({ className }) => className ?? []))].sort();
}

function mostFrequent(names: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

/** `: a.png is neither PNG nor JPEG, and 3 more` */
function reasonText(skipped: readonly Skipped[]): string {
  const [first, ...others] = skipped;
  if (first === undefined) return '';
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  return `: \`${first.name}\` ${first.reason}${more}`;
}
