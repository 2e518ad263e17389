/** Sweeps for Slurm, and how far they are. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../../rig.ts';
import { TRAINED } from '../rig.ts';
import type { Cluster } from './cluster.ts';

/** Two trials, one for each file. */
export const FILES = `name: files
params: { file: a.idx }
stages:
  images: { type: dataset, source: idx, train_images: "\${params.file}" }
sweep:
  parameters: { file: [a.idx, b.idx] }
  launcher: { kind: slurm, trials_per_job: 1 }
`;

/** An IDX file with one image. */
export const IMAGE = Buffer.from([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4]);

/** Two trainings of some minutes, in one job. */
export const LONG = TRAINED.replace('name: tiny', 'name: long')
  .replace('epochs: 2 }', 'epochs: 9000 }')
  .replace('replicates: 2', 'replicates: 1\n  launcher: { kind: slurm, trials_per_job: 2 }');

/** Trials by state, as `--status` counts them. */
export async function statesBy(
  rigged: Rig,
  cluster: Cluster,
  file: string,
): Promise<Readonly<Record<string, number>>> {
  const { stdout, stderr } = await rigged.run(['sweep', file, '--status', '--json'], { env: cluster.env });
  try {
    return JSON.parse(stdout).counts;
  } catch {
    throw new Error(`no status: ${stdout}${stderr}`);
  }
}

/** Asks until the counts are as wanted, and returns them. */
export async function untilStates(
  rigged: Rig,
  cluster: Cluster,
  file: string,
  holds: (counts: Readonly<Record<string, number>>) => boolean,
): Promise<Readonly<Record<string, number>>> {
  for (let attempt = 0; attempt < 120; attempt += 1) {
    const counts = await statesBy(rigged, cluster, file);
    if (holds(counts)) return counts;
    await sleep(500);
  }
  throw new Error(`still ${JSON.stringify(await statesBy(rigged, cluster, file))}`);
}
