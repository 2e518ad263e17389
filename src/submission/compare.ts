/** Compares submitted numbers with recomputed ones: bit by bit, or within tolerances. */
import { canonicalJson } from '../core/json.ts';
import type { KeyEngine } from '../plan/make.ts';
import type { Environment, PackedMetric, PackedProcessor } from './generated/types.ts';

/** How numbers and files are compared, and why. */
export interface Comparison {
  readonly kind: 'exact' | 'tolerance';
  /**
   * Differences between the archive's machine, as it describes it, and this one; none for `exact`. The description is not proven,
   * so the verdict names it wherever it excuses a difference.
   */
  readonly differences: readonly string[];
  /** Whether results of stages without TensorFlow must still be equal: they depend only on Hourglass and Node. */
  readonly data: 'exact' | 'tolerance';
}

/** The allowed difference from a submitted number. */
export interface Tolerance {
  /** Null allows any number. */
  readonly absolute: number | null;
  /** As a share of the submitted number. */
  readonly relative: number;
}

/** How a number was recomputed: from the submitted models, or by training again. */
export type FoundBy = 'measuring' | 'training';

export interface ComparedMetric {
  readonly stage: string;
  readonly metric: string;
  readonly by: FoundBy;
  readonly claimed: number;
  /** Absent if the stage did not produce this number again. */
  readonly found?: number;
  /** Absent if the two must be bit-identical. */
  readonly tolerance?: Tolerance;
  readonly agrees: boolean;
}

/** The properties of this machine that results depend on. */
export interface Here {
  readonly engine: KeyEngine;
  readonly processor: PackedProcessor;
  readonly hourglass: string;
  readonly node: string;
  readonly packages: string;
}

/** Exact on an equal platform: the same engine, processor and software. The number of threads is taken from the archive. */
export function comparisonFor(claimed: Environment, here: Here): Comparison {
  const software = softwareDifferences(claimed, here);
  const machine: string[] = [];
  const { engine } = claimed;
  const ours = here.engine;
  if (engine.kind !== ours.kind || engine.version !== ours.version || engine.platform !== ours.platform) {
    const named = ({ version, platform }: { version: string; platform: string }): string =>
      `${version} on ${platform}`;
    machine.push(`the engine (${named(engine)}; here ${named(ours)})`);
  }
  if (claimed.processor.model !== here.processor.model) {
    machine.push(`the processor (${claimed.processor.model}; here ${here.processor.model})`);
  } else if (canonicalJson(claimed.processor.features) !== canonicalJson(here.processor.features)) {
    machine.push("the processor's vector instructions");
  }
  const differences = [...machine, ...software];
  return {
    kind: differences.length === 0 ? 'exact' : 'tolerance',
    differences,
    data: software.length === 0 ? 'exact' : 'tolerance',
  };
}

/** Differences that may change even results computed without TensorFlow. */
function softwareDifferences(claimed: Environment, here: Here): readonly string[] {
  const differences: string[] = [];
  if (claimed.hourglass !== here.hourglass) {
    differences.push(`Hourglass (${claimed.hourglass}; here ${here.hourglass})`);
  } else if (claimed.packages !== here.packages && claimed.packages !== '' && here.packages !== '') {
    differences.push('the packages that Hourglass uses (another version of one of them)');
  }
  // Its mathematical functions change with major versions.
  if (majorOf(claimed.node) !== majorOf(here.node)) {
    differences.push(`Node.js (${claimed.node}; here ${here.node})`);
  }
  return differences;
}

const majorOf = (version: string): string => /^v?(\d+)/.exec(version)?.[1] ?? version;

