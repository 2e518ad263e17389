/** Checks by name whether two image sets contain the same images in the same order. */
import { placeOf, sourceOf, type ImageNames } from './image-names.ts';

/** How two sets differ. */
export interface NameDifference {
  /** Names that are only in one of the two, in order; absent for large sets. */
  readonly missing?: readonly [ofOther: readonly string[], ofOne: readonly string[]];
  /** The first row where the images differ, and both names; absent if one set merely has more images. */
  readonly first?: { readonly row: number; readonly names: readonly [string, string] };
  /** Whether images were compared by file name, not by position. */
  readonly byFile: boolean;
  /** Whether they come from different known data sets. */
  readonly otherSet: boolean;
}

/** Sources of a user's own data; others are known sets. */
const OWN = /^(?:array|folder|stage)\//;

/**
 * Compares two sets, image by image. Two images with files are the same if their paths without extensions agree; class folders
 * count if both sets have them. Other images are the same if they have the same position in their source. The sources may differ,
 * as for `noisy.npy` and `clean.npy`. They must agree if both are known sets, or if each occurs in both sets.
 *
 * @returns undefined if all are the same
 */
export function compareNames(one: ImageNames, other: ImageNames): NameDifference | undefined {
  const compared = comparison(one, other);
  const { isSame, otherSet } = compared;
  const count = Math.min(one.count, other.count);
  let row = 0;
  while (row < count && isSame(row)) row += 1;
  if (row === count && one.count === other.count) return undefined;
  return {
    ...(Math.max(one.count, other.count) > MOST_NAMED ? {} : { missing: missingOf(compared, one, other) }),
    ...(row === count ? {} : { first: { row, names: [nameOf(one, row), nameOf(other, row)] } }),
    byFile: compared.byFile,
    otherSet: row < count && otherSet(row),
  };
}

/** Maximum images of a set whose names are looked up in the other one: each takes more than a hundred bytes of memory. */
const MOST_NAMED = 2 ** 20;

function missingOf({ keysOf }: Comparison, one: ImageNames, other: ImageNames): NameDifference['missing'] {
  const [all, others] = [keysOf(one), keysOf(other)];
  return [without(all, others), without(others, all)];
}

/** Whether images without names were compared by position with images of another source: then a match is only a guess. */
export function isGuess(one: ImageNames, other: ImageNames): boolean {
  const unnamed = [...one.sources, ...other.sources].filter((source) => source.startsWith('stage/'));
  return unnamed.some((source) => !one.sources.includes(source) || !other.sources.includes(source));
}

/** How many images of `other` are also in `one`: with the same position in the same source. */
export function countShared(one: ImageNames, other: ImageNames): number {
  const shared = one.sources.filter((source) => other.sources.includes(source));
  return shared.reduce((sum, source) => {
    const places = new Places(one, source);
    let count = 0;
    for (let row = 0; row < other.count; row++)
      if (sourceOf(other, row) === source && places.has(placeOf(other, row))) count += 1;
    return sum + count;
  }, 0);
}

/** The positions of images in one of their sources, as a bit set, since there may be many millions. */
class Places {
  readonly #bits: Uint8Array;

  constructor(names: ImageNames, source: string) {
    let highest = 0;
    for (let row = 0; row < names.count; row++) highest = Math.max(highest, placeOf(names, row));
    this.#bits = new Uint8Array((highest >>> 3) + 1);
    for (let row = 0; row < names.count; row++) {
      const place = placeOf(names, row);
      if (sourceOf(names, row) === source)
        this.#bits[place >>> 3] = (this.#bits[place >>> 3] ?? 0) | (1 << (place & 7));
    }
  }

  has(place: number): boolean {
    return ((this.#bits[place >>> 3] ?? 0) & (1 << (place & 7))) !== 0;
  }
}

/** A path for pairing images. Partners may have different formats, and systems store accents differently. */
export function withoutExtension(file: string): string {
  return file.normalize('NFC').replace(/\.[^./]*$/, '');
}

/** A name for messages: the path of the file, or the source and the position in it. */
export function nameOf(names: ImageNames, row: number): string {
  const file = names.files?.[row] ?? '';
  if (file !== '') return file;
  const source = sourceOf(names, row);
  return OWN.test(source) ? `number ${placeOf(names, row)}` : `${source} ${placeOf(names, row)}`;
}

interface Comparison {
  readonly isSame: (row: number) => boolean;
  /** Names that distinguish the images of both sets. */
  readonly keysOf: (names: ImageNames) => ReadonlyMap<string, string>;
  readonly byFile: boolean;
  readonly otherSet: (row: number) => boolean;
}

function comparison(one: ImageNames, other: ImageNames): Comparison {
  const hasClasses = [one, other].every(({ files }) => files?.some((file) => file.includes('/')) === true);
  const stem = (file: string): string => {
    const path = withoutExtension(file);
    return hasClasses ? path : path.slice(path.lastIndexOf('/') + 1);
  };
  const fileOf = ({ files }: ImageNames, row: number): string => files?.[row] ?? '';
  const otherSet = (row: number): boolean => {
    const [own, its] = [sourceOf(one, row), sourceOf(other, row)];
    if (own === its) return false;
    const known = !OWN.test(own) && !OWN.test(its);
    return known || (other.sources.includes(own) && one.sources.includes(its));
  };
  const isSame = (row: number): boolean => {
    if (otherSet(row)) return false;
    const [own, its] = [fileOf(one, row), fileOf(other, row)];
    return own !== '' && its !== '' ? stem(own) === stem(its) : placeOf(one, row) === placeOf(other, row);
  };
  const byFile = one.files !== undefined && other.files !== undefined;
  const sharesSource = one.sources.some((source) => other.sources.includes(source));
  const keysOf = (names: ImageNames): ReadonlyMap<string, string> => {
    const keys = new Map<string, string>();
    for (let row = 0; row < names.count; row++) {
      const file = byFile ? fileOf(names, row) : '';
      const place = `${sharesSource ? sourceOf(names, row) : ''} ${placeOf(names, row)}`;
      keys.set(file === '' ? place : stem(file), nameOf(names, row));
    }
    return keys;
  };
  return { isSame, keysOf, byFile, otherSet };
}

function without(keys: ReadonlyMap<string, string>, others: ReadonlyMap<string, string>): readonly string[] {
  return [...keys].flatMap(([key, name]) => (others.has(key) ? [] : [name]));
}
