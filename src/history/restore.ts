/** Brings the outputs of an earlier run back from the cache. */
import { join } from 'node:path';
import type { Entry } from '../artifacts/entry.ts';
import type { PastRun } from '../artifacts/run-history.ts';
import type { RunRecord, StageRecord } from '../artifacts/run-record.ts';
import type { Store } from '../artifacts/store.ts';
import { Workspace } from '../artifacts/workspace.ts';
import type { JsonObject } from '../core/json.ts';
import { makeFolder } from '../files/atomic.ts';
import { remove } from '../files/in-use.ts';

/** What of a run the cache still has. */
export interface Availability {
  readonly entries: ReadonlyMap<string, Entry>;
  /** Stages whose results are gone or damaged, in the order of the file. */
  readonly missing: readonly string[];
  /** The number of results that the run had. */
  readonly total: number;
}

/** @param isThorough whether files are hashed, and not only looked for */
export async function availabilityOf(
  { record }: PastRun,
  store: Store,
  isThorough: boolean,
): Promise<Availability> {
  const entries = new Map<string, Entry>();
  const missing: string[] = [];
  for (const [name, { hash }] of Object.entries(record.stages)) {
    if (hash === undefined) continue;
    const entry = await store.lookup(hash);
    const isSound =
      entry !== undefined && (!isThorough || (await store.findCorruptFile(entry)) === undefined);
    if (isSound) entries.set(name, entry);
    else missing.push(name);
  }
  return { entries, missing, total: entries.size + missing.length };
}

/**
 * Makes `outputs/<name>` show an earlier run. Its files appear one by one, and the record of the run says at every moment what
 * is there: a restore that is killed is like a run that was.
 *
 * @param entries all results of the run
 * @param check throws once the lock of the pipeline is lost: then nothing more is written
 * @returns new names of the user's own files that were in the way, relative to the workspace
 */
export async function restoreRun(
  { started, seconds, record, metrics, pipeline, resolved, bases }: PastRun,
  entries: ReadonlyMap<string, Entry>,
  { folder, check }: { readonly folder: string; readonly check: () => Promise<void> },
): Promise<readonly string[]> {
  const workspace = new Workspace(folder);
  const moved: string[] = [];
  const shown = new Map<string, StageRecord>();
  for (const [name, { hash: _hash, madeBy: _madeBy, highlights: _highlights, ...stage }] of Object.entries(
    record.stages,
  ))
    shown.set(name, { ...stage, result: 'missing' });
  const write = async (status: RunRecord['status']): Promise<void> => {
    await check();
    await workspace.writeRun({ ...record, status, started, seconds, stages: Object.fromEntries(shown) });
  };
  await makeFolder(folder);
  const gone = [...(await workspace.stagesShown())].filter((name) => !entries.has(name));
  await check();
  // Numbers go before the settings that gave them, and come after their own.
  await workspace.writeJson('metrics.json', {});
  await write('running');
  await workspace.removeStages(gone);
  await workspace.writeText('pipeline.yaml', pipeline);
  await workspace.writeBases(bases);
  await workspace.writeText('resolved.yaml', resolved);
  // The log is of another run.
  await remove(join(folder, 'log.jsonl'));
  for (const [name, entry] of entries) {
    await check();
    const renamed = await workspace.publish(name, entry);
    moved.push(...renamed.map((path) => `${name}/${path}`));
    const stage = record.stages[name];
    if (stage !== undefined) shown.set(name, { ...stage, key: entry.record.key });
    await write('running');
  }
  await check();
  await workspace.writeJson('metrics.json', metrics as JsonObject);
  await write(record.status === 'running' ? 'interrupted' : record.status);
  return moved;
}
