import type { Sweep } from '../schema/generated/settings.ts';
import { splitMetric } from './check.ts';
import type { TrialOutcome } from './event.ts';
import type { PlannedTrial } from './plan.ts';

/** A trial's outcome, with the value of the sweep's metric. */
export function outcomeOf(
  { sweep }: { readonly sweep: Sweep },
  { id, parameters, replicate, seed }: Pick<PlannedTrial, 'id' | 'parameters' | 'replicate' | 'seed'>,
  end: Omit<TrialOutcome, 'id' | 'parameters' | 'replicate' | 'seed' | 'metrics' | 'value'> &
    Partial<Pick<TrialOutcome, 'metrics'>>,
): TrialOutcome {
  const { metrics = {} } = end;
  const name = sweep.metric?.name;
  const metric = name === undefined ? undefined : splitMetric(name);
  const value = metric === undefined ? undefined : metrics[metric.stage]?.[metric.name];
  return { id, parameters, replicate, seed, ...end, metrics, ...(value === undefined ? {} : { value }) };
}
