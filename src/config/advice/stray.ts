/** Settings that `-S` names without a path, such as `epochs=3`: finds them in the pipeline. */
import { shellWord } from '../../core/shell.ts';
import { suggest } from '../../core/suggest.ts';
import { readSchema, STAGE_TYPES } from '../../schema/schemas.ts';
import { objectAt } from '../../schema/view.ts';
import { OVERRIDE_PREFIX, type Located, type LocatedMap } from '../located.ts';
import { plainJson } from './edits.ts';
import { keyAdvice } from './keys.ts';
import { keysOf } from './parameters.ts';

/** Settings of the whole pipeline. */
const TOP = Object.keys(objectAt(readSchema('document'), 'properties'));

const LATENT = new Set([
  'latent',
  'latent_size',
  'latent_dim',
  'latents',
  'bottleneck',
  'encoding_dim',
  'code_size',
]);

/** The most overrides that a hint names. */
const MOST_NAMED = 4;

/** A setting of the pipeline, with its value as written. */
interface Setting {
  readonly path: readonly string[];
  readonly value?: Located;
  /** The text to write instead of the given value. */
  readonly text?: string;
}

/**
 * The overrides that were meant, in the form of `-S`: for a parameter, or for the stages that have such a setting.
 * None if the path begins correctly, or nothing in the pipeline has this name.
 *
 * @param path the keys before `=`
 * @param value the text after it
 */
export function overridesMeant(root: LocatedMap, path: readonly string[], value: string): readonly string[] {
  const [first = '', second] = path;
  const isNamed = first === 'stages' || first === 'params';
  const names = isNamed ? keysOf(root, first) : TOP;
  const own = isNamed ? second : first;
  // A typing error is reported as such.
  if (own === undefined || names.includes(own) || (isNamed && suggest(own, names) !== undefined)) return [];
  const [name = '', ...rest] = isNamed ? path.slice(1) : path;
  const meant = settingsMeant(root, name, value);
  const all = meant.map((setting) => `${[...setting.path, ...rest].join('.')}=${setting.text ?? value}`);
  return [...new Set(all)].filter((each) => each !== `${path.join('.')}=${value}`);
}

/** Paths of the settings that a name, or the path of a stage without `stages`, may mean. */
export function settingsCalled(root: LocatedMap, name: string): readonly string[] {
  const path = name.split('.');
  return overridesMeant(root, path[0] === 'params' ? path.slice(1) : path, '')
    .filter((each) => each.endsWith('='))
    .map((each) => each.slice(0, -1));
}

/** Overrides in words: `write …`. */
export function overridesText(overrides: readonly string[]): string {
  const named = overrides.slice(0, MOST_NAMED).map((each) => `\`${OVERRIDE_PREFIX}${shellWord(each)}\``);
  const more = overrides.length - named.length;
  const [only = '', ...others] = named;
  if (others.length === 0) return `write ${only}`;
  const last = more > 0 ? `one of ${more} more` : (named.at(-1) ?? '');
  return `write ${(more > 0 ? named : named.slice(0, -1)).join(', ')} or ${last}`;
}

function settingsMeant(root: LocatedMap, name: string, value: string): readonly Setting[] {
  const params = keysOf(root, 'params');
  const stages = keysOf(root, 'stages');
  if (params.includes(name)) return [{ path: ['params', name] }];
  if (stages.includes(name)) return [{ path: ['stages', name] }];
  if (TOP.includes(name)) return [{ path: [name] }];
  const written = allSettings(root);
  const exact = called(root, written, name);
  if (exact.length > 0) return exact;
  const known = LATENT.has(name) ? latentSize(root, written) : elsewhere(root, written, name, value);
  if (known.length > 0) return known;
  const keys = new Set([
    ...written.map(({ path }) => path.at(-1) ?? ''),
    ...TYPES.flatMap(([, taken]) => taken),
  ]);
  // A typing error: the closest name.
  const near = suggest(name, [...TOP, ...params, ...stages, ...keys]);
  if (near === undefined || TOP.includes(near)) return [];
  if (params.includes(near)) return [{ path: ['params', near] }];
  if (stages.includes(near)) return [{ path: ['stages', near] }];
  return called(root, written, near);
}

