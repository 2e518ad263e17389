/** Questions about values of JSON that anybody may have written. */

export type Fields = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

export function isInteger(value: unknown, least: number, most: number): value is number {
  return isNumber(value) && Number.isInteger(value) && value >= least && value <= most;
}

export function isListOf<Item>(value: unknown, is: (item: unknown) => item is Item): value is Item[] {
  return Array.isArray(value) && value.every(is);
}

/** Two numbers, of which the first is the lower one. */
export function isRange(value: unknown): value is [number, number] {
  return isListOf(value, isNumber) && value.length === 2 && (value[0] ?? 0) < (value[1] ?? 0);
}

/** @param length of the list, the lowest and the highest possible one */
export function isShape(
  value: unknown,
  [shortest, longest]: readonly [number, number],
  mostValues: number,
): value is number[] {
  const isLength = (length: unknown): length is number => isInteger(length, 1, mostValues);
  return (
    isListOf(value, isLength) &&
    value.length >= shortest &&
    value.length <= longest &&
    value.reduce((product, length) => product * length, 1) <= mostValues
  );
}

export function isText(value: unknown, most: number): value is string {
  return typeof value === 'string' && value.length <= most;
}
