/** Plans trials for the engine that will run them. */
import { canonicalJson, type JsonObject } from '../core/json.ts';
import type { EngineChoice } from '../engine/engine.ts';
import { engineIdentity } from '../engine/identity.ts';
import type { KeyEngine } from '../plan/make.ts';
import { storeOf } from '../run/plan.ts';
import { prepareEngine } from '../run/prepare.ts';
import type { SweepEmit } from './event.ts';
import { planTrials, type PlannedTrial } from './plan.ts';
import type { Trial } from './trial.ts';

interface PrepareOptions {
  readonly engine: EngineChoice;
  readonly signal: AbortSignal;
  readonly emit: SweepEmit;
}

/** Plans listed trials: see `prepare`. */
export async function prepareTrials(
  trials: readonly Trial[],
  options: PrepareOptions & { readonly outputs: string },
  workspace: string,
): Promise<{ readonly planned: readonly PlannedTrial[]; readonly engine: JsonObject & KeyEngine }> {
  const store = storeOf(options.outputs);
  const { planned, engine } = await prepare(options, async (identity) => ({
    trials: await planTrials(trials, { workspace, store, engine: identity }),
  }));
  return { planned: planned.trials, engine };
}

/** Plans trials. If a stage that needs TensorFlow has to run, makes sure that it is installed, and plans for the engine in use. */
export async function prepare<Planned extends { readonly trials: readonly PlannedTrial[] }>(
  { engine: choice, signal, emit }: PrepareOptions,
  plan: (engine: KeyEngine) => Promise<Planned>,
): Promise<{ readonly planned: Planned; readonly engine: JsonObject & KeyEngine }> {
  const identity = await engineIdentity(choice);
  const first = await plan(identity);
  const needed = first.trials.some(({ plan: { stages } }) =>
    stages.some(({ action, key }) => action === 'run' && key.engine !== undefined),
  );
  if (!needed) return { planned: first, engine: { ...identity } };
  const prepared = await prepareEngine({
    engine: choice,
    signal,
    emit: (event) => emit({ type: 'trial-event', event }),
  });
  const isSame = canonicalJson({ ...prepared }) === canonicalJson({ ...identity });
  return { planned: isSame ? first : await plan(prepared), engine: { ...prepared } };
}
