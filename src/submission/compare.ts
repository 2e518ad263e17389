/** Numbers that were handed in against those found again: equal to the last bit, or within tolerances. */
import { canonicalJson } from '../core/json.ts';
import type { KeyEngine } from '../plan/make.ts';
import type { Environment, PackedMetric, PackedProcessor } from './generated/types.ts';

/** Which levels run something. */
export type RunLevel = 'spot' | 'full';

/** How numbers were compared, and why. */
export interface Comparison {
  readonly kind: 'exact' | 'tolerance';
  /** What differs between the two machines; none for `exact`. */
  readonly differences: readonly string[];
}

/** How far a number may be from what was handed in. */
export interface Tolerance {
  /** Null: any number will do. */
  readonly absolute: number | null;
  /** As a share of what was handed in. */
  readonly relative: number;
}

export interface ComparedMetric {
  readonly stage: string;
  readonly metric: string;
  readonly claimed: number;
  /** Absent where the stage gave no such number again. */
  readonly found?: number;
  /** Absent where the two must be equal to the last bit. */
  readonly tolerance?: Tolerance;
  readonly agrees: boolean;
}

/** Exact on an equal platform: the same engine and the same processor; the threads are those of the archive. */
export function comparisonFor(
  claimed: Environment,
  here: { readonly engine: KeyEngine; readonly processor: PackedProcessor },
): Comparison {
  const differences: string[] = [];
  const { engine } = claimed;
  const ours = here.engine;
  if (engine.kind !== ours.kind || engine.version !== ours.version || engine.platform !== ours.platform) {
    const named = ({ version, platform }: { version: string; platform: string }): string =>
      `${version} on ${platform}`;
    differences.push(`the engine (${named(engine)}; here ${named(ours)})`);
  }
  if (claimed.processor.model !== here.processor.model) {
    differences.push(`the processor (${claimed.processor.model}; here ${here.processor.model})`);
  } else if (canonicalJson(claimed.processor.features) !== canonicalJson(here.processor.features)) {
    differences.push("the processor's vector instructions");
  }
  return { kind: differences.length === 0 ? 'exact' : 'tolerance', differences };
}

/** Compares the numbers of a stage. */
export function compareMetrics(
  stage: string,
  claimed: readonly PackedMetric[],
  found: Readonly<Record<string, number>>,
  { comparison, level }: { readonly comparison: Comparison; readonly level: RunLevel },
): readonly ComparedMetric[] {
  const names = new Set([...claimed.map(({ name }) => name), ...Object.keys(found)]);
  const values = new Map(claimed.map(({ name, value }) => [name, value]));
  return [...names].map((metric) => {
    const before = values.get(metric) ?? NaN;
    const now = Object.hasOwn(found, metric) ? found[metric] : undefined;
    const tolerance = comparison.kind === 'exact' ? undefined : toleranceOf(metric, level);
    return {
      stage,
      metric,
      claimed: before,
      ...(now === undefined ? {} : { found: now }),
      ...(tolerance === undefined ? {} : { tolerance }),
      agrees: now !== undefined && within(before, now, tolerance),
    };
  });
}

function within(claimed: number, found: number, tolerance: Tolerance | undefined): boolean {
  if (tolerance === undefined) return claimed === found;
  if (tolerance.absolute === null) return true;
  return Math.abs(found - claimed) <= tolerance.absolute + tolerance.relative * Math.abs(claimed);
}

const EXACT: Tolerance = { absolute: 0, relative: 0 };
const ANY: Tolerance = { absolute: null, relative: 0 };

/**
 * On another platform the last bits of a sum differ. Measuring the same weights again, that is all; training anew, the bits
 * grow step by step into another minimum, about as far off as that of another seed.
 */
export function toleranceOf(metric: string, level: RunLevel): Tolerance {
  const name = metric.replace(/^(?:train|test|val)_/, '');
  const spot = level === 'spot';
  if (/^(?:images|parameters)$/.test(name)) return EXACT;
  if (/^(?:epochs|best_epoch)$/.test(name)) return spot ? EXACT : ANY;
  if (name === 'psnr') return { absolute: spot ? 0.01 : 0.5, relative: 0 };
  if (name === 'ssim') return { absolute: spot ? 0.001 : 0.03, relative: 0 };
  if (/accuracy/.test(name)) return { absolute: spot ? 0.002 : 0.03, relative: 0 };
  return { absolute: 1e-6, relative: spot ? 0.001 : 0.1 };
}

/** `±10 %`, `±0.5`, `any`. */
export function formatTolerance({ absolute, relative }: Tolerance): string {
  if (absolute === null) return 'any';
  if (relative > 0) return `±${Number((relative * 100).toPrecision(2))} %`;
  return absolute === 0 ? 'equal' : `±${absolute}`;
}
