/**
 * An engine under test is one long-lived process. It is given a case as JSON, prints `ready` once it has trained a stretch to
 * warm up, trains another at each line that it reads, and ends with its input.
 */
import { createInterface } from 'node:readline';
import type { BenchCase } from './cases.ts';

export interface Task extends BenchCase {
  /** File of 60,000 images of 784 bytes. */
  readonly images: string;
  readonly threads: number;
}

export interface Ready {
  readonly ready: true;
  readonly versions: Readonly<Record<string, string>>;
}

export interface Stretch {
  readonly steps: number;
  readonly ms: number;
  readonly loss: number;
}

/** The engine's side of it. */
export async function serve(
  versions: Ready['versions'],
  run: () => Promise<Pick<Stretch, 'steps' | 'loss'>>,
): Promise<void> {
  const print = (line: Ready | Stretch): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);
  await run();
  print({ ready: true, versions });
  for await (const _line of createInterface({ input: process.stdin })) {
    const started = performance.now();
    const { steps, loss } = await run();
    print({ steps, ms: performance.now() - started, loss });
  }
  // TensorFlow's threads would keep the process.
  process.exit(0);
}
