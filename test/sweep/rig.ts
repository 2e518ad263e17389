/** Small sweeps, and their results. */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TINY, type Rig } from '../rig.ts';

/** Trials of a tenth of a second, without TensorFlow. */
export const QUICK = `name: quick
seed: 3
params: { stddev: 0.1 }
stages:
  mnist: { type: dataset, source: mnist, limit: { train: 16, test: 8 } }
  noisy: { type: noise, data: mnist, kind: gaussian, stddev: "\${params.stddev}" }
sweep:
  parameters: { stddev: { min: 0.1, max: 0.6, step: 0.1 } }
  replicates: 2
`;

/** Four trainings of about a second. */
export const TRAINED = `${TINY.replace(/ {2}(digits|curves|denoised):.*\n/g, '')}sweep:
  parameters: { latent_size: [2, 4] }
  replicates: 2
  metric: { name: quality.mse, goal: minimize }
`;

/** Trainings of a small fraction of a second, whose workers take longer to start. */
export const SMALL = `name: tiny
seed: 7
threads: 1
params: { latent_size: 4, learning_rate: 0.01 }
stages:
  mnist: { type: dataset, source: mnist, limit: { train: 24, test: 8 } }
  model:
    type: model
    input_shape: [28, 28, 1]
    encoder: [Flatten, { Dense: { units: "\${params.latent_size}" } }]
    decoder: [{ Dense: { units: 784, activation: sigmoid } }, { Reshape: { target_shape: [28, 28, 1] } }]
  trained:
    type: train
    model: model
    data: mnist
    loss: mse
    optimizer: { SGD: { learning_rate: "\${params.learning_rate}" } }
    epochs: 4
    batch_size: 8
    validation: test
    compile: eager
  quality: { type: evaluate, model: trained, data: mnist, metrics: [mse] }
`;

/** A trial as `sweep --json` and `sweep.json` list it. */
export interface Listed {
  readonly id: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly state: string;
  readonly value?: number;
  readonly stages: Readonly<Record<string, string>>;
}

export function readTrials(rigged: Rig, name: string, outputs = 'outputs'): readonly Listed[] {
  return JSON.parse(rigged.read(`${outputs}/${name}/sweep.json`)).trials;
}

/** SHA-256 of all files of trials, except files with times. */
export function fingerprint(rigged: Rig, name: string, outputs = 'outputs'): Record<string, string> {
  const root = rigged.path(outputs, name, 'trials');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (path) => statSync(join(root, path)).isFile() && !/run\.json$|report\.html$|\.artifacts\//.test(path),
  );
  return Object.fromEntries(
    files.sort().map((path) => [
      path,
      createHash('sha256')
        .update(readFileSync(join(root, path)))
        .digest('hex'),
    ]),
  );
}

/** Names of all entries of the store. */
export function storeEntries(rigged: Rig, folder = '.hourglass'): readonly string[] {
  const root = rigged.path(folder, 'store');
  return readdirSync(root).flatMap((prefix) => readdirSync(join(root, prefix)));
}

/** Child processes of a process, from Linux's `/proc`. */
export function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => {
      try {
        const text = readFileSync(`/proc/${candidate}/stat`, 'utf8');
        return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]) === pid;
      } catch {
        return false;
      }
    });
}
