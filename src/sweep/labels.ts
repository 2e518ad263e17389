/** Short labels for the values of a parameter. Labels of long values show the part that differs. */
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../core/json.ts';

/** Maximum length of a label, in characters. */
const MOST_CHARACTERS = 40;
/** Characters kept from the start of a long text, and before the place where it differs from others. */
const HEAD = 10;
const CONTEXT = 8;
/** The label in trials whose settings lack the parameter's path. */
export const NO_VALUE = '–';

/** Settings shown without their name, as in `Dense(64, relu)`. */
const POSITIONAL: ReadonlySet<string> = new Set([
  ...['units', 'filters', 'kernel_size', 'activation', 'rate', 'learning_rate'],
  ...['pool_size', 'size', 'target_shape'],
]);

/** The labels of all values in the trials of a sweep. */
export class ValueLabels {
  readonly #trials: readonly JsonObject[];
  readonly #labels = new Map<string, ReadonlyMap<string, string>>();

  /** @param trials values by parameter, one map per trial */
  constructor(trials: readonly JsonObject[]) {
    this.#trials = trials;
  }

  of(name: string, value: Json | undefined): string {
    if (value === undefined) return NO_VALUE;
    // Most values are numbers, whose labels need no comparison with other values.
    if (typeof value === 'number') return numberText(value);
    let labels = this.#labels.get(name);
    if (labels === undefined) {
      labels = this.#labelsOf(name);
      this.#labels.set(name, labels);
    }
    return labels.get(canonicalJson(value)) ?? cut(valueText(value));
  }

  #labelsOf(name: string): ReadonlyMap<string, string> {
    const values = new Map<string, Json>();
    for (const trial of this.#trials) {
      const value = trial[name];
      if (value !== undefined) values.set(canonicalJson(value), value);
    }
    const labels = labelValues([...values.values()]);
    return new Map([...values.keys()].map((key, index) => [key, labels[index] ?? '']));
  }
}

/** @returns one label for each distinct value, all different */
export function labelValues(values: readonly Json[]): readonly string[] {
  const candidates = [
    () => values.map((value) => valueText(value)),
    () => differences(values),
    () => differences(values, true),
    () => windows(differences(values)),
  ];
  let last: readonly string[] = [];
  for (const candidate of candidates) {
    last = candidate();
    if (last.every(isShort) && areDistinct(last)) return last;
  }
  return last.map((label, index) => cut(`(${index + 1}) ${label}`));
}

/**
 * A value on one line, as people write it: `Dense(64, relu), Dense(32)`, `{a: 1}`, `[28, 28, 1]`.
 *
 * @param terse whether to show only the first setting of each layer
 */
export function valueText(value: Json, terse = false): string {
  if (typeof value === 'string') return readsAsText(value) ? value : JSON.stringify(value);
  if (Array.isArray(value)) {
    const items: readonly Json[] = value;
    const texts = items.map((item) => valueText(item, terse)).join(', ');
    return items.length > 0 && items.every(isNamed) ? texts : `[${texts}]`;
  }
  if (typeof value === 'number') return numberText(value);
  if (!isJsonObject(value)) return String(value);
  const named = namedOf(value);
  if (named !== undefined) return callText(named.name, argumentsText(named.settings, terse));
  return `{${Object.entries(value)
    .map(([key, inner]) => `${key}: ${valueText(inner, terse)}`)
    .join(', ')}}`;
}

/** The full number, or scientific notation if that is shorter: `64`, `20231234`, `1e20`. */
export function numberText(value: number): string {
  const plain = String(value);
  if (Math.abs(value) < 1e7) return plain;
  const power = value.toExponential().replace('e+', 'e');
  return power.length < plain.length ? power : plain;
}

/** Long values may be cut off: they are shown in full elsewhere. */
export function cut(text: string): string {
  const characters = [...text];
  return characters.length > MOST_CHARACTERS
    ? `${characters
        .slice(0, MOST_CHARACTERS - 1)
        .join('')
        .trimEnd()}…`
    : text;
}

