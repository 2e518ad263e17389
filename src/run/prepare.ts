/** Prepares a run: the plan, and the engine that its stages need. */
import type { LocatedPipeline } from '../config/pipeline.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import type { JsonObject } from '../core/json.ts';
import { engineIdentity } from '../engine/identity.ts';
import type { EngineIdentity } from '../engine/engine.ts';
import type { Plan } from '../plan/plan.ts';
import { planPipeline } from './plan.ts';
import type { RunOptions } from './types.ts';

export interface Prepared {
  readonly plan?: Plan;
  readonly diagnostics: readonly Diagnostic[];
  /** The engine of the stages that run; undefined if none needs one. */
  readonly engine?: JsonObject & { readonly kind: 'native' | 'portable' };
}

/** Plans a run. If a stage that must run needs TensorFlow, installs it and plans again for the installed engine. */
export async function prepare(located: LocatedPipeline, options: RunOptions): Promise<Prepared> {
  const first = await planPipeline(located, options);
  if (first.plan === undefined) return first;
  const needed = first.plan.stages.some(({ action, key }) => action === 'run' && key.engine !== undefined);
  if (!needed) return { ...first, engine: { ...(await engineIdentity(options.engine)) } };
  const identity = await prepareEngine(options);
  return { ...(await planPipeline(located, options, identity)), engine: { ...identity } };
}

/** Ensures that there is an engine, and reports which one it is. */
export async function prepareEngine(
  options: Pick<RunOptions, 'engine' | 'emit' | 'signal'>,
): Promise<EngineIdentity> {
  const { ensureEngine } = await import('../engine/tensorflow/install.ts');
  const { identity, notice } = await ensureEngine(
    options.engine,
    (step, fraction) =>
      options.emit({ type: 'engine-progress', step, ...(fraction === undefined ? {} : { fraction }) }),
    options.signal,
  );
  options.emit({
    type: 'engine-progress',
    step: identity.version,
    done: true,
    ...(notice === undefined ? {} : { notice }),
  });
  return identity;
}
