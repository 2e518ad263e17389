/**
 * An engine under test is one long-lived process. It gets a case as JSON, trains a stretch to warm up, prints `ready`, trains
 * another stretch for each line that it reads, and exits at the end of its input.
 */
import { createInterface } from 'node:readline';
import type { JsonObject } from '../../src/core/json.ts';
import { placedLayers, type BenchCase } from './bench-case.ts';
import { rowsOf } from './data.ts';

/** The layers from which the peers build their models. */
export interface TaskLayer {
  /** `Dense`, `Conv2D`, … */
  readonly name: string;
  /** Keras's arguments, all of them. */
  readonly args: JsonObject;
  /** Shapes without the batch; images are [height, width, channels]. */
  readonly input: readonly number[];
  readonly output: readonly number[];
  /** Of a `Residual` block: how many layers before it are inside it. */
  readonly inside?: number;
}

export interface Task extends BenchCase {
  readonly layers: readonly TaskLayer[];
  /** File of images, one byte per value. */
  readonly images: string;
  /** Number of images. */
  readonly rows: number;
  readonly threads: number;
}

export function taskOf(benchCase: BenchCase, images: string, threads: number): Task {
  const layers = placedLayers(benchCase).map(({ layer: { name, args }, input, output, inside }) => ({
    name,
    // The layers of a block are listed before it.
    args: name === 'Residual' ? {} : args,
    input,
    output,
    ...(inside === undefined ? {} : { inside }),
  }));
  return { ...benchCase, layers, images, rows: rowsOf(benchCase), threads };
}

export interface Ready {
  readonly ready: true;
  readonly versions: Readonly<Record<string, string>>;
  /** Information needed to interpret the numbers. */
  readonly note?: string;
}

export interface Stretch {
  readonly steps: number;
  readonly ms: number;
  readonly loss: number;
}

/** The engine's side of the protocol. */
export async function serve(
  facts: Omit<Ready, 'ready'>,
  run: () => Promise<Pick<Stretch, 'steps' | 'loss'>>,
): Promise<void> {
  const print = (line: Ready | Stretch): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);
  await run();
  print({ ready: true, ...facts });
  for await (const _line of createInterface({ input: process.stdin })) {
    const started = performance.now();
    const { steps, loss } = await run();
    print({ steps, ms: performance.now() - started, loss });
  }
  // TensorFlow's threads would keep the process alive.
  process.exit(0);
}
