/** Why lost trials did not finish: from Slurm, from what the jobs printed, or unknown. */
import { open } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { exists } from '../../files/atomic.ts';
import type { Diagnostic } from '../../core/diagnostic.ts';
import { endings } from './commands.ts';
import { cancelledFile, jobNames, slurmFolder, type Submission } from './submission.ts';

/** Number of bytes read from the end of a log. */
const TAIL_BYTES = 64 * 1024;

/** Slurm's final states in words, with what to do. */
const REASONS: Readonly<Record<string, string>> = {
  OUT_OF_MEMORY: 'its job ran out of memory (OUT_OF_MEMORY); `--mem` asks for more',
  TIMEOUT: 'its job reached its time limit (TIMEOUT); `--time` asks for more',
  DEADLINE: 'its job reached its deadline (DEADLINE)',
  NODE_FAIL: 'the node of its job failed (NODE_FAIL)',
  BOOT_FAIL: 'the node of its job did not start (BOOT_FAIL)',
  CANCELLED: 'its job was cancelled (CANCELLED)',
  PREEMPTED: 'its job was preempted by another (PREEMPTED)',
  FAILED: 'its job ended with an error (FAILED)',
};

/** Messages that Slurm prints into the log of a job that it ends. */
const PRINTED: readonly (readonly [text: RegExp, reason: string])[] = [
  [/oom[-_ ]?kill|exceeded (job |step )?memory limit/i, 'OUT_OF_MEMORY'],
  [/CANCELLED AT .* DUE TO TIME LIMIT/, 'TIMEOUT'],
  [/CANCELLED AT .* DUE TO NODE FAILURE/, 'NODE_FAIL'],
  [/CANCELLED AT .* DUE TO PREEMPTION/, 'PREEMPTED'],
  [/CANCELLED AT (?!.* DUE TO JOB REQUEUE)/, 'CANCELLED'],
];

/** Final states that the log may explain. */
const VAGUE: ReadonlySet<string | undefined> = new Set([undefined, 'FAILED', 'CANCELLED', 'COMPLETED']);

/** @returns an error for each of these trials, by trial name */
export async function lossesOf(
  submission: Submission,
  workspace: string,
  lost: readonly string[],
): Promise<ReadonlyMap<string, Diagnostic>> {
  if (lost.length === 0) return new Map();
  const folder = slurmFolder(workspace);
  const ends = await endings(jobNames(submission).array);
  const wasCancelled = await exists(cancelledFile(folder));
  const found = new Map<string, Diagnostic>();
  for (const [index, places] of submission.members.entries()) {
    const ids = places.flatMap((place) => submission.trials[place]?.id ?? []);
    const own = ids.filter((id) => lost.includes(id));
    if (own.length === 0) continue;
    const log = join(folder, 'logs', `${index}.log`);
    const said = ends.get(index);
    const printed = VAGUE.has(said) ? await printedIn(log) : undefined;
    const reason = printed ?? said ?? (wasCancelled ? 'CANCELLED' : undefined);
    for (const id of own) found.set(id, await lossOf(reason, log));
  }
  return found;
}

async function lossOf(reason: string | undefined, log: string): Promise<Diagnostic> {
  const known = reason === undefined ? undefined : REASONS[reason];
  const see = (await exists(log)) ? `; its output is in \`${relative(process.cwd(), log)}\`` : '';
  return {
    code: 'trial-failed',
    severity: 'error',
    message: known ?? `its job ended before the trial finished (${reason ?? 'reason unknown'})`,
    hint: `the same \`sweep\` command resumes it${see}`,
  };
}

/** Why Slurm ended the last start of a job, according to its log. */
async function printedIn(log: string): Promise<string | undefined> {
  const handle = await open(log, 'r').catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const { size } = await handle.stat();
    const chunk = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, size - chunk.length);
    const text = chunk.toString('utf8', 0, bytesRead);
    const last = text.slice(Math.max(0, text.lastIndexOf(': started\n')));
    return PRINTED.find(([printed]) => printed.test(last))?.[1];
  } finally {
    await handle.close();
  }
}
