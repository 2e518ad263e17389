/** Values of a sweep that use other swept parameters: each trial has its own. */
import { mapValues, type Located, type LocatedMap } from './located.ts';
import { segmentsOf } from './override.ts';

/** Inserts parameters into a value, except in texts that name one of `left`. */
export type ApplyBut = (value: Located, left: ReadonlySet<string>) => Located;

/**
 * The `sweep` block with parameters inserted. If a list, or a row of `include` or `exclude`, uses another swept parameter, it
 * stays as written until a trial has values for both. A value that uses its own parameter gets the value in the file.
 */
export function applySweep(sweep: LocatedMap, apply: ApplyBut): LocatedMap {
  const parameters = mapOf(sweep.entries.get('parameters')?.value);
  const swept = namesIn(parameters);
  return mapValues(sweep, (value, key) => {
    if (key === 'parameters' && parameters !== undefined)
      return mapValues(parameters, (values, name) =>
        apply(values, values.kind === 'list' ? butOwn(swept, name) : NONE),
      );
    if ((key !== 'include' && key !== 'exclude') || value.kind !== 'list') return apply(value, NONE);
    const items = value.items.map((row) => {
      const names = key === 'exclude' ? swept : namesIn(mapOf(row));
      return row.kind === 'map'
        ? mapValues(row, (cell, name) => apply(cell, butOwn(names, name)))
        : apply(row, NONE);
    });
    return { ...value, items };
  });
}

const NONE: ReadonlySet<string> = new Set();

/** Parameters that the keys of a map set, fully or in part. */
function namesIn(map: LocatedMap | undefined): ReadonlySet<string> {
  return new Set([...(map?.entries.keys() ?? [])].flatMap((path) => parameterOf(path) ?? []));
}

function butOwn(names: ReadonlySet<string>, path: string): ReadonlySet<string> {
  const own = parameterOf(path);
  return new Set([...names].filter((name) => name !== own));
}

/** `latent_size`, `params.latent_size.x` -> `latent_size`; undefined for a setting that is not a parameter. */
function parameterOf(path: string): string | undefined {
  const [first, second] = segmentsOf(path).map(({ name }) => name);
  if (second === undefined) return first;
  return first === 'params' ? second : undefined;
}

function mapOf(value: Located | undefined): LocatedMap | undefined {
  return value?.kind === 'map' ? value : undefined;
}
