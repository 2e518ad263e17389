/** Advice about a value that the schemas refuse: what was probably meant, with the change that repairs it. */
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import { suggest } from '../../core/suggest.ts';
import { readSchema, STAGE_TYPES } from '../../schema/schemas.ts';
import { bareNames, isChoice, isList, listAt, objectAt, stringsAt, typesOf } from '../../schema/view.ts';
import { find, type Located, type LocatedMap } from '../located.ts';
import type { DocumentPath } from '../pipeline.ts';
import { variantAt } from '../variants.ts';
import { placeName, sameJson, withEntries, type Place } from './advise.ts';
import { fixArgument } from './arguments.ts';
import { fixCallback } from './callbacks.ts';
import { fixCall, fixChoice, meaningOf } from './calls.ts';
import {
  choiceText,
  flowText,
  isInFlow,
  isSmall,
  mapAt,
  plainJson,
  replaceEntry,
  replaceValue,
  type Advice,
} from './edits.ts';
import { keyAdvice } from './keys.ts';
import { looseValues } from './loose.ts';
import { plainName } from './names.ts';
import { keysOf, parameterMeant } from './parameters.ts';
import { readPython, valueOf } from './python.ts';
import { adviseStageList } from './stage-list.ts';
import { kindMeant, sourceMeant } from './words.ts';

/** Advice about a value of the wrong type or outside the choices. */
export function adviseValue({ root, path }: Place, value: Located, schema: JsonObject): Advice | undefined {
  if ((value.kind === 'scalar' && value.broken === true) || !isSmall(value)) return undefined;
  const written = plainJson(value);
  const key = path.findLast((segment) => typeof segment === 'string');
  if (path.length === 1 && path[0] === 'stages' && isList(written)) return adviseStageList(value);
  const moved = adviseMoved(root, path, written);
  if (moved !== undefined) return moved;
  const name = meantName(root, value, written, schema);
  if (name !== undefined) return { hint: `write \`${name}\``, edits: replaceValue(value, name) };
  const isItem = typeof path.at(-1) === 'number';
  const fixed = fixValue(String(key ?? ''), isItem, written, schema, value);
  if (fixed === undefined) {
    const told = adviseRemoval({ root, path }, written) ?? toldValue(String(key ?? ''), written);
    return typeof told === 'string' ? { hint: told } : told;
  }
  const text = isChoice(schema)
    ? choiceText(fixed.json, isItem && !isInFlow(root, path))
    : (fixed.text ?? flowText(fixed.json));
  if (sameJson(fixed.json, written) && fixed.text === undefined) return undefined;
  const shown = isChoice(schema) ? choiceText(fixed.json, isItem) : text;
  // In other tools, -1 means all.
  const why = key === 'limit' && fixed.json === null ? ' to keep all images' : '';
  return { hint: `write \`${shown}\`${why}`, edits: replaceValue(value, text) };
}

/** The parameter or stage that a text or `{ x }` names in the notation of another tool, as it is written here. */
function meantName(root: LocatedMap, value: Located, written: Json, schema: JsonObject): string | undefined {
  const braced = isJsonObject(written) ? Object.entries(written) : [];
  const [[inner = '', nothing] = [], ...others] = braced;
  const text =
    typeof written === 'string' ? written : nothing === null && others.length === 0 ? `{${inner}}` : '';
  // The value of a parameter is not the text at this place.
  if (text === '' || (value.kind === 'scalar' && value.origin !== undefined)) return undefined;
  const parameter = parameterMeant(text, keysOf(root, 'params'));
  const known = parameter === undefined ? undefined : find(root, parameter.split('.'))?.value;
  if (known !== undefined && fitsSchema(plainJson(known), schema)) return `"\${${String(parameter)}}"`;
  return undefined;
}

