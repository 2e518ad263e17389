/**
 * Whether a result belongs to the settings shown with it. Only this module decides it: the journal, the terminal, the report,
 * `pack` and sweeps all use it.
 *
 * A stage's key holds everything that its result depends on, including the keys of its inputs. So the result shown in
 * `outputs/<name>/<stage>` belongs to certain settings exactly if its hash is the hash of the stage's key under those settings.
 */
import type { Json } from '../core/json.ts';

/** `current`: produced with these settings. `outdated`: produced with others. `missing`: there is no result. */
export type Standing = 'current' | 'outdated' | 'missing';

/**
 * @param shown hash of the key of the existing result; undefined if there is no result
 * @param wanted hash of the stage's key under the settings; undefined where it cannot be determined, so that nothing matches
 */
export function standingOf(shown: string | undefined, wanted: string | undefined): Standing {
  if (shown === undefined) return 'missing';
  return shown === wanted ? 'current' : 'outdated';
}

/** One difference between the key of an outdated result and the current key, in the stage itself or one that it depends on. */
export interface StageChange {
  /** The stage whose settings differ. */
  readonly stage: string;
  /** Such as `params.units`, `encoder[3].Dense.units`, `seed` or `engine.version`. */
  readonly path: string;
  /** Absent where there was no value. If `after` is absent as well, the values are unknown. */
  readonly before?: Json;
  readonly after?: Json;
  /** For `version`: the version of Hourglass that made the result, if it is known and another one. */
  readonly madeBy?: string;
}

/** `params.units 4 → 32`, or `noisy.stddev 0.5 → 0.3` */
export function describeChange({ stage, path, before, after, madeBy }: StageChange): string {
  const [part = ''] = path.split(/[.[]/);
  if (part === 'files') return `the data files of ${stage}`;
  if (part === 'code') return `the plugin of ${stage}`;
  if (part === 'version')
    return madeBy === undefined ? 'the version of Hourglass' : `made by Hourglass ${madeBy}`;
  const name = ['params', 'seed', 'engine', 'threads'].includes(part) ? path : `${stage}.${path}`;
  if (before === undefined && after === undefined) return name;
  if (before === undefined) return `${name} ${short(after)} was added`;
  if (after === undefined) return `${name} ${short(before)} was removed`;
  return `${name} ${short(before)} → ${short(after)}`;
}

/** Maximum differences listed; the others are only counted. */
const MOST_CHANGES = 3;

/** `params.units 4 → 32, seed 7 → 8 and 2 more`; empty if nothing is known. */
export function describeChanges(changes: readonly StageChange[]): string {
  // The user's changes come before those of another version.
  const isOwn = ({ path }: StageChange): boolean => path !== 'version';
  const inOrder = [...changes.filter(isOwn), ...changes.filter((change) => !isOwn(change))];
  const texts = [...new Set(inOrder.map(describeChange))];
  const shown = texts.slice(0, MOST_CHANGES).join(', ');
  return texts.length > MOST_CHANGES ? `${shown} and ${texts.length - MOST_CHANGES} more` : shown;
}

/** Longer values are shortened. */
const LONGEST_VALUE = 40;

function short(value: Json | undefined): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 1)}…` : text;
}
