/** Folders of corrupted and of clean images, recognised by their names and those of the images. */
import { join } from 'node:path';
import type { JsonObject } from '../../../core/json.ts';
import type { Guess } from './guess.ts';
import { TEST, TRAIN } from './split-names.ts';

const NOISY =
  /^(?:nois[ey]|noisy[-_ ]?images|corrupt(?:ed)?|degraded|blur(?:red|ry)?|input|dirty|low|lq|lr|rainy?|haz[ey]|short)$/i;
const CLEAN =
  /^(?:clean|clean[-_ ]?images|gt|ground[-_ ]?truth|target|original|sharp|high|hq|hr|clear|long)$/i;

/** Two folders of the same images, below their common folder. */
interface PairFolders {
  readonly noisy: string;
  readonly clean: string;
  readonly testNoisy?: string;
  readonly testClean?: string;
}

/**
 * @param images paths of all images of a folder
 * @returns undefined unless they are in two such folders, or two for each split, and most have a partner
 */
export function pairsOf(images: readonly string[]): PairFolders | undefined {
  const found = twoFolders(images);
  if (found !== undefined) return found;
  const splits = groupByFolder(images);
  const train = [...splits.keys()].find((name) => TRAIN.test(name));
  const tests = [...splits.keys()].filter((name) => TEST.test(name));
  if (train === undefined || tests.length !== splits.size - 1) return undefined;
  const pairs = twoFolders(splits.get(train) ?? []);
  const test = tests.find((name) => /^test/i.test(name)) ?? tests[0];
  const testPairs = test === undefined ? undefined : twoFolders(splits.get(test) ?? []);
  if (pairs === undefined) return undefined;
  return {
    noisy: `${train}/${pairs.noisy}`,
    clean: `${train}/${pairs.clean}`,
    ...(testPairs === undefined
      ? {}
      : { testNoisy: `${test}/${testPairs.noisy}`, testClean: `${test}/${testPairs.clean}` }),
  };
}

/** Names of folders that would hold pairs, if their images had the same names. */
export function namedAsPairs(folders: readonly (string | undefined)[]): readonly string[] {
  const named = [NOISY, CLEAN].flatMap(
    (pattern) => folders.find((name) => name !== undefined && pattern.test(name)) ?? [],
  );
  return named.length === 2 ? named : [];
}

function twoFolders(images: readonly string[]): Pick<PairFolders, 'noisy' | 'clean'> | undefined {
  const folders = groupByFolder(images);
  const [noisy, clean] = [NOISY, CLEAN].map((pattern) =>
    [...folders.keys()].find((name) => pattern.test(name)),
  );
  if (folders.size !== 2 || noisy === undefined || clean === undefined) return undefined;
  const [one, other] = [noisy, clean].map((name) => new Set((folders.get(name) ?? []).map(withoutEnding)));
  const shared = [...(one ?? [])].filter((name) => other?.has(name) === true).length;
  return shared * 2 >= (one?.size ?? 0) ? { noisy, clean } : undefined;
}

/** Paths below the folders of the first level, by these; images outside them have the empty name. */
function groupByFolder(images: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const folders = new Map<string, string[]>();
  for (const image of images) {
    const end = image.indexOf('/');
    const folder = image.slice(0, Math.max(0, end));
    const own = folders.get(folder);
    if (own === undefined) folders.set(folder, [image.slice(end + 1)]);
    else own.push(image.slice(end + 1));
  }
  return folders;
}

/** Names in the form in which pairs are compared: without extensions, and with accents stored in one way. */
function withoutEnding(name: string): string {
  return name.normalize('NFC').replace(/\.[^./]+$/, '');
}

export function guessPairs(
  path: string,
  { noisy, clean, testNoisy, testClean }: PairFolders,
  look: JsonObject,
): Guess {
  return {
    what: 'folders of corrupted and clean images with the same names',
    settings: {
      source: 'pairs',
      noisy: join(path, noisy),
      clean: join(path, clean),
      ...(testNoisy === undefined || testClean === undefined
        ? {}
        : { test_noisy: join(path, testNoisy), test_clean: join(path, testClean) }),
      ...look,
    },
  };
}
