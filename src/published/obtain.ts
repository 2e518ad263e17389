/** Reads what a finished sweep gave for the figures of a publication. */
import type { Store } from '../artifacts/store.ts';
import { canonicalJson } from '../core/json.ts';
import { packageVersion } from '../core/package-root.ts';
import { metricOf, type SweepRecord } from '../sweep/record.ts';
import type { Publication } from './generated/types.ts';
import type { Cost, Obtained, ObtainedFigure } from './record.ts';

/**
 * @param settings the hash of its settings
 * @returns undefined if a figure was not measured with every seed, as when trials failed
 */
export async function obtainedIn(
  { trials, sweep, engine = {} }: SweepRecord,
  { figures }: Publication,
  { settings, store }: { readonly settings: string; readonly store: Store },
): Promise<Obtained | undefined> {
  const seeds = sweep.replicates;
  const obtained = figures.map(({ metric, parameters = {} }): ObtainedFigure => {
    const text = canonicalJson(parameters);
    const own = trials.filter((trial) => canonicalJson(trial.parameters) === text);
    return { metric, parameters, values: own.flatMap(({ metrics }) => metricOf(metrics, metric) ?? []) };
  });
  if (obtained.some(({ values }) => values.length !== seeds)) return undefined;
  const date = new Date().toISOString().slice(0, 10);
  const cost = await costOf(trials, seeds, store);
  return { hourglass: packageVersion, date, engine, settings, seeds, cost, figures: obtained };
}

/** The stages that trials share count once. */
async function costOf(trials: SweepRecord['trials'], seeds: number, store: Store): Promise<Cost> {
  const hashes = new Set(trials.flatMap(({ stages }) => Object.values(stages)));
  const records = (await Promise.all([...hashes].map((hash) => store.lookup(hash)))).flatMap(
    (entry) => entry?.record ?? [],
  );
  const seconds = records.reduce((sum, record) => sum + record.seconds, 0) / seeds;
  const usages = records.flatMap(({ usage }) => usage ?? []);
  if (usages.length < records.length) return { seconds };
  return {
    seconds,
    processor: usages.reduce((sum, { processor }) => sum + processor, 0) / seeds,
    memory: Math.max(...usages.map(({ memory }) => memory)),
  };
}