/** The settings with a name: those that are written, otherwise those that a stage accepts. */
function called(root: LocatedMap, written: readonly Setting[], name: string): readonly Setting[] {
  const found = written.filter(({ path }) => path.at(-1) === name);
  const least = Math.min(...found.map(({ path }) => path.length));
  if (found.length > 0) return found.filter(({ path }) => path.length === least).map(throughParameter);
  return keysOf(root, 'stages')
    .filter((stage) => TYPES.some(([type, taken]) => type === typeOf(root, stage) && taken.includes(name)))
    .map((stage) => ({ path: ['stages', stage, name] }));
}

/** Names from other tools: `lr`, `batch`. */
function elsewhere(
  root: LocatedMap,
  written: readonly Setting[],
  name: string,
  value: string,
): readonly Setting[] {
  if (name === 'lr' || name === 'learning_rate') return learningRate(root, written, value);
  const top = keyMeant('document', name, value);
  if (top !== undefined) return [{ path: [top] }];
  const found = keysOf(root, 'stages').flatMap((stage) => keyMeant(typeOf(root, stage), name, value) ?? []);
  return [...new Set(found)].flatMap((key) => called(root, written, key));
}

function keyMeant(place: string, name: string, value: string): string | undefined {
  const advice = keyAdvice(place, name, value, {});
  const [key, ...others] = advice !== undefined && 'entries' in advice ? Object.keys(advice.entries) : [];
  return others.length === 0 ? key : undefined;
}

function learningRate(root: LocatedMap, written: readonly Setting[], value: string): readonly Setting[] {
  const found = called(root, written, 'learning_rate');
  if (found.length > 0) return found;
  return keysOf(root, 'stages')
    .filter((stage) => typeOf(root, stage) === 'train')
    .map((stage) => {
      const optimizer = written.find(({ path }) => path.join('.') === `stages.${stage}.optimizer`)?.value;
      const advice = keyAdvice(
        'train',
        'learning_rate',
        Number(value),
        optimizer === undefined ? {} : { optimizer: plainJson(optimizer) },
      );
      const [choice = 'Adam'] =
        advice !== undefined && 'entries' in advice ? Object.keys(Object(advice.entries['optimizer'])) : [];
      return { path: ['stages', stage, 'optimizer'], text: `{${choice}: {learning_rate: ${value}}}` };
    });
}

/** The units of the last layer of encoders. */
function latentSize(root: LocatedMap, written: readonly Setting[]): readonly Setting[] {
  return keysOf(root, 'stages').flatMap((stage) => {
    const layers = written.filter(
      ({ path }) => path[1] === stage && path[2] === 'encoder' && path.at(-1) === 'units',
    );
    const last = layers.at(-1);
    return last === undefined ? [] : [throughParameter(last)];
  });
}

/** If the value of a setting is a parameter, the parameter is overridden. */
function throughParameter(setting: Setting): Setting {
  const { value } = setting;
  const text = value?.kind === 'scalar' && typeof value.value === 'string' ? value.value : '';
  const name = /^\$\{(params\.[^{}]+)\}$/.exec(text)?.[1];
  return name === undefined ? setting : { path: [name] };
}

/** All settings of stages, at any depth, in order. */
function allSettings(root: LocatedMap): readonly Setting[] {
  const found: Setting[] = [];
  const walk = (value: Located, path: readonly string[]): void => {
    if (found.length > MOST_SETTINGS) return;
    if (path.length > 2) found.push({ path, value });
    if (value.kind === 'map') for (const [key, entry] of value.entries) walk(entry.value, [...path, key]);
    if (value.kind === 'list') value.items.forEach((item, index) => walk(item, [...path, String(index)]));
  };
  const stages = entryOf(root, 'stages');
  if (stages !== undefined) walk(stages, ['stages']);
  return found;
}

const MOST_SETTINGS = 2000;

const TYPES = STAGE_TYPES.map(
  (type) => [type, Object.keys(objectAt(readSchema(`stages/${type}`), 'properties'))] as const,
);

function typeOf(root: LocatedMap, stage: string): string {
  const settings = entryOf(entryOf(root, 'stages'), stage);
  const type = entryOf(settings, 'type');
  return type?.kind === 'scalar' ? String(type.value) : '';
}

function entryOf(value: Located | undefined, key: string): Located | undefined {
  return value?.kind === 'map' ? value.entries.get(key)?.value : undefined;
}
