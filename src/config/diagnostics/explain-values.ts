/** Values of the wrong type, outside the listed choices, or beyond their limits. */
import type { ErrorObject } from 'ajv';
import type { Diagnostic, DiagnosticCode } from '../../core/diagnostic.ts';
import type { JsonObject } from '../../core/json.ts';
import {
  bareNames,
  isChoice,
  listAt,
  objectAt,
  requiredOf,
  stringAt,
  stringsAt,
  typesOf,
} from '../../schema/view.ts';
import { suggest } from '../../core/suggest.ts';
import { adviseAbsent, choicesText } from '../advice/absent.ts';
import { adviseValue } from '../advice/values.ts';
import { argumentsOf, choiceSchema } from '../advice/calls.ts';
import type { Advice } from '../advice/edits.ts';
import { find, locate, tidyRange, toJson, type Located } from '../located.ts';
import { firstSentence, insteadOf, neededBy, nounOf, schemaOf, type ValueErrors } from './place.ts';
import { didYouMean, errorAt } from './report.ts';
import { joinAnd, backticked, describe, joinOr, nameOf, quoted, typeWords } from './wording.ts';

/** A map that should name one choice, such as a layer, and names none or several. */
export function choiceDiagnostic(place: ValueErrors): Diagnostic | undefined {
  const { value, errors, path, context } = place;
  const error = errors.find(({ keyword }) => keyword === 'maxProperties' || keyword === 'minProperties');
  if (error === undefined || value.kind !== 'map' || !isChoice(schemaOf(error))) return undefined;
  const choice = schemaOf(error);
  const advice = adviseValue({ root: context.root, path }, value, choice);
  const noun = nounOf(choice);
  const choices = Object.keys(objectAt(choice, 'properties'));
  const keys = [...value.entries.keys()];
  const [named, ...others] = keys.filter((key) => choices.includes(key));
  const [stray, ...moreStray] = keys.filter((key) => !choices.includes(key));
  const keyRange = (key: string): Diagnostic['range'] & {} => locate(context.root, [...path, key], 'key');
  if (stray === undefined) {
    if (named === undefined) {
      return errorAt(locate(context.root, path, 'key'), 'out-of-range', `an empty map names no ${noun}`);
    }
    const [second = named] = others;
    return errorAt(
      keyRange(second),
      'out-of-range',
      `one ${noun} is expected here, and there are ${keys.length}: ${joinAnd(keys.map(backticked))}`,
      {
        hint: typeof path.at(-1) === 'number' ? 'begin each on its own line, with `- `' : undefined,
        related: [{ message: 'the first', range: keyRange(named) }],
      },
    );
  }
  if (named === undefined) {
    const [written = stray] = keys;
    return errorAt(keyRange(written), 'unknown-value', `there is no ${noun} ${backticked(written)}`, {
      hint: didYouMean(written, choices) ?? choicesText(noun, [...bareNames(choice), ...choices]),
      ...(adviseAbsent({ root: context.root, path }, noun, written) ?? advice),
    });
  }
  const strays = joinAnd([stray, ...moreStray].map(backticked));
  const [verb, them] = moreStray.length === 0 ? ['stands', 'it'] : ['stand', 'them'];
  return errorAt(
    keyRange(stray),
    'unknown-key',
    `${strays} ${verb} beside ${backticked(named)}, not inside it`,
    {
      hint: `indent ${them} further than ${backticked(named)}, or ${
        advice?.hint ?? `write ${backticked(`${named}: { ${stray}: … }`)}`
      }`,
      edits: advice?.edits,
      related: [{ message: `the ${noun}`, range: keyRange(named) }],
    },
  );
}

