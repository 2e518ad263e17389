/** The record of a sweep, updated with what a killed or running sweep, or its jobs, have done since it was written. */
import { basename, dirname, join } from 'node:path';
import type { Store } from '../artifacts/store.ts';
import { Workspace } from '../artifacts/workspace.ts';
import { findOwner } from '../files/owner.ts';
import { outcomeOf } from './outcome.ts';
import { isFinished, measuredIn, trialsFolder } from './plan.ts';
import { readSweep, recordWith, type SweepRecord, type TrialRecord } from './record.ts';
import { readSubmittedNow } from './slurm/collect.ts';

/**
 * @returns undefined if there is none, or if the file is not a valid record
 * @throws Failure `io-failed` or `system-limit` if a record may exist but cannot be read
 */
export async function readSweepNow(workspace: string, store: Store): Promise<SweepRecord | undefined> {
  const record = await readSweep(workspace);
  if (record === undefined) return undefined;
  if (record.launcher === 'slurm') return readSubmittedNow(record, workspace, store);
  if (record.status !== 'running' && record.status !== 'interrupted') return record;
  const lock = await findOwner(store.lockFile(dirname(workspace), basename(workspace)));
  const trials: TrialRecord[] = [];
  // One after another, because all at once would open more files than many systems allow.
  for (const trial of record.trials)
    trials.push(trial.state === 'pending' ? await trialNow(record, trial, { workspace, store }) : trial);
  return {
    ...record,
    status: lock?.alive === true ? 'running' : 'interrupted',
    trials,
  };
}

/** A trial whose outputs are complete is done, even if the sweep was killed before it recorded that. */
async function trialNow(
  { sweep }: SweepRecord,
  trial: TrialRecord,
  { workspace, store }: { readonly workspace: string; readonly store: Store },
): Promise<TrialRecord> {
  const run = await new Workspace(join(trialsFolder(workspace), trial.id)).readRun();
  const stages = Object.entries(trial.stages).map(([name, hash]) => ({ name, hash }));
  if (stages.length === 0 || !isFinished(run, stages)) return trial;
  const entries = await Promise.all(stages.map(({ hash }) => store.lookup(hash)));
  if (entries.includes(undefined)) return trial;
  const measured = measuredIn(stages, entries);
  return recordWith(trial, outcomeOf({ sweep }, trial, { state: 'done', ...measured, diagnostics: [] }));
}
