/** The comparison of published numbers with ours, as texts: for the terminal, and for the documents. */
import { formatBytes, formatSeconds } from '../core/format.ts';
import { canonicalJson } from '../core/json.ts';
import { columnFormat } from '../sweep/numbers.ts';
import type { Publication, PublishedFigure } from './generated/types.ts';
import { summarize } from '../sweep/results.ts';
import type { Cost, Obtained } from './record.ts';
import { judge, type Verdict } from './verdict.ts';

export interface ComparedFigure {
  readonly figure: PublishedFigure;
  /** `0.0914 ± 0.0002`, or `–` */
  readonly obtained: string;
  /** One for each seed that measured it. */
  readonly values: readonly number[];
  /** Absent if a seed did not measure the figure. */
  readonly mean?: number;
  readonly deviation?: number;
  readonly verdict: Verdict;
}

/** The figures of a publication that a run of its pipeline was to measure. */
export function compareFigures(
  { figures }: Publication,
  { figures: obtained, seeds }: Pick<Obtained, 'figures' | 'seeds'>,
): readonly ComparedFigure[] {
  return figures.flatMap((figure): readonly ComparedFigure[] => {
    const { metric, parameters = {} } = figure;
    const text = canonicalJson(parameters);
    const own = obtained.find((each) => each.metric === metric && canonicalJson(each.parameters) === text);
    // The record may be older than the figure.
    if (own === undefined) return [];
    const { values } = own;
    if (values.length < seeds) {
      const text = seeds === 1 ? 'not obtained' : `not obtained: ${values.length} of ${seeds} seeds`;
      const verdict: Verdict = { state: 'not obtained', text };
      return [{ figure, obtained: '–', values, verdict }];
    }
    const { count: _count, ...quantity } = summarize(values);
    const verdict = judge(figure, quantity.mean);
    return [{ figure, obtained: columnFormat([quantity])(quantity), values, ...quantity, verdict }];
  });
}

/** `1 min 03 s, 1 min 58 s of processor time, 612 MB` */
export function describeCost({ seconds, processor, memory }: Cost): string {
  return `${formatSeconds(seconds)}, ${formatSeconds(processor)} of processor time, ${formatBytes(memory)}`;
}
