/** Stages with parameters inserted, which the trials of a sweep share. */
import { partsOf, type Located, type LocatedEntry } from './located.ts';

/** A stage with parameters inserted, and how much they added. */
export interface InterpolatedStage {
  readonly value: Located;
  readonly values: number;
  readonly characters: number;
}

/** Stages with parameters inserted: trials whose parameters are the same trees share them. */
export class InterpolatedStages {
  readonly #stages = new WeakMap<Located, Map<string, InterpolatedStage>>();
  /** Names of parameters that a value contains directly. */
  readonly #names = new WeakMap<Located, ReadonlySet<string>>();
  readonly #ids = new WeakMap<Located, number>();
  #count = 0;

  /** The stage from an earlier call with the same parameters, or from `make`; undefined results are not kept. */
  get(
    stage: Located,
    params: ReadonlyMap<string, LocatedEntry>,
    make: () => InterpolatedStage | undefined,
  ): InterpolatedStage | undefined {
    const names = this.#namesIn(stage);
    // Includes parameters that parameters name: the set grows during the loop.
    const all = new Set(names);
    for (const name of all) {
      const param = params.get(name)?.value;
      if (param !== undefined) for (const inner of this.#namesIn(param)) all.add(inner);
    }
    const key = [...all].map((name) => this.#idOf(params.get(name)?.value)).join();
    const before = this.#stages.get(stage) ?? new Map<string, InterpolatedStage>();
    this.#stages.set(stage, before);
    const made = before.get(key) ?? make();
    if (made !== undefined) before.set(key, made);
    return made;
  }

  #namesIn(value: Located): ReadonlySet<string> {
    const before = this.#names.get(value);
    if (before !== undefined) return before;
    const names = new Set<string>();
    const visit = (part: Located): void => {
      if (part.kind !== 'scalar') return partsOf(part).forEach(visit);
      if (typeof part.value !== 'string') return;
      for (const name of namesOfParameters(part.value)) names.add(name);
    };
    visit(value);
    this.#names.set(value, names);
    return names;
  }

  #idOf(value: Located | undefined): number {
    if (value === undefined) return 0;
    const id = this.#ids.get(value) ?? (this.#count += 1);
    this.#ids.set(value, id);
    return id;
  }
}

/** Names of the parameters in a text. */
export function namesOfParameters(text: string): readonly string[] {
  return [...text.matchAll(/\$\{params\.([A-Za-z0-9_]+)/g)].map(([, name = '']) => name);
}
