/** One engine for the tests of a file: TensorFlow where it is installed, else the portable one. */
import type { Engine } from '../../../src/engine/engine.ts';
import { loadEngine } from '../../../src/engine/load.ts';
import { readEngineRecord } from '../../../src/engine/tensorflow/location.ts';

export async function testEngine(): Promise<Engine> {
  const installed = (await readEngineRecord()) !== undefined;
  return loadEngine({ choice: installed ? 'native' : 'portable', threads: 1 });
}
