/** Located pipeline + outputs + cache -> plan. Reads only. */
import { dirname, join } from 'node:path';
import { isError } from '../core/diagnostic.ts';
import { Checkpoints } from '../artifacts/checkpoints.ts';
import { Store } from '../artifacts/store.ts';
import type { RunRecord } from '../artifacts/run-record.ts';
import { Workspace } from '../artifacts/workspace.ts';
import type { LocatedPipeline } from '../config/pipeline.ts';
import { engineIdentity } from '../engine/identity.ts';
import { checkPipeline, inspectFiles, type Inspections } from '../plan/check.ts';
import type { PlannedStage } from '../plan/plan.ts';
import { otherMaker } from './other-version.ts';
import { checkTargets, makePlan, type KeyEngine, type PreviousStage } from '../plan/make.ts';
import type { PlanOptions, PlanResult } from './types.ts';

/** The store of an outputs folder: `.hourglass` beside it. */
export function storeOf(outputs: string): Store {
  return new Store(join(dirname(outputs), '.hourglass'));
}

/** The checkpoints of one lineage, in the store's folder. */
export function checkpointsOf(store: Store, lineage: string): Checkpoints {
  return new Checkpoints(join(store.folder, 'checkpoints', lineage));
}

export function workspaceOf(located: LocatedPipeline, outputs: string): Workspace {
  return new Workspace(join(outputs, located.pipeline.name));
}

/**
 * Checks a pipeline and plans its run.
 *
 * @param engine the engine to plan for; by default the one that `options.engine` would choose here
 */
export async function planPipeline(
  located: LocatedPipeline,
  options: PlanOptions,
  engine?: KeyEngine,
): Promise<PlanResult> {
  const inspections = await inspectFiles(located, options.targets);
  const check = checkPipeline(located, inspections);
  const diagnostics = [...check.diagnostics, ...checkTargets(located, options.targets)];
  if (diagnostics.some(isError)) return { diagnostics };
  const store = storeOf(options.outputs);
  const plan = await makePlan({
    located,
    stages: check.stages,
    targets: options.targets,
    force: options.force,
    engine: engine ?? (await engineIdentity(options.engine)),
    previous: previousStages(await workspaceOf(located, options.outputs).readRun()),
    inCache: async (hash) => (await store.lookup(hash)) !== undefined,
    checkpointOf: (lineage, limit) => checkpointsOf(store, lineage).newest(limit),
  });
  return {
    plan: { ...plan, stages: plan.stages.map((stage) => withDownloads(stage, inspections)) },
    diagnostics,
  };
}

function withDownloads(stage: PlannedStage, inspections: Inspections): PlannedStage {
  const downloads = stage.action === 'run' ? (inspections.get(stage.name)?.downloads ?? []) : [];
  return downloads.length === 0 ? stage : { ...stage, downloads };
}

/** The last run of each stage, from a record. */
export function previousStages(record: RunRecord | undefined): ReadonlyMap<string, PreviousStage> {
  return new Map(
    Object.entries(record?.stages ?? {}).flatMap(([name, { hash, key }]) => {
      const madeBy = otherMaker(record, name);
      const known = madeBy === undefined ? {} : { madeBy };
      return hash === undefined || key === undefined ? [] : [[name, { hash, key, ...known }]];
    }),
  );
}
