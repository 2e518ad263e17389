/** A thread that reads and decodes one file at a time, with its requests and responses. */
import { parentPort, workerData } from 'node:worker_threads';
import { Failure, type Diagnostic } from '../../../core/diagnostic.ts';
import { SharedBudget } from '../../../formats/budget.ts';
import type { DecodedImage, DecodeOptions } from '../../../formats/decode.ts';
import { decodeOne } from './decode-one.ts';
import type { FileOnDisk } from './image-file.ts';
import { readRegularSync } from './regular.ts';
import { Unusable, type SkipKind } from './skipped.ts';

export interface ThreadData {
  readonly options: DecodeOptions;
  /** Of a `SharedBudget`, for pixels. */
  readonly room: SharedArrayBuffer;
}

export interface Task {
  readonly number: number;
  readonly source: FileOnDisk | Uint8Array;
}

export type Answer = { readonly number: number } & (
  | { readonly image: DecodedImage }
  | { readonly problem: { readonly kind: SkipKind; readonly reason: string } }
  | { readonly diagnostics: readonly Diagnostic[] }
  | { readonly stack: string }
);

const { options, room } = workerData as ThreadData;
const shared = { ...options, room: new SharedBudget(room) };

/** One file at a time: while a thread waits for the budget, it cannot release what another file has taken. */
let last = Promise.resolve();

parentPort?.on('message', (task: Task) => {
  last = last.then(async () => {
    const answer = await answerTo(task);
    parentPort?.postMessage(answer, 'image' in answer ? [answer.image.data.buffer as ArrayBuffer] : []);
  });
});

async function answerTo({ number, source }: Task): Promise<Answer> {
  try {
    const bytes = source instanceof Uint8Array ? source : readRegularSync(source.path, source);
    const { data, ...image } = await decodeOne(bytes, shared);
    // Transferred data needs its own memory.
    return {
      number,
      image: { ...image, data: data instanceof Uint16Array ? new Uint16Array(data) : new Uint8Array(data) },
    };
  } catch (error) {
    if (error instanceof Unusable) return { number, problem: { kind: error.kind, reason: error.message } };
    if (error instanceof Failure) return { number, diagnostics: error.diagnostics };
    return { number, stack: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
