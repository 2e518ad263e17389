/**
 * The portable engine: programs in WebAssembly. It needs no compiler and no download, and returns the same bits on every machine.
 * tfjs builds models and traces their steps; its own backend, in JavaScript, only holds their weights.
 */
import { loadTfjs } from './tensorflow/addon.ts';
import type { Tf } from './engine.ts';
import { Executor } from './webassembly/executor.ts';

/** @throws Failure `webassembly-missing`, `system-limit` */
export async function loadPortable(
  threads: number,
): Promise<{ readonly tf: Tf; readonly executor: Executor }> {
  const executor = new Executor({ threads });
  const tf = loadTfjs();
  await tf.setBackend('cpu');
  return { tf, executor };
}
