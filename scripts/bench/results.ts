/** What the benchmark found, as numbers and as a table. */
import type { Stretch } from './protocol.ts';
import { table } from './table.ts';

export interface Result {
  readonly case: string;
  readonly engine: string;
  /** The lowest of all stretches: whatever else the machine does only adds. */
  readonly msPerStep: number;
  /** Of 60,000 images. */
  readonly secondsPerEpoch: number;
  /** Our time as a share of this engine's. */
  readonly ratio: number;
  /** Of the last stretch: about the same for all that were trained for as many steps. */
  readonly loss?: number;
}

/** Images of one epoch. */
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
    ['case', 'engine', 'ms a step', 's an epoch', 'ours / its', 'loss'],
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
