/** The basis of a verdict: what was compared, how closely, and what was not compared. */

export interface Count {
  readonly numbers: number;
  readonly files: number;
}

export interface NotCompared {
  /** A file of the archive, a number such as `trained.loss`, or a part of them. */
  readonly what: string;
  readonly why: string;
}

export interface Basis {
  /** Whether a difference was accepted that an equal platform would not have. */
  readonly excused: boolean;
  /** Bit-identical. */
  readonly exact: Count;
  /** Recomputed from the submitted models and data; equal except for rounding. */
  readonly measured: Count;
  /** Within the tolerances for training again on another platform. */
  readonly tolerance: Count;
  readonly notCompared: readonly NotCompared[];
}

export type Closeness = 'exact' | 'measured' | 'tolerance';

/** Collects what was compared. A file or number that several comparisons cover counts in each of them. */
export class BasisRecord {
  readonly #counts: Record<Closeness, { numbers: number; files: number }> = {
    exact: { numbers: 0, files: 0 },
    measured: { numbers: 0, files: 0 },
    tolerance: { numbers: 0, files: 0 },
  };
  #excused = false;
  readonly #compared = new Set<string>();
  readonly #notCompared = new Map<string, string>();

  number(how: Closeness, name: string): void {
    this.#counts[how].numbers += 1;
    this.#compared.add(name);
  }

  file(how: Closeness, path: string): void {
    this.#counts[how].files += 1;
    this.#compared.add(path);
  }

  /** Records what a comparison could not cover; another one may cover it. */
  skip(what: string, why: string): void {
    if (!this.#notCompared.has(what)) this.#notCompared.set(what, why);
  }

  /** Records that a difference was accepted because the archive says that it comes from another platform. */
  excuse(): void {
    this.#excused = true;
  }

  finish(): Basis {
    return {
      excused: this.#excused,
      exact: { ...this.#counts.exact },
      measured: { ...this.#counts.measured },
      tolerance: { ...this.#counts.tolerance },
      notCompared: [...this.#notCompared]
        .filter(([what]) => !this.#compared.has(what))
        .map(([what, why]) => ({ what, why })),
    };
  }
}
