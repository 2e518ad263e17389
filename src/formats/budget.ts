/** A budget, such as memory, that tasks share. A larger request than the total counts as the total. */
export interface Room {
  /** Runs a task once its amount is available. */
  use<Result>(amount: number, work: () => Promise<Result>): Promise<Result>;
}

/** A budget within a thread: tasks that need more than is available wait, in order of arrival. */
export class Budget implements Room {
  readonly #total: number;
  #left: number;
  readonly #waiting: { readonly amount: number; readonly go: () => void }[] = [];

  constructor(total: number) {
    this.#total = total;
    this.#left = total;
  }

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

/** A budget shared by threads. Each runs one task at a time, so waiting blocks the thread. */
export class SharedBudget implements Room {
  /** The available amount, and the total. */
  readonly #numbers: Int32Array;

  /** @param memory created by `memory`, the same for all threads */
  constructor(memory: SharedArrayBuffer) {
    this.#numbers = new Int32Array(memory);
  }

  static memory(total: number): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(8);
    new Int32Array(memory).fill(total);
    return memory;
  }

  async use<Result>(amount: number, work: () => Promise<Result>): Promise<Result> {
    const taken = Math.min(amount, this.#numbers[1] ?? 0);
    for (;;) {
      const left = Atomics.load(this.#numbers, 0);
      if (left < taken) Atomics.wait(this.#numbers, 0, left);
      else if (Atomics.compareExchange(this.#numbers, 0, left, left - taken) === left) break;
    }
    try {
      return await work();
    } finally {
      Atomics.add(this.#numbers, 0, taken);
      Atomics.notify(this.#numbers, 0);
    }
  }
}
