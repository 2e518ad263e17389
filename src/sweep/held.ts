/** The parameter values of a trial, including those that its combination leaves to the pipeline. */
import { pathOf } from '../config/override.ts';
import type { LocatedPipeline } from '../config/pipeline.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import type { Combination } from './expand.ts';
import { overlap, pathOfParameter } from './names.ts';

/** Returns the values of all parameters of a sweep for each of its trials. */
export class HeldValues {
  readonly #document: JsonObject;
  /** Names of parameters by their paths, the first for each path: `latent_size` and `params.latent_size` are the same. */
  readonly #names = new Map<string, string>();

  /** @param document the pipeline as read, without any trial's values */
  constructor(document: JsonObject, combinations: readonly Combination[]) {
    this.#document = document;
    for (const combination of combinations)
      for (const name of combination.keys()) {
        const path = pathOfParameter(name);
        if (!this.#names.has(path)) this.#names.set(path, name);
      }
  }

  /** @param trial the pipeline with the combination's values in place */
  of(combination: Combination, trial: LocatedPipeline): JsonObject {
    const own = new Map([...combination].map(([name, { value }]) => [pathOfParameter(name), value]));
    const values: Record<string, Json> = {};
    for (const [path, name] of this.#names) {
      const value = own.has(path) ? own.get(path) : this.#value(path, own, trial);
      if (value !== undefined) values[name] = value;
    }
    return values;
  }

  /** As written in the file, if the trial does not change it: values of other trials are shown as written, too. */
  #value(path: string, own: ReadonlyMap<string, Json>, trial: LocatedPipeline): Json | undefined {
    const steps = pathOf(path);
    const isTouched = [...own.keys()].some((other) => overlap(pathOf(other), steps));
    const written = isTouched ? undefined : valueAt(this.#document, steps);
    const filled = written === undefined ? undefined : fill(written, trial.resolved);
    return filled ?? valueAt(trial.resolved, steps);
  }
}

/** A value with its `${params.…}` replaced; undefined if one of them does not exist. */
function fill(value: Json, resolved: JsonObject): Json | undefined {
  if (typeof value === 'string') {
    const whole = /^\$\{([^${}]*)\}$/.exec(value)?.[1];
    if (whole !== undefined) return valueAt(resolved, pathOf(whole.trim()));
    const text = value.replaceAll(/\$\{([^${}]*)\}/g, (written, path: string) => {
      const inner = valueAt(resolved, pathOf(path.trim()));
      return inner === undefined || typeof inner === 'object' ? written : String(inner);
    });
    return text.includes('${') ? undefined : text;
  }
  if (Array.isArray(value)) {
    const items = (value as readonly Json[]).map((item) => fill(item, resolved));
    return items.every((item) => item !== undefined) ? items : undefined;
  }
  if (!isJsonObject(value)) return value;
  const filled: Record<string, Json> = {};
  for (const [key, inner] of Object.entries(value)) {
    const own = fill(inner, resolved);
    if (own === undefined) return undefined;
    filled[key] = own;
  }
  return filled;
}

/** The value at a path; undefined if there is none. */
export function valueAt(document: Json, path: readonly string[]): Json | undefined {
  let value: Json | undefined = document;
  for (const step of path) {
    if (Array.isArray(value))
      value = /^\d+$/.test(step) ? (value as readonly Json[])[Number(step)] : undefined;
    else if (isJsonObject(value) && Object.hasOwn(value, step)) value = value[step];
    else return undefined;
  }
  return value;
}
