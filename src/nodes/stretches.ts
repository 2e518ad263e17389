/** Goes through the images of a split in stretches. Between them, it yields to the event loop and checks for Ctrl-C. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { failure } from '../core/diagnostic.ts';
import type { Split } from '../core/stage-type.ts';
import type { StageContext } from './contract.ts';

export interface Stretch {
  /** The number of its first image, and the number after its last. */
  readonly start: number;
  readonly end: number;
}

/**
 * @param count number of images
 * @param step images per stretch
 * @param doing what the stage does, for the message: `resizing`
 * @throws Failure `interrupted` once the signal is aborted
 */
export async function* stretchesOf(
  count: number,
  step: number,
  { signal, progress }: Pick<StageContext, 'signal' | 'progress'>,
  { split, doing }: { readonly split: Split; readonly doing: string },
): AsyncGenerator<Stretch> {
  for (let start = 0; start < count; start += step) {
    await nextTurn();
    if (signal.aborted) throw failure('interrupted', `stopped while ${doing} images`);
    progress({ text: `${split} images`, fraction: start / count });
    yield { start, end: Math.min(start + step, count) };
  }
}