/** A value of the wrong type. */
export function typeDiagnostic(place: ValueErrors): Diagnostic | undefined {
  const { path, value, errors, context } = place;
  const error = errors.find(({ keyword }) => keyword === 'type');
  if (error === undefined) return undefined;
  const schema = schemaOf(error);
  const types = typesOf(schema);
  const needed = types.includes('object') && !types.includes('string') ? neededOf(schema) : [];
  if (isEmpty(value) && needed.length > 0) {
    const message = `${nameOf(path)} is empty, and needs ${joinAnd(needed.map(backticked))}`;
    return valueError(place, 'missing-key', message, 'write them below it, indented further');
  }
  const found = toJson(value, () => undefined);
  const message = `${nameOf(path)} takes ${typeWords(schema)}; this is ${describe(found)}`;
  const parent = find(context.root, path.slice(0, -1))?.value;
  const inChoice =
    typeof path.at(-1) === 'string' && typeof path.at(-2) === 'number' && parent?.kind === 'map';
  const choice = inChoice ? String(path.at(-1)) : undefined;
  const isWhole = inChoice || Object.keys(argumentsOf(String(path.at(-1)))).length > 0;
  const advice = choice === undefined ? adviseValue({ root: context.root, path }, value, schema) : undefined;
  const layer = isWhole ? adviseArguments(place, String(path.at(-1))) : undefined;
  const hint = typeHint(value, types, schema, choice);
  return valueError(place, 'wrong-type', message, hint, withHint(layer ?? advice, hint));
}

/** The same changes with a more specific text. */
function withHint(advice: Advice | undefined, hint: string | undefined): Advice | undefined {
  if (advice === undefined || hint === undefined || !/^write (?:the number|only) /.test(hint)) return advice;
  const [said, meant] = [hint, advice.hint].map((text) => Number(/`([^`]*)`/.exec(text)?.[1]));
  return said === meant ? { ...advice, hint } : advice;
}

/** Advice about a layer whose arguments are not a map: covers the whole layer. */
function adviseArguments({ path, context, value: inner }: ValueErrors, choice: string): Advice | undefined {
  const whole = path.slice(0, -1);
  const value = find(context.root, whole)?.value;
  if (value === undefined) return undefined;
  const advice = adviseValue({ root: context.root, path: whole }, value, choiceSchema(choice));
  const isListed = typeof whole.at(-1) === 'number';
  // A layer without arguments has no colon.
  return advice === undefined || !isEmpty(inner) || !isListed
    ? advice
    : { ...advice, hint: `write \`- ${choice}\`, without the colon` };
}

/** @param choice the name of the layer, if its arguments are expected here */
function typeHint(
  value: Located,
  types: readonly string[],
  schema: JsonObject,
  choice: string | undefined,
): string | undefined {
  const scalar = value.kind === 'scalar' ? value.value : undefined;
  const takes = (...names: readonly string[]): boolean => names.some((name) => types.includes(name));
  if (typeof scalar === 'string') {
    if (takes('boolean') && /^(yes|on|y)$/i.test(scalar)) return 'write `true`';
    if (takes('boolean') && /^(no|off|n)$/i.test(scalar)) return 'write `false`';
    const digits = scalar.trim().replace(/(?<=\d)[_, ](?=\d{3}(?!\d))/g, '');
    if (takes('integer', 'number') && digits !== '' && Number.isFinite(Number(digits))) {
      return `write the number ${backticked(digits)}, without quotation marks or separators`;
    }
    // Mostly a student number.
    const among = /^[A-Za-z]{1,3}(\d{4,16})$/.exec(scalar.trim())?.[1];
    if (takes('integer') && among !== undefined) return `write only the digits: ${backticked(among)}`;
  }
  if (isChoice(schema)) {
    const bare = bareNames(schema);
    if (bare.length === 0) return firstSentence(stringAt(schema, 'description'));
    return choicesText(nounOf(schema), [...bare, ...Object.keys(objectAt(schema, 'properties'))]);
  }
  const listed = stringsAt(schema, 'enum').filter(
    (each) => !Object.hasOwn(objectAt(schema, 'aliases'), each),
  );
  if (listed.length > 0 && listed.length <= 12) return `it takes ${joinOr(listed.map(backticked))}`;
  if (typeof scalar === 'number' && takes('string')) return `put it in quotation marks: \`"${scalar}"\``;
  if (choice !== undefined && takes('object')) {
    if (isEmpty(value)) return `write ${backticked(`- ${choice}`)}, without the colon`;
    const [argument, ...more] = neededOf(schema);
    if (argument !== undefined && more.length === 0 && (typeof scalar === 'number' || scalar === null)) {
      return `write ${backticked(`${choice}: { ${argument}: ${scalar ?? '…'} }`)}`;
    }
    if (argument !== undefined && more.length === 0 && value.kind === 'list') {
      const takesList = typesOf(objectAt(objectAt(schema, 'properties'), argument)).includes('array');
      if (takesList) return `write ${backticked(`${choice}: { ${argument}: [ … ] }`)}`;
    }
  }
  const [example] = listAt(schema, 'examples');
  if (isEmpty(value) && (typeof example === 'number' || typeof example === 'string'))
    return `write a value after the colon, such as ${backticked(String(example))}`;
  if (takes('array') && scalar !== undefined && scalar !== null) {
    const item = typesOf(objectAt(schema, 'items'));
    const single = typeof scalar === 'number' ? ['integer', 'number'] : [typeof scalar];
    const isEnough = Number(schema['minItems'] ?? 0) < 2;
    if (isEnough && (item.length === 0 || item.some((type) => single.includes(type))))
      return `write a list: ${backticked(`[${plain(scalar)}]`)}`;
  }
  return firstSentence(stringAt(schema, 'description'));
}

