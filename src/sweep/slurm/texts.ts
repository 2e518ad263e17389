/** Locations in the submitted texts, under the files' present names. */
import { relative, resolve } from 'node:path';
import { overSources } from '../../config/over.ts';
import { overrideSources } from '../../config/override.ts';
import { readSource } from '../../config/read.ts';
import type { Diagnostic, SourceFile, SourceRange } from '../../core/diagnostic.ts';
import type { SweepEvent } from '../event.ts';
import { readSubmission, type Submission } from './submission.ts';

export class SubmittedTexts {
  /** The texts, under the names used in locations. */
  readonly sources: readonly SourceFile[];
  readonly #names: ReadonlyMap<string, string>;

  private constructor(named: readonly (readonly [name: string, source: SourceFile])[]) {
    this.sources = named.map(([, source]) => source);
    this.#names = new Map(named.map(([name, source]) => [name, source.name]));
  }

  /** Marks texts that differ from their files by now: line numbers are those of the submitted text. */
  static async of({ directory, sources, overrides, over = [], metric }: Submission): Promise<SubmittedTexts> {
    const named = sources.map(async ({ name, text }) => {
      const path = resolve(directory, name);
      const current = directory === process.cwd() ? name : relative(process.cwd(), path);
      const now = await readSource(path, name).catch(() => undefined);
      return [name, { name: now?.text === text ? current : `${current} (as submitted)`, text }] as const;
    });
    const swept = overSources(over, metric);
    const given = [
      ...swept.over,
      ...(swept.metric === undefined ? [] : [swept.metric]),
      ...overrideSources(overrides),
    ];
    return new SubmittedTexts([
      ...(await Promise.all(named)),
      ...given.map((source) => [source.name, source] as const),
    ]);
  }

  /** An event of a job, with its locations renamed. */
  shown(event: SweepEvent): SweepEvent {
    switch (event.type) {
      case 'trial-finished': {
        const { outcome } = event;
        return { ...event, outcome: { ...outcome, diagnostics: outcome.diagnostics.map(this.#place) } };
      }
      case 'trial-retried':
        return { ...event, diagnostics: event.diagnostics.map(this.#place) };
      default:
        return event;
    }
  }

  readonly #place = (diagnostic: Diagnostic): Diagnostic => {
    const { range, related, edits } = diagnostic;
    const place = (own: SourceRange): SourceRange => ({
      ...own,
      file: this.#names.get(own.file) ?? own.file,
    });
    return {
      ...diagnostic,
      ...(range === undefined ? {} : { range: place(range) }),
      ...(related === undefined
        ? {}
        : { related: related.map((each) => ({ ...each, range: place(each.range) })) }),
      ...(edits === undefined ? {} : { edits: edits.map((edit) => ({ ...edit, range: place(edit.range) })) }),
    };
  };
}

/** The texts of the submission of a workspace; none if there is none. */
export async function submittedSources(workspace: string): Promise<readonly SourceFile[]> {
  const submission = await readSubmission(workspace);
  return submission === undefined ? [] : (await SubmittedTexts.of(submission)).sources;
}
