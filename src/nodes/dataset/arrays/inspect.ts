/** Reads arrays before anything runs, to find whether they are images, their shape and their range. */
import { stat } from 'node:fs/promises';
import type { DatasetSettings } from '../../../schema/generated/settings.ts';
import { Failure } from '../../../core/diagnostic.ts';
import type { Finding, Inspection } from '../../../core/stage-type.ts';
import { beyond } from '../../beyond.ts';
import { classesIn } from '../../class-labels.ts';
import { toImageSet } from '../pixels.ts';
import type { RawSplits } from '../raw.ts';

/** Maximum bytes of files that are read before a run. The stage checks larger files itself. */
const SIZE_LIMIT = 2 ** 26;

/** Cached by settings and the paths, sizes and times of files, since a sweep inspects each trial. */
const known = new Map<string, Promise<Inspection>>();

/**
 * Inspects small arrays.
 *
 * @param paths absolute paths of their files
 * @returns undefined if a file is missing, or the files are too large
 */
export async function inspectArrays(
  settings: DatasetSettings,
  paths: readonly string[],
  read: () => Promise<RawSplits>,
): Promise<Inspection | undefined> {
  const state = await stateOf(paths);
  if (state === undefined) return undefined;
  const key = JSON.stringify([settings, paths, state]);
  const found = known.get(key) ?? inspect(settings, read);
  known.set(key, found);
  return found;
}

/** Whether `inspectArrays` can inspect arrays in these files. */
export async function isInspected(paths: readonly string[]): Promise<boolean> {
  return (await stateOf(paths)) !== undefined;
}

/** Sizes and times of the files; undefined if one is missing, or they are too large. */
async function stateOf(
  paths: readonly string[],
): Promise<readonly (readonly [size: number, time: number])[] | undefined> {
  const state: (readonly [number, number])[] = [];
  for (const path of paths) {
    const info = await stat(path).catch(() => undefined);
    if (info?.isFile() !== true) return undefined;
    state.push([info.size, info.mtimeMs]);
  }
  return state.reduce((sum, [size]) => sum + size, 0) > SIZE_LIMIT ? undefined : state;
}

async function inspect(settings: DatasetSettings, read: () => Promise<RawSplits>): Promise<Inspection> {
  try {
    const raws = await read();
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
    const classes = classesIn(Object.values(splits));
    return { shape, range, counts, findings, ...(classes === undefined ? {} : { classes }) };
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
