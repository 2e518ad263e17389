/** From text to a located tree: YAML 1.2 with its core schema, without features that pipelines do not need. */
import { Composer, isScalar, Lexer, Parser, type Document } from 'yaml';
import { Failure, type SourceFile, type SourceRange, type TextEdit } from '../core/diagnostic.ts';
import type { OffsetEdit } from './advice/lines.ts';
import { oddSpaces, repairText } from './advice/text.ts';
import { errorAt, type ReportDiagnostic } from './diagnostics/report.ts';
import { syntaxProblem } from './diagnostics/syntax.ts';
import type { Located } from './located.ts';
import { lineStarts, positionAt } from './source.ts';
import { isUnwritten, MAX_DEPTH, refusal, tooDeep, TreeReader, type RangeOf } from './tree.ts';

/**
 * Parses a text as one YAML document. Besides invalid YAML 1.2, these are refused: several documents, tags, keys that are not
 * text, numbers that are not finite, and more depth or size than the limits above. Merge keys (`<<`) work as in YAML 1.1.
 *
 * @param from offset at which the YAML begins; ranges still count from the beginning of the text
 * @returns the tree; `empty` if there is none; undefined if the text cannot be parsed. Problems are reported.
 */
export function parseSource(
  source: SourceFile,
  report: ReportDiagnostic,
  from = 0,
): Located | 'empty' | undefined {
  const text = ' '.repeat(from) + source.text.slice(from).replace(/\r(?!\n)/g, '\n');
  const starts = lineStarts(text);
  const rangeOf = (start: number, end: number): SourceRange => ({
    file: source.name,
    start: positionAt(starts, Math.min(start, text.length)),
    end: positionAt(starts, Math.min(Math.max(end, start), text.length)),
  });
  try {
    const odd = oddSpaces(text);
    const [firstOdd] = odd;
    if (firstOdd !== undefined) {
      throw refusal(
        rangeOf(firstOdd.start, firstOdd.end),
        `this looks like a space, and is ${codePointName(text, firstOdd.start)}, which YAML treats as a letter`,
        { hint: 'replace it with a plain space, as `edits` of `--json` does', edits: inRanges(odd, rangeOf) },
      );
    }
    const document = compose(text, rangeOf);
    const problem = syntaxProblem(text, document);
    if (problem !== undefined) {
      const advice = repairText(text, problem.start);
      report(
        errorAt(rangeOf(problem.start, problem.end), 'yaml-syntax', problem.message, {
          hint: advice?.hint ?? problem.hint,
          edits: advice && inRanges(advice.edits, rangeOf),
        }),
      );
      return undefined;
    }
    const { contents } = document;
    // A document with only comments or only `---` has an empty scalar without a source.
    if (contents === null || (isScalar(contents) && isUnwritten(contents))) return 'empty';
    return new TreeReader(text, report, rangeOf).read(contents, 0).value;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    error.diagnostics.forEach(report);
    return undefined;
  }
}

function inRanges(edits: readonly OffsetEdit[], rangeOf: RangeOf): readonly TextEdit[] {
  return edits.map(({ start, end, text }) => ({ range: rangeOf(start, end), text }));
}

/** `U+00A0` */
function codePointName(text: string, at: number): string {
  return `U+${(text.codePointAt(at) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** @throws Failure for features that the YAML library accepts but pipelines do not */
function compose(text: string, rangeOf: RangeOf): Document.Parsed {
  const control = /(?![\t\n\r\u0085])\p{Cc}/u.exec(text);
  if (control !== null) {
    const name = codePointName(text, control.index);
    throw refusal(
      rangeOf(control.index, control.index + 1),
      `the text contains a control character, ${name}`,
      {
        hint: 'remove it; inside double quotation marks it can be written as an escape',
      },
    );
  }
  // The library composes a tree by recursion, so the depth is limited before, with the parser's own stack.
  const parser = new Parser();
  const tokens = [];
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length > MAX_DEPTH + 2) throw tooDeep(rangeOf(parser.offset, parser.offset + 1));
  }
  tokens.push(...parser.end());
  const options = {
    version: '1.2',
    schema: 'core',
    merge: false,
    resolveKnownTags: false,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
  } as const;
  const [first, second] = new Composer(options).compose(tokens, true, text.length);
  if (first === undefined) throw new Error('the composer gave no document');
  if (second !== undefined && first.errors.length === 0) {
    const [start, end] = second.range;
    throw refusal(
      rangeOf(start, Math.min(end, start + 3)),
      'a second document begins here; a pipeline is a single document',
      {
        hint: 'remove the `---` line and what follows it, or put it into its own file',
      },
    );
  }
  const { yaml } = first.directives;
  if (yaml.explicit === true && yaml.version !== '1.2') {
    const start = text.indexOf('%YAML');
    throw refusal(rangeOf(start, start + '%YAML 1.1'.length), 'pipelines are YAML 1.2', {
      hint: 'remove this line',
    });
  }
  return first;
}
