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
  /** `0.0914 ± 0.0002` */
  readonly obtained: string;
  /** One for each seed. */
  readonly values: readonly number[];
  readonly mean: number;
  readonly deviation?: number;
  readonly verdict: Verdict;
}

/** The figures of a publication that were obtained. */
export function compareFigures({ figures }: Publication, obtained: Obtained): readonly ComparedFigure[] {
  return figures.flatMap((figure) => {
    const { metric, parameters = {} } = figure;
    const text = canonicalJson(parameters);
    const own = obtained.figures.find(
      (each) => each.metric === metric && canonicalJson(each.parameters) === text,
    );
    if (own === undefined || own.values.length === 0) return [];
    const { values } = own;
    const { count: _count, ...quantity } = summarize(values);
    const verdict = judge(figure, quantity.mean);
    return [{ figure, obtained: columnFormat([quantity])(quantity), values, ...quantity, verdict }];
  });
}

/** `1 min 03 s, 1 min 58 s of processor time, 612 MB` */
export function describeCost({ seconds, processor, memory }: Cost): string {
  return [
    formatSeconds(seconds),
    ...(processor === undefined ? [] : [`${formatSeconds(processor)} of processor time`]),
    ...(memory === undefined ? [] : [formatBytes(memory)]),
  ].join(', ');
}
