/** What `verify` found, as a table and the problems below it. */
import { basename } from 'node:path';
import type { ComparedMetric } from '../../submission/compare.ts';
import { formatTolerance } from '../../submission/compare.ts';
import type { Verdict } from '../../submission/verify.ts';
import { renderDiagnostics } from './diagnostics.ts';
import { formatCount, formatPlural, printable, table } from './format.ts';
import type { Style } from './style.ts';

const COLORS = { ok: 'green', mismatch: 'red', unchecked: 'yellow' } as const;

export function renderVerdicts(verdicts: readonly Verdict[], style: Style): string {
  const rows = verdicts.map((verdict) => [
    verdict.result,
    printable(basename(verdict.file)),
    printable(verdict.pipeline?.name ?? '-'),
    String(verdict.pipeline?.seed ?? '-'),
    summarize(verdict),
  ]);
  const lines = table([['result', 'archive', 'pipeline', 'seed', 'checked'], ...rows]).map((line, index) => {
    const result = verdicts[index - 1]?.result;
    if (result === undefined) return style('dim', line);
    return line.replace(result, style(COLORS[result], result));
  });
  const problems = verdicts
    .filter(({ diagnostics }) => diagnostics.length > 0)
    .map(({ file, diagnostics }) =>
      [style('bold', `${printable(basename(file))}:`), renderDiagnostics(diagnostics, [], style)].join('\n'),
    );
  return [...lines, ...comparisons(verdicts, style), ...problems.map((text) => `\n${text}`)].join('\n');
}

/** `spot: 4 numbers equal to the last bit` */
function summarize({ level, comparison, metrics, filesCompared, pipeline, result }: Verdict): string {
  if (pipeline === undefined) return 'nothing of it was used';
  if (comparison === undefined) return result === 'unchecked' ? `${level}: not done` : `hashes`;
  const agreeing = metrics.filter(({ agrees }) => agrees).length;
  const numbers =
    agreeing === metrics.length
      ? formatPlural(metrics.length, 'number')
      : `${agreeing} of ${formatPlural(metrics.length, 'number')}`;
  const files = filesCompared === 0 ? '' : ` and ${formatCount(filesCompared)} files`;
  return comparison.kind === 'exact'
    ? `${level}: ${numbers}${files}, compared bit by bit`
    : `${level}: ${numbers}, compared within tolerances`;
}

/** Which tolerances were applied, and why. */
function comparisons(verdicts: readonly Verdict[], style: Style): readonly string[] {
  const loose = verdicts.filter(({ comparison }) => comparison?.kind === 'tolerance');
  if (loose.length === 0) return [];
  const reasons = new Set(loose.flatMap(({ comparison }) => comparison?.differences ?? []));
  const byTolerance = new Map<string, Set<string>>();
  for (const { metric, tolerance } of loose.flatMap(({ metrics }): readonly ComparedMetric[] => metrics)) {
    if (tolerance === undefined) continue;
    const text = formatTolerance(tolerance);
    byTolerance.set(text, (byTolerance.get(text) ?? new Set()).add(metric));
  }
  return [
    '',
    style('dim', `tolerances, because of another platform: ${[...reasons].map(printable).join(', ')}`),
    ...table(
      [...byTolerance].map(([text, names]) => [`  ${text}`, [...names].map(printable).join(', ')]),
    ).map((line) => style('dim', line)),
  ];
}
