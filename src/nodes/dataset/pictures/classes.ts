/** Classes of image files -> labels. */
import { hashOfPixels } from '../../../formats/pixel-hash.ts';
import { namesOf, takeNames, type ImageNames } from '../../../formats/image-names.ts';
import type { Split } from '../../../core/stage-type.ts';
import type { Collected } from './collect.ts';
import type { NamedImage } from './image-file.ts';
import { classOrder, compareNames, lookAlikes } from '../names.ts';
import { isLoss, nameSome, type Skipped } from './skipped.ts';
import type { RawSplit } from '../raw.ts';
import type { ReadContext } from '../sources/source.ts';

type Log = ReadContext<unknown>['log'];

/** Names of folders that contain splits rather than classes. */
const SPLIT_NAMES = /^(?:train|training|test|testing|val|valid|validation|dev|eval)$/i;

export interface ListedFiles {
  /** The files of a split that could be read. */
  readonly files: readonly NamedImage[];
  /** Those of them that could not be used. In an archive, a skipped member can have the name of one that is used. */
  readonly skipped: readonly Skipped[];
}

/** Class names by label: classes with a file that is used in some split, or would be without `limit`. */
export function classesOf(splits: readonly ListedFiles[]): readonly string[] {
  return classOrder(
    splits.flatMap(({ files, skipped }) => {
      const useless = new Set(skipped.map(({ name }) => name));
      return files.flatMap(({ name, className }) => (useless.has(name) ? [] : (className ?? [])));
    }),
  );
}

/**
 * One split with the labels of its images, if they have classes.
 *
 * @param classes names by label; undefined if the labels are given as numbers
 * @param listed paths of all files that could have been read
 */
export function toRaw(
  { shape, data, wide, files, classNames, skipped }: Collected,
  {
    classes,
    listed,
    name,
  }: { classes: readonly string[] | undefined; listed: readonly string[]; name: string },
): RawSplit {
  const numbers = new Map(classes?.map((name, label) => [name, label]));
  const labels =
    classNames === undefined
      ? undefined
      : Int32Array.from(classNames, (name) =>
          classes === undefined ? Number(name) : numberOf(name, numbers),
        );
  return {
    images: { shape, data, wide, kind: 'file', dtype: wide ? 'uint16' : 'uint8', name },
    names: namesAmong(files, listed, skipped, hashOfPixels(data, wide)),
    ...(labels === undefined
      ? {}
      : {
          labels: { shape: [labels.length], data: labels, name },
          ...(classes === undefined ? {} : { classes }),
        }),
    skipped,
  };
}

function numberOf(className: string, numbers: ReadonlyMap<string, number>): number {
  const label = numbers.get(className);
  if (label === undefined) throw new Error(`the class \`${className}\` of an image has no label`);
  return label;
}

/** Names of the files that are kept. A skipped image still counts, so that the positions of later ones do not change. */
function namesAmong(
  kept: readonly string[],
  listed: readonly string[],
  skipped: readonly Skipped[],
  hash: string,
): ImageNames {
  const used = new Set(kept);
  const omitted = skipped
    .filter((item) => isLoss(item) && !item.name.endsWith('/') && !used.has(item.name))
    .map(({ name }) => name);
  const files = [...new Set([...listed, ...omitted])].sort(compareNames);
  const places = new Map(files.map((name, place) => [name, place]));
  const all = { ...namesOf(`folder/${hash}`, files.length), files };
  const names = takeNames(
    all,
    Int32Array.from(kept, (name) => places.get(name) ?? 0),
  );
  return { ...names, ...(omitted.length === 0 ? {} : { omitted }) };
}

/** Warns of class names that look alike. */
export function warnOfLookAlikes(classes: readonly string[], log: Log): void {
  for (const group of lookAlikes(classes)) {
    log('warn', `the classes ${nameAll(group)} differ only in upper and lower case, accents or spaces`);
  }
}

/** Warns of folders that are read as classes but are probably splits. */
export function warnOfSplits(classes: readonly string[], log: Log): void {
  if (classes.length > 1 && classes.every((name) => SPLIT_NAMES.test(name))) {
    log(
      'warn',
      `the folders ${nameAll(classes)} are read as classes; to use them as splits, name them with \`path\` and \`test_path\``,
    );
  }
}

/** Warns if training and test images have different classes. */
export function compareClasses(splits: Readonly<Partial<Record<Split, Collected>>>, log: Log): void {
  const { train, test } = splits;
  if (train === undefined || test === undefined) return;
  if (train.classNames === undefined || test.classNames === undefined) {
    if (train.classNames === test.classNames) return;
    const [sorted, loose] = train.classNames === undefined ? ['test', 'training'] : ['training', 'test'];
    log('warn', `the ${sorted} images have labels, the ${loose} images none`);
    return;
  }
  for (const [one, other, word] of [
    [train, test, 'no test images'],
    [test, train, 'no training images'],
  ] as const) {
    const others = new Set(other.classNames);
    const missing = classOrder(one.classNames ?? []).filter((name) => !others.has(name));
    const some = missing.length === 1 ? '1 class has' : `${missing.length} classes have`;
    if (missing.length > 0) log('warn', `${some} ${word}: ${nameAll(missing)}`);
  }
}

function nameAll(names: readonly string[]): string {
  return nameSome(names.map((name) => ({ name })));
}

/** Warns of images whose transparency is ignored. */
export function warnOfTransparent({ transparent, shape: [count] }: Collected, log: Log): void {
  if (transparent.length === 0) return;
  const names = nameSome(transparent.map((name) => ({ name })));
  log('warn', `transparency is ignored, and ${transparent.length} of ${count} images have some: ${names}`);
}
