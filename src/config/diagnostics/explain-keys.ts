/** Keys that are missing, unknown, invalid, or not allowed beside another setting. */
import type { ErrorObject } from 'ajv';
import type { Diagnostic } from '../../core/diagnostic.ts';
import type { JsonObject } from '../../core/json.ts';
import {
  bareNames,
  isChoice,
  objectAt,
  stringAt,
  stringsAt,
  variantsOf,
  type Variant,
} from '../../schema/view.ts';
import { suggest } from '../../core/suggest.ts';
import { adviseAbsent, choicesText } from '../advice/absent.ts';
import { adviseKey, meantKeys } from '../advice/advise.ts';
import { adviseName } from '../advice/names.ts';
import { adviseValue } from '../advice/values.ts';
import { find, locate, type Located, type LocatedMap } from '../located.ts';
import type { DocumentPath } from '../pipeline.ts';
import { variantAt } from '../variants.ts';
import {
  descriptionOf,
  insteadOf,
  nounOf,
  param,
  schemaOf,
  type ExplainContext,
  type ValueErrors,
} from './place.ts';
import { didYouMean, errorAt, joinHints } from './report.ts';
import { backticked, nameOf } from './wording.ts';

/** A key that another setting rules out: `rows` with `kind: history`. */
export function misplacedDiagnostic({ path, errors, context }: ValueErrors): Diagnostic | undefined {
  const refused = errors.find((error) => error.keyword === 'false schema');
  if (refused === undefined) return undefined;
  const parent = path.slice(0, -1);
  const owner = find(context.root, parent)?.value;
  const variant = variantAt(context.schema, owner);
  const key = String(path.at(-1));
  const others = variantsOf(context.schema).filter(({ schema }) => key in objectAt(schema, 'properties'));
  const hint =
    others.length === 0
      ? 'remove it'
      : `remove it: it is a key of ${others.map(({ value }) => backticked(value)).join(', ')}`;
  return errorAt(
    locate(context.root, path, 'key'),
    'bad-setting',
    `${nameOf(path)} has no meaning${variant === undefined ? ' here' : withVariant(variant)}`,
    { hint },
  );
}

function withVariant({ property, value }: Variant): string {
  return ` with ${backticked(`${property}: ${value}`)}`;
}

/** Keys that are missing, unknown or invalid. */
export function keyDiagnostics(place: ValueErrors): Diagnostic[] {
  const { errors, path, value, context } = place;
  const names = errors
    .filter((error) => error.keyword === 'propertyNames')
    .map((error) => param(error, 'propertyName'));
  const unknown = errors.flatMap((error) =>
    error.keyword === 'additionalProperties' && !names.includes(param(error, 'additionalProperty'))
      ? [{ key: param(error, 'additionalProperty'), schema: schemaOf(error) }]
      : [],
  );
  const at = { root: context.root, path };
  const meant = new Set(
    unknown.flatMap(({ key, schema }) => [...meantKeys(at, [key], keysAt(schema, value))]),
  );
  const missing = errors.filter(
    (error) =>
      error.keyword === 'required' &&
      !meant.has(param(error, 'missingProperty')) &&
      // In `compile: { loss: mse }`, the key is one level too deep.
      find(value, ['compile', param(error, 'missingProperty')]) === undefined,
  );
  return [
    ...names.map((name) => badName(place, name)),
    ...unknown.map(({ key, schema }) => unknownKey(place, key, schema)),
    ...missing.map((error) => missingKey(path, value, context, error)),
  ];
}

function badName({ path, errors, context }: ValueErrors, name: string): Diagnostic {
  const schemas = errors.filter((error) => error.keyword === 'propertyNames').map(schemaOf);
  const described = [...schemas.map((schema) => objectAt(schema, 'propertyNames')), ...schemas];
  const hint = described.map((schema) => stringAt(schema, 'description')).find((text) => text !== undefined);
  const range = locate(context.root, [...path, name], 'key');
  const advice = adviseName(context.root, path, name);
  return errorAt(
    range,
    'out-of-range',
    `${backticked(name)} cannot be a name in ${nameOf(path, context.whole)}`,
    {
      hint,
      ...advice,
    },
  );
}