/** `null` for a setting that has a default: remove it. */
function adviseRemoval({ root, path }: Place, written: Json): Advice | undefined {
  const key = path.at(-1);
  const owner = mapAt(root, path.slice(0, -1));
  if (owner === undefined || typeof key !== 'string') return undefined;
  if (written !== null && !/^(?:none|null|nil|default|nan|~)$/i.test(String(written))) return undefined;
  const usual = objectAt(objectAt(ownerSchema(path, owner), 'properties'), key)['default'];
  if (usual === undefined || usual === null) return undefined;
  const shown = flowText(usual);
  const edits = replaceEntry(owner, key, {});
  return { hint: `remove it: the default is \`${shown}\``, ...(edits === undefined ? {} : { edits }) };
}

function ownerSchema(path: DocumentPath, owner: LocatedMap): JsonObject {
  if (path.length === 1) return readSchema('document');
  const type = placeName(path.slice(0, -1), owner);
  if (!STAGE_TYPES.some((each) => each === type)) return {};
  const schema = readSchema(`stages/${type}`);
  return variantAt(schema, owner)?.schema ?? schema;
}

/** Hints for values whose replacement cannot be known. */
function toldValue(key: string, written: Json): string | undefined {
  if (key === 'seed' && /^(?:random|auto|time|now|none|true|false)$/i.test(String(written)))
    return 'write a number, such as `seed: 1`: the same number repeats the results, another number gives others';
  const isShare =
    (typeof written === 'number' && written > 0 && written < 1) || String(written).endsWith('%');
  if (key === 'limit' && isShare)
    return 'write the number of images to keep, such as `limit: 1000`; a stage of type `subset` takes a `share`';
  if (key === 'limit' && written === 0)
    return 'write the number of images to keep, or leave it out to keep all';
  if (key === 'epochs' && /^(?:auto|inf|none|null|best)$/i.test(String(written)))
    return 'write the maximum, such as `epochs: 100`, and `early_stopping: {}` to stop earlier';
  if (key === 'validation' && typeof written === 'string')
    return 'write `test`, for the test images of `data` and `target`, or a share of the training images such as `0.1`';
  if (key === 'freeze')
    return "write `encoder`, `decoder`, or the numbers of layers, such as `[1, 2]`: they count the layers of both lists from 1, the encoder's first";
  if (key === 'loss' && isList(written))
    return 'write one of them: training minimises one loss; `metrics` can measure others';
  if (key === 'learning_rate' && typeof written === 'string')
    return 'write a number, such as `0.001`, or a schedule: `{ CosineDecay: { initial_learning_rate: 0.001, decay_steps: 1000 } }`';
  return undefined;
}

/** A map instead of a word, whose entries belong one level higher: `compile: { loss: mse }`. */
function adviseMoved(root: LocatedMap, path: DocumentPath, written: Json): Advice | undefined {
  const [key, owner] = [path.at(-1), mapAt(root, path.slice(0, -1))];
  // `data: [noisy, mnist]`
  if (key === 'data' && owner !== undefined && isList(written) && !owner.entries.has('target')) {
    const [data, target, ...others] = written.filter((each) => keysOf(root, 'stages').includes(String(each)));
    if (data !== undefined && target !== undefined && others.length === 0)
      return withEntries(owner, key, { data, target }, undefined);
  }
  if (key !== 'compile' || owner === undefined || !isJsonObject(written)) return undefined;
  const data = plainJson(owner);
  const found = keyAdvice(placeName(path.slice(0, -1), owner), key, written, isJsonObject(data) ? data : {});
  return found !== undefined && 'entries' in found
    ? withEntries(owner, key, found.entries, found.why)
    : undefined;
}

