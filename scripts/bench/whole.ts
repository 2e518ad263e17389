/** Whole commands, as a user waits for them: five epochs of the dense model on all of MNIST, from start to exit. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/core/package-root.ts';
import { PYTHON } from './engines.ts';
import type { Result } from './results.ts';

/** The Keras script has no figures and no cache to fill: neither has this. */
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

const EPOCHS = 5;

/** Runs the commands in turns; of each the shortest time counts. */
export async function timeWholeCommands(
  folder: string,
  withPeers: boolean,
  rounds: number,
  say: (line: string) => void,
): Promise<Result[]> {
  const commands: Readonly<Record<string, () => readonly string[]>> = {
    hourglass: () => freshRun(folder),
    ...(withPeers
      ? {
          keras: () => [PYTHON, join(packageRoot, 'scripts/bench/peers/keras_whole.py'), 'default'],
          'keras, jit': () => [PYTHON, join(packageRoot, 'scripts/bench/peers/keras_whole.py'), 'jit'],
        }
      : {}),
  };
  const shortest = new Map<string, number>();
  for (let round = 1; round <= rounds; round++) {
    for (const [name, command] of Object.entries(commands)) {
      say(`whole command: round ${round} of ${rounds}, ${name}`);
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
    case: 'whole command, 5 epochs',
    engine,
    msPerStep: taken / ((EPOCHS * 60_000) / 32),
    secondsPerEpoch: taken / 1000 / EPOCHS,
    ratio: own / taken,
  }));
}

/** The command on a pipeline that was never run: the store of results lies beside its outputs. */
function freshRun(folder: string): readonly string[] {
  const place = join(folder, 'whole');
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  const own = mkdtempSync(join(place, 'run-'));
  writeFileSync(join(own, 'whole.yaml'), PIPELINE);
  return [
    process.execPath,
    join(packageRoot, 'bin/hourglass.js'),
    'run',
    join(own, 'whole.yaml'),
    '--outputs',
    join(own, 'outputs'),
  ];
}
