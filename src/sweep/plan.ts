/** Plans trials: the stages of each with their keys, and which trials are complete. Writes nothing. */
import { join } from 'node:path';
import type { Entry } from '../artifacts/entry.ts';
import { standingOf } from '../artifacts/standing.ts';
import type { Store } from '../artifacts/store.ts';
import type { RunRecord } from '../artifacts/run-record.ts';
import { TRIALS, Workspace } from '../artifacts/workspace.ts';
import type { Json } from '../core/json.ts';
import { checkPipeline } from '../plan/check.ts';
import { makePlan, type KeyEngine } from '../plan/make.ts';
import type { Plan } from '../plan/plan.ts';
import { checkpointsOf, previousStages } from '../run/plan.ts';
import type { Trial } from './trial.ts';

/** A stage's metrics by stage. */
export type Metrics = Readonly<Record<string, Readonly<Record<string, number>>>>;

export interface PlannedTrial extends Trial {
  readonly plan: Plan;
  readonly workspace: Workspace;
  /** The metrics of a complete trial, whose outputs and results all exist. */
  readonly complete?: Measured;
}

/** The folder of a sweep's trials in a pipeline's workspace. */
export function trialsFolder(workspace: string): string {
  return join(workspace, TRIALS);
}

/**
 * @param workspace `outputs/<name>` of the pipeline
 * @param targets requested stages, which are planned with the stages they need; by default all
 * @param fingerprints fingerprints of data files, shared between calls
 */
export async function planTrials(
  trials: readonly Trial[],
  {
    workspace,
    store,
    engine,
    targets = [],
    fingerprints = new Map(),
  }: {
    workspace: string;
    store: Store;
    engine: KeyEngine;
    targets?: readonly string[];
    fingerprints?: Map<string, Promise<Json>>;
  },
): Promise<readonly PlannedTrial[]> {
  // Most stages are shared by several trials, so each is looked up once.
  const entries = new Map<string, Promise<Entry | undefined>>();
  const lookup = (hash: string): Promise<Entry | undefined> => {
    const found = entries.get(hash) ?? store.lookup(hash);
    entries.set(hash, found);
    return found;
  };
  const planned: PlannedTrial[] = [];
  for (const trial of trials) {
    const own = new Workspace(join(trialsFolder(workspace), trial.id));
    if (trial.refused !== undefined) {
      planned.push({ ...trial, plan: { located: trial.located, stages: [], all: [] }, workspace: own });
      continue;
    }
    const record = await own.readRun();
    const plan = await makePlan({
      located: trial.located,
      stages: checkPipeline(trial.located).stages,
      targets,
      force: false,
      engine,
      previous: previousStages(record),
      fingerprints,
      inCache: async (hash) => (await lookup(hash)) !== undefined,
      checkpointOf: (lineage, limit) => checkpointsOf(store, lineage).newest(limit),
    });
    const found = await Promise.all(plan.stages.map(({ hash }) => lookup(hash)));
    const isComplete = isFinished(record, plan.stages) && !found.includes(undefined);
    planned.push({
      ...trial,
      plan,
      workspace: own,
      ...(isComplete ? { complete: measuredIn(plan.stages, found) } : {}),
    });
  }
  return planned;
}

/** Whether a trial's last run finished with these stages. */
export function isFinished(
  run: RunRecord | undefined,
  stages: readonly { readonly name: string; readonly hash: string }[],
): boolean {
  return (
    run?.status === 'done' &&
    stages.every(({ name, hash }) => standingOf(run.stages[name]?.hash, hash) === 'current')
  );
}

interface Measured {
  readonly metrics: Metrics;
  readonly seconds: number;
}

/** The metrics in the cache entries of a trial's stages. */
export function measuredIn(
  stages: readonly { readonly name: string }[],
  entries: readonly (Entry | undefined)[],
): Measured {
  const metrics: Record<string, Readonly<Record<string, number>>> = {};
  let seconds = 0;
  stages.forEach(({ name }, index) => {
    const record = entries[index]?.record;
    if (record === undefined) return;
    if (Object.keys(record.metrics).length > 0) metrics[name] = record.metrics;
    seconds += record.seconds;
  });
  return { metrics, seconds };
}
