/** Advice about a key that the schemas refuse: what was probably meant, with the change that repairs it. */
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import { suggest } from '../../core/suggest.ts';
import { objectAt } from '../../schema/view.ts';
import type { Located, LocatedMap } from '../located.ts';
import type { DocumentPath } from '../pipeline.ts';
import { fixArgument, fixRegularizerClass } from './arguments.ts';
import { argumentMeant, argumentsOf } from './calls.ts';
import {
  entriesText,
  flowText,
  isSmall,
  mapAt,
  plainJson,
  renameKey,
  replaceEntry,
  replaceValue,
  type Advice,
} from './edits.ts';
import { keyAdvice } from './keys.ts';
import { STAGE_TYPES_MEANT } from './stage-types.ts';

/** The place of a mistake. */
export interface Place {
  readonly root: LocatedMap;
  /** Path of the value, or of the map with the key. */
  readonly path: DocumentPath;
}

/** Advice about a key that its map does not accept. */
export function adviseKey(
  { root, path }: Place,
  key: string,
  properties: readonly string[],
): Advice | undefined {
  const owner = mapAt(root, path);
  const value = owner?.entries.get(key)?.value;
  if (owner === undefined || value === undefined || !isSmall(owner)) return undefined;
  const layer = path.at(-1);
  if (typeof layer === 'string' && layer.endsWith('_regularizer')) {
    const data = plainJson(owner);
    const fixed = isJsonObject(data) ? fixRegularizerClass(data) : undefined;
    if (fixed !== undefined) {
      const text = flowText(fixed);
      return { hint: `write \`${layer}: ${text}\``, edits: replaceValue(owner, text) };
    }
  }
  const isLayer = typeof layer === 'string' && Object.keys(argumentsOf(layer)).length > 0;
  if (isLayer) return adviseArgument(owner, layer, key, value);
  const written = plainJson(value);
  const data = plainJson(owner);
  const found = keyAdvice(placeName(path, owner), key, written, isJsonObject(data) ? data : {});
  if (found === undefined) return rename(owner, key, value, properties);
  if ('hint' in found) return { hint: found.hint };
  const [[name, meant] = ['', null], ...more] = Object.entries(found.entries);
  if (more.length === 0 && name !== '' && value.kind !== 'scalar' && sameJson(meant, written)) {
    const edits = owner.entries.has(name) ? undefined : renameKey(owner, key, name);
    return { hint: `write \`${name}\` instead of \`${key}\``, ...(edits === undefined ? {} : { edits }) };
  }
  return withEntries(owner, key, found.entries, found.why);
}

export function sameJson(one: Json, other: Json): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The type of a stage, `document`, or the key of the map. */
export function placeName(path: DocumentPath, owner: LocatedMap): string {
  if (path.length === 0) return 'document';
  if (path.length !== 2 || path[0] !== 'stages') return String(path.at(-1));
  const type = owner.entries.get('type')?.value;
  return type?.kind === 'scalar' ? String(type.value) : '';
}

/** The advice to replace a key by other entries. */
export function withEntries(
  owner: LocatedMap,
  key: string,
  entries: JsonObject,
  why: string | undefined,
): Advice {
  const names = Object.keys(entries);
  const reason = why === undefined ? '' : `: ${why}`;
  const merged = names.filter((name) => name !== key && owner.entries.has(name));
  // An existing entry gets the new value, and the key is removed.
  const edits = [
    ...(replaceEntry(
      owner,
      key,
      Object.fromEntries(Object.entries(entries).filter(([name]) => !merged.includes(name))),
    ) ?? []),
    ...merged.flatMap((name) => {
      const before = owner.entries.get(name)?.value;
      return before === undefined ? [] : replaceValue(before, flowText(entries[name] ?? null));
    }),
  ];
  if (names.length === 0) return { hint: `remove it${reason}`, edits };
  const text = names
    .map((name) => `\`${entriesText({ [name]: entries[name] ?? null }, ', ')}\``)
    .join(' and ');
  const [only = '', ...others] = names;
  if (others.length === 0 && only !== key && why === undefined) {
    return { hint: `did you mean \`${only}\`? Write ${text}`, edits };
  }
  return { hint: `write ${text}${reason}`, edits };
}

