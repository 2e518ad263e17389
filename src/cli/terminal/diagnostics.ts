/** Diagnostics as text: where, what, the line with a mark below it, and what to do. */
import { codeFrame } from '../../config/source.ts';
import type { Diagnostic, SourceFile, SourceRange } from '../../core/diagnostic.ts';
import { formatCounts } from './format.ts';
import type { Style } from './style.ts';

/** One diagnostic, several lines. */
export function renderDiagnostic(
  diagnostic: Diagnostic,
  sources: readonly SourceFile[],
  style: Style,
): string {
  const { severity, code, message, range, hint, related, stage } = diagnostic;
  const color = severity === 'error' ? 'red' : 'yellow';
  const where = range === undefined ? [] : [style('cyan', place(range))];
  const stagePart = stage === undefined ? [] : [`stage \`${stage}\``];
  const lines = [
    `${[...where, ...stagePart, style(['bold', color], severity)].join(' ')}: ${message} ${style('dim', `[${code}]`)}`,
    ...frame(range, sources, style, color),
  ];
  if (hint !== undefined) lines.push(`  ${style('green', 'help')}: ${hint}`);
  for (const other of related ?? []) {
    lines.push(`  ${style('blue', 'note')}: ${style('cyan', place(other.range))}: ${other.message}`);
    lines.push(...frame(other.range, sources, style, 'blue'));
  }
  return lines.join('\n');
}

/** Hostile files have thousands of mistakes; nobody reads more than these. */
const SHOWN = 50;

/** All diagnostics, or the first of very many, a blank line between them, and the count. */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  sources: readonly SourceFile[],
  style: Style,
): string {
  const shown = diagnostics.slice(0, SHOWN).map((diagnostic) => renderDiagnostic(diagnostic, sources, style));
  const left = diagnostics.length - shown.length;
  return [...shown, `${countOf(diagnostics)}${left === 0 ? '' : `; ${left} of them are not shown`}`].join(
    '\n\n',
  );
}

/** `2 errors, 1 warning` */
export function countOf(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  return formatCounts([
    [errors, 'error'],
    [diagnostics.length - errors, 'warning'],
  ]);
}

/** A diagnostic for `--json`. */
export function diagnosticToJson(diagnostic: Diagnostic): Readonly<Record<string, unknown>> {
  const { range, related, ...rest } = diagnostic;
  return {
    ...rest,
    ...(range === undefined ? {} : rangeToJson(range)),
    ...(related === undefined
      ? {}
      : { related: related.map((other) => ({ message: other.message, ...rangeToJson(other.range) })) }),
  };
}

function rangeToJson({ file, start, end }: SourceRange): Readonly<Record<string, unknown>> {
  return { file, line: start.line, column: start.column, endLine: end.line, endColumn: end.column };
}

/** `file:line:column`, which terminals and editors make a link of. */
export function place({ file, start }: SourceRange): string {
  return `${file}:${start.line}:${start.column}`;
}

function frame(
  range: SourceRange | undefined,
  sources: readonly SourceFile[],
  style: Style,
  color: 'red' | 'yellow' | 'blue',
): readonly string[] {
  const source = sources.find(({ name }) => name === range?.file);
  if (range === undefined || source === undefined) return [];
  return codeFrame(source, range)
    .split('\n')
    .map((line) => `  ${/^[\s|]*\^/.test(line) ? style(color, line) : style('dim', line)}`);
}
