/** A sweep's parameters, if there are three or more, and its metric, as parallel coordinates. */
import type { Figure } from '../figures/figure.ts';
import { parallelChart, type ParallelAxis } from '../figures/parallel.ts';
import { columnFormat } from './numbers.ts';
import type { SweepRecord } from './record.ts';
import { parameterValues, type Group, type Results } from './results.ts';
import { isRange } from './values.ts';

/** Maximum number of axes, and of categories on one: more would be too close together. */
const MOST_PARAMETERS = 10;
const MOST_CATEGORIES = 20;
const FEWEST_PARAMETERS = 3;
/** Positive numbers that span at least this factor get a logarithmic axis. */
const WIDE = 10;

/** @param nameOf returns the display name of a metric */
export function drawParallel(
  { record, results }: { readonly record: SweepRecord; readonly results: Results },
  nameOf: (metric: string) => string,
): Figure | undefined {
  const { metric, replicates } = record.sweep;
  const parameters = results.parameters.slice(0, MOST_PARAMETERS);
  if (metric === undefined || parameters.length < FEWEST_PARAMETERS) return undefined;
  const measured = results.groups.filter(({ metrics }) => metrics.has(metric.name));
  if (measured.length < 2) return undefined;
  const meanOf = ({ metrics }: Group): number => metrics.get(metric.name)?.mean ?? Number.NaN;
  const sign = metric.goal === 'minimize' ? -1 : 1;
  const order = measured.toSorted((a, b) => sign * (meanOf(a) - meanOf(b)));
  const ranks = new Map(order.map((group, index) => [group, index / Math.max(1, order.length - 1)]));
  const columns = parameters.map((name) => columnOf(name, record, results, measured));
  const means = measured.map(meanOf);
  const format = columnFormat(means.map((mean) => ({ mean })));
  const better = metric.goal === 'minimize' ? 'lower' : 'higher';
  const isMarked = results.best.size > 0 && results.best.size <= 5;
  return parallelChart({
    title: `${nameOf(metric.name)} by ${results.parameters.length} parameters`,
    subtitle:
      `${measured.length} combinations${replicates > 1 ? `, means of ${replicates} seeds` : ''}; ${better} is better` +
      `${isMarked ? '; the best in blue' : ''}, better ones darker.`,
    axes: [...columns.map(({ axis }) => axis), { label: metric.name, kind: 'numbers', log: isWide(means) }],
    lines: measured.map((group) => ({
      // If several tie, one of them.
      ...(isMarked && group === [...results.best][0] ? { label: format({ mean: meanOf(group) }) } : {}),
      values: [...columns.map(({ valueOf }) => valueOf(group)), meanOf(group)],
      rank: ranks.get(group) ?? 0,
      best: isMarked && results.best.has(group),
    })),
  });
}

interface Column {
  readonly axis: ParallelAxis;
  readonly valueOf: (group: Group) => number | undefined;
}

function columnOf(
  name: string,
  { sweep }: SweepRecord,
  { columns }: Results,
  groups: readonly Group[],
): Column {
  const label = columns.title(name);
  const values = parameterValues(groups, name);
  const numbers = values.filter((value) => typeof value === 'number');
  if (numbers.length === values.length && groups.every(({ parameters }) => Object.hasOwn(parameters, name))) {
    const parameter = sweep.parameters[name];
    const isLog = parameter !== undefined && isRange(parameter) && parameter.log;
    const log = (isLog && numbers.every((value) => value > 0)) || isWide(numbers);
    return { axis: { label, kind: 'numbers', log }, valueOf: ({ parameters }) => Number(parameters[name]) };
  }
  const labels = [...new Set(groups.map(({ parameters }) => columns.label(name, parameters)))];
  const shown = labels.slice(0, MOST_CATEGORIES);
  return {
    axis: { label, kind: 'categories', categories: shown },
    valueOf: ({ parameters }) => {
      const place = shown.indexOf(columns.label(name, parameters));
      return place === -1 ? undefined : place;
    },
  };
}

function isWide(values: readonly number[]): boolean {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low > 0 && high / low >= WIDE;
}
