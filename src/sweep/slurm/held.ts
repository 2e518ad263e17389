/** Protects sweeps with jobs in Slurm: their files must not be removed or replaced. */
import { basename, dirname, join, relative, resolve } from 'node:path';
import { lockRuns, type LockedRuns } from '../../artifacts/garbage-collection.ts';
import type { Store } from '../../artifacts/store.ts';
import { workspacesBeside } from '../../artifacts/workspace.ts';
import { Failure, type Diagnostic } from '../../core/diagnostic.ts';
import { shellWord } from '../../core/shell.ts';
import { storeOf } from '../../run/plan.ts';
import type { QueuedJob } from './commands.ts';
import { submissionAtWork, type SubmissionAtWork } from './state.ts';
import { jobNames, slurmFolder } from './submission.ts';

/**
 * Locks outputs and the cache until `release` is called.
 *
 * @param outputs absolute path of the outputs folder
 * @param names names of pipelines, or the whole cache
 * @throws Failure `run-locked` if one of them is running, here or in Slurm
 */
export async function lockOutputs(outputs: string, names: readonly string[] | 'all'): Promise<LockedRuns> {
  const store = storeOf(outputs);
  const workspaces =
    names === 'all'
      ? (await workspacesBeside(store.folder)).map(({ folder }) => folder)
      : names.map((name) => join(outputs, name));
  // Running jobs hold locks, too, but naming the jobs is more informative.
  await refuseIfHeld(workspaces, store);
  const locks = await lockRuns(store, names, outputs);
  try {
    // A sweep holds its lock while it submits.
    await refuseIfHeld(workspaces, store);
    return locks;
  } catch (error) {
    await locks.release();
    throw error;
  }
}

/**
 * Asks Slurm for the sweeps of some workspaces, unless none has an unfinished submission.
 *
 * @param workspaces absolute paths of folders such as `outputs/<name>`
 * @throws Failure `run-locked` if Slurm has jobs of one of them, or may have
 */
async function refuseIfHeld(workspaces: readonly string[], store: Store): Promise<void> {
  for (const workspace of workspaces) {
    const found = await submissionAtWork(workspace, store);
    if (found !== undefined) throw new Failure(heldDiagnostic(workspace, found));
  }
}

/** Why a workspace must not be changed. */
export function heldDiagnostic(workspace: string, { submission, queue }: SubmissionAtWork): Diagnostic {
  const name = basename(workspace);
  const folder = slurmFolder(workspace);
  if (queue.jobs === undefined) {
    const { array, shared } = jobNames(submission);
    return {
      code: 'run-locked',
      severity: 'error',
      message: `Slurm may still have jobs of \`${name}\`, but does not answer: ${queue.reason}`,
      hint: `try again once it answers; if no job \`${array}\` or \`${shared}\` is left, remove \`${relative(process.cwd(), folder)}\` first`,
    };
  }
  const outputs = relative(process.cwd(), dirname(workspace));
  const file = relative(process.cwd(), resolve(submission.directory, submission.file));
  const where = outputs === 'outputs' ? '' : ` -o ${shellWord(outputs === '' ? '.' : outputs)}`;
  return {
    code: 'run-locked',
    severity: 'error',
    message: `Slurm has jobs of \`${name}\`: ${describeJobs(queue.jobs)}`,
    hint: `wait for them, or cancel them: \`hourglass sweep ${shellWord(file)}${where} --cancel\``,
  };
}

/** `job 17 (2 running, 3 pending), job 18 (1 pending)` */
function describeJobs(jobs: readonly QueuedJob[]): string {
  const ids = [...new Set(jobs.map(({ id }) => id))];
  return ids
    .map((id) => {
      const states = (['running', 'pending'] as const).flatMap((state) => {
        const count = jobs.filter((job) => job.id === id && job.state === state).length;
        return count === 0 ? [] : [`${count} ${state}`];
      });
      return `job ${id} (${states.join(', ')})`;
    })
    .join(', ');
}
