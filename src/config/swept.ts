/** Values of a sweep that are made of other parameters which it varies, too: each trial has its own. */
import type { LocatedEntry, LocatedMap } from './located.ts';
import { segmentsOf } from './override.ts';

/** Puts parameters in place in a value, but for texts that name one of `left`. */
export type ApplyBut = (entry: LocatedEntry, left: ReadonlySet<string>) => LocatedEntry;

/**
 * The `sweep` block with parameters in place. What a list or a row of `include` or `exclude` makes of another swept parameter
 * stays as it is written, until a trial has values for both; a value made of its own parameter is of the one in the file.
 */
export function applySweep(sweep: LocatedMap, apply: ApplyBut): LocatedMap {
  const parameters = mapOf(sweep.entries.get('parameters'));
  const swept = namesIn(parameters);
  return mapEntries(sweep, (key, entry) => {
    const { value } = entry;
    if (key === 'parameters' && parameters !== undefined) {
      const each = mapEntries(parameters, (name, values) =>
        apply(values, values.value.kind === 'list' ? butOwn(swept, name) : NONE),
      );
      return { ...entry, value: each };
    }
    if ((key !== 'include' && key !== 'exclude') || value.kind !== 'list') return apply(entry, NONE);
    const items = value.items.map((row) => {
      const names = key === 'exclude' ? swept : namesIn(row.kind === 'map' ? row : undefined);
      return row.kind === 'map'
        ? mapEntries(row, (name, cell) => apply(cell, butOwn(names, name)))
        : apply({ ...entry, value: row }, NONE).value;
    });
    return { ...entry, value: { ...value, items } };
  });
}

const NONE: ReadonlySet<string> = new Set();

/** Parameters that the keys of a map set, or set a part of. */
function namesIn(map: LocatedMap | undefined): ReadonlySet<string> {
  return new Set([...(map?.entries.keys() ?? [])].flatMap((path) => parameterOf(path) ?? []));
}

function butOwn(names: ReadonlySet<string>, path: string): ReadonlySet<string> {
  const own = parameterOf(path);
  return new Set([...names].filter((name) => name !== own));
}

/** `latent_size`, `params.latent_size.x` -> `latent_size`; undefined for a setting that is no parameter. */
function parameterOf(path: string): string | undefined {
  const [first, second] = segmentsOf(path).map(({ name }) => name);
  if (second === undefined) return first;
  return first === 'params' ? second : undefined;
}

function mapOf(entry: LocatedEntry | undefined): LocatedMap | undefined {
  return entry?.value.kind === 'map' ? entry.value : undefined;
}

function mapEntries(map: LocatedMap, change: (key: string, entry: LocatedEntry) => LocatedEntry): LocatedMap {
  return { ...map, entries: new Map([...map.entries].map(([key, entry]) => [key, change(key, entry)])) };
}
