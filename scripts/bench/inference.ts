/** Times the first `evaluate` and `predict` of a process, including compilation, for 70,000 images in memory. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../src/core/package-root.ts';
import type { BenchCase } from './bench-case.ts';
import { OURS, PYTHON } from './engines.ts';
import type { Measurement } from './inference-task.ts';
import { taskOf } from './protocol.ts';
import { table } from './table.ts';

export interface InferenceResult extends Measurement {
  readonly case: string;
  readonly work: string;
  readonly engine: string;
  /** Hourglass's time divided by this engine's. */
  readonly ratio: number;
}

export interface InferenceOptions {
  readonly peers: boolean;
  readonly rounds: number;
  readonly threads: number;
  readonly images: string;
  readonly say: (line: string) => void;
}

const WORKS = ['evaluate', 'predict'] as const;

/** The default batch size of both, and a larger one with which Keras is faster. */
const BATCHES = [32, 256];

/** A program, and the Hourglass program that it is compared with. */
interface Engine {
  readonly name: string;
  readonly own: string;
  readonly command: readonly string[];
}

/** Times each task in its own process; the fastest round counts. */
export function timeInference(
  benchCase: BenchCase,
  { peers, rounds, threads, images, say }: InferenceOptions,
): readonly InferenceResult[] {
  const task = JSON.stringify(taskOf(benchCase, images, threads));
  return WORKS.flatMap((work) => {
    const best = new Map<Engine, Measurement>();
    const engines = enginesOf(task, work, peers);
    for (let round = 1; round <= rounds; round++) {
      for (const engine of engines) {
        say(`${benchCase.name}: ${work}, round ${round} of ${rounds}, ${engine.name}`);
        const found = measure(engine.command);
        if (found.ms < (best.get(engine)?.ms ?? Infinity)) best.set(engine, found);
      }
    }
    const times = new Map([...best].map(([{ name }, { ms }]) => [name, ms]));
    return [...best].map(([{ name: engine, own }, found]) => ({
      ...{ case: benchCase.name, work, engine },
      ...found,
      ratio: (times.get(own) ?? Number.NaN) / found.ms,
    }));
  });
}

function enginesOf(task: string, work: (typeof WORKS)[number], peers: boolean): readonly Engine[] {
  const program = fileURLToPath(new URL('./hourglass-inference.js', import.meta.url));
  const script = join(packageRoot, 'scripts/bench/peers/keras_inference.py');
  return BATCHES.flatMap((batch) => {
    const own = `${OURS}, batches of ${batch}`;
    const ours = (name: string, how: string): Engine => ({
      ...{ name, own },
      command: [process.execPath, program, task, how, String(batch)],
    });
    return [
      ours(own, work),
      // An `evaluate` stage has more metrics than training, and computes them itself.
      ...(work === 'evaluate' ? [ours(`${OURS}, stage, batches of ${batch}`, 'stage')] : []),
      ...(peers
        ? [
            {
              ...{ name: `keras, batches of ${batch}`, own },
              command: [PYTHON, script, task, work, String(batch)],
            },
          ]
        : []),
    ];
  });
}

function measure([program = '', ...args]: readonly string[]): Measurement {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args[0] ?? ''} failed: ${stderr.slice(-2000)}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Measurement;
}

export function inferenceTable(results: readonly InferenceResult[]): string {
  return table(
    ['case', 'engine', 'work', 's', 'images per ms', 'ours / its', 'loss'],
    results.map(({ case: name, work, engine, ms, images, ratio, loss }, index) => [
      results[index - 1]?.case === name ? '' : name,
      engine,
      work,
      (ms / 1000).toFixed(2),
      (images / ms).toFixed(1),
      ratio.toFixed(2),
      loss.toFixed(4),
    ]),
  );
}
