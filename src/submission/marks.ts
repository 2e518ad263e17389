/** Verdicts for markers: a table of a whole class, and the file that Gradescope's autograder reads. */
import { basename } from 'node:path';
import { errorsOf } from '../core/diagnostic.ts';
import type { Json } from '../core/json.ts';
import { writeCsv } from '../formats/csv.ts';
import { printable } from '../core/text.ts';
import type { Verdict } from './verify.ts';

/** One line per archive; a column for each metric that any of them has. */
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
    'exact',
    'measured',
    'tolerance',
    'not_compared',
    'problems',
    'duplicates',
    ...names,
  ];
  const rows = verdicts.map((verdict) => {
    // The metrics of the submitted models if they were measured, not those after training again.
    const byClosest = verdict.metrics.toSorted((a, b) => b.by.localeCompare(a.by));
    const found = new Map(byClosest.map((metric) => [nameOf(metric), metric.found ?? '']));
    return [
      basename(verdict.file),
      verdict.pipeline?.seed ?? '',
      verdict.pipeline?.name ?? '',
      verdict.level,
      verdict.result,
      verdict.comparison?.kind ?? '',
      ...(['exact', 'measured', 'tolerance'] as const).map(
        (how) => verdict.basis[how].numbers + verdict.basis[how].files,
      ),
      verdict.basis.notCompared.map(({ what }) => what).join('; '),
      problemsOf(verdict).join('; '),
      verdict.duplicates.map((file) => basename(file)).join('; '),
      ...names.map((name) => found.get(name) ?? ''),
    ];
  });
  return writeCsv([head, ...rows]);
}

/** The `results.json` of Gradescope's autograders: one point for each passed test. */
export function gradescopeResults(verdict: Verdict): Json {
  const failing = (codes: readonly string[]): readonly string[] =>
    errorsOf(verdict.diagnostics)
      .filter(({ code }) => codes.includes(code))
      .map(({ message }) => message);
  const assigned = ['assignment-deviation', 'assignment-seed', 'student-unknown', 'submission-duplicate'];
  const unsafe = ['archive-unsafe', 'archive-damaged', 'path-outside', 'file-not-found', 'file-unreadable'];
  const known = new Set<string>([...assigned, ...unsafe]);
  const rest = errorsOf(verdict.diagnostics)
    .filter(({ code }) => !known.has(code))
    .map(({ message }) => message);
  const reproduced = rest.length === 0 && verdict.result === 'unchecked' ? ['it could not be checked'] : rest;
  const tests = [
    test('The archive is intact', failing(unsafe)),
    test(`The results are those of the pipeline (${verdict.level})`, reproduced),
    test("The assignment's rules are kept", failing(assigned)),
  ];
  return { output: gradescopeOutput(verdict), stdout_visibility: 'hidden', tests };
}

/** The result and its basis, in sentences. */
function gradescopeOutput(verdict: Verdict): string {
  return [`Verified by Hourglass: ${RESULTS[verdict.result]}.`, ...basisLines(verdict)].join('\n');
}

/** Display names of results. */
export const RESULTS = {
  ok: 'ok',
  'ok-tolerances': 'ok (tolerances)',
  mismatch: 'mismatch',
  unchecked: 'unchecked',
} as const;

/** Maximum number of names on a line; the rest are counted. */
const NAMED = 6;

/** The basis of a verdict: a line for each way of comparing, then what was not compared and why. */
export function basisLines({ basis, pipeline }: Pick<Verdict, 'basis' | 'pipeline'>): readonly string[] {
  if (pipeline === undefined) return [];
  const counted = (
    [
      ['exact', 'bit-identical'],
      ['measured', 'recomputed from the submitted models, equal except for rounding'],
      ['tolerance', 'within the tolerances for training again on another platform'],
    ] as const
  ).flatMap(([how, words]) => {
    const { numbers, files } = basis[how];
    const parts = [...count(numbers, 'number'), ...count(files, 'file')];
    return parts.length === 0 ? [] : [`${words}: ${parts.join(' and ')}`];
  });
  const reasons = new Map<string, string[]>();
  for (const { what, why } of basis.notCompared) reasons.set(why, [...(reasons.get(why) ?? []), what]);
  const left = [...reasons].map(([why, names]) => {
    const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
    return `not compared (${why}): ${names.slice(0, NAMED).join(', ')}${more}`;
  });
  return [...counted, ...left];
}

const count = (number: number, noun: string): readonly string[] =>
  number === 0 ? [] : [`${number} ${noun}${number === 1 ? '' : 's'}`];

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
function problemsOf({ diagnostics }: Verdict): readonly string[] {
  return errorsOf(diagnostics).map(({ message }) => message);
}
