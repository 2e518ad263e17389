/** Diagnostics as text: the place, the message, the line with a mark below it, and the hint. */
import { asStarted } from '../program.ts';
import { isArgument } from '../../config/located.ts';
import { codeFrame } from '../../config/source.ts';
import type { Diagnostic, SourceFile, SourceRange } from '../../core/diagnostic.ts';
import { formatPlural, printable } from './format.ts';
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
  // Only a stack trace has several lines.
  const text = code === 'internal-error' ? message : printable(message);
  const lines = [
    `${[...where, ...stagePart, style(['bold', color], severity)].join(' ')}: ${text} ${style('dim', `[${code}]`)}`,
    ...frame(range, sources, style, color),
  ];
  if (hint !== undefined) lines.push(`  ${style('green', 'help')}: ${printable(asStarted(hint))}`);
  for (const other of related ?? []) {
    lines.push(
      `  ${style('blue', 'note')}: ${style('cyan', place(other.range))}: ${printable(other.message)}`,
      ...frame(other.range, sources, style, 'blue'),
    );
  }
  return lines.join('\n');
}

/** Hostile files have thousands of mistakes; nobody reads more than this many. */
const SHOWN = 50;

/** All diagnostics, or the first if there are very many, with a blank line between them. */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  sources: readonly SourceFile[],
  style: Style,
): string {
  const shown = diagnostics.slice(0, SHOWN).map((diagnostic) => renderDiagnostic(diagnostic, sources, style));
  const left = diagnostics.length - shown.length;
  return [...shown, ...(left === 0 ? [] : [`and ${left} more`])].join('\n\n');
}

/** All diagnostics and, if there are several, their number. */
export function renderCounted(
  diagnostics: readonly Diagnostic[],
  sources: readonly SourceFile[],
  style: Style,
): string {
  const list = renderDiagnostics(diagnostics, sources, style);
  return diagnostics.length > 1 ? `${list}\n\n${countOf(diagnostics)}` : list;
}

/** `2 errors, 1 warning` */
export function countOf(diagnostics: readonly Diagnostic[]): string {
  return (['error', 'warning'] as const)
    .map((wanted) => [diagnostics.filter(({ severity }) => severity === wanted).length, wanted] as const)
    .filter(([count]) => count > 0)
    .map(([count, noun]) => formatPlural(count, noun))
    .join(', ');
}

/** A diagnostic for `--json`. */
export function diagnosticToJson(diagnostic: Diagnostic): Readonly<Record<string, unknown>> {
  const { range, related, edits, ...rest } = diagnostic;
  return {
    ...rest,
    ...(range === undefined ? {} : rangeToJson(range)),
    ...(edits === undefined
      ? {}
      : { edits: edits.map((edit) => ({ ...rangeToJson(edit.range), text: edit.text })) }),
    ...(related === undefined
      ? {}
      : { related: related.map((other) => ({ message: other.message, ...rangeToJson(other.range) })) }),
  };
}

function rangeToJson({ file, start, end }: SourceRange): Readonly<Record<string, unknown>> {
  return { file, line: start.line, column: start.column, endLine: end.line, endColumn: end.column };
}

/** `file:line:column`, which terminals and editors turn into a link; an override as it was typed. */
export function place({ file, start }: SourceRange): string {
  return printable(isArgument(file) ? file : `${file}:${start.line}:${start.column}`);
}

/** `file:line`, or `-S` or `--over` for an argument: its text adds nothing to the change itself. */
export function shortPlace({ file, start }: SourceRange): string {
  return printable(isArgument(file) ? (file.split(' ')[0] ?? file) : `${file}:${start.line}`);
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