/** A text that YAML reads as a string, not as a number, boolean or null. */
function readsAsText(text: string): boolean {
  return text !== '' && !/^(?:null|~|true|false)$/i.test(text) && Number.isNaN(Number(text));
}

/** Layers, optimizers and the like: `{ Dense: … }`, or `Flatten`. */
function namedOf(value: JsonObject): { readonly name: string; readonly settings: Json } | undefined {
  const [entry, another] = Object.entries(value);
  if (entry === undefined || another !== undefined || !/^[A-Z]/.test(entry[0])) return undefined;
  return { name: entry[0], settings: entry[1] };
}

function isNamed(value: Json): boolean {
  return isJsonObject(value)
    ? namedOf(value) !== undefined
    : typeof value === 'string' && /^[A-Z]/.test(value);
}

function callText(name: string, inside: string): string {
  return inside === '' ? name : `${name}(${inside})`;
}

function argumentsText(settings: Json, terse: boolean): string {
  if (settings === null) return '';
  if (!isJsonObject(settings)) return valueText(settings, terse);
  const texts = Object.entries(settings)
    .toSorted(([a], [b]) => rankOf(a) - rankOf(b))
    .map(([key, value]) => settingText(key, valueText(value, terse)));
  return (terse ? texts.slice(0, 1) : texts).join(', ');
}

/** The settings of a layer as shown, the main ones first. */
function rankOf(key: string): number {
  const rank = [...POSITIONAL].indexOf(key);
  return rank === -1 ? POSITIONAL.size : rank;
}

function settingText(key: string, value: string): string {
  return POSITIONAL.has(key) ? value : `${key}=${value}`;
}

/** One text for each value, with only the parts that differ. */
function differences(values: readonly Json[], terse = false): readonly string[] {
  const plain = (): readonly string[] => values.map((value) => valueText(value, terse));
  if (values.every((value): value is Json[] => Array.isArray(value))) return listDifferences(values, terse);
  if (!values.every(isJsonObject)) return plain();
  const named = values.map(namedOf);
  const [first] = named;
  if (first === undefined || named.some((each) => each?.name !== first.name)) {
    return named.some((each) => each !== undefined) ? plain() : mapDifferences(values, terse);
  }
  const settings = named.map((each) => each?.settings ?? null);
  const inside = settings.every(isJsonObject)
    ? mapDifferences(settings, terse, settingText)
    : settings.map((each) => argumentsText(each, terse));
  return inside.map((text) => callText(first.name, text));
}

function mapDifferences(
  maps: readonly JsonObject[],
  terse: boolean,
  write: (key: string, value: string) => string = (key, value) => `${key} ${value}`,
): readonly string[] {
  const keys = [...new Set(maps.flatMap((map) => Object.keys(map)))].filter(
    (key) => !isSame(maps.map((map) => map[key])),
  );
  const columns = keys.map((key) => {
    const present = maps.map((map) => map[key]).filter((value) => value !== undefined);
    // If some values lack the key, there is nothing to compare the others with.
    const texts = present.length === maps.length ? differences(present, terse) : undefined;
    return maps.map((map, index) => {
      const value = map[key];
      return value === undefined ? undefined : write(key, texts?.[index] ?? valueText(value, terse));
    });
  });
  return maps.map((_, index) => {
    const parts = columns.flatMap((column) => column[index] ?? []);
    return parts.length > 0 ? parts.join(', ') : `without ${keys[0] ?? ''}`;
  });
}

