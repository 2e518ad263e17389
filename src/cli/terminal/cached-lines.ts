/** Lines of stages that came from the cache, delayed until something runs: a run with nothing to do does not print them. */
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

  /** Called when a stage runs. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const line of held) this.#print(line);
  }
}