/** A typing error, another case, quotation marks around the key, or a value written together with it. */
function rename(
  owner: LocatedMap,
  key: string,
  value: Located,
  properties: readonly string[],
): Advice | undefined {
  const joined = /^([\w-]+)\s*(?:[:=@;]\s*|\s)(\S.*)$/s.exec(key);
  // `kernel size` means one name.
  const isName = properties.includes(key.replace(/\s+/g, '_'));
  if (joined !== null && !isName && value.kind === 'scalar' && value.value === null) {
    const name = properties.find((each) => each === joined[1]) ?? suggest(joined[1] ?? '', properties);
    const text = name === undefined ? undefined : `${name}: ${joined[2] ?? ''}`;
    const range = owner.entries.get(key)?.keyRange;
    if (text === undefined || range === undefined) return undefined;
    return { hint: `write \`${text}\`, with a colon and a space`, edits: [{ range, text }] };
  }
  const plain = key.replace(/^[“”"'‘’]|[“”"'‘’]$/g, '').trim();
  const name = plain !== key && properties.includes(plain) ? plain : suggest(key, properties);
  if (name === undefined) return undefined;
  const edits = owner.entries.has(name) ? undefined : renameKey(owner, key, name);
  return { hint: `did you mean \`${name}\`?`, ...(edits === undefined ? {} : { edits }) };
}

function adviseArgument(owner: LocatedMap, layer: string, key: string, value: Located): Advice | undefined {
  const meant = argumentMeant(layer, key);
  const pair = key === 'betas' ? plainJson(value) : undefined;
  if (Array.isArray(pair) && pair.length === 2 && argumentMeant(layer, 'beta_1') !== undefined)
    return withEntries(owner, key, { beta_1: pair[0] ?? 0.9, beta_2: pair[1] ?? 0.999 }, undefined);
  if (meant === undefined)
    return rename(owner, key, value, Object.keys(objectAt(argumentsOf(layer), 'properties')));
  if (!('name' in meant)) return withEntries(owner, key, {}, meant.why);
  if (owner.entries.has(meant.name))
    return { hint: `\`${meant.name}\` already exists: remove one of the two` };
  const written = plainJson(value);
  const fixed = fixArgument(meant.name, written) ?? written;
  return withEntries(owner, key, { [meant.name]: fixed }, undefined);
}

/** The keys that the unknown keys of a map mean: these are not reported as missing. */
export function meantKeys(
  { root, path }: Place,
  keys: readonly string[],
  properties: readonly string[],
): ReadonlySet<string> {
  const owner = mapAt(root, path);
  const layer = path.at(-1);
  const meant = new Set<string>();
  const isAdvised = owner !== undefined && isSmall(owner);
  for (const key of keys) {
    const near = suggest(key, properties);
    if (near !== undefined) meant.add(near);
    const joined = /^([\w-]+)\s*[\s:=@;]/.exec(key)?.[1];
    if (joined !== undefined) meant.add(joined);
    const argument = typeof layer === 'string' ? argumentMeant(layer, key) : undefined;
    if (argument !== undefined && 'name' in argument) meant.add(argument.name);
    const value = owner?.entries.get(key)?.value;
    if (!isAdvised || value === undefined) continue;
    const data = plainJson(owner);
    const found = keyAdvice(placeName(path, owner), key, plainJson(value), isJsonObject(data) ? data : {});
    if (found !== undefined && 'entries' in found)
      Object.keys(found.entries).forEach((name) => meant.add(name));
  }
  return meant;
}

/** Advice about an unknown stage type. */
export function adviseStageType(
  { root, path }: Place,
  type: string,
  names: readonly string[],
): Advice | undefined {
  const owner = mapAt(root, path);
  const value = owner?.entries.get('type')?.value;
  if (owner === undefined || value === undefined) return undefined;
  const letters = (type.split('.').at(-1) ?? type).toLowerCase().replace(/[^a-z]/g, '');
  const [meant, entries = {}] = Object.hasOwn(STAGE_TYPES_MEANT, letters)
    ? (STAGE_TYPES_MEANT[letters] ?? [])
    : [];
  const name = meant ?? suggest(type, names);
  if (name === undefined) return undefined;
  const more = Object.fromEntries(Object.entries(entries).filter(([key]) => !owner.entries.has(key)));
  if (Object.keys(more).length === 0)
    return { hint: `did you mean \`${name}\`?`, edits: replaceValue(value, name) };
  return withEntries(owner, 'type', { type: name, ...more }, undefined);
}
