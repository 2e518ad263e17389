/** Sets in MNIST's layout that are known by name: four IDX files, whose contents are pinned. */
import type { IdxArray } from '../../../formats/idx.ts';
import { namesOf } from '../../../formats/image-names.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { Split } from '../../../core/stage-type.ts';
import { describeClasses } from '../../class-labels.ts';
import { byteRange, type RawSplit, type RawSplits } from '../raw.ts';
import type { SourceDescription } from '../sources/source.ts';
import type { IdxPin, Part } from './known-files.ts';

/** Both sets have 10 classes. */
const CLASSES = 10;

/**
 * 60,000 training and 10,000 test images of 28x28 bytes, with labels.
 *
 * @param names of the classes, unless they are digits
 */
export function describeKnownSet(
  { normalize }: { readonly normalize: 'minmax' | 'none' },
  names?: readonly string[],
): SourceDescription {
  return {
    shape: [28, 28, 1],
    range: byteRange(normalize),
    splits: ['train', 'test'],
    labeled: true,
    classes: describeClasses(names ?? CLASSES),
    counts: { train: 60_000, test: 10_000 },
  };
}

/** The hashes of the files by their names, plain or as downloaded. */
export function pinnedHashes(pins: readonly IdxPin[], ending: '' | '.gz' = ''): JsonObject {
  return Object.fromEntries(pins.map(({ name, sha256 }) => [`${name}${ending}`, sha256]));
}

/**
 * Reads both splits.
 *
 * @param source identifies the set: a part of the names of its images
 * @param title of the set in messages
 * @param classes names of the classes, unless they are digits
 */
export async function readKnownSet(
  source: string,
  title: string,
  read: (split: Split, part: Part) => Promise<IdxArray>,
  onSplit: (split: Split) => void,
  classes?: readonly string[],
): Promise<RawSplits> {
  const readSplit = async (split: Split): Promise<RawSplit> => {
    onSplit(split);
    const named = async (part: Part) => ({
      ...(await read(split, part)),
      name: `${title}'s ${split} ${part}`,
    });
    const images = await named('images');
    return {
      images: { ...images, kind: 'uint8', dtype: 'uint8' },
      names: namesOf(`${source}/${split}`, images.shape[0] ?? 0),
      labels: await named('labels'),
      ...(classes === undefined ? {} : { classes }),
    };
  };
  return { train: await readSplit('train'), test: await readSplit('test') };
}