/** A scalar as YAML. */
function plain(value: string | number | boolean): string {
  return typeof value === 'string' && /^[A-Za-z][\w-]*$/.test(value) ? value : quoted(value);
}

function neededOf(schema: JsonObject): readonly string[] {
  return [...requiredOf(schema)];
}

function isEmpty(value: Located): boolean {
  return value.kind === 'scalar' && value.value === null;
}

/** A value outside the listed choices. */
export function enumDiagnostic(place: ValueErrors): Diagnostic | undefined {
  const { path, value, errors, context } = place;
  const error = errors.find(({ keyword }) => keyword === 'enum' || keyword === 'const');
  if (error === undefined) return undefined;
  const listed: unknown =
    error.keyword === 'const' ? [error.params['allowedValue']] : error.params['allowedValues'];
  const allowed = Array.isArray(listed) ? listed.filter((each) => typeof each === 'string') : [];
  const found = value.kind === 'scalar' ? value.value : null;
  const outer = errors.map(schemaOf).find((schema) => 'if' in schema) ?? {};
  const word = typeof found === 'string' ? found : '';
  if (isChoice(outer)) return bareChoice(place, word, outer, allowed);

  const number = typesOf(outer).some((type) => type === 'number' || type === 'integer');
  const digits = number && word.trim() !== '' && Number.isFinite(Number(word));
  const other = objectAt(schemaOf(error), 'aliases');
  const names = allowed.filter((name) => !Object.hasOwn(other, name));
  const choices = [...names.map(backticked), ...(number ? ['a number'] : [])];
  const near = insteadOf(schemaOf(error), word) ?? didYouMean(word, allowed);
  const message = `${nameOf(path)} cannot be ${quoted(found)}`;
  const advice =
    insteadOf(schemaOf(error), word) === undefined
      ? adviseValue({ root: context.root, path }, value, enumSchema(schemaOf(error), outer, allowed))
      : undefined;
  const hint = digits
    ? `write the number ${backticked(word)}, without quotation marks`
    : (near ?? `it takes ${joinOr(choices)}`);
  return valueError(
    place,
    'unknown-value',
    message,
    context.schema === schemaOf(error) ? near : hint,
    withHint(advice, hint),
  );
}

/** The listed values, with the types that the enclosing schema accepts. */
function enumSchema(inner: JsonObject, outer: JsonObject, allowed: readonly string[]): JsonObject {
  const types = typesOf(outer).length > 0 ? typesOf(outer) : typesOf(inner);
  return { ...outer, enum: allowed, ...(types.length === 0 ? { type: 'string' } : { type: types }) };
}

