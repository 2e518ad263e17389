/** The results of a sweep as a table, one row per combination. */
import type { Group, Results } from '../../sweep/results.ts';
import { columnFormat } from '../../sweep/numbers.ts';
import { describeStates, numbersText } from '../../sweep/results.ts';
import { leftOut, printable, table } from './format.ts';
import type { Style } from './style.ts';

export interface SweepTableOptions {
  /** `stage.metric`, in the order of the columns. */
  readonly metrics: readonly string[];
  /** Numbers of trials by their names. */
  readonly numbers: ReadonlyMap<string, number>;
  /** Width of the terminal. */
  readonly columns: number;
}

/** Columns that do not fit are left out, the last ones first, and listed below. */
export function renderSweepTable(
  results: Results,
  groups: readonly Group[],
  { metrics, numbers, columns }: SweepTableOptions,
  style: Style,
): string {
  const { columns: own, parameters, best } = results;
  const replicates = Math.max(1, ...groups.map(({ trials }) => trials.length));
  const measured = metrics.map((name) => {
    const column = groups.map((group) => group.metrics.get(name));
    return [name, ...aligned(column.map(columnFormat(column)))];
  });
  const head = ['', 'trial', ...parameters.map((name) => own.title(name)), 'done'].map(printable);
  const rows = groups.map((group) => [
    best.has(group) ? '★' : '',
    numbersText(group.trials.map(({ id }) => numbers.get(id) ?? 0)),
    ...parameters.map((name) => printable(own.label(name, group.parameters))),
    describeStates(group, replicates),
  ]);
  for (let shown = metrics.length; ; shown -= 1) {
    const lines = table(
      [head, ...rows].map((row, index) => [
        ...row,
        ...measured.slice(0, shown).map((column) => column[index] ?? ''),
      ]),
    );
    const width = Math.max(...lines.map((line) => line.length));
    if (width > columns && shown > 1) continue;
    const left = metrics.slice(shown);
    const note = left.length === 0 ? [] : ['', style('dim', leftOut(left, columns))];
    return [
      ...lines.map((line, index) => {
        const group = groups[index - 1];
        return group === undefined ? style('dim', line) : best.has(group) ? style('bold', line) : line;
      }),
      ...note,
    ].join('\n');
  }
}

/** Means are right-aligned; their deviations follow. */
function aligned(texts: readonly string[]): readonly string[] {
  const widths = texts.map((text) => text.split(' ± ')[0]?.length ?? 0);
  const width = Math.max(0, ...widths);
  return texts.map((text, index) => `${' '.repeat(width - (widths[index] ?? 0))}${text}`);
}
