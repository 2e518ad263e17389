/** Rules for keys from other tools. */
import type { Json, JsonObject } from '../../core/json.ts';
import { fixArgument } from './arguments.ts';
import { fixChoice, namesBeside } from './calls.ts';
import type { KeyAdvice } from './edits.ts';

/** The name here, or a function of the value. @param owner the map that contains the key */
export type Rule = string | ((value: Json, owner: JsonObject) => KeyAdvice);

/** By the key in other tools. */
export type Rules = Readonly<Record<string, Rule>>;

export const needless =
  (why: string): Rule =>
  () => ({ entries: {}, why });

export const told =
  (hint: string): Rule =>
  () => ({ hint });

export const NO_MEANING = 'it has no meaning here';

export function applyRule(rule: Rule | undefined, key: string, value: Json, owner: JsonObject): KeyAdvice {
  if (rule === undefined) return undefined;
  if (typeof rule === 'function') return rule(value, owner);
  return rule in owner && rule !== key ? undefined : { entries: { [rule]: valueFor(rule, value) } };
}

/** The value of a key that only has a different name here. */
function valueFor(key: string, value: Json): Json {
  if (key === 'early_stopping' || key === 'reduce_lr_on_plateau') return value === true ? {} : value;
  if (key === 'optimizer') return fixChoice(value, namesBeside('Adam')) ?? value;
  if (['loss', 'metrics', 'input_shape'].includes(key)) return fixArgument(key, value) ?? value;
  if (key === 'epochs' || key === 'batch_size' || key === 'limit' || key === 'stddev')
    return typeof value === 'string' ? (fixArgument('units', value) ?? value) : value;
  if (key === 'size' && typeof value === 'string') return fixArgument('kernel_size', value) ?? value;
  return value;
}
