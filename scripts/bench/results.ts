/** The results of the benchmark, as numbers and as a table. */
import type { BenchCase } from './bench-case.ts';
import type { Stretch } from './protocol.ts';
import { table } from './table.ts';

export interface Result {
  readonly case: string;
  readonly engine: string;
  /** The time of the fastest stretch, since other load can only add time. */
  readonly msPerStep: number;
  /** Time of an epoch of 60,000 images. */
  readonly secondsPerEpoch: number;
  /** Hourglass's time divided by this engine's. */
  readonly ratio: number;
  /** Loss of the last stretch: about the same for all engines after the same number of steps. */
  readonly loss?: number;
}

/** Images per epoch. */
const EPOCH = 60_000;

export function resultsOf(
  name: string,
  batch: number,
  ours: string,
  stretches: ReadonlyMap<string, readonly Stretch[]>,
): Result[] {
  const lowest = new Map(
    [...stretches].map(([engine, all]) => [engine, Math.min(...all.map(({ ms, steps }) => ms / steps))]),
  );
  const own = lowest.get(ours) ?? Number.NaN;
  return [...lowest].map(([engine, msPerStep]) => ({
    case: name,
    engine,
    msPerStep,
    secondsPerEpoch: (msPerStep * EPOCH) / batch / 1000,
    ratio: own / msPerStep,
    loss: stretches.get(engine)?.at(-1)?.loss ?? Number.NaN,
  }));
}

export function resultTable(results: readonly Result[]): string {
  return table(
    ['case', 'engine', 'ms per step', 's per epoch', 'ours / its', 'loss'],
    results.map(({ case: name, engine, msPerStep, secondsPerEpoch, ratio, loss }, index) => [
      results[index - 1]?.case === name ? '' : name,
      engine,
      msPerStep.toFixed(2),
      secondsPerEpoch.toFixed(1),
      ratio.toFixed(2),
      loss?.toFixed(4) ?? '',
    ]),
  );
}

/** What a case costs more than the one without its addition, in percent; no table if there is no such case. */
export function costTable(
  cases: readonly Pick<BenchCase, 'name' | 'without'>[],
  results: readonly Result[],
): readonly string[] {
  const rows = cases.flatMap(({ name, without }) =>
    results
      .filter((result) => result.case === name && result.engine.endsWith(`, ${without}`))
      .map(({ ratio }) => [name, without ?? '', `${(100 * (ratio - 1)).toFixed(1)} %`]),
  );
  return rows.length === 0 ? [] : [table(['case', 'compared with', 'costs more'], rows)];
}
