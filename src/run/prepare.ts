/** What comes before a run: the plan, and the engine that its stages need. */
import type { LocatedPipeline } from '../config/pipeline.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import type { JsonObject } from '../core/json.ts';
import { engineIdentity } from '../engine/identity.ts';
import type { EnsuredEngine } from '../engine/install.ts';
import type { Plan } from '../plan/plan.ts';
import { planPipeline } from './plan.ts';
import type { RunOptions } from './types.ts';

export interface Prepared {
  readonly plan?: Plan;
  readonly diagnostics: readonly Diagnostic[];
  /** The engine of the stages that run; undefined if none needs one. */
  readonly engine?: JsonObject & { readonly kind: 'native' | 'portable' };
}

/** Plans. If a stage that has to run needs TensorFlow, installs it and plans again for the engine that was installed. */
export async function prepare(located: LocatedPipeline, options: RunOptions): Promise<Prepared> {
  const first = await planPipeline(located, options);
  if (first.plan === undefined) return first;
  const needed = first.plan.stages.some(({ action, key }) => action === 'run' && key.engine !== undefined);
  if (!needed) return { ...first, engine: { ...(await engineIdentity(options.engine)) } };
  const { identity, warning } = await prepareEngine(options);
  const second = await planPipeline(located, options, identity);
  return {
    ...second,
    diagnostics: [...second.diagnostics, ...(warning === undefined ? [] : [warning])],
    engine: { ...identity },
  };
}

/** Makes sure that TensorFlow is installed, and reports on it. */
export async function prepareEngine(
  options: Pick<RunOptions, 'engine' | 'emit' | 'signal'>,
): Promise<EnsuredEngine> {
  const { ensureEngine } = await import('../engine/install.ts');
  const ensured = await ensureEngine(
    options.engine,
    (step, fraction) =>
      options.emit({ type: 'engine-progress', step, ...(fraction === undefined ? {} : { fraction }) }),
    options.signal,
  );
  options.emit({ type: 'engine-progress', step: ensured.identity.version, done: true });
  if (ensured.warning !== undefined) options.emit({ type: 'diagnostic', diagnostic: ensured.warning });
  return ensured;
}
