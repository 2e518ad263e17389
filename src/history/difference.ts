/** In what runs differ: settings and numbers. */
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { withoutNotes } from '../core/notes.ts';
import { differences, formatPath, type KeyChange } from '../core/json-diff.ts';
import type { KnownRun } from './find.ts';

/** A row of a table with a value for each run; undefined where a run has none. */
export interface DifferenceRow<T> {
  readonly name: string;
  readonly values: readonly (T | undefined)[];
}

/** Keys that have no effect on results. */
const WITHOUT_EFFECT = new Set(['name', 'description', 'sweep', 'plugins']);

/** Settings in which one of the runs differs from the first. Parameters come first. */
export function differingSettings(
  runs: readonly Pick<KnownRun, 'settings'>[],
): readonly DifferenceRow<Json>[] {
  return settingRows(runs).map(({ name, values }) => ({ name, values }));
}

interface SettingRow extends DifferenceRow<Json> {
  readonly path: KeyChange['path'];
}

function settingRows(runs: readonly Pick<KnownRun, 'settings'>[]): readonly SettingRow[] {
  const all = runs.map(({ settings }) => withEffect(settings));
  const [first = {}, ...others] = all;
  const paths = new Map<string, KeyChange['path']>();
  for (const other of others)
    for (const { path } of differences(first, other)) paths.set(formatPath(path), path);
  const isInside = (path: KeyChange['path']): boolean =>
    [...paths.values()].some(
      (other) => other.length < path.length && other.every((part, at) => part === path[at]),
    );
  const rows = [...paths]
    // A stage that one run does not have is one row, whatever else differs in it.
    .filter(([, path]) => !isInside(path))
    .map(([name, path]) => ({
      name: name.replace(/^stages\./, ''),
      values: all.map((settings) => valueAt(settings, path)),
      path,
    }));
  const ofStages = ({ path }: SettingRow): boolean => path[0] === 'stages';
  return [...rows.filter((row) => !ofStages(row)), ...rows.filter(ofStages)];
}

/**
 * What changed from one run to the next: without the settings of stages that changed because a parameter did.
 *
 * @param written the later run's file and the files that it extends, before parameters are filled in
 */
export function changesBetween(
  before: JsonObject,
  after: JsonObject,
  written: readonly JsonObject[],
): readonly DifferenceRow<Json>[] {
  const rows = settingRows([{ settings: before }, { settings: after }]);
  const isParameterized = (path: KeyChange['path']): boolean =>
    rows.some(({ path: [key] }) => key === 'params') &&
    written.some((document) => {
      const text = valueAt(document, path);
      return typeof text === 'string' && text.includes('${params.');
    });
  return rows
    .filter(({ path }) => path[0] !== 'stages' || !isParameterized(path))
    .map(({ name, values }) => ({ name, values }));
}

/** Numbers of the runs. Those of the last stages come first: they are the results. */
export function numbersOf(runs: readonly Pick<KnownRun, 'metrics'>[]): readonly DifferenceRow<number>[] {
  const namesIn = new Map<string, Set<string>>();
  for (const { metrics } of runs)
    for (const [stage, own] of Object.entries(metrics))
      namesIn.set(stage, new Set([...(namesIn.get(stage) ?? []), ...Object.keys(own)]));
  return [...namesIn].reverse().flatMap(([stage, names]) =>
    [...names].map((name) => ({
      name: `${stage}.${name}`,
      values: runs.map(({ metrics }) => metrics[stage]?.[name]),
    })),
  );
}

/** Whether all runs have the same value. */
export function isSame({ values }: DifferenceRow<Json>): boolean {
  return new Set(values.map((value) => (value === undefined ? '' : canonicalJson(value)))).size === 1;
}

function withEffect(settings: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(withoutNotes(settings)).filter(([key]) => !WITHOUT_EFFECT.has(key)),
  );
}

function valueAt(settings: Json, path: KeyChange['path']): Json | undefined {
  let value: Json | undefined = settings;
  for (const part of path) {
    if (Array.isArray(value)) value = (value as readonly Json[])[Number(part)];
    else value = isJsonObject(value) && Object.hasOwn(value, part) ? value[part] : undefined;
  }
  return value;
}
