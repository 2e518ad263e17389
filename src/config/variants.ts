/** The variant of a schema that the settings choose: for example, the keys of a figure depend on its `kind`. */
import type { JsonObject } from '../core/json.ts';
import { variantsOf, type Variant } from '../schema/view.ts';
import { find, type Located } from './located.ts';

export function variantAt(schema: JsonObject, settings: Located | undefined): Variant | undefined {
  if (settings === undefined) return undefined;
  return variantsOf(schema).find(({ property, value }) => {
    const setting = find(settings, [property])?.value;
    return setting?.kind === 'scalar' && setting.value === value;
  });
}