function listDifferences(lists: readonly (readonly Json[])[], terse: boolean): readonly string[] {
  const shortest = Math.min(...lists.map(({ length }) => length));
  const column = (index: number): readonly (Json | undefined)[] => lists.map((list) => list.at(index));
  if (lists.every(({ length }) => length === shortest)) return placeDifferences(lists, terse);
  let before = 0;
  while (before < shortest && isSame(column(before))) before += 1;
  let after = 0;
  while (after < shortest - before && isSame(column(-1 - after))) after += 1;
  // A list without distinct items shows the last item that it shares with the others.
  if (before + after === shortest && before > 0) before -= 1;
  return lists.map((list) => {
    const own = list.slice(before, list.length - after);
    const inside = own.length === 0 ? 'nothing' : own.map((item) => valueText(item, terse)).join(', ');
    return `${before > 0 ? '… ' : ''}${inside}${after > 0 ? ' …' : ''}`;
  });
}

/** The places in which lists of equal length differ. */
function placeDifferences(lists: readonly (readonly Json[])[], terse: boolean): readonly string[] {
  const length = lists[0]?.length ?? 0;
  const places = Array.from({ length }, (_, index) => index).filter(
    (index) => !isSame(lists.map((list) => list[index])),
  );
  const texts = places.map((place) =>
    differences(
      lists.map((list) => list[place] ?? null),
      terse,
    ),
  );
  return lists.map((_, index) => {
    const parts = places.map((place, at) => {
      const next = at === 0 ? 0 : (places[at - 1] ?? 0) + 1;
      const joint = at === 0 ? '' : place === next ? ', ' : ' ';
      return `${joint}${place === next ? '' : '… '}${texts[at]?.[index] ?? ''}`;
    });
    return `${parts.join('')}${places.at(-1) === length - 1 ? '' : ' …'}`;
  });
}

/** The start of each text, and the place where it first differs from the most similar other text. */
function windows(texts: readonly string[]): readonly string[] {
  const sorted = [...texts].sort();
  const same = new Map<string, number>();
  sorted.forEach((text, index) => {
    const next = sorted[index + 1] ?? '';
    let count = 0;
    while (count < text.length && text[count] === next[count]) count += 1;
    same.set(text, Math.max(same.get(text) ?? 0, count));
    same.set(next, Math.max(same.get(next) ?? 0, count));
  });
  return texts.map((text) => {
    const from = Math.max(0, (same.get(text) ?? 0) - CONTEXT);
    if (isShort(text) || from <= HEAD) return cut(text);
    return wholeItems(text, same.get(text) ?? 0) ?? cut(`${slice(text, 0, HEAD)}…${slice(text, from)}`);
  });
}

/**
 * The first items of a list, and the items from a difference on: `Flatten, … Dense(4)`.
 *
 * @returns undefined if whole items are too long
 */
function wholeItems(text: string, place: number): string | undefined {
  const starts = itemStarts(text);
  const from = starts.findLast((start) => start <= place);
  if (from === undefined) return undefined;
  const head = starts.findLast((start) => start <= HEAD && start < from) ?? 0;
  const label = `${text.slice(0, head)}… ${text.slice(from)}`;
  return isShort(label) ? label : undefined;
}

/** Where the second and later items start in a list written without brackets. */
function itemStarts(text: string): readonly number[] {
  let depth = 0;
  const starts: number[] = [];
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) depth -= 1;
    else if (depth === 0 && text.startsWith(', ', index)) starts.push(index + 2);
  }
  return starts;
}

/** Does not split surrogate pairs. */
function slice(text: string, from: number, to = text.length): string {
  const whole = (at: number): number => (/[\udc00-\udfff]/.test(text[at] ?? '') ? at - 1 : at);
  return text.slice(whole(from), whole(to));
}

function isSame(values: readonly (Json | undefined)[]): boolean {
  const [first, ...others] = values.map((value) => (value === undefined ? '' : canonicalJson(value)));
  return others.every((other) => other === first);
}

function isShort(text: string): boolean {
  return [...text].length <= MOST_CHARACTERS;
}

function areDistinct(texts: readonly string[]): boolean {
  return new Set(texts).size === texts.length;
}
