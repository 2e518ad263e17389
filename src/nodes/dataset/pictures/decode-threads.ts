/** Threads that read and decode files, for all processors. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { Failure } from '../../../core/diagnostic.ts';
import { SharedBudget } from '../../../formats/budget.ts';
import { PIXEL_LIMIT, type DecodedImage, type DecodeOptions } from '../../../formats/decode.ts';
import type { Answer, Task, ThreadData } from './decode-thread.ts';
import { Unusable } from './skipped.ts';

/** The file that a thread runs, compiled or not, as this one. */
const THREAD = new URL(`./decode-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

interface Waiting {
  readonly resolve: (image: DecodedImage) => void;
  readonly reject: (error: unknown) => void;
}

/** More threads than this would wait for the one that distributes the files. */
const MOST_THREADS = 32;

class Thread {
  readonly worker: Worker;
  readonly waiting = new Map<number, Waiting>();
  /** Why it ended. */
  #failed: Error | undefined;

  constructor(workerData: ThreadData) {
    this.worker = new Worker(THREAD, { workerData, execArgv: [] });
    const fail = (error: Error): void => {
      this.#failed ??= error;
      for (const { reject } of this.waiting.values()) reject(error);
      this.waiting.clear();
    };
    this.worker
      .on('message', (answer: Answer) => settle(this.waiting, answer))
      .on('error', fail)
      .on('exit', () => fail(new Error('a thread that decodes images has ended')));
  }

  decode(task: Task): Promise<DecodedImage> {
    return new Promise((resolve, reject) => {
      if (this.#failed !== undefined) return reject(this.#failed);
      this.waiting.set(task.number, { resolve, reject });
      this.worker.postMessage(task, []);
    });
  }
}

/** Decodes files in threads, each of which decodes one file at a time. */
export class DecodeThreads {
  readonly #threads: readonly Thread[];
  #number = 0;

  /** @returns undefined if the system cannot start threads */
  static start(options: DecodeOptions): DecodeThreads | undefined {
    const data: ThreadData = { options, room: SharedBudget.memory(PIXEL_LIMIT) };
    const threads: Thread[] = [];
    try {
      while (threads.length < Math.min(availableParallelism(), MOST_THREADS)) threads.push(new Thread(data));
    } catch {
      // The threads that did start do all the work.
    }
    return threads.length === 0 ? undefined : new DecodeThreads(threads);
  }

  private constructor(threads: readonly Thread[]) {
    this.#threads = threads;
  }

  readonly readsFiles = true;

  /** How many files to assign at a time: for each thread, one in progress and the next one. */
  get width(): number {
    return 2 * this.#threads.length;
  }

  /** @throws Unusable */
  decode(source: Task['source']): Promise<DecodedImage> {
    const least = Math.min(...this.#threads.map(({ waiting }) => waiting.size));
    const thread = this.#threads.find(({ waiting }) => waiting.size === least);
    if (thread === undefined) throw new Error('no threads');
    return thread.decode({ number: this.#number++, source });
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }
}

function settle(waiting: Map<number, Waiting>, answer: Answer): void {
  const asked = waiting.get(answer.number);
  waiting.delete(answer.number);
  if ('image' in answer) asked?.resolve(answer.image);
  else if ('problem' in answer) asked?.reject(new Unusable(answer.problem.kind, answer.problem.reason));
  else if ('diagnostics' in answer) asked?.reject(new Failure(...answer.diagnostics));
  else asked?.reject(new Error(answer.stack));
}
