/** Results of single stages, for inspection: they are read from the cache or stored in it; outputs do not change. */
import type { Entry } from '../artifacts/entry.ts';
import type { Store } from '../artifacts/store.ts';
import { takeLock, type HeldLock } from '../files/lock.ts';
import { markIgnored } from '../files/marks.ts';
import { Failure, failure, type Diagnostic } from '../core/diagnostic.ts';
import type { Emit } from '../core/event.ts';
import type { Plan, PlannedStage } from '../plan/plan.ts';
import { describeFailure } from './failures.ts';
import { storeOf } from './plan.ts';
import { runStage } from './stage.ts';
import { WorkerPool } from './workers.ts';

export interface ComputeOptions {
  /** Absolute path of the outputs folder; the cache is `.hourglass` beside it. */
  readonly outputs: string;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  /** The message for a stage that would need an engine, such as a training: such stages do not run here. */
  readonly refuse: (stage: PlannedStage) => Diagnostic;
}

/**
 * Yields the stored results of all stages of a plan, in order.
 *
 * @throws Failure the error of a stage, at its place; `run-locked` if another process computes stages of this pipeline
 */
export async function computeStages(
  plan: Plan,
  options: ComputeOptions,
): Promise<ReadonlyMap<string, Entry>> {
  const store = storeOf(options.outputs);
  const costly = plan.stages.find((stage) => stage.action === 'run' && needsEngine(stage));
  if (costly !== undefined) throw new Failure(options.refuse(costly));
  const { located } = plan;
  // Can be used during a run of the same pipeline, whose name has no `@`.
  const lock = await takeLock(store.lockFile(options.outputs, `${located.pipeline.name}@data`));
  if (lock.state === 'held') {
    const { pid, host, since } = lock.owner;
    throw failure(
      'run-locked',
      `stages of \`${located.pipeline.name}\` are already being computed: process ${pid} on ${host}, since ${since}`,
      'wait until it ends',
    );
  }
  const pool = new WorkerPool();
  try {
    await store.mark();
    await markIgnored(options.outputs);
    const entries = new Map<string, Entry>();
    for (const stage of plan.stages) {
      const entry =
        (await findSound(store, stage)) ??
        (await compute(plan, stage, { entries, store, pool, lock, options }));
      entries.set(stage.name, entry);
    }
    return entries;
  } finally {
    pool.close();
    await lock.release();
  }
}

function needsEngine({ key }: PlannedStage): boolean {
  return key.engine !== undefined;
}

/** An intact entry; a damaged one is moved to quarantine. */
async function findSound(store: Store, { hash }: PlannedStage): Promise<Entry | undefined> {
  const found = await store.find(hash);
  if (found.state === 'absent') return undefined;
  if (found.state === 'present' && (await store.findCorruptFile(found.entry)) === undefined) {
    await store.touch(found.entry);
    return found.entry;
  }
  await store.quarantine(hash);
  return undefined;
}

interface Computing {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly store: Store;
  readonly pool: WorkerPool;
  readonly lock: HeldLock;
  readonly options: ComputeOptions;
}

async function compute(
  { located }: Plan,
  stage: PlannedStage,
  { entries, store, pool, lock, options: { emit, signal, refuse } }: Computing,
): Promise<Entry> {
  if (needsEngine(stage)) throw new Failure(refuse(stage));
  const started = performance.now();
  try {
    const entry = await runStage({
      stage,
      located,
      inputs: entries,
      store,
      pool,
      lock,
      replace: false,
      signal,
      started: (folder) => emit({ type: 'stage-started', stage: stage.name, folder }),
      events: {
        progress: (progress) => emit({ type: 'stage-progress', stage: stage.name, progress }),
        log: (level, message) => emit({ type: 'log', level, message, stage: stage.name }),
      },
    });
    const seconds = (performance.now() - started) / 1000;
    emit({ type: 'stage-finished', stage: stage.name, state: 'ran', seconds });
    return entry;
  } catch (error) {
    throw new Failure(...describeFailure(stage, located, error));
  }
}
