/** What runs in one process share: workers, and results that one run makes and others need. */
import type { Entry } from '../artifacts/entry.ts';
import type { Store } from '../artifacts/store.ts';
import { WorkerPool } from './workers.ts';

export class SharedWork {
  readonly pool: WorkerPool;
  /** Hashes of entries that this process made, or whose content it has checked: many trials read the same large ones. */
  readonly sound = new Set<string>();
  readonly #busy = new Map<string, Promise<unknown>>();

  constructor(pool = new WorkerPool()) {
    this.pool = pool;
  }

  /** Does some work on the result of a key, as soon as no other work on it is active. */
  async exclusive<Result>(hash: string, work: () => Promise<Result>): Promise<Result> {
    for (;;) {
      const before = this.#busy.get(hash);
      if (before === undefined) break;
      await before.catch(() => undefined);
    }
    const working = work();
    this.#busy.set(hash, working);
    try {
      return await working;
    } finally {
      this.#busy.delete(hash);
    }
  }

  /** The result of `Store.findCorruptFile`; undefined at once for an entry that was intact before. */
  async findCorruptFile(store: Store, entry: Entry): Promise<string | undefined> {
    if (this.sound.has(entry.hash)) return undefined;
    const part = await store.findCorruptFile(entry);
    if (part === undefined) this.sound.add(entry.hash);
    return part;
  }

  close(): void {
    this.pool.close();
  }
}