function unknownKey({ path, value, context }: ValueErrors, key: string, schema: JsonObject): Diagnostic {
  const properties = keysAt(schema, value);
  const range = locate(context.root, [...path, key], 'key');
  const inner = find(value, [key])?.value;
  if (isChoice(schema)) {
    const noun = nounOf(schema);
    const absent = adviseAbsent({ root: context.root, path }, noun, key);
    const advice = absent ?? adviseValue({ root: context.root, path }, value, schema);
    const near =
      absent === undefined ? (insteadOf(schema, key, inner) ?? didYouMean(key, properties)) : undefined;
    const bare = bareNames(schema).includes(key)
      ? `${backticked(key)} takes no arguments: write it alone`
      : undefined;
    return errorAt(range, 'unknown-value', `there is no ${noun} ${backticked(key)}`, {
      hint: joinHints(near, advice) ?? bare ?? choicesText(noun, [...bareNames(schema), ...properties]),
      edits: advice?.edits,
    });
  }
  const advice = adviseKey({ root: context.root, path }, key, properties);
  const hint = advice?.hint ?? insteadOf(schema, key, inner);
  const isStage = path.length === 0 && inner?.kind === 'map' && inner.entries.has('type');
  const own =
    key.startsWith('x-') && path.length > 0
      ? 'keys that begin with `x-` belong at the top of the file'
      : hint;
  const owner =
    path.length === 2 && path[0] === 'stages' ? stageWords(context.root, path) : nameOf(path, context.whole);
  return errorAt(range, 'unknown-key', `unknown key ${backticked(key)} in ${owner}`, {
    ...(isStage
      ? { hint: 'indent it below `stages`, if it is a stage' }
      : { hint: own ?? keyElsewhere(schema, key, properties) ?? listKeys(properties), edits: advice?.edits }),
  });
}

/** The keys that a map accepts. If its settings choose a variant of the schema, the keys of that variant. */
function keysAt(schema: JsonObject, value: Located): readonly string[] {
  return Object.keys(objectAt(variantAt(schema, value)?.schema ?? schema, 'properties'));
}

/** A similar key of other variants: `train_image` with `source: csv`. */
function keyElsewhere(schema: JsonObject, key: string, own: readonly string[]): string | undefined {
  const variants = variantsOf(schema).map((variant) => ({
    value: variant.value,
    keys: Object.keys(objectAt(variant.schema, 'properties')).filter((each) => !own.includes(each)),
  }));
  const near = suggest(key, new Set(variants.flatMap(({ keys }) => keys)));
  if (near === undefined) return undefined;
  const owners = variants.filter(({ keys }) => keys.includes(near)).map(({ value }) => backticked(value));
  const list = listKeys(own, 'this stage');
  return `${backticked(near)} is a key of ${owners.join(', ')}${list === undefined ? '' : `; ${list}`}`;
}

function stageWords(root: LocatedMap, path: DocumentPath): string {
  const type = find(root, [...path, 'type'])?.value;
  return type?.kind === 'scalar'
    ? `${nameOf(path)}, a stage of type ${backticked(String(type.value))}`
    : nameOf(path);
}

function listKeys(keys: readonly string[], subject = 'it'): string | undefined {
  return keys.length === 0 || keys.length > 24
    ? undefined
    : `${subject} takes ${keys.map(backticked).join(', ')}`;
}

function missingKey(
  path: DocumentPath,
  value: Located,
  context: ExplainContext,
  error: ErrorObject,
): Diagnostic {
  const key = param(error, 'missingProperty');
  const schema = schemaOf(error);
  const properties = Object.keys(objectAt(schema, 'properties'));
  const others =
    value.kind === 'map' ? [...value.entries.keys()].filter((each) => !properties.includes(each)) : [];
  const meant = others.find((each) => suggest(each, [key]) !== undefined);
  if (meant !== undefined && schema['additionalProperties'] !== false) {
    // A schema that accepts other keys, such as the schema of a stage with an unknown type.
    const keyRange = locate(context.root, [...path, meant], 'key');
    return errorAt(
      keyRange,
      'unknown-key',
      `unknown key ${backticked(meant)} in ${nameOf(path, context.whole)}`,
      {
        hint: didYouMean(meant, [key]),
        edits: [{ range: keyRange, text: key }],
      },
    );
  }
  const variant = 'type' in schema ? undefined : variantAt(context.schema, value);
  const range = locate(context.root, path, 'key');
  const described = [schema, context.schema].map((each) => descriptionOf(each, key, context.schema));
  const about = described.find((text) => text !== undefined);
  const choices = stringsAt(objectAt(objectAt(schema, 'properties'), key), 'enum').map(backticked);
  const isListed = choices.every((choice) => about?.includes(choice));
  const needs = variant === undefined ? backticked(key) : `${backticked(key)}${withVariant(variant)}`;
  return errorAt(range, 'missing-key', `${nameOf(path, context.whole)} needs ${needs}`, {
    hint: isListed ? about : `${about ?? ''} One of ${choices.join(', ')}.`.trim(),
  });
}