interface Fixed {
  readonly json: Json;
  /** The text, if it differs from that of `json`. */
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
    const found =
      fixBare(key, written, schema) ?? fixChoice(written, Object.keys(objectAt(schema, 'properties')));
    return found === undefined ? undefined : { json: found };
  }
  const names = enumOf(schema);
  if (key === 'type' && !isItem) return undefined;
  const named = fixPattern(written, schema) ?? fixNamed(key, isItem, written);
  const candidates = [
    named,
    general(written, types),
    listed(written, types, schema),
    ...readings(written, schema),
  ];
  const found = candidates.find((each) => each !== undefined && fits(each, schema, types, names));
  if (found !== undefined) return { json: found };
  const file = fixFile(written, schema);
  if (file !== undefined) return { json: file };
  if (typeof written === 'boolean' && isTextOnly(types) && !types.includes('array') && names.length === 0)
    return { json: String(written), text: `"${String(written)}"` };
  const digits =
    typeof written === 'string' ? /^[A-Za-z]{1,3}(\d{4,16})$/.exec(written.trim())?.[1] : undefined;
  if (digits !== undefined && types.includes('integer')) return { json: Number(digits), text: digits };
  if (typeof written === 'number' && isTextOnly(types) && value.kind === 'scalar') {
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

/** `[mse]`, `{ mse: {} }` or `MSELoss()` instead of a name that takes no arguments. */
function fixBare(key: string, written: Json, schema: JsonObject): Json | undefined {
  const names = bareNames(schema);
  const [only, ...others] = isJsonObject(written) ? Object.entries(written) : isList(written) ? written : [];
  const inner =
    only === undefined || others.length > 0
      ? written
      : !isList(only)
        ? only
        : isJsonObject(only[1]) || only[1] === null
          ? only[0]
          : only[1];
  const found = names.length === 0 || inner === undefined ? undefined : fixArgument(key, inner);
  const isEmpty =
    isJsonObject(written) &&
    Object.values(written).some((each) => isJsonObject(each) && Object.keys(each).length > 0);
  return typeof found === 'string' && !isEmpty ? found : undefined;
}

/** A bare file name instead of a map that names the file. */
function fixFile(written: Json, schema: JsonObject): Json | undefined {
  if (typeof written !== 'string' || !/[^.]\.\w{1,5}$/.test(written)) return undefined;
  const [key, ...others] = stringsAt(schema, 'required');
  if (key === undefined || others.length > 0) return undefined;
  return objectAt(objectAt(schema, 'properties'), key)['filePath'] === true ? { [key]: written } : undefined;
}

/** The closest text that matches a pattern. */
function fixPattern(written: Json, schema: JsonObject): Json | undefined {
  const { pattern } = schema;
  if (typeof pattern !== 'string' || typeof written !== 'string') return undefined;
  const plain = plainName(written, '-');
  return plain !== undefined && new RegExp(pattern, 'u').test(plain) ? plain : undefined;
}

function isTextOnly(types: readonly string[]): boolean {
  return types.includes('string') && !types.includes('number') && !types.includes('integer');
}

/** A value that was written in a list or a map of one item, as text with units, or as the numbers of a list. */
function readings(written: Json, schema: JsonObject): readonly Json[] {
  if (typeof written === 'string') return looseValues(written);
  if (written === 0 || written === 1) return [written === 1];
  if (isList(written)) {
    const [only, ...others] = written;
    const joined = written.every((item) => typeof item !== 'object') ? looseValues(written.join(' ')) : [];
    return only === undefined || others.length > 0 ? joined : [only, ...readings(only, schema), ...joined];
  }
  if (!isJsonObject(written)) return [];
  const entries = Object.entries(written);
  const numbers = entries.map(([, each]) => each).filter((each) => typeof each === 'number');
  const ends = numbers.length === 2 && entries.length === 2 ? [numbers.toSorted((a, b) => a - b)] : [];
  const [[name = '', inner = null] = [], ...others] = entries;
  return others.length > 0
    ? ends
    : inner === null || Object.hasOwn(objectAt(schema, 'properties'), name)
      ? [name]
      : [inner, ...(isJsonObject(inner) && Object.keys(inner).length === 0 ? [name] : [])];
}

function fixNamed(key: string, isItem: boolean, written: Json): Json | undefined {
  if (key === 'metrics' && isItem) {
    const found = fixArgument('metrics', written);
    return isList(found) && found.length === 1 ? found[0] : undefined;
  }
  if (['early_stopping', 'reduce_lr_on_plateau', 'preview', 'checkpoint'].includes(key)) {
    const [first = written] =
      typeof written === 'string' ? looseValues(written) : isList(written) ? written : [];
    if (first === true) return {};
    if (first === false || first === null) return key === 'checkpoint' ? undefined : null;
    if (typeof first === 'number' && key === 'early_stopping') return { patience: first };
    if (typeof first === 'number' && (key === 'checkpoint' || key === 'preview')) return { every: first };
    return fixCallback(key, written);
  }
  if (key === 'freeze' && !isItem) return fixRange(written);
  if (key === 'kind') return kindMeant(written);
  if (key === 'source') return typeof written === 'string' ? sourceMeant(written) : undefined;
  if (key === 'split')
    return written === 'validation' || written === 'val' || written === 'valid' ? 'test' : undefined;
  if (key === 'clip')
    return written === true || written === 1
      ? [0, 1]
      : written === false || isWord(written, ['none', 'no', 'off'])
        ? null
        : undefined;
  if (key === 'limit') {
    if (written === -1 || written === false || isWord(written, ['all', 'full', 'none', 'inf', 'everything']))
      return null;
    const [train, test, ...others] = isList(written) ? written : [];
    return train !== undefined && test !== undefined && others.length === 0 ? { train, test } : undefined;
  }
  if (key === 'shuffle') return typeof written === 'number' ? written > 0 : undefined;
  if (key === 'normalize') return written === true ? 'minmax' : written === false ? 'none' : undefined;
  if (key === 'stratify') return typeof written === 'string' ? true : undefined;
  if (key === 'validation') return fixValidation(written);
  if (key === 'color') return /^gr[ae]y(?:scale)?$|^l$/i.test(String(written)) ? 'gray' : undefined;
  return isItem ? undefined : fixArgument(key, written);
}

function isWord(written: Json, words: readonly string[]): boolean {
  return typeof written === 'string' && words.includes(written.toLowerCase());
}

/** `1-3` or `1 to 3` is three numbers. */
function fixRange(written: Json): Json | undefined {
  const [, first, last] = /^(\d{1,3})\s*(?:-|\.\.|to)\s*(\d{1,3})$/.exec(String(written).trim()) ?? [];
  if (first === undefined || last === undefined || Number(first) > Number(last)) return undefined;
  return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index);
}

