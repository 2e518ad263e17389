/** Runs one stage in a worker and stores its result. */
import { resolve } from 'node:path';
import type { Entry } from '../artifacts/entry.ts';
import type { Store } from '../artifacts/store.ts';
import type { HeldLock } from '../files/lock.ts';
import type { LocatedPipeline } from '../config/pipeline.ts';
import { failure } from '../core/diagnostic.ts';
import type { JsonObject } from '../core/json.ts';
import { packageVersion } from '../core/package-root.ts';
import type { InputArtifact } from '../nodes/contract.ts';
import { stageThreads } from '../plan/make.ts';
import type { PlannedStage } from '../plan/plan.ts';
import { checkpointsOf } from './plan.ts';
import type { TaskEvents, TaskResult, WorkerPool } from './workers.ts';

export interface StageRun {
  readonly stage: PlannedStage;
  readonly located: LocatedPipeline;
  /** Finished entries by stage name, including all that the stage needs. */
  readonly inputs: ReadonlyMap<string, Entry>;
  readonly store: Store;
  readonly pool: WorkerPool;
  readonly lock: HeldLock;
  /** Whether an existing entry of the same key is replaced. */
  readonly replace: boolean;
  readonly signal: AbortSignal;
  /** Called when the stage begins to write, with the folder that it writes to. */
  readonly started: (folder: string) => void;
  readonly events: TaskEvents;
}

/** @throws Failure the error of the stage, or the reason why its result cannot be stored; then nothing is stored */
export async function runStage(run: StageRun): Promise<Entry> {
  const { stage, located, store } = run;
  const started = performance.now();
  const checkpoints = stage.resume === undefined ? undefined : checkpointsOf(store, stage.resume.lineage);
  if (run.replace) await checkpoints?.remove();
  const draft = await store.draft(stage.hash, { replace: run.replace });
  run.started(draft.folder);
  try {
    const result = await run.pool.run(
      {
        stage: stage.name,
        type: stage.type,
        settings: located.pipeline.stages.get(stage.name) ?? {},
        inputs: inputsOf(run),
        folder: draft.folder,
        ...(checkpoints === undefined ? {} : { checkpoints: checkpoints.folder }),
        lock: run.lock.mark,
        pipelineFolder: located.folder,
        pipelineSeed: located.pipeline.seed,
        plugins: located.pipeline.plugins.map((path) => resolve(located.folder, path)),
        engine: {
          kind: stage.key.engine?.kind === 'portable' ? 'portable' : 'native',
          threads: stageThreads(located, stage.name),
        },
      },
      run.events,
      run.signal,
    );
    checkFinite(result);
    await run.lock.check();
    return await draft.commit({
      key: stage.key as unknown as JsonObject,
      metrics: result.metrics,
      highlights: result.highlights,
      seconds: (performance.now() - started) / 1000 + result.earlierSeconds,
      usage: result.usage,
      hourglass: packageVersion,
    });
  } catch (error) {
    await draft.discard();
    throw error;
  }
}

function inputsOf(run: StageRun): Record<string, InputArtifact> {
  return Object.fromEntries(
    Object.entries(run.stage.inputs).flatMap(([key, name]) => {
      const entry = run.inputs.get(name);
      const type = run.located.pipeline.stages.get(name)?.type ?? '';
      const kind = run.located.stageTypes.get(type)?.outputs;
      return entry === undefined || kind === undefined
        ? []
        : [[key, { stage: name, kind, folder: entry.folder }]];
    }),
  );
}

function checkFinite(result: TaskResult): void {
  for (const [name, value] of Object.entries(result.metrics)) {
    // NaN and infinities become null in the JSON between processes.
    if (typeof value === 'number' && Number.isFinite(value)) continue;
    throw failure('not-finite', `the metric \`${name}\` is not a finite number`);
  }
}
