/** Values of a sweep that are made of other parameters which it varies, too: each trial has its own. */
import { mapValues, type Located, type LocatedMap } from './located.ts';
import { segmentsOf } from './override.ts';

/** Puts parameters in place in a value, but for texts that name one of `left`. */
export type ApplyBut = (value: Located, left: ReadonlySet<string>) => Located;

/**
 * The `sweep` block with parameters in place. What a list or a row of `include` or `exclude` makes of another swept parameter
 * stays as it is written, until a trial has values for both; a value made of its own parameter is of the one in the file.
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

function mapOf(value: Located | undefined): LocatedMap | undefined {
  return value?.kind === 'map' ? value : undefined;
}
