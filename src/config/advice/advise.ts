/** What to say of a key or a value that the schemas refuse: what it was meant to be, with the change that repairs it. */
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import { suggest } from '../../core/suggest.ts';
import { readSchema } from '../../schema/schemas.ts';
import { isChoice, isList, listAt, objectAt, stringsAt, typesOf } from '../../schema/view.ts';
import { find, type Located, type LocatedMap } from '../located.ts';
import type { DocumentPath } from '../pipeline.ts';
import { fixArgument } from './arguments.ts';
import { argumentMeant, argumentsOf, fixCall, fixChoice, meaningOf } from './calls.ts';
import {
  choiceText,
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
import { readPython, valueOf } from './python.ts';
import { STAGE_TYPES_MEANT } from './stage-types.ts';
import { kindMeant, sourceMeant } from './words.ts';

/** Where a mistake is. */
interface Place {
  readonly root: LocatedMap;
  /** Of the value, or of the map that has the key. */
  readonly path: DocumentPath;
}

/** Of a key that its map does not take. */
export function adviseKey(
  { root, path }: Place,
  key: string,
  properties: readonly string[],
): Advice | undefined {
  const owner = mapAt(root, path);
  const value = owner?.entries.get(key)?.value;
  if (owner === undefined || value === undefined || !isSmall(owner)) return undefined;
  const layer = path.at(-1);
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
    return { hint: `write \`${name}\` in place of \`${key}\``, ...(edits === undefined ? {} : { edits }) };
  }
  return withEntries(owner, key, found.entries, found.why);
}

function sameJson(one: Json, other: Json): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The type of a stage, `document`, or the key of the map. */
function placeName(path: DocumentPath, owner: LocatedMap): string {
  if (path.length === 0) return 'document';
  if (path.length !== 2 || path[0] !== 'stages') return String(path.at(-1));
  const type = owner.entries.get('type')?.value;
  return type?.kind === 'scalar' ? String(type.value) : '';
}

