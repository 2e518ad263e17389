import { watch, type FSWatcher } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { EXIT } from '../exit.ts';
import { countOf, diagnosticToJson, renderDiagnostics } from '../terminal/diagnostics.ts';
import { formatCounts } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { loadChecked, type Checked, type PipelineOptions } from './load.ts';

export interface CheckOptions extends PipelineOptions {
  readonly pipelines: readonly string[];
  readonly watch: boolean;
}

/** Editors save a file in several steps; they are seen as one. */
const SETTLE_MILLISECONDS = 100;

/** `hourglass check` */
export async function check(terminal: Terminal, options: CheckOptions): Promise<number> {
  const code = await checkAll(terminal, options);
  if (!options.watch) return code;
  await watchFiles(options.pipelines, async () => {
    terminal.result('');
    await checkAll(terminal, options);
  });
  return EXIT.done;
}

async function checkAll(terminal: Terminal, options: CheckOptions): Promise<number> {
  const results: (Checked & { readonly file: string })[] = [];
  for (const file of options.pipelines) results.push({ file, ...(await loadChecked(file, options)) });
  if (terminal.options.json) {
    const files = results.map(({ file, located, diagnostics }) => ({
      file,
      valid: located !== undefined,
      diagnostics: diagnostics.map(diagnosticToJson),
    }));
    const status = files.every(({ valid }) => valid) ? 'valid' : 'invalid';
    terminal.result(JSON.stringify({ status, files }, null, 2));
  } else {
    for (const result of results) print(terminal, result);
  }
  return results.every(({ located }) => located !== undefined) ? EXIT.done : EXIT.invalid;
}

function print(
  terminal: Terminal,
  { file, located, diagnostics, sources }: Checked & { readonly file: string },
): void {
  const style = terminal.resultStyle;
  // Findings are what was asked for: they are results, not notes.
  if (diagnostics.length > 0) terminal.result(`${renderDiagnostics(diagnostics, sources, style)}\n`);
  if (located === undefined) {
    terminal.result(`${style('red', '✖')} ${file}: ${countOf(diagnostics)}`);
  } else if (!terminal.options.quiet) {
    const stages = formatCounts([[located.pipeline.stages.size, 'stage']]);
    terminal.result(`${style('green', '✔')} ${file}: valid (${stages})`);
  }
}

/** Calls back after each change of one of the files, until the process is interrupted. */
function watchFiles(files: readonly string[], onChange: () => Promise<void>): Promise<void> {
  const paths = new Set(files.map((file) => resolve(file)));
  const folders = new Set([...paths].map((path) => dirname(path)));
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  const changed = (folder: string, name: string | null): void => {
    // Editors replace files by renaming, which only a watch on the folder sees. Bases of `extends` lie there, too.
    if (name === null || !(paths.has(resolve(folder, name)) || /\.ya?ml$/.test(basename(name)))) return;
    clearTimeout(timer);
    timer = setTimeout(() => (running = running.then(onChange)), SETTLE_MILLISECONDS);
  };
  const watchers: readonly FSWatcher[] = [...folders].map((folder) =>
    watch(folder, (_event, name) => changed(folder, name)),
  );
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        for (const watcher of watchers) watcher.close();
        clearTimeout(timer);
        void running.then(done);
      });
    }
  });
}
