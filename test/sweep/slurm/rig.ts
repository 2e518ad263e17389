/** Sweeps for Slurm, and how far they are. */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { shellWord } from '../../../src/core/shell.ts';
import { HOURGLASS, type Rig } from '../../rig.ts';
import { TRAINED } from '../rig.ts';
import type { Cluster } from './cluster.ts';

/** Two trials, one for each file. */
export const FILES = `name: files
params: { file: a.idx }
stages:
  images: { type: dataset, source: idx, train_images: "\${params.file}" }
  part: { type: subset, data: images, share: 0.3 }
sweep:
  parameters: { file: [a.idx, b.idx] }
  launcher: { kind: slurm, trials_per_job: 1 }
`;

/** An IDX file of so many images of a pixel: of one, no part is left. */
export function idxFile(count: number): Buffer {
  const header = [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 1, 0, 0, 0, 1];
  return Buffer.from([...header, ...Array.from({ length: count }, (_, index) => index)]);
}

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

/**
 * Runs `hourglass <args>` on a terminal.
 *
 * @param steps what is typed, one after the other, when what was shown since the one before matches
 * @returns all that was shown
 */
export function atTerminal(
  { folder }: Rig,
  { env }: Cluster,
  args: readonly string[],
  steps: readonly (readonly [when: RegExp, typed: string])[],
): Promise<string> {
  const words = [process.execPath, ...HOURGLASS, ...args];
  const line = `stty cols 100 rows 40; exec ${words.map((word) => shellWord(word)).join(' ')}`;
  const child = spawn('script', ['--quiet', '--flush', '--command', line, '/dev/null'], {
    cwd: folder,
    env: { ...process.env, TERM: 'xterm', CI: undefined, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 120_000,
    killSignal: 'SIGKILL',
  });
  const left = [...steps];
  let shown = '';
  let seen = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    const [step] = left;
    if (step === undefined || !step[0].test(shown.slice(seen))) return;
    left.shift();
    seen = shown.length;
    child.stdin.write(step[1]);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => {
      if (left.length === 0) resolve(shown);
      else reject(new Error(`never shown: ${String(left[0]?.[0])}\n${shown}`));
    });
  });
}
