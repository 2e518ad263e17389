/** The default metric of a sweep. */
import { goalOf } from '../config/over.ts';
import type { LocatedPipeline } from '../config/pipeline.ts';
import type { CheckResult } from '../plan/check.ts';
import type { Sweep } from '../schema/generated/settings.ts';

/**
 * The first metric of the only `evaluate` stage, on the test images if it evaluates several splits; without such a stage, of the
 * only `anomaly` stage.
 *
 * @returns undefined if there is not exactly one such stage
 */
export function obviousMetric({ pipeline }: LocatedPipeline, { outputs }: CheckResult): Sweep['metric'] {
  const ofType = (wanted: string) => [...pipeline.stages].filter(([, { type }]) => type === wanted);
  const evaluations = ofType('evaluate');
  const [first, another] = evaluations.length > 0 ? evaluations : ofType('anomaly');
  if (first === undefined || another !== undefined) return undefined;
  const output = outputs.get(first[0]);
  const names = output?.kind === 'metrics' || output?.kind === 'scores' ? output.names : [];
  const name = names.find((each) => each.startsWith('test_')) ?? names[0];
  if (name === undefined) return undefined;
  const metric = `${first[0]}.${name}`;
  const goal = goalOf(metric);
  return goal === undefined ? undefined : { name: metric, goal };
}

/** The pipeline with a metric for its sweep. */
export function withMetric(located: LocatedPipeline, metric: NonNullable<Sweep['metric']>): LocatedPipeline {
  const { pipeline } = located;
  const { sweep } = pipeline;
  return sweep === undefined
    ? located
    : { ...located, pipeline: { ...pipeline, sweep: { ...sweep, metric } } };
}
