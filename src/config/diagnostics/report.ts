/** How the passes report problems. */
import type { Diagnostic, DiagnosticCode, SourceFile, SourceRange, TextEdit } from '../../core/diagnostic.ts';
import { suggest } from '../../core/suggest.ts';
import { backticked } from './wording.ts';

export type ReportDiagnostic = (diagnostic: Diagnostic) => void;

/** Optional parts of a diagnostic besides its code, place and message. */
export interface Notes {
  readonly hint?: string | undefined;
  readonly edits?: readonly TextEdit[] | undefined;
  readonly related?: readonly { readonly message: string; readonly range: SourceRange }[] | undefined;
}

export function errorAt(
  range: SourceRange,
  name: DiagnosticCode,
  message: string,
  { hint, edits, related }: Notes = {},
): Diagnostic {
  return {
    code: name,
    severity: 'error',
    message,
    range,
    ...(hint === undefined ? {} : { hint }),
    ...(edits === undefined ? {} : { edits }),
    ...(related === undefined || related.length === 0 ? {} : { related }),
  };
}

/** "did you mean …?", or undefined if nothing is close. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const nearest = suggest(word, candidates);
  return nearest === undefined ? undefined : `did you mean ${backticked(nearest)}?`;
}

/** The closest name, with the change. */
export function joinHints(
  near: string | undefined,
  advice: { readonly hint: string } | undefined,
): string | undefined {
  if (near === undefined || advice === undefined) return near ?? advice?.hint;
  return `${near} ${advice.hint}`;
}

/** Sorted by source and line, without duplicates; those without a place come first. */
export function inOrder(diagnostics: readonly Diagnostic[], sources: readonly SourceFile[]): Diagnostic[] {
  const order = new Map(sources.map((source, index) => [source.name, index]));
  const place = ({ range }: Diagnostic): readonly number[] =>
    range === undefined
      ? [-1, 0, 0]
      : [order.get(range.file) ?? sources.length, range.start.line, range.start.column];
  const unique = new Map(
    diagnostics.map((diagnostic) => [
      JSON.stringify([diagnostic.code, diagnostic.message, diagnostic.range]),
      diagnostic,
    ]),
  );
  return [...unique.values()]
    .map((diagnostic) => ({ diagnostic, at: place(diagnostic) }))
    .sort(
      (a, b) =>
        a.at.map((value, index) => value - (b.at[index] ?? 0)).find((difference) => difference !== 0) ?? 0,
    )
    .map(({ diagnostic }) => diagnostic);
}