/** A bare choice, such as `- Dense`, that is unknown or needs arguments. */
function bareChoice(
  place: ValueErrors,
  word: string,
  choice: JsonObject,
  allowed: readonly string[],
): Diagnostic {
  const noun = nounOf(choice);
  const names = Object.keys(objectAt(choice, 'properties'));
  if (names.includes(word)) {
    const needed = neededBy(choice, word, place.context.schema);
    const message = `the ${noun} ${backticked(word)} needs ${joinAnd(needed.map(backticked))}`;
    const map = `${word}: { ${needed[0] ?? ''}: … }`;
    const isItem = typeof place.path.at(-1) === 'number';
    return valueError(place, 'missing-key', message, `write ${backticked(isItem ? map : `{ ${map} }`)}`);
  }
  const call = /^(\w+)\s*\(/.exec(word)?.[1];
  const meant = call === undefined || names.includes(call) ? call : suggest(call, names);
  const hint =
    meant === undefined
      ? (didYouMean(word, [...allowed, ...names]) ?? choicesText(noun, [...bareNames(choice), ...names]))
      : `write its arguments as a map: ${backticked(`${meant}: { … }`)}`;
  const absent = adviseAbsent({ root: place.context.root, path: place.path }, noun, word);
  const advice = absent ?? adviseValue({ root: place.context.root, path: place.path }, place.value, choice);
  return valueError(place, 'unknown-value', `there is no ${noun} ${backticked(word)}`, hint, advice);
}

/** A number, a text or a list beyond its limits. */
export function limitDiagnostic(place: ValueErrors): Diagnostic | undefined {
  for (const error of place.errors) {
    const limit = limitWords(place, error);
    if (limit === undefined) continue;
    const description = stringAt(schemaOf(error), 'description');
    const hint =
      error.keyword === 'aliases'
        ? 'remove one of the two'
        : error.keyword === 'pattern'
          ? description
          : firstSentence(description);
    const { root } = place.context;
    const advice = adviseValue({ root, path: place.path }, place.value, schemaOf(error));
    return valueError(place, 'out-of-range', `${nameOf(place.path)} ${limit}`, hint, advice);
  }
  return undefined;
}

function limitWords({ value }: ValueErrors, error: ErrorObject): string | undefined {
  // Errors about the names of keys are reported at their map.
  if (error.propertyName !== undefined) return undefined;
  const limit = Number(error.params['limit']);
  const found = value.kind === 'scalar' ? quoted(value.value) : '';
  const size =
    value.kind === 'list' ? value.items.length : value.kind === 'map' ? value.entries.size : found.length - 2;
  switch (error.keyword) {
    case 'minimum':
      return `is ${found}, and must be at least ${limit}`;
    case 'maximum':
      return `is ${found}, and must be at most ${limit}`;
    case 'exclusiveMinimum':
      return `is ${found}, and must be more than ${limit}`;
    case 'exclusiveMaximum':
      return `is ${found}, and must be less than ${limit}`;
    case 'multipleOf':
      return `is ${found}, and must be a multiple of ${Number(error.params['multipleOf'])}`;
    case 'minItems':
      return `has ${items(size)}, and needs ${exactly(error) ? '' : 'at least '}${limit}`;
    case 'maxItems':
      return `has ${items(size)}, and takes ${exactly(error) ? '' : 'at most '}${limit}`;
    case 'minProperties':
      return size === 0 ? 'is empty' : `has ${size} keys, and needs at least ${limit}`;
    case 'maxProperties':
      return `has ${size} keys, and takes at most ${limit}`;
    case 'minLength':
      return limit === 1 ? 'is an empty string' : `is shorter than ${limit} characters`;
    case 'maxLength':
      return `is longer than ${limit} characters`;
    case 'pattern':
      return `cannot be ${found}`;
    case 'aliases':
      return `is ${found}, which means the same as another item of the list`;
    case 'uniqueItems':
      return `has the same item twice, at the positions ${Number(error.params['j'])} and ${Number(error.params['i'])}`;
    default:
      return undefined;
  }
}

function exactly(error: ErrorObject): boolean {
  const { minItems, maxItems } = schemaOf(error);
  return minItems === maxItems;
}

function items(count: number): string {
  return count === 1 ? '1 item' : `${count === 0 ? 'no' : count} items`;
}

/** A diagnostic at a value. It also points to the parameter or the anchor from which the value came. */
function valueError(
  { value, path, context }: ValueErrors,
  name: DiagnosticCode,
  message: string,
  hint: string | undefined,
  advice?: Advice,
): Diagnostic {
  const multiline = value.range.start.line !== value.range.end.line;
  const range =
    multiline && typeof path.at(-1) === 'string' ? locate(context.root, path, 'key') : tidyRange(value);
  return errorAt(range, name, message, {
    hint,
    ...advice,
    related: value.origin === undefined ? undefined : [value.origin],
  });
}
