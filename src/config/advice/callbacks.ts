/** Keras's callbacks, which correspond to settings of a `train` stage. */
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import { isList } from '../../schema/view.ts';
import type { KeyAdvice } from './edits.ts';
import { readPython, valueOf } from './python.ts';

const STOPPING = ['monitor', 'patience', 'min_delta', 'restore_best_weights'];
const PLATEAU = ['monitor', 'factor', 'patience', 'min_delta', 'cooldown', 'min_lr'];

const HINT =
  'write `early_stopping: { patience: 3 }` or `reduce_lr_on_plateau: {}`; a schedule is the `learning_rate` of the optimizer, and the best model is always kept';

/** The settings of the stage that correspond to callbacks. */
export function adviseCallbacks(value: Json, owner: JsonObject): KeyAdvice {
  if (value === null) return { entries: {}, why: 'none is needed' };
  const entries: Record<string, Json> = {};
  for (const item of isList(value) ? value : [value]) {
    const read = callbackOf(item);
    if (read === undefined) {
      return { hint: HINT };
    }
    const [name, args] = read;
    if (name === 'earlystopping') entries['early_stopping'] = pick(args, STOPPING);
    else if (name === 'reducelronplateau') entries['reduce_lr_on_plateau'] = pick(args, PLATEAU);
    else if (
      !['modelcheckpoint', 'tensorboard', 'csvlogger', 'history', 'progbarlogger', 'terminateonnan'].includes(
        name,
      )
    )
      return { hint: HINT };
  }
  const needsValidation = Object.values(entries).some(
    (each) => isJsonObject(each) && each['monitor'] !== 'loss',
  );
  const validation = needsValidation && owner['validation'] === undefined && !hasValidation(owner);
  return {
    entries: { ...entries, ...(validation ? { validation: 'test' } : {}) },
    why:
      Object.keys(entries).length === 0
        ? 'the best model, the history and TensorBoard events are always kept'
        : 'callbacks are settings of the stage',
  };
}

/** The value of `early_stopping` or `reduce_lr_on_plateau` in a call: `EarlyStopping(patience=3)`, `patience=3`. */
export function fixCallback(key: string, written: Json): JsonObject | undefined {
  const known = key === 'early_stopping' ? STOPPING : PLATEAU;
  if (isJsonObject(written)) {
    // `early_stopping: { EarlyStopping: { patience: 3 } }`
    const [[name = '', inner = null] = [], ...others] = Object.entries(written);
    return others.length === 0 && letters(name) === letters(key) && isJsonObject(inner)
      ? pick(inner, known)
      : undefined;
  }
  if (typeof written !== 'string') return undefined;
  const isBare = /^[a-z_]+\s*[=:]/.test(written);
  const read = callbackOf(isBare ? `${key}(${written.replace(/:\s*/g, '=')})` : written);
  return read === undefined || read[0] !== letters(key) ? undefined : pick(read[1], known);
}

/** Whether there is a key that becomes `validation`. */
function hasValidation(owner: JsonObject): boolean {
  return 'validation_data' in owner || 'validation_split' in owner;
}

function letters(name: string): string {
  return name.toLowerCase().replace(/[-_\s]/g, '');
}

function callbackOf(item: Json): readonly [name: string, args: JsonObject] | undefined {
  if (typeof item === 'string') {
    const python = readPython(item);
    if (python?.kind === 'name') return [letters(python.name), {}];
    if (python?.kind !== 'call') return undefined;
    const args = [...python.keywords].map(([key, each]) => [key, valueOf(each) ?? null] as const);
    return [letters(python.name), Object.fromEntries(args)];
  }
  if (!isJsonObject(item)) return undefined;
  const label = ['name', 'type', 'class_name', 'callback', '_target_'].find(
    (key) => typeof item[key] === 'string',
  );
  if (label !== undefined) {
    const { [label]: kind, ...rest } = item;
    return [letters(String(kind).split('.').at(-1) ?? ''), rest];
  }
  const [first] = Object.entries(item);
  if (first === undefined) return undefined;
  const [name, args] = first;
  return [letters(name.split('.').at(-1) ?? name), isJsonObject(args) ? args : {}];
}

function pick(args: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(args).filter(([key]) => keys.includes(key)));
}
