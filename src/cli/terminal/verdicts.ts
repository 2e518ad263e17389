/** The results of `verify`, as a table with the problems below it. */
import { basename } from 'node:path';
import type { ComparedMetric } from '../../submission/compare.ts';
import { formatTolerance } from '../../submission/compare.ts';
import { basisLines, RESULTS } from '../../submission/marks.ts';
import type { Verdict } from '../../submission/verify.ts';
import { renderDiagnostics } from './diagnostics.ts';
import { formatCount, formatPlural, printable, table } from './format.ts';
import type { Style } from './style.ts';

const COLORS = { ok: 'green', 'ok-tolerances': 'green', mismatch: 'red', unchecked: 'yellow' } as const;

export function renderVerdicts(verdicts: readonly Verdict[], style: Style): string {
  const rows = verdicts.map((verdict) => [
    RESULTS[verdict.result],
    printable(basename(verdict.file)),
    printable(verdict.pipeline?.name ?? '-'),
    String(verdict.pipeline?.seed ?? '-'),
    summarize(verdict),
  ]);
  const lines = table([['result', 'archive', 'pipeline', 'seed', 'checked'], ...rows]).map((line, index) => {
    const result = verdicts[index - 1]?.result;
    if (result === undefined) return style('dim', line);
    return line.replace(RESULTS[result], style(COLORS[result], RESULTS[result]));
  });
  const problems = verdicts
    .filter(({ diagnostics }) => diagnostics.length > 0)
    .map(({ file, diagnostics }) =>
      [style('bold', `${printable(basename(file))}:`), renderDiagnostics(diagnostics, [], style)].join('\n'),
    );
  return [
    ...lines,
    ...bases(verdicts, style),
    ...comparisons(verdicts, style),
    ...problems.map((text) => `\n${text}`),
  ].join('\n');
}

/** `spot: 4 numbers and 20 files; 3 not compared` */
function summarize({ level, comparison, basis, pipeline, result }: Verdict): string {
  if (pipeline === undefined) return 'nothing in it was used';
  if (comparison === undefined)
    return result === 'unchecked' ? `${level}: not done` : 'hashes: nothing was run';
  const { exact, measured, tolerance, notCompared } = basis;
  const sum = (part: 'numbers' | 'files'): number => exact[part] + measured[part] + tolerance[part];
  const left = notCompared.length === 0 ? '' : `; ${formatCount(notCompared.length)} not compared`;
  return `${level}: ${formatPlural(sum('numbers'), 'number')} and ${formatPlural(sum('files'), 'file')} agree${left}`;
}

/** The basis of each verdict; archives with the same basis are grouped. */
function bases(verdicts: readonly Verdict[], style: Style): readonly string[] {
  const groups = new Map<string, string[]>();
  for (const verdict of verdicts) {
    const text = basisLines(verdict)
      .map((line) => `  ${printable(line)}`)
      .join('\n');
    if (text !== '') groups.set(text, [...(groups.get(text) ?? []), printable(basename(verdict.file))]);
  }
  return [...groups].map(([text, names]) => {
    const more = names.length > NAMES ? ` and ${names.length - NAMES} more` : '';
    const head = `basis of the verdict for ${names.slice(0, NAMES).join(', ')}${more}`;
    return `\n${style('dim', `${head}:\n${text}`)}`;
  });
}

/** The most archives that a heading names. */
const NAMES = 3;

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
    style(
      'dim',
      `other platforms, according to the archives: ${[...reasons].map(printable).join(', ')}; so tolerances apply`,
    ),
    ...table(
      [...byTolerance].map(([text, names]) => [`  ${text}`, [...names].map(printable).join(', ')]),
    ).map((line) => style('dim', line)),
  ];
}
