/** Settings of a `dataset` stage with the defaults that its schema gives them. */
import type { DatasetSettings } from '../../../src/schema/generated/settings.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { readSchema } from '../../../src/schema/schemas.ts';
import { objectAt } from '../../../src/schema/view.ts';
import type { SourceName } from '../../../src/nodes/dataset/sources/source.ts';

/** @param keys as a pipeline has them */
export function settingsOf<Source extends SourceName>(
  keys: Readonly<Record<string, unknown>> & { readonly source: Source },
): Extract<DatasetSettings, { readonly source: Source }> {
  const properties = objectAt(readSchema(`sources/${keys.source}`), 'properties');
  const defaults = Object.entries(properties).flatMap(([key, schema]) => {
    const value = (schema as JsonObject)['default'];
    return value === undefined ? [] : [[key, value]];
  });
  return {
    ...{ type: 'dataset', limit: null, normalize: 'minmax' },
    ...Object.fromEntries(defaults),
    ...keys,
  } as Extract<DatasetSettings, { readonly source: Source }>;
}
