/** Reads arrays before anything runs: whether they are images, their shape and their range. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { SPLITS } from '../../formats/images.ts';
import type {
  DatasetSettings,
  IdxDatasetSettings,
  NpyDatasetSettings,
  NpzDatasetSettings,
} from '../../schema/generated/settings.ts';
import { Failure } from '../../core/diagnostic.ts';
import type { Finding, Inspection, Split } from '../../core/stage-type.ts';
import { beyond } from '../beyond.ts';
import { localFiles } from './files.ts';
import { readIdxSplit } from './own-idx.ts';
import { missingFashionMnist } from './fashion-mnist.ts';
import { missingArchive } from './lfw.ts';
import { readNumpySplit } from './numpy.ts';
import { checkPaths } from './paths.ts';
import { toImageSet } from './pixels.ts';
import type { RawSplit } from './raw.ts';

export type ArraySettings = IdxDatasetSettings | NpyDatasetSettings | NpzDatasetSettings;

/** The most bytes of files that are read before a run: beyond, the stage says what is wrong. */
const SIZE_LIMIT = 2 ** 26;

/** By settings and the sizes and times of files: a sweep asks for each trial. */
const known = new Map<string, Promise<Inspection>>();

/** Looks for the files of a stage, and into arrays that are not large. */
export async function inspectDataset(
  settings: DatasetSettings,
  folder: string,
): Promise<Inspection | undefined> {
  const findings = await checkPaths(settings, folder);
  if (findings.length > 0) return { findings };
  switch (settings.source) {
    case 'idx':
    case 'npz':
    case 'npy':
      return inspectArrays(settings, folder);
    case 'fashion-mnist':
      return { findings: [], downloads: await missingFashionMnist(settings) };
    case 'lfw':
      return { findings: [], downloads: await missingArchive(settings) };
    default:
      return undefined;
  }
}

/** @returns undefined where a file is missing, or the files are too large */
async function inspectArrays(settings: ArraySettings, folder: string): Promise<Inspection | undefined> {
  const state = await stateOf(settings, folder);
  if (state === undefined) return undefined;
  const key = JSON.stringify([settings, folder, state]);
  const found = known.get(key) ?? inspect(settings, folder);
  known.set(key, found);
  return found;
}

/** Whether `inspectArrays` has something to say of such a stage. */
export async function isInspected(settings: DatasetSettings, folder: string): Promise<boolean> {
  if (settings.source !== 'idx' && settings.source !== 'npz' && settings.source !== 'npy') return false;
  return (await stateOf(settings, folder)) !== undefined;
}

/** Sizes and times of the files; undefined where one is missing, or they are too large. */
async function stateOf(
  settings: ArraySettings,
  folder: string,
): Promise<readonly (readonly [number, number])[] | undefined> {
  const state: (readonly [number, number])[] = [];
  for (const path of localFiles(settings)) {
    const info = await stat(resolve(folder, path)).catch(() => undefined);
    if (info?.isFile() !== true) return undefined;
    state.push([info.size, info.mtimeMs]);
  }
  return state.reduce((sum, [size]) => sum + size, 0) > SIZE_LIMIT ? undefined : state;
}

async function inspect(settings: ArraySettings, folder: string): Promise<Inspection> {
  try {
    const raws: Partial<Record<Split, RawSplit>> = {};
    for (const split of SPLITS) {
      const raw = await readArraySplit(settings, folder, split);
      if (raw !== undefined) raws[split] = raw;
    }
    const { shape, range, splits, notices } = toImageSet(raws, settings);
    const totals = Object.fromEntries(
      Object.entries(raws).map(([split, { images }]) => [split, images.shape[0] ?? 0]),
    );
    const beyondLimit = beyond(settings.limit, totals, { name: settings.source, key: 'limit' });
    const findings = notices.map(({ message, hint, at }): Finding => ({
      ...{ code: 'bad-setting', severity: 'warning', message, hint },
      at: [at],
    }));
    if (beyondLimit !== undefined) findings.push(beyondLimit);
    const counts = Object.fromEntries(Object.entries(splits).map(([split, { count }]) => [split, count]));
    return { shape, range, counts, findings };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return {
      findings: error.diagnostics.map(({ code, message, hint, at = [] }) => ({
        code,
        message,
        at,
        ...(hint === undefined ? {} : { hint }),
      })),
    };
  }
}

export function readArraySplit(
  settings: ArraySettings,
  folder: string,
  split: Split,
): Promise<RawSplit | undefined> {
  return settings.source === 'idx'
    ? readIdxSplit(settings, folder, split)
    : readNumpySplit(settings, folder, split);
}
