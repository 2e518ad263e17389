/** Lines of stages that came from the cache, held back until something runs: a run with nothing to do prints none. */
export class CachedLines {
  readonly #print: (line: string) => void;
  #held: string[] | undefined = [];

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  add(line: string): void {
    if (this.#held === undefined) this.#print(line);
    else this.#held.push(line);
  }

  /** Something runs. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const line of held) this.#print(line);
  }
}