/** `20` means 20 %; other tools have many names for the test images. */
function fixValidation(written: Json): Json | undefined {
  if (written === null || written === false || written === 0) return 'none';
  if (written === true || isWord(written, ['yes', 'on', 'val', 'valid', 'validation', 'test_set', 'testing']))
    return 'test';
  if (isWord(written, ['no', 'off', 'false', 'null'])) return 'none';
  if (typeof written === 'string' && /^\(?\s*x_(?:test|val)/.test(written)) return 'test';
  const [read] = typeof written === 'string' ? looseValues(written) : [written];
  return typeof read === 'number' && read > 1 && read < 100 ? Number((read / 100).toPrecision(12)) : read;
}

/** The Python meaning of a text, if a number, a list or a boolean is expected. */
function general(written: Json, types: readonly string[]): Json | undefined {
  if (typeof written !== 'string') return isList(written) ? readAll(written) : undefined;
  if (types.includes('boolean')) {
    if (/^(?:yes|on|y|true|1)$/i.test(written.trim())) return true;
    if (/^(?:no|off|n|false|0)$/i.test(written.trim())) return false;
  }
  const python = readPython(written);
  return python === undefined ? undefined : valueOf(python);
}

/** A list whose items are in Python notation. */
function readAll(list: readonly Json[]): Json | undefined {
  const items = list.map((item) => (typeof item === 'string' ? general(item, ['number']) : item));
  return items.every((item) => item !== undefined) ? items : undefined;
}

/** A single value if a list is expected; a map of layers as a list. */
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

function enumOf(schema: JsonObject): readonly string[] {
  return listAt(schema, 'enum').filter((each) => typeof each === 'string');
}

function fitsSchema(value: Json, schema: JsonObject): boolean {
  return fits(value, schema, typesOf(schema), enumOf(schema));
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
    const items = objectAt(schema, 'items');
    return (
      value.length >= Number(schema['minItems'] ?? 0) &&
      value.length <= most &&
      (typesOf(items).length === 0 || value.every((item) => fits(item, items, typesOf(items), [])))
    );
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