/** Compares the numbers of a stage. */
export function compareMetrics(
  stage: string,
  claimed: readonly PackedMetric[],
  found: Readonly<Record<string, number>>,
  { exact, by }: { readonly exact: boolean; readonly by: FoundBy },
): readonly ComparedMetric[] {
  const names = new Set([...claimed.map(({ name }) => name), ...Object.keys(found)]);
  const values = new Map(claimed.map(({ name, value }) => [name, value]));
  return [...names].map((metric) => {
    const before = values.get(metric) ?? NaN;
    const now = Object.hasOwn(found, metric) ? found[metric] : undefined;
    const tolerance = exact ? undefined : toleranceOf(metric, by);
    return {
      stage,
      metric,
      by,
      claimed: before,
      ...(now === undefined ? {} : { found: now }),
      ...(tolerance === undefined ? {} : { tolerance }),
      agrees: now !== undefined && within(before, now, tolerance),
    };
  });
}

/** Whether a number is within the allowed difference from the submitted one. */
export function within(claimed: number, found: number, tolerance: Tolerance | undefined): boolean {
  if (tolerance === undefined) return claimed === found;
  if (tolerance.absolute === null) return true;
  return Math.abs(found - claimed) <= tolerance.absolute + tolerance.relative * Math.abs(claimed);
}

const EXACT: Tolerance = { absolute: 0, relative: 0 };
const ANY: Tolerance = { absolute: null, relative: 0 };

/**
 * On another platform, sums are rounded differently. If the same weights are evaluated, only rounding differs. In training, the
 * differences grow with each step.
 */
export function toleranceOf(metric: string, by: FoundBy): Tolerance {
  const name = metric.replace(/^(?:train|test|val)_/, '');
  const measuring = by === 'measuring';
  if (/^(?:images|parameters)$/.test(name)) return EXACT;
  if (/^(?:epochs|best_epoch|epoch_of_model|epoch_of_best)$/.test(name)) return measuring ? EXACT : ANY;
  if (name === 'iterations') return ANY;
  // It counts values, some of which are near a threshold.
  if (name === 'active_units') return measuring ? { absolute: 1, relative: 0 } : ANY;
  // An estimate near 0, of either sign.
  if (name === 'mmd') return { absolute: measuring ? 1e-5 : 0.02, relative: measuring ? 0.001 : 0.1 };
  // A vector halfway between two codes may get the other one.
  if (name === 'perplexity') return { absolute: 0, relative: measuring ? 0.01 : 0.3 };
  if (name === 'psnr') return { absolute: measuring ? 0.01 : 0.5, relative: 0 };
  if (name === 'ssim') return { absolute: measuring ? 0.001 : 0.03, relative: 0 };
  if (/^(?:roc_auc|average_precision|precision|recall|false_positive_rate|flagged_share)$/.test(name))
    return { absolute: measuring ? 0.005 : 0.05, relative: 0 };
  if (/accuracy/.test(name)) return { absolute: measuring ? 0.002 : 0.03, relative: 0 };
  return { absolute: 1e-6, relative: measuring ? 0.001 : 0.1 };
}

/**
 * The tolerance for a number of a training's history after an epoch (from 1). In their first steps, two runs of the same pipeline
 * and seed differ only by rounding, so they hardly differ in the first epoch.
 */
export function historyTolerance(column: string, epoch: number): Tolerance {
  // An estimate near 0, of either sign, whose parts are at most 1.
  const isDiscrepancy = column === 'mmd' || column === 'val_mmd';
  // Vectors near the middle of two codes may get the other one, as in `toleranceOf`.
  const isPerplexity = column === 'perplexity' || column === 'val_perplexity';
  if (isPerplexity) return { absolute: 0, relative: Math.min(0.3, 0.03 * 2 ** (epoch - 1)) };
  return {
    absolute: isDiscrepancy ? Math.min(0.02, 0.001 * 2 ** (epoch - 1)) : 1e-6,
    relative: Math.min(0.1, 0.01 * 2 ** (epoch - 1)),
  };
}

/** `±10 %`, `±0.5`, `any`. */
export function formatTolerance({ absolute, relative }: Tolerance): string {
  if (absolute === null) return 'any';
  if (relative > 0) return `±${Number((relative * 100).toPrecision(2))} %`;
  return absolute === 0 ? 'equal' : `±${absolute}`;
}
