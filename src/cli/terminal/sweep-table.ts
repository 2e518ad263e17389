/** The results of a sweep as a table, a row for each combination. */
import type { Group, Results } from '../../sweep/results.ts';
import { describeStates, describeSummary, shortName } from '../../sweep/results.ts';
import { shortJson } from '../../sweep/trial.ts';
import { printable, table } from './format.ts';
import type { Style } from './style.ts';

export interface SweepTableOptions {
  /** `stage.metric`, in the order of the columns. */
  readonly metrics: readonly string[];
  /** Width of the terminal. */
  readonly columns: number;
}

/** Columns that do not fit are left out, the last ones first. */
export function renderSweepTable(
  results: Results,
  groups: readonly Group[],
  { metrics, columns }: SweepTableOptions,
  style: Style,
): string {
  const { parameters, best } = results;
  const replicates = Math.max(1, ...groups.map(({ trials }) => trials.length));
  for (let shown = metrics.length; ; shown -= 1) {
    const names = metrics.slice(0, shown);
    const head = ['', ...parameters.map(shortName), 'trials', ...names];
    const rows = groups.map((group) => [
      group === best ? '★' : '',
      ...parameters.map((name) => printable(shortJson(group.parameters[name] ?? ''))),
      describeStates(group, replicates),
      ...names.map((name) => describeSummary(group.metrics.get(name)) || '–'),
    ]);
    const lines = table([head, ...rows]);
    const width = Math.max(...lines.map((line) => line.length));
    if (width > columns && shown > 1) continue;
    return lines
      .map((line, index) =>
        index === 0 ? style('dim', line) : groups[index - 1] === best ? style('bold', line) : line,
      )
      .join('\n');
  }
}
