/** Finds parameters whose numbers have no order, such as labels of classes: against them, a metric is no curve. */
import { canonicalJson, type JsonObject } from '../core/json.ts';
import type { StageType } from '../core/stage-type.ts';
import type { PlannedTrial } from './plan.ts';

type Keyed = Pick<PlannedTrial, 'parameters' | 'replicate'> & {
  readonly plan: { readonly stages: readonly Pick<PlannedTrial['plan']['stages'][number], 'name' | 'key'>[] };
};

/**
 * Numeric parameters that change nothing but the names of classes in the settings of stages. Two trials that differ in one
 * parameter only show where it is used.
 */
export function unorderedParameters(
  trials: readonly Keyed[],
  types: ReadonlyMap<string, Pick<StageType, 'classSettings'>>,
): readonly string[] {
  const names = new Set(trials.flatMap(({ parameters }) => Object.keys(parameters)));
  return [...names].filter((name) => {
    const pair = pairOf(trials, name);
    if (pair === undefined) return false;
    const changed = changedSettings(...pair);
    return (
      changed.length > 0 &&
      changed.every(({ type, setting }) => types.get(type)?.classSettings?.includes(setting) === true)
    );
  });
}

/** Two trials that differ in a number of this parameter, and in nothing else. */
function pairOf(trials: readonly Keyed[], name: string): readonly [Keyed, Keyed] | undefined {
  const firsts = new Map<string, Keyed>();
  for (const trial of trials) {
    const { [name]: value, ...others } = trial.parameters;
    if (typeof value !== 'number') continue;
    const text = canonicalJson([others, trial.replicate]);
    const first = firsts.get(text);
    if (first === undefined) firsts.set(text, trial);
    else if (first.parameters[name] !== value) return [first, trial];
  }
  return undefined;
}

function changedSettings(
  one: Keyed,
  other: Keyed,
): readonly { readonly type: string; readonly setting: string }[] {
  const others = new Map(other.plan.stages.map(({ name, key }) => [name, key]));
  return one.plan.stages.flatMap(({ name, key }) => {
    const settings: JsonObject = others.get(name)?.settings ?? {};
    const all = new Set([...Object.keys(key.settings), ...Object.keys(settings)]);
    return [...all]
      .filter(
        (setting) =>
          canonicalJson(key.settings[setting] ?? null) !== canonicalJson(settings[setting] ?? null),
      )
      .map((setting) => ({ type: key.type, setting }));
  });
}
