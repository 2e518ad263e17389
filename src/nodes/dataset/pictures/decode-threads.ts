/** Threads that read and decode files, for all processors. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { Failure } from '../../../core/diagnostic.ts';
import { SharedBudget } from '../../../formats/budget.ts';
import { PIXEL_LIMIT, type DecodedImage, type DecodeOptions } from '../../../formats/decode.ts';
import type { Answer, Task, ThreadData } from './decode-thread.ts';
import { Unusable } from './skipped.ts';

/** The file of a thread, compiled as this one is. */
const THREAD = new URL(`./decode-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

interface Waiting {
  readonly resolve: (image: DecodedImage) => void;
  readonly reject: (error: unknown) => void;
}

/** Decodes files in threads, each of which takes one after the other. */
export class DecodeThreads {
  readonly #threads: { readonly worker: Worker; readonly waiting: Map<number, Waiting> }[];
  #number = 0;

  constructor(options: DecodeOptions) {
    const workerData: ThreadData = { options, room: SharedBudget.memory(PIXEL_LIMIT) };
    this.#threads = Array.from({ length: availableParallelism() }, () => {
      const worker = new Worker(THREAD, { workerData, execArgv: [] });
      const waiting = new Map<number, Waiting>();
      const fail = (error: Error): void => {
        for (const { reject } of waiting.values()) reject(error);
        waiting.clear();
      };
      worker
        .on('message', (answer: Answer) => settle(waiting, answer))
        .on('error', fail)
        .on('exit', () => fail(new Error('a thread that decodes images has ended')));
      return { worker, waiting };
    });
  }

  readonly readsFiles = true;

  /** How many files they should have at a time: each one to work on and one to go on with. */
  get width(): number {
    return 2 * this.#threads.length;
  }

  /** @throws Unusable */
  decode(source: Task['source']): Promise<DecodedImage> {
    const [first, ...others] = this.#threads;
    if (first === undefined) throw new Error('no threads');
    const { worker, waiting } = others.reduce(
      (least, each) => (each.waiting.size < least.waiting.size ? each : least),
      first,
    );
    const number = this.#number++;
    return new Promise((resolve, reject) => {
      waiting.set(number, { resolve, reject });
      worker.postMessage({ number, source } satisfies Task, []);
    });
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
