/** How the parameters of trials are named and shown in tables. */
import { canonicalJson, type Json, type JsonObject } from '../core/json.ts';
import type { CsvValue } from '../formats/csv.ts';
import { ValueLabels } from './labels.ts';
import { pathOfParameter } from './names.ts';

/** Names of the other columns in these tables. */
const TAKEN: ReadonlySet<string> = new Set([
  ...[
    'trial',
    'trials',
    'folder',
    'label',
    'replicate',
    'seed',
    'state',
    'time',
    'seconds',
    'reason',
    'epoch',
  ],
]);

interface WithParameters {
  readonly parameters: JsonObject;
}

/** The parameters of some trials. */
export class ParameterColumns {
  /** All parameters, in the order of the sweep. */
  readonly names: readonly string[];
  /** Parameters in which the trials differ. */
  readonly varied: readonly string[];
  readonly labels: ValueLabels;
  readonly #titles: ReadonlyMap<string, string>;
  readonly #metrics: ReadonlySet<string>;

  /** @param metrics names of other columns */
  constructor(trials: readonly WithParameters[], metrics: Iterable<string> = []) {
    const values = new Map<string, Set<string>>();
    for (const { parameters } of trials)
      for (const name of Object.keys(parameters)) if (!values.has(name)) values.set(name, new Set());
    for (const { parameters } of trials) for (const [name, own] of values) own.add(textOf(parameters[name]));
    this.names = [...values.keys()];
    this.varied = this.names.filter((name) => (values.get(name)?.size ?? 0) > 1);
    this.labels = new ValueLabels(trials.map(({ parameters }) => parameters));
    this.#metrics = new Set(metrics);
    this.#titles = this.#titlesOf(this.names);
  }

  /** A short unique name: `latent_size`, `trained.batch_size`. */
  title(name: string): string {
    return this.#titles.get(name) ?? name;
  }

  /** The name in files: as written in the sweep, unless another column has that name. */
  fileTitle(name: string): string {
    return this.#isTaken(name) ? pathOfParameter(name) : name;
  }

  /** The value of a parameter on one line. */
  label(name: string, parameters: JsonObject): string {
    return this.labels.of(name, parameters[name]);
  }

  /** `latent_size 16, units 64`: the values that distinguish a trial. */
  describe(parameters: JsonObject, names: readonly string[] = this.varied): string {
    return names
      .filter((name) => Object.hasOwn(parameters, name))
      .map((name) => `${this.title(name)} ${this.label(name, parameters)}`)
      .join(', ');
  }

  #titlesOf(names: readonly string[]): ReadonlyMap<string, string> {
    const short = names.map((name) => name.replace(/^(stages|params)\./, ''));
    return new Map(
      names.map((name, index) => {
        const title = short[index] ?? name;
        const isTaken = this.#isTaken(title) || short.filter((other) => other === title).length > 1;
        return [name, isTaken ? pathOfParameter(name) : title];
      }),
    );
  }

  #isTaken(title: string): boolean {
    return TAKEN.has(title) || this.#metrics.has(title);
  }
}

/** A cell of a file. A null value is different from a missing one. */
export function csvValue(value: Json | undefined): CsvValue {
  return value === null ? 'null' : value;
}

function textOf(value: Json | undefined): string {
  return value === undefined ? '' : canonicalJson(value);
}
