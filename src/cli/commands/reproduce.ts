import { resolve } from 'node:path';
import { pathFromHere } from '../../core/path.ts';
import { errorsOf, failure, type Diagnostic } from '../../core/diagnostic.ts';
import { suggest } from '../../core/suggest.ts';
import type { EngineChoice } from '../../engine/engine.ts';
import { pipelineOf, PUBLISHED, readCatalog, type Catalog } from '../../published/catalog.ts';
import type { Publication } from '../../published/generated/types.ts';
import { obtainedIn } from '../../published/obtain.ts';
import { addReproduced, reproducedFile, type Obtained } from '../../published/record.ts';
import { compareFigures, type ComparedFigure } from '../../published/rows.ts';
import { settingsHash } from '../../published/settings.ts';
import { isMismatch } from '../../published/verdict.ts';
import { storeOf } from '../../run/plan.ts';
import { localLauncher } from '../../sweep/local.ts';
import { EXIT, outcomeOf } from '../exit.ts';
import { asStarted } from '../program.ts';
import { diagnosticToJson, renderCounted } from '../terminal/diagnostics.ts';
import { renderComparison, renderList } from '../terminal/published.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { loadChecked } from './load.ts';
import { runReported } from './sweep-run.ts';

export interface ReproduceOptions {
  /** Names of results; empty: all. */
  readonly names: readonly string[];
  readonly list?: boolean;
  readonly seeds?: number;
  readonly outputs: string;
  readonly engine: EngineChoice;
  readonly version: string;
  /** The results' pipelines and figures; tests have their own. */
  readonly folder?: string;
}

/** What became of one result. */
interface Attempt {
  /** Absent if the training could not start. */
  readonly obtained?: Obtained;
  readonly diagnostics: readonly Diagnostic[];
  /** The exit code if it was stopped. */
  readonly stopped?: number;
}

/** `hourglass reproduce` */
export async function reproduce(terminal: Terminal, options: ReproduceOptions): Promise<number> {
  const catalog = selected(readCatalog(options.folder), options.names);
  if (options.list === true) return list(terminal, catalog);
  const outputs = resolve(options.outputs);
  const found = new Map<string, Obtained>();
  const problems: Diagnostic[] = [];
  let stopped: number | undefined;
  for (const [name, publication] of catalog) {
    if (!terminal.options.json && !terminal.options.quiet)
      terminal.note(`${terminal.noteStyle('bold', name)}  ${publication.title}`);
    const attempt = await attemptOf(terminal, name, publication, options);
    problems.push(...attempt.diagnostics);
    if (attempt.obtained !== undefined) {
      found.set(name, attempt.obtained);
      // After each: a result is kept even if the next one is killed. One with failed trials must not replace a whole one.
      if (errorsOf(attempt.diagnostics).length === 0) await addReproduced(outputs, name, attempt.obtained);
    }
    stopped = attempt.stopped;
    if (stopped !== undefined) break;
  }
  const errors = errorsOf(problems);
  const disagrees = [...found].some(([name, obtained]) =>
    comparedWith(catalog.get(name), obtained).some(({ verdict }) => isMismatch(verdict)),
  );
  const outcome =
    stopped !== undefined
      ? { status: 'interrupted', code: stopped }
      : errors.length > 0
        ? outcomeOf(errors)
        : disagrees
          ? { status: 'mismatch', code: EXIT.mismatch }
          : { status: 'done', code: EXIT.done };
  present(terminal, catalog, { outputs, found, problems, status: outcome.status });
  return outcome.code;
}

function selected(catalog: Catalog, names: readonly string[]): Catalog {
  for (const name of names) {
    if (catalog.has(name)) continue;
    const near = suggest(name, [...catalog.keys()]);
    throw failure(
      'usage',
      `there is no published result \`${name}\``,
      near === undefined ? asStarted('`hourglass reproduce --list` lists them') : `did you mean \`${near}\`?`,
    );
  }
  return names.length === 0 ? catalog : new Map([...catalog].filter(([name]) => names.includes(name)));
}

function list(terminal: Terminal, catalog: Catalog): number {
  terminal.result(
    terminal.options.json
      ? JSON.stringify(Object.fromEntries(catalog), null, 2)
      : renderList(catalog, terminal.resultStyle),
  );
  return EXIT.done;
}

async function attemptOf(
  terminal: Terminal,
  name: string,
  publication: Publication,
  { seeds, outputs, engine, version, folder = PUBLISHED }: ReproduceOptions,
): Promise<Attempt> {
  const set = seeds === undefined ? [] : [`sweep.replicates=${seeds}`];
  const { located, trials, diagnostics, sources } = await loadChecked(pipelineOf(name, folder), {
    set,
    trials: true,
    sweeps: true,
  });
  const render = (shown: readonly Diagnostic[]): void => {
    if (!terminal.options.json && shown.length > 0)
      terminal.note(renderCounted(shown, sources, terminal.noteStyle));
  };
  if (located === undefined) {
    render(diagnostics);
    return { diagnostics };
  }
  if (trials === undefined) throw new Error(`${pipelineOf(name, folder)} has no sweep`);
  const { result, isInterrupted, signalCode } = await runReported(terminal, located, trials, {
    outputs: resolve(outputs),
    engine,
    launcher: localLauncher,
    sources,
    version,
  });
  const errors = errorsOf(result.diagnostics);
  render(errors);
  if (isInterrupted) return { diagnostics: [], stopped: signalCode };
  if (result.record === undefined) return { diagnostics: errors };
  const store = storeOf(resolve(outputs));
  const settings = settingsHash(located, trials);
  const obtained = await obtainedIn(result.record, publication, { settings, store });
  return { obtained, diagnostics: errors };
}

function comparedWith(publication: Publication | undefined, obtained: Obtained): readonly ComparedFigure[] {
  return publication === undefined ? [] : compareFigures(publication, obtained);
}

interface Presented {
  readonly outputs: string;
  readonly found: ReadonlyMap<string, Obtained>;
  readonly problems: readonly Diagnostic[];
  readonly status: string;
}

function present(
  terminal: Terminal,
  catalog: Catalog,
  { outputs, found, problems, status }: Presented,
): void {
  if (terminal.options.json) {
    const results = [...found].map(([name, obtained]) => {
      const publication = catalog.get(name);
      return {
        name,
        title: publication?.title,
        source: publication?.source,
        ...obtained,
        figures: comparedWith(publication, obtained).map(
          ({ figure, values, mean = null, deviation = null, verdict }) => ({
            ...figure,
            obtained: { values, mean, deviation },
            verdict: verdict.state,
            difference: verdict.text,
          }),
        ),
      };
    });
    terminal.result(
      JSON.stringify({ status, results, diagnostics: problems.map(diagnosticToJson) }, null, 2),
    );
    return;
  }
  if (found.size > 0) {
    terminal.result(renderComparison(catalog, found, terminal.resultStyle));
    if (!terminal.options.quiet) terminal.note(`\n${pathFromHere(reproducedFile(outputs))}`);
  }
  const missing = [...catalog.keys()].filter((name) => !found.has(name));
  if (missing.length > 0)
    terminal.note(
      `\nNot finished: ${missing.join(', ')}.${status === 'interrupted' ? ' The same command resumes.' : ''}`,
    );
}
