/** The result of a run in a few lines: the numbers, where to look and, after a failure, how to resume. */
import { describeChanges } from '../../artifacts/standing.ts';
import type { RunResult, StageOutcome } from '../../run/types.ts';
import { formatMetrics, formatPlural, formatSeconds, printable } from './format.ts';
import { describeAll } from './progress.ts';
import type { Style } from './style.ts';

export interface SummaryOptions {
  /** The path of the workspace from the working folder, with a slash at the end. */
  readonly folder: string;
  /** Whether to list all stages; false if they were printed as they finished. */
  readonly stages: boolean;
  /** Whether the workspace contains a report. */
  readonly report: boolean;
  /** The command that runs all stages with the same settings. */
  readonly command: string;
}

export function renderSummary(
  result: RunResult,
  { folder, stages, report, command }: SummaryOptions,
  style: Style,
): string {
  const outdated = renderOutdated(result, command, style);
  if (result.state === 'unchanged') {
    const head = `${style('green', 'nothing to do')}: ${upToDate(result.stages.length)} in ${style('cyan', folder)}`;
    return [head, ...outdated].join('\n');
  }
  const lines: string[] = [];
  if (stages) {
    const finished = result.stages.map((stage) => ({ ...stage, stage: stage.name }));
    lines.push(...describeAll(finished, style));
  }
  if (lines.length > 0) lines.push('');
  lines.push(`${HEADS[result.state](style)} in ${formatSeconds(result.seconds)}${counts(result.stages)}`);
  if (!stages) {
    const measured = result.stages.filter(
      ({ type, metrics }) => (type === 'evaluate' || type === 'anomaly') && Object.keys(metrics).length > 0,
    );
    lines.push(...measured.map(({ name, metrics }) => `  ${name}: ${formatMetrics(metrics)}`));
  }
  const figures = result.stages
    .flatMap(({ highlights }) => highlights)
    .filter((path) => path.endsWith('.png'));
  const last = report ? ['report.html'] : figures.length === 0 ? [''] : [];
  const shown = [...figures, ...last];
  return [...lines, ...shown.map((path) => `  ${style('cyan', `${folder}${path}`)}`), ...outdated].join('\n');
}

/** The results in the outputs that are not from these settings. A run that did not finish prints its own command. */
function renderOutdated({ state, results }: RunResult, command: string, style: Style): readonly string[] {
  const outdated = results.filter(({ result }) => result === 'outdated');
  if (outdated.length === 0) return [];
  const names = outdated.map(({ name }) => name).join(', ');
  const differs = printable(describeChanges(outdated.flatMap(({ changes }) => changes)));
  const isOver = state === 'done' || state === 'unchanged';
  return [
    `${style('yellow', 'outdated')}: ${names} ${outdated.length === 1 ? 'is' : 'are'} of earlier settings${differs === '' ? '' : ` (${differs})`}`,
    ...(isOver ? [`  to update ${outdated.length === 1 ? 'it' : 'them'}: ${style('bold', command)}`] : []),
  ];
}

const HEADS: Readonly<Record<'done' | 'failed' | 'interrupted', (style: Style) => string>> = {
  done: (style) => style('green', 'done'),
  failed: (style) => style('red', 'failed'),
  interrupted: (style) => style('yellow', 'interrupted'),
};

function upToDate(count: number): string {
  return count === 1 ? 'the stage is up to date' : `all ${count} stages are up to date`;
}

/** `: 5 stages ran, 2 from the cache` */
function counts(stages: readonly StageOutcome[]): string {
  const count = (wanted: StageOutcome['state']): number =>
    stages.filter(({ state }) => state === wanted).length;
  const words = [
    [count('ran'), (number: number) => `${formatPlural(number, 'stage')} ran`],
    [count('cached'), (number: number) => `${number} from the cache`],
    [count('failed'), (number: number) => `${number} failed`],
    [count('interrupted'), (number: number) => `${number} interrupted`],
    [count('skipped'), (number: number) => `${number} not run`],
  ] as const;
  const known = words.filter(([number]) => number > 0).map(([number, say]) => say(number));
  return known.length === 0 ? '' : `: ${known.join(', ')}`;
}

/** After a failure or an interruption: the results that are kept, and the command to resume. */
export function renderAdvice(result: RunResult, command: string, style: Style): string {
  const kept = result.stages
    .filter(({ state }) => state === 'ran' || state === 'cached')
    .map(({ name }) => name);
  const begun = result.stages.flatMap(({ name, epochsKept }) =>
    epochsKept === undefined ? [] : [`${formatPlural(epochsKept, 'epoch')} of ${name}`],
  );
  const finished =
    kept.length === 0
      ? []
      : [`${kept.join(', ')} (${kept.length} of ${formatPlural(result.stages.length, 'stage')})`];
  const all = [...finished, ...begun];
  const what = all.length === 0 ? 'No stage finished.' : `Kept: ${all.join('; ')}.`;
  return `${what} To resume:\n  ${style('bold', command)}`;
}
