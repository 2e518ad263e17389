/** Times whole commands from start to exit: five epochs of the dense model on all of MNIST, or a sweep. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/core/package-root.ts';
import { PYTHON } from './engines.ts';
import type { Result } from './results.ts';

/** Without figures and cache entries, since the Keras script has none. */
const PIPELINE = `name: whole
seed: 1
threads: 2
stages:
  mnist: { type: dataset, source: mnist, normalize: minmax }
  model:
    type: model
    input_shape: [28, 28, 1]
    encoder:
      - Flatten
      - Dense: { units: 512, activation: relu }
      - Dense: { units: 256, activation: relu }
      - Dense: { units: 128, activation: relu }
      - Dense: { units: 64, activation: relu }
      - Dense: { units: 32 }
    decoder:
      - Dense: { units: 64, activation: relu }
      - Dense: { units: 128, activation: relu }
      - Dense: { units: 256, activation: relu }
      - Dense: { units: 512, activation: relu }
      - Dense: { units: 784, activation: sigmoid }
      - Reshape: { target_shape: [28, 28, 1] }
  trained:
    type: train
    model: model
    data: mnist
    optimizer: nadam
    loss: binary_crossentropy
    epochs: 5
    batch_size: 32
    validation: test
`;

/** A task for a whole command, done by Hourglass and by a Keras script. */
export interface WholeWork {
  /** Name in tables. */
  readonly name: string;
  readonly command: 'run' | 'sweep';
  readonly pipeline: string;
  /** Script below `scripts/bench/peers`; takes `default` or `jit`. */
  readonly script: string;
  /** Further arguments. */
  readonly arguments: readonly string[];
  /** Epochs of all trainings, and steps of each. */
  readonly epochs: number;
  readonly steps: number;
}

export const RUN_WORK: WholeWork = {
  name: 'whole command, 5 epochs',
  command: 'run',
  pipeline: PIPELINE,
  script: 'keras_whole.py',
  arguments: [],
  epochs: 5,
  steps: 60_000 / 32,
};

export interface WholeOptions {
  readonly folder: string;
  readonly peers: boolean;
  readonly rounds: number;
  readonly say: (line: string) => void;
}

/** Runs the commands in turns; the fastest time of each counts. */
export async function timeWholeCommands(
  work: WholeWork,
  { folder, peers, rounds, say }: WholeOptions,
): Promise<Result[]> {
  const script = join(packageRoot, 'scripts/bench/peers', work.script);
  const commands: Readonly<Record<string, () => readonly string[]>> = {
    hourglass: () => freshRun(folder, work),
    ...(peers
      ? {
          keras: () => [PYTHON, script, 'default', ...work.arguments],
          'keras, jit': () => [PYTHON, script, 'jit', ...work.arguments],
        }
      : {}),
  };
  const shortest = new Map<string, number>();
  for (let round = 1; round <= rounds; round++) {
    for (const [name, command] of Object.entries(commands)) {
      say(`${work.name}: round ${round} of ${rounds}, ${name}`);
      const [program = '', ...args] = command();
      const env = {
        ...process.env,
        MNIST: join(folder, 'mnist.u8'),
      };
      const started = performance.now();
      const { status, stderr } = spawnSync(program, args, {
        env,
        cwd: join(folder, 'whole'),
        encoding: 'utf8',
      });
      const taken = performance.now() - started;
      if (status !== 0) throw new Error(`${name} failed: ${stderr.slice(-2000)}`);
      shortest.set(name, Math.min(shortest.get(name) ?? Infinity, taken));
    }
  }
  const own = shortest.get('hourglass') ?? Number.NaN;
  return [...shortest].map(([engine, taken]) => ({
    case: work.name,
    engine,
    msPerStep: taken / (work.epochs * work.steps),
    secondsPerEpoch: taken / 1000 / work.epochs,
    ratio: own / taken,
  }));
}

/** The command on a pipeline that was never run: the cache is next to its outputs. */
function freshRun(folder: string, { command, pipeline }: WholeWork): readonly string[] {
  const place = join(folder, 'whole');
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  const own = mkdtempSync(join(place, 'run-'));
  writeFileSync(join(own, 'whole.yaml'), pipeline);
  return [
    process.execPath,
    join(packageRoot, 'bin/hourglass.js'),
    command,
    join(own, 'whole.yaml'),
    '--outputs',
    join(own, 'outputs'),
  ];
}
