/** Verdicts for those who mark: a table of a whole class, and what Gradescope's autograder reads. */
import { basename } from 'node:path';
import type { Json } from '../core/json.ts';
import { writeCsv } from '../core/csv.ts';
import { printable } from '../core/text.ts';
import type { Verdict } from './verify.ts';

/** One line an archive; a column for each metric that any of them has. */
export function marksCsv(verdicts: readonly Verdict[]): string {
  const nameOf = ({ stage, metric }: { stage: string; metric: string }): string => `${stage}.${metric}`;
  const names = [...new Set(verdicts.flatMap(({ metrics }) => metrics.map(nameOf)))];
  const head = [
    'file',
    'seed',
    'pipeline',
    'level',
    'result',
    'comparison',
    'problems',
    'duplicates',
    ...names,
  ];
  const rows = verdicts.map((verdict) => {
    const found = new Map(verdict.metrics.map((metric) => [nameOf(metric), metric.found ?? '']));
    return [
      basename(verdict.file),
      verdict.pipeline?.seed ?? '',
      verdict.pipeline?.name ?? '',
      verdict.level,
      verdict.result,
      verdict.comparison?.kind ?? '',
      problemsOf(verdict).join('; '),
      verdict.duplicates.map((file) => basename(file)).join('; '),
      ...names.map((name) => found.get(name) ?? ''),
    ];
  });
  return writeCsv([head, ...rows]);
}

/** The `results.json` of Gradescope's autograders: one point for each test that is passed. */
export function gradescopeResults(verdict: Verdict): Json {
  const failing = (codes: readonly string[]): readonly string[] =>
    verdict.diagnostics
      .filter(({ severity, code }) => severity === 'error' && codes.includes(code))
      .map(({ message }) => message);
  const assigned = ['assignment-deviation', 'assignment-seed', 'student-unknown', 'submission-duplicate'];
  const unsafe = ['archive-unsafe', 'archive-damaged', 'path-outside', 'file-not-found', 'file-unreadable'];
  const known = new Set<string>([...assigned, ...unsafe]);
  const rest = verdict.diagnostics
    .filter(({ severity, code }) => severity === 'error' && !known.has(code))
    .map(({ message }) => message);
  const reproduced = rest.length === 0 && verdict.result === 'unchecked' ? ['it could not be checked'] : rest;
  const tests = [
    test('The archive is whole', failing(unsafe)),
    test(`The results are those of the pipeline (${verdict.level})`, reproduced),
    test("The assignment's rules are kept", failing(assigned)),
  ];
  return { output: `Verified by Hourglass: ${verdict.result}.`, stdout_visibility: 'hidden', tests };
}

function test(name: string, problems: readonly string[]): Json {
  const passed = problems.length === 0;
  return {
    name,
    score: passed ? 1 : 0,
    max_score: 1,
    status: passed ? 'passed' : 'failed',
    output: problems.map(printable).join('\n'),
    visibility: 'visible',
  };
}

/** The errors of a verdict, in words. */
export function problemsOf({ diagnostics }: Verdict): readonly string[] {
  return diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message);
}