function withEntries(owner: LocatedMap, key: string, entries: JsonObject, why: string | undefined): Advice {
  const names = Object.keys(entries);
  const reason = why === undefined ? '' : `: ${why}`;
  const merged = names.filter((name) => name !== key && owner.entries.has(name));
  // What is there already gets its new value in place, and the key goes.
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

/** A slip of the fingers, another case, or quotation marks around the key. */
function rename(
  owner: LocatedMap,
  key: string,
  value: Located,
  properties: readonly string[],
): Advice | undefined {
  const joined = /^([\w-]+)\s*[:=]\s*(.*)$/s.exec(key);
  if (joined !== null && value.kind === 'scalar' && value.value === null) {
    const name = properties.find((each) => each === joined[1]) ?? suggest(joined[1] ?? '', properties);
    const text = name === undefined ? undefined : `${name}: ${joined[2] ?? ''}`;
    const range = owner.entries.get(key)?.keyRange;
    if (text === undefined || range === undefined) return undefined;
    return { hint: `write \`${text}\`, with a space after the colon`, edits: [{ range, text }] };
  }
  const plain = key.replace(/^[“”"'‘’]|[“”"'‘’]$/g, '').trim();
  const name = plain !== key && properties.includes(plain) ? plain : suggest(key, properties);
  if (name === undefined) return undefined;
  const edits = owner.entries.has(name) ? undefined : renameKey(owner, key, name);
  return { hint: `did you mean \`${name}\`?`, ...(edits === undefined ? {} : { edits }) };
}

function adviseArgument(owner: LocatedMap, layer: string, key: string, value: Located): Advice | undefined {
  const meant = argumentMeant(layer, key);
  if (meant === undefined)
    return rename(owner, key, value, Object.keys(objectAt(argumentsOf(layer), 'properties')));
  if (!('name' in meant)) return withEntries(owner, key, {}, meant.why);
  if (owner.entries.has(meant.name))
    return { hint: `\`${meant.name}\` is there already: remove one of the two` };
  const written = plainJson(value);
  const fixed = fixArgument(meant.name, written) ?? written;
  return withEntries(owner, key, { [meant.name]: fixed }, undefined);
}

/** The keys that unknown keys of a map stand for: they are not missing. */
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
    const joined = /^([\w-]+)\s*[:=]/.exec(key)?.[1];
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

/** Of a value that is not of the type, or none of the choices, that the schema takes. */
export function adviseValue({ root, path }: Place, value: Located, schema: JsonObject): Advice | undefined {
  if ((value.kind === 'scalar' && value.broken === true) || !isSmall(value)) return undefined;
  const written = plainJson(value);
  const key = path.findLast((segment) => typeof segment === 'string');
  const moved = adviseMoved(root, path, written);
  if (moved !== undefined) return moved;
  const isItem = typeof path.at(-1) === 'number';
  const fixed = fixValue(String(key ?? ''), isItem, written, schema, value);
  if (fixed === undefined) return undefined;
  const text = isChoice(schema)
    ? choiceText(fixed.json, isItem && !isInFlow(root, path))
    : (fixed.text ?? flowText(fixed.json));
  if (sameJson(fixed.json, written) && fixed.text === undefined) return undefined;
  const shown = isChoice(schema) ? choiceText(fixed.json, isItem) : text;
  return { hint: `write \`${shown}\``, edits: replaceValue(value, text) };
}

/** A map where a word is wanted, whose entries belong one level higher: `compile: { loss: mse }`. */
function adviseMoved(root: LocatedMap, path: DocumentPath, written: Json): Advice | undefined {
  const [key, owner] = [path.at(-1), mapAt(root, path.slice(0, -1))];
  if (key !== 'compile' || owner === undefined || !isJsonObject(written)) return undefined;
  const data = plainJson(owner);
  const found = keyAdvice(placeName(path.slice(0, -1), owner), key, written, isJsonObject(data) ? data : {});
  return found !== undefined && 'entries' in found
    ? withEntries(owner, key, found.entries, found.why)
    : undefined;
}

interface Fixed {
  readonly json: Json;
  /** Where it is not as `json` would be written. */
  readonly text?: string;
}

function fixValue(
  key: string,
  isItem: boolean,
  written: Json,
  schema: JsonObject,
  value: Located,
): Fixed | undefined {
  const types = typesOf(schema);
  if (isChoice(schema)) {
    const found = fixChoice(written, Object.keys(objectAt(schema, 'properties')));
    return found === undefined ? undefined : { json: found };
  }
  const names = listAt(schema, 'enum').filter((each) => typeof each === 'string');
  if (key === 'type' && !isItem) return undefined;
  const candidates = [
    fixNamed(key, isItem, written),
    general(written, types),
    listed(written, types, schema),
  ];
  const found = candidates.find((each) => each !== undefined && fits(each, schema, types, names));
  if (found !== undefined) return { json: found };
  const digits =
    typeof written === 'string' ? /^[A-Za-z]{1,3}(\d{4,16})$/.exec(written.trim())?.[1] : undefined;
  if (digits !== undefined && types.includes('integer')) return { json: Number(digits), text: digits };
  if (typeof written === 'number' && types.includes('string') && value.kind === 'scalar') {
    return { json: String(written), text: JSON.stringify(value.source ?? String(written)) };
  }
  if (typeof written === 'string' && names.length > 0) {
    const plain = written.replace(/^[\s“”"'‘’]+|[\s“”"'‘’]+$/g, '');
    const python = readPython(plain);
    const word = python?.kind === 'name' || python?.kind === 'call' ? python.name : plain;
    const near = names.includes(word) ? word : suggest(word, names);
    if (near !== undefined && near !== written) return { json: near };
  }
  return undefined;
}

function fixNamed(key: string, isItem: boolean, written: Json): Json | undefined {
  if (key === 'metrics' && isItem) {
    const found = fixArgument('metrics', written);
    return isList(found) && found.length === 1 ? found[0] : undefined;
  }
  if (['early_stopping', 'reduce_lr_on_plateau', 'preview', 'checkpoint'].includes(key)) {
    if (written === true) return {};
    if (written === false || written === 'None') return key === 'checkpoint' ? undefined : null;
    if (typeof written === 'number' && key === 'early_stopping') return { patience: written };
    if (typeof written === 'number' && (key === 'checkpoint' || key === 'preview')) return { every: written };
    return undefined;
  }
  if (key === 'kind') return kindMeant(written);
  if (key === 'source') return typeof written === 'string' ? sourceMeant(written) : undefined;
  if (key === 'split')
    return written === 'validation' || written === 'val' || written === 'valid' ? 'test' : undefined;
  if (key === 'clip') return written === true ? [0, 1] : written === false ? null : undefined;
  if (key === 'normalize') return written === true ? 'minmax' : written === false ? 'none' : undefined;
  if (key === 'stratify') return typeof written === 'string' ? true : undefined;
  if (key === 'validation')
    return written === true ? 'test' : written === false ? 'none' : general(written, ['number']);
  if (key === 'color') return /^gr[ae]y(?:scale)?$|^l$/i.test(String(written)) ? 'gray' : undefined;
  return isItem ? undefined : fixArgument(key, written);
}

/** What a text means in Python, where a number, a list or a truth value is wanted. */
function general(written: Json, types: readonly string[]): Json | undefined {
  if (typeof written !== 'string') return isList(written) ? readAll(written) : undefined;
  if (types.includes('boolean')) {
    if (/^(?:yes|on|y|true|1)$/i.test(written.trim())) return true;
    if (/^(?:no|off|n|false|0)$/i.test(written.trim())) return false;
  }
  const python = readPython(written);
  return python === undefined ? undefined : valueOf(python);
}

/** A list whose items are written as Python. */
function readAll(list: readonly Json[]): Json | undefined {
  const items = list.map((item) => (typeof item === 'string' ? general(item, ['number']) : item));
  return items.every((item) => item !== undefined) ? items : undefined;
}

/** One value where a list of such is wanted; a map of layers as a list of them. */
function listed(written: Json, types: readonly string[], schema: JsonObject): Json | undefined {
  if (!types.includes('array')) return undefined;
  if (isJsonObject(written)) {
    const layers = Object.entries(written).map(([name, args]) => {
      const meaning = meaningOf(name.replace(/_?\d+$/, '')) ?? meaningOf(name);
      return meaning === undefined ? undefined : fixChoice({ [meaning.name]: args }, [meaning.name]);
    });
    return layers.length > 0 && layers.every((layer) => layer !== undefined) ? layers : undefined;
  }
  if (typeof written === 'string') {
    const python = readPython(written);
    const layers = objectAt(
      objectAt(objectAt(readSchema('layers'), 'definitions'), 'LayerSpec'),
      'properties',
    );
    const inside =
      python?.kind === 'call' && /^sequential$/i.test(python.name) ? python.positional[0] : python;
    if (inside?.kind === 'list') {
      const items = inside.items.map((item) => fixCall(item, Object.keys(layers)));
      if (items.length > 0 && items.every((item) => item !== undefined)) return items;
    }
  }
  const items = typesOf(objectAt(schema, 'items'));
  const single = typeof written === 'number' ? ['integer', 'number'] : [typeof written];
  return written !== null &&
    !isList(written) &&
    (items.length === 0 || items.some((type) => single.includes(type)))
    ? [written]
    : undefined;
}

function fits(value: Json, schema: JsonObject, types: readonly string[], names: readonly string[]): boolean {
  const kind = value === null ? 'null' : isList(value) ? 'array' : typeof value;
  const isType =
    types.length === 0 ||
    types.includes(kind) ||
    (kind === 'number' && types.includes('integer') && Number.isInteger(value));
  if (!isType) return false;
  if (typeof value === 'number') {
    const {
      minimum = -Infinity,
      maximum = Infinity,
      exclusiveMinimum = -Infinity,
      exclusiveMaximum = Infinity,
    } = schema;
    return (
      value >= Number(minimum) &&
      value <= Number(maximum) &&
      value > Number(exclusiveMinimum) &&
      value < Number(exclusiveMaximum)
    );
  }
  if (typeof value === 'string' && names.length > 0) return names.includes(value);
  if (isList(value)) {
    const most = Number(schema['maxItems'] ?? Infinity);
    return value.length >= Number(schema['minItems'] ?? 0) && value.length <= most;
  }
  if (isJsonObject(value)) {
    const known = Object.keys(objectAt(schema, 'properties'));
    return (
      Object.keys(value).every((each) => known.includes(each)) &&
      stringsAt(schema, 'required').every((each) => each in value)
    );
  }
  return true;
}

/** Of a type that no stage has. */
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

function isInFlow(root: LocatedMap, path: DocumentPath): boolean {
  const list = find(root, path.slice(0, -1))?.value;
  const last = list?.kind === 'list' ? list.items.at(-1) : undefined;
  if (list === undefined || last === undefined) return false;
  // Behind its last item, a list in one line has a bracket.
  const [end, lastEnd] = [list.range.end, last.range.end];
  return end.line === lastEnd.line && end.column > lastEnd.column;
}
