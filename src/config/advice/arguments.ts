/** Values of settings as users of Keras and PyTorch write them, and their equivalents here. */
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import { isList, objectAt, stringsAt } from '../../schema/view.ts';
import { readSchema } from '../../schema/schemas.ts';
import { readPython, valueOf } from './python.ts';

const definition = (file: string, name: string): Record<string, string> => {
  const schema = objectAt(objectAt(readSchema(file), 'definitions'), name);
  return Object.fromEntries(
    stringsAt(schema, 'enum').map((value) => [
      lettersOf(value),
      String(objectAt(schema, 'aliases')[value] ?? value),
    ]),
  );
};

const ACTIVATIONS = definition('layers', 'ActivationName');
const INITIALIZERS = definition('layers', 'InitializerName');
const LOSSES = definition('training', 'LossName');
const METRICS = definition('training', 'MetricName');

/** Names in other tools. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  none: 'linear',
  identity: 'linear',
  logistic: 'sigmoid',
  leaky: 'leaky_relu',
  xavier: 'glorot_uniform',
  xavieruniform: 'glorot_uniform',
  xaviernormal: 'glorot_normal',
  glorot: 'glorot_uniform',
  kaiminguniform: 'he_uniform',
  kaimingnormal: 'he_normal',
  kaiming: 'he_normal',
  he: 'he_normal',
  lecun: 'lecun_normal',
  mseloss: 'mse',
  meansquarederrorloss: 'mse',
  l2: 'mse',
  l2loss: 'mse',
  l1: 'mae',
  l1loss: 'mae',
  bceloss: 'binary_crossentropy',
  bcewithlogitsloss: 'binary_crossentropy',
  crossentropy: 'binary_crossentropy',
  binarycrossentropyloss: 'binary_crossentropy',
  categoricalcrossentropy: 'binary_crossentropy',
  sparsecategoricalcrossentropy: 'binary_crossentropy',
  huberloss: 'huber',
  smoothl1: 'huber',
  smoothl1loss: 'huber',
  logloss: 'binary_crossentropy',
  accuracy: 'mse',
  acc: 'mse',
  structuralsimilarity: 'ssim',
  sse: 'squared_error',
};

function lettersOf(word: string): string {
  return word.toLowerCase().replace(/[-_\s]/g, '');
}

/** The last name in a text such as `tf.nn.relu`, `nn.ReLU()`, `“relu”` or `mean squared error`. */
function nameIn(text: string): { readonly name: string; readonly argument?: Json } | undefined {
  const python = readPython(text);
  if (python?.kind === 'name') return { name: python.name };
  if (python?.kind === 'value' && typeof python.value === 'string') return { name: python.value };
  if (python?.kind === 'value' && python.value === null) return { name: 'None' };
  if (python?.kind !== 'call') return /^[\w\s-]+$/.test(text) ? { name: text } : undefined;
  const keywords = [...python.keywords].filter(([key]) => key !== 'seed').map(([, each]) => each);
  const [first] = [...python.positional, ...keywords].map(valueOf);
  return { name: python.name, ...(first === undefined ? {} : { argument: first }) };
}

function named(names: Readonly<Record<string, string>>, value: Json): string | undefined {
  const found = typeof value === 'string' ? nameIn(value) : value === null ? { name: 'None' } : undefined;
  if (found === undefined) return undefined;
  const letters = lettersOf(found.name);
  if (Object.hasOwn(names, letters)) {
    // A slope other than the default needs a separate layer.
    if (found.argument !== undefined && !(names[letters] === 'leaky_relu' && found.argument === 0.2)) {
      return typeof found.argument === 'number' || names === INITIALIZERS ? undefined : names[letters];
    }
    return names[letters];
  }
  const other = Object.hasOwn(OTHER_NAMES, letters) ? OTHER_NAMES[letters] : undefined;
  return other !== undefined && Object.values(names).includes(other) ? other : undefined;
}

export function fixActivation(value: Json): string | undefined {
  return named(ACTIVATIONS, value);
}

/** The value in the form that this setting accepts; undefined if uncertain. */
export function fixArgument(key: string, value: Json): Json | undefined {
  if (key.endsWith('activation')) return fixActivation(value);
  if (key === 'loss') return named(LOSSES, value);
  if (key === 'metrics') return fixMetrics(value);
  if (key.endsWith('_initializer')) return isJsonObject(value) ? value : named(INITIALIZERS, value);
  if (key.endsWith('_regularizer')) return fixRegularizer(value);
  if (key === 'padding') return fixPadding(value);
  if (typeof value !== 'string')
    return key === 'target_shape' || key === 'input_shape' ? fixShape(key, value) : value;
  const python = readPython(value);
  const read = python === undefined ? undefined : valueOf(python);
  if (['name', 'interpolation', 'mode', 'distribution'].includes(key))
    return typeof read === 'string' ? read : value;
  if (key === 'target_shape' || key === 'input_shape')
    return read === undefined ? undefined : fixShape(key, read);
  return read === undefined || typeof read === 'string' ? undefined : read;
}

