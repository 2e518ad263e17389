/** What every command that reads a pipeline does first. */
import { loadPipeline } from '../../config/load.ts';
import type { LocatedPipeline } from '../../config/pipeline.ts';
import type { Diagnostic, SourceFile } from '../../core/diagnostic.ts';
import { stageTypes } from '../../nodes/registry.ts';
import { checkPipeline } from '../../plan/check.ts';
import { diagnosticToJson, renderDiagnostics } from '../terminal/diagnostics.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface PipelineOptions {
  readonly set?: readonly string[];
  readonly allowPlugins?: boolean;
}

export interface Checked {
  readonly sources: readonly SourceFile[];
  /** Of the loader and of the checks between stages. */
  readonly diagnostics: readonly Diagnostic[];
  /** Present if there is no error. */
  readonly located?: LocatedPipeline;
}

/** Loads a pipeline and makes every check that needs no run. */
export async function loadChecked(file: string, options: PipelineOptions): Promise<Checked> {
  const loaded = await loadPipeline(file, {
    ...(options.set === undefined ? {} : { overrides: options.set }),
    stageTypes: stageTypes(options.allowPlugins === true),
  });
  if (loaded.located === undefined) return loaded;
  const diagnostics = [...loaded.diagnostics, ...checkPipeline(loaded.located).diagnostics];
  const isValid = diagnostics.every(({ severity }) => severity !== 'error');
  return { sources: loaded.sources, diagnostics, ...(isValid ? { located: loaded.located } : {}) };
}

/** Prints problems where the user looks for them: in the one JSON document, or on stderr. */
export function printProblems(
  terminal: Terminal,
  status: 'invalid' | 'failed',
  diagnostics: readonly Diagnostic[],
  sources: readonly SourceFile[],
): void {
  if (terminal.options.json) {
    terminal.result(JSON.stringify({ status, diagnostics: diagnostics.map(diagnosticToJson) }, null, 2));
  } else {
    terminal.note(renderDiagnostics(diagnostics, sources, terminal.noteStyle));
  }
}
