/** Settings of a stage in a few words. */
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';

/** Settings that are omitted in the description of a stage. */
const LEFT_OUT = new Set(['type', 'title']);

/** The most important argument of a layer. */
const SIZES = ['units', 'filters', 'rate', 'target_shape'];

export interface Setting {
  readonly key: string;
  readonly text: string;
}

/** The settings of a stage without references to other stages. */
export function describeSettings(
  settings: JsonObject,
  inputs: Readonly<Record<string, string>>,
): readonly Setting[] {
  return Object.entries(settings)
    .filter(([key]) => !LEFT_OUT.has(key) && !Object.hasOwn(inputs, key))
    .map(([key, value]) => ({
      key,
      text: key.endsWith('shape') && Array.isArray(value) ? value.join('×') : describe(value),
    }));
}

/** `0.5`, `none`, `0, 1`, `Conv2D 16 → Flatten → Dense 32`, `Adam (learning_rate 0.003)`, `train 4000, test 2000` */
function describe(value: Json): string {
  if (value === null) return 'none';
  if (Array.isArray(value)) {
    const items: readonly Json[] = value;
    const isLayers = items.some((item) => isJsonObject(item)) && items.every(isLayer);
    return isLayers ? items.map(describeLayer).join(' → ') : items.map(describe).join(', ');
  }
  if (!isJsonObject(value)) return String(value);
  const members = Object.entries(value);
  const [only] = members;
  if (members.length === 1 && only !== undefined && isJsonObject(only[1])) {
    const inner = describe(only[1]);
    return inner === '' ? only[0] : `${only[0]} (${inner})`;
  }
  return members.map(([key, member]) => `${key} ${describe(member)}`).join(', ');
}

function isLayer(item: Json): boolean {
  return typeof item === 'string' || (isJsonObject(item) && Object.keys(item).length === 1);
}

function describeLayer(item: Json): string {
  if (!isJsonObject(item)) return String(item);
  const [name = '', settings] = Object.entries(item)[0] ?? [];
  if (!isJsonObject(settings)) return name;
  const size = SIZES.map((key) => settings[key]).find((value) => value !== undefined);
  if (size === undefined) return name;
  return `${name} ${Array.isArray(size) ? size.join('×') : String(size)}`;
}
