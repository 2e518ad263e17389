/** What every command that reads a pipeline does first. */
import { loadPipeline } from '../../config/load.ts';
import { inOrder } from '../../config/report.ts';
import type { LocatedPipeline } from '../../config/pipeline.ts';
import type { Diagnostic, SourceFile } from '../../core/diagnostic.ts';
import type { StageType } from '../../core/stage-type.ts';
import { builtinNodes, stageTypes } from '../../nodes/registry.ts';
import { checkPipeline } from '../../plan/check.ts';
import { outcomeOf } from '../exit.ts';
import { diagnosticToJson, renderCounted } from '../terminal/diagnostics.ts';
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
  /** The stage types that the pipeline can use, whether it is valid or not. */
  readonly stageTypes: ReadonlyMap<string, StageType>;
}

/** Loads a pipeline and makes every check that needs no run. */
export async function loadChecked(file: string, options: PipelineOptions): Promise<Checked> {
  const typesOf = stageTypes(options.allowPlugins === true);
  let types: ReadonlyMap<string, StageType> = builtinNodes;
  const { sources, diagnostics, located, partial } = await loadPipeline(file, {
    ...(options.set === undefined ? {} : { overrides: options.set }),
    stageTypes: async (plugins, folder) => {
      const found = await typesOf(plugins, folder);
      types = found.types;
      return found;
    },
  });
  const checked = located ?? partial;
  if (checked === undefined) return { sources, diagnostics, stageTypes: types };
  const all = inOrder([...diagnostics, ...checkPipeline(checked).diagnostics], sources);
  const isValid = all.every(({ severity }) => severity !== 'error');
  return {
    sources,
    diagnostics: all,
    ...(located !== undefined && isValid ? { located } : {}),
    stageTypes: types,
  };
}

/**
 * Prints why a command did nothing, where the user looks for it: in the one JSON document, or on stderr.
 *
 * @returns the exit code
 */
export function printProblems(
  terminal: Terminal,
  diagnostics: readonly Diagnostic[],
  sources: readonly SourceFile[],
): number {
  const { status, code } = outcomeOf(diagnostics);
  if (terminal.options.json) {
    terminal.result(JSON.stringify({ status, diagnostics: diagnostics.map(diagnosticToJson) }, null, 2));
  } else {
    terminal.note(renderCounted(diagnostics, sources, terminal.noteStyle));
  }
  return code;
}
