import { watch, type FSWatcher } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isArgument } from '../../config/located.ts';
import { inOrder } from '../../config/diagnostics/report.ts';
import { failure } from '../../core/diagnostic.ts';
import { workspaceOf } from '../../run/plan.ts';
import { otherSources } from '../../run/source.ts';
import { EXIT } from '../exit.ts';
import { expand } from '../expand.ts';
import { listenForSignals } from '../signals.ts';
import { countOf, diagnosticToJson, renderDiagnostics } from '../terminal/diagnostics.ts';
import { formatPlural } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { loadChecked, type Checked, type PipelineOptions } from './load.ts';

export interface CheckOptions extends PipelineOptions {
  readonly pipelines: readonly string[];
  readonly watch: boolean;
}

interface CheckedFile extends Checked {
  readonly file: string;
}

/** `hourglass check` */
export async function check(terminal: Terminal, given: CheckOptions): Promise<number> {
  const options = { ...given, pipelines: given.pipelines.flatMap(expand) };
  if (!options.watch) {
    const results = await checkAll(options);
    print(terminal, results);
    return results.every(({ located }) => located !== undefined) ? EXIT.done : EXIT.invalid;
  }
  if (terminal.options.json) {
    throw failure('usage', '`--watch` prints repeatedly, which does not fit into one JSON document');
  }
  const named = options.pipelines.map((file) => resolve(file));
  return watchFiles(new Set(named), async (watchAlso) => {
    let results = await checkAll(options);
    // Files that were not watched while they were read may have changed in the meantime.
    if (watchAlso(filesOf(results))) results = await checkAll(options);
    terminal.clear();
    print(terminal, results);
    if (!terminal.options.quiet) terminal.note('\nwaiting for changes; press Ctrl-C to stop');
  });
}

async function checkAll(options: CheckOptions): Promise<readonly CheckedFile[]> {
  const results: CheckedFile[] = [];
  for (const file of options.pipelines)
    results.push({
      file,
      ...(await withOtherSources(await loadChecked(file, { ...options, trials: true }))),
    });
  return results;
}

/** Adds warnings about outputs of the same name in the default folder that another file made. */
async function withOtherSources(checked: Checked): Promise<Checked> {
  const { located, sources } = checked;
  if (located === undefined) return checked;
  const others = await otherSources(located, workspaceOf(located, resolve('outputs')));
  return { ...checked, diagnostics: inOrder([...checked.diagnostics, ...others], sources) };
}

function print(terminal: Terminal, results: readonly CheckedFile[]): void {
  if (!terminal.options.json) {
    for (const result of results) printOne(terminal, result);
    return;
  }
  const files = results.map(({ file, located, diagnostics }) => ({
    file,
    valid: located !== undefined,
    diagnostics: diagnostics.map(diagnosticToJson),
  }));
  const status = files.every(({ valid }) => valid) ? 'valid' : 'invalid';
  terminal.result(JSON.stringify({ status, files }, null, 2));
}

function printOne(terminal: Terminal, checked: CheckedFile): void {
  const { file, located, diagnostics, sources } = checked;
  const style = terminal.resultStyle;
  // The findings are the result of this command, so they go to stdout.
  if (diagnostics.length > 0) terminal.result(`${renderDiagnostics(diagnostics, sources, style)}\n`);
  if (located === undefined) {
    terminal.result(`${style('red', '✖')} ${file}: ${countOf(diagnostics)}`);
  } else if (!terminal.options.quiet) {
    const warnings = diagnostics.length === 0 ? '' : `, ${countOf(diagnostics)}`;
    const counts = [formatPlural(located.pipeline.stages.size, 'stage'), ...trialCount(checked)].join(', ');
    terminal.result(`${style('green', '✔')} ${file}: valid (${counts}${warnings})`);
  }
}

/** Results decide about further trials, so there may be fewer. */
function trialCount({ trials, search }: CheckedFile): readonly string[] {
  if (trials === undefined) return [];
  const count = search?.().count ?? trials.length;
  return [`${count > trials.length ? 'up to ' : ''}${formatPlural(count, 'trial')}`];
}

/** Absolute paths of all files that the findings depend on: the pipelines, the files they extend, their plugins. */
function filesOf(results: readonly CheckedFile[]): ReadonlySet<string> {
  return new Set(
    results.flatMap(({ file, sources, located }) => [
      resolve(file),
      ...sources.filter(({ name }) => !isArgument(name)).map(({ name }) => resolve(name)),
      ...(located?.pipeline.plugins ?? []).map((plugin) => resolve(dirname(file), plugin)),
    ]),
  );
}

/** Editors save a file in several steps, which count as one change. */
const SETTLE_MILLISECONDS = 100;

/** Watches more files. Returns whether any of them is in a folder that was not watched before. */
type WatchAlso = (files: ReadonlySet<string>) => boolean;

/**
 * Does the work once, and again after each change of a file, until the process is interrupted.
 *
 * @param files the files to watch from the beginning
 * @param work can add files to watch
 * @returns the exit code
 */
async function watchFiles(
  files: ReadonlySet<string>,
  work: (watchAlso: WatchAlso) => Promise<void>,
): Promise<number> {
  const watched = new Set<string>();
  const watchers = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | undefined;
  let working = Promise.resolve();
  const changed = (path: string | undefined): void => {
    // A YAML file that is not watched may be about to be watched, if the work is reading it now.
    if (path !== undefined && !watched.has(path) && !/\.ya?ml$/.test(path)) return;
    clearTimeout(timer);
    timer = setTimeout(() => (working = working.then(() => work(watchAlso))), SETTLE_MILLISECONDS);
  };
  const watchAlso: WatchAlso = (more) => {
    const before = watchers.size;
    for (const file of more) {
      watched.add(file);
      const folder = dirname(file);
      if (watchers.has(folder)) continue;
      const watcher = watchFolder(folder, (name) =>
        changed(name === null ? undefined : resolve(folder, name)),
      );
      if (watcher !== undefined) watchers.set(folder, watcher);
    }
    return watchers.size > before;
  };
  const interrupt = listenForSignals(() => undefined);
  const interrupted = new Promise<void>((done) => {
    interrupt.signal.addEventListener('abort', () => done());
  });
  watchAlso(files);
  await work(watchAlso);
  await interrupted;
  clearTimeout(timer);
  await working;
  for (const watcher of watchers.values()) watcher.close();
  interrupt.stop();
  return interrupt.code();
}

/** Editors replace files by renaming, which only a watch on the folder detects. A folder that does not exist is not watched. */
function watchFolder(folder: string, onChange: (name: string | null) => void): FSWatcher | undefined {
  try {
    return watch(folder, (_event, name) => onChange(name)).on('error', () => undefined);
  } catch {
    return undefined;
  }
}
