/** Room that pieces of work share: who needs more than is left waits, in the order in which they came. */
export class Budget {
  readonly #total: number;
  #left: number;
  readonly #waiting: { readonly amount: number; readonly go: () => void }[] = [];

  constructor(total: number) {
    this.#total = total;
    this.#left = total;
  }

  /** Does some work once there is room for it. More than the whole counts as the whole. */
  async use<Result>(amount: number, work: () => Promise<Result>): Promise<Result> {
    const taken = Math.min(amount, this.#total);
    if (this.#waiting.length > 0 || taken > this.#left)
      await new Promise<void>((go) => this.#waiting.push({ amount: taken, go }));
    else this.#left -= taken;
    try {
      return await work();
    } finally {
      this.#left += taken;
      this.#admit();
    }
  }

  #admit(): void {
    for (
      let [next] = this.#waiting;
      next !== undefined && next.amount <= this.#left;
      [next] = this.#waiting
    ) {
      this.#waiting.shift();
      this.#left -= next.amount;
      next.go();
    }
  }
}