/** One metric or several; metrics of classifiers are replaced. */
function fixMetrics(value: Json): Json | undefined {
  const read = typeof value === 'string' ? readPython(value) : undefined;
  const list = isList(value)
    ? value
    : read?.kind === 'list'
      ? read.items.map((item) => valueOf(item) ?? null)
      : typeof value === 'string' && read === undefined
        ? value.split(/\s*,\s*/)
        : isJsonObject(value) && Object.values(value).every((each) => each === null)
          ? Object.keys(value)
          : [value];
  const fixed = list.map((item) => named(METRICS, item));
  return fixed.every((item) => item !== undefined) ? [...new Set(fixed)] : undefined;
}

/** A shape without the batch axis. */
function fixShape(key: string, value: Json): Json | undefined {
  const list = isList(value) ? value : [value];
  const read = list.map((item) => {
    const python = typeof item === 'string' ? readPython(item) : undefined;
    return python === undefined ? item : (valueOf(python) ?? null);
  });
  const axes = read[0] === null ? read.slice(1) : read;
  const least = key === 'target_shape' ? -1 : 1;
  const fits = axes.every((axis) => typeof axis === 'number' && Number.isInteger(axis) && axis >= least);
  return fits && axes.length > 0 && axes.length < 4 ? axes : undefined;
}

function fixPadding(value: Json): Json | undefined {
  if (isList(value)) return value;
  if (typeof value === 'number') return value === 0 ? 'valid' : 'same';
  if (typeof value !== 'string') return undefined;
  const word = lettersOf(nameIn(value)?.name ?? value);
  if (word === 'same' || word === 'zeros' || word === 'zero' || word === 'half') return 'same';
  if (word === 'valid' || word === 'none' || word === 'no') return 'valid';
  const python = readPython(value);
  return python?.kind === 'list' ? valueOf(python) : undefined;
}

/** `{ L1: { l1: 0.001 } }`, with the name of the class in Keras, is `{ l1: 0.001 }`. */
export function fixRegularizerClass(value: JsonObject): JsonObject | undefined {
  const [[written = '', inner = null] = [], ...others] = Object.entries(value);
  const name = lettersOf(written);
  if (others.length > 0 || !['l1', 'l2', 'l1l2', 'kl'].includes(name)) return undefined;
  if (!isJsonObject(inner))
    return typeof inner === 'number' && name.length === 2 ? { [name]: inner } : undefined;
  if (name === 'kl') return { kl: inner };
  const isFactor = ([key, each]: readonly [string, Json]): boolean =>
    (key === 'l1' || key === 'l2') && typeof each === 'number';
  return Object.entries(inner).length > 0 && Object.entries(inner).every(isFactor) ? inner : undefined;
}

/** `l2`, `l2(0.001)`, `keras.regularizers.l1_l2(l1=1e-5, l2=1e-4)` or a number. */
function fixRegularizer(value: Json): Json | undefined {
  if (isJsonObject(value)) return fixRegularizerClass(value) ?? value;
  if (value === null || value === 'None') return null;
  if (typeof value === 'number') return { l2: value };
  if (typeof value !== 'string') return undefined;
  const python = readPython(value);
  if (python?.kind === 'name') {
    const name = lettersOf(python.name);
    return name === 'l1' || name === 'l2' ? { [name]: 0.01 } : undefined;
  }
  if (python?.kind !== 'call') return undefined;
  const name = lettersOf(python.name);
  const factors = [...python.keywords].map(([key, each]) => [
    key === 'l' ? name : key,
    valueOf(each) ?? null,
  ]);
  const keys = name === 'l1l2' ? ['l1', 'l2'] : [name];
  const positional = python.positional.map((each, index) => [keys[index] ?? '', valueOf(each) ?? null]);
  const all = [...positional, ...factors];
  if (all.length === 0 && keys.length === 1) return { [name]: 0.01 };
  return all.every(([key, each]) => (key === 'l1' || key === 'l2') && typeof each === 'number')
    ? Object.fromEntries(all)
    : undefined;
}
