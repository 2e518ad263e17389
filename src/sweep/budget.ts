/** The setting that `method: halving` sets, and its values. */
import type { LocatedPipeline } from '../config/pipeline.ts';
import type { Sweep } from '../schema/generated/settings.ts';
import { checkPipeline } from '../plan/check.ts';
import { splitMetric, trainStagesOf } from './check.ts';
import { rungsOf, type Budget, type Halving, type Rung } from './search/halving.ts';

const DEFAULTS: Halving = { eta: 3, min_epochs: 1 };

/**
 * The epochs of the training that the sweep's metric depends on: those of a rung, or all epochs of the pipeline.
 *
 * @param sweep the pipeline's `sweep` block; trials have none
 * @returns undefined for other methods, and if the check of the sweep finds no such training
 */
export function budgetOf(
  located: LocatedPipeline,
  rung?: Rung,
  sweep = located.pipeline.sweep,
): Budget | undefined {
  const { stages } = located.pipeline;
  if (sweep?.method !== 'halving' || sweep.metric === undefined) return undefined;
  const [stage = ''] = trainStagesOf(splitMetric(sweep.metric.name).stage, checkPipeline(located).stages);
  const epochs = stages.get(stage)?.['epochs'];
  return typeof epochs === 'number'
    ? { path: `stages.${stage}.epochs`, epochs: rung?.epochs ?? epochs }
    : undefined;
}

/** @param combinations of the first rung */
export function rungsOfSweep(located: LocatedPipeline, combinations: number): readonly Rung[] | undefined {
  const epochs = budgetOf(located)?.epochs;
  if (epochs === undefined || combinations === 0) return undefined;
  return rungsOf(combinations, epochs, halvingOf(located.pipeline.sweep));
}

export function halvingOf(sweep: Sweep | undefined): Halving {
  return sweep?.halving ?? DEFAULTS;
}
