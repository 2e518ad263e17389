/** Reads what a sweep gave for the figures of a publication. */
import type { Store } from '../artifacts/store.ts';
import { canonicalJson } from '../core/json.ts';
import { packageVersion } from '../core/package-root.ts';
import { metricOf, type SweepRecord } from '../sweep/record.ts';
import type { Publication } from './generated/types.ts';
import type { Cost, Obtained, ObtainedFigure } from './record.ts';

/**
 * A trial that failed, or a metric that is not finite, leaves a figure with fewer values than there are seeds.
 *
 * @param settings the hash of its settings
 */
export async function obtainedIn(
  { trials, sweep, engine = {} }: SweepRecord,
  { figures }: Publication,
  { settings, store }: { readonly settings: string; readonly store: Store },
): Promise<Obtained> {
  const seeds = sweep.replicates;
  const obtained = figures.map(({ metric, parameters = {} }): ObtainedFigure => {
    const text = canonicalJson(parameters);
    const own = trials.filter((trial) => canonicalJson(trial.parameters) === text);
    return { metric, parameters, values: own.flatMap(({ metrics }) => metricOf(metrics, metric) ?? []) };
  });
  const date = new Date().toISOString().slice(0, 10);
  const cost = await costOf(trials, seeds, store);
  const own = { hourglass: packageVersion, date, engine, settings, seeds };
  return { ...own, ...(cost === undefined ? {} : { cost }), figures: obtained };
}

/**
 * What one seed took. The stages that trials share count once.
 *
 * @returns undefined if this is not known: a trial failed, or an old version did not record it
 */
async function costOf(trials: SweepRecord['trials'], seeds: number, store: Store): Promise<Cost | undefined> {
  if (trials.some(({ state }) => state !== 'done' && state !== 'kept')) return undefined;
  const hashes = new Set(trials.flatMap(({ stages }) => Object.values(stages)));
  const records = (await Promise.all([...hashes].map((hash) => store.lookup(hash)))).flatMap(
    (entry) => entry?.record ?? [],
  );
  const usages = records.flatMap(({ usage }) => usage ?? []);
  if (usages.length < records.length) return undefined;
  return {
    seconds: records.reduce((sum, record) => sum + record.seconds, 0) / seeds,
    processor: usages.reduce((sum, { processor }) => sum + processor, 0) / seeds,
    memory: Math.max(...usages.map(({ memory }) => memory)),
  };
}
