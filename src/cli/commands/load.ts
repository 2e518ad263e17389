/** The first step of every command that reads a pipeline. */
import { readPipeline, type PipelineReader } from '../../config/load.ts';
import { inOrder } from '../../config/diagnostics/report.ts';
import type { LocatedPipeline } from '../../config/pipeline.ts';
import { isError, type Diagnostic, type SourceFile } from '../../core/diagnostic.ts';
import type { StageType } from '../../core/stage-type.ts';
import type { Sweep } from '../../schema/generated/settings.ts';
import { builtinNodes, stageTypes } from '../../nodes/registry.ts';
import { checkPipeline, inspectFiles } from '../../plan/check.ts';
import type { TrialSearch } from '../../sweep/adaptive.ts';
import { checkOverrides, checkSweep } from '../../sweep/check.ts';
import { listTrials } from '../../sweep/list.ts';
import { obviousMetric, withMetric } from '../../sweep/metric.ts';
import type { Trial } from '../../sweep/trial.ts';
import { outcomeOf } from '../exit.ts';
import { diagnosticToJson, renderCounted } from '../terminal/diagnostics.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface PipelineOptions {
  readonly set?: readonly string[];
  /** `--over` and `--metric` arguments. */
  readonly over?: readonly string[];
  readonly metric?: string;
  readonly allowPlugins?: boolean;
}

export interface CheckOptions extends PipelineOptions {
  /** Whether the trials of the pipeline's sweep are also created and checked. */
  readonly trials?: boolean;
  /** The stages to run: files of other stages do not matter. Empty: all. */
  readonly targets?: readonly string[];
  /** Whether the stages will run. */
  readonly sweeps?: boolean;
  /** False if the files of stages will not be read: they need not exist. */
  readonly files?: boolean;
  /** Files that are not on disk, by path. */
  readonly texts?: readonly SourceFile[];
}

export interface Checked {
  readonly sources: readonly SourceFile[];
  /** Diagnostics of the loader and of the checks between stages. */
  readonly diagnostics: readonly Diagnostic[];
  /** Present if there is no error. */
  readonly located?: LocatedPipeline;
  /** Present if requested, and if there is no error. */
  readonly trials?: readonly Trial[];
  /** The metric of a sweep that is defined only by `--over`: that of the only evaluation. */
  readonly metric?: Sweep['metric'];
  /** Chooses further trials, for a sweep that depends on results. */
  readonly search?: () => TrialSearch;
  /** The files, which are read only once. */
  readonly reader: PipelineReader;
  /** The stage types available to the pipeline, even if it is not valid. */
  readonly stageTypes: ReadonlyMap<string, StageType>;
}

/** Loads a pipeline and does every check that needs no run. */
export async function loadChecked(file: string, options: CheckOptions): Promise<Checked> {
  const typesOf = stageTypes(options.allowPlugins === true);
  let types: ReadonlyMap<string, StageType> = builtinNodes;
  const reader = await readPipeline(file, {
    ...(options.set === undefined ? {} : { overrides: options.set }),
    ...(options.over === undefined ? {} : { over: options.over }),
    ...(options.metric === undefined ? {} : { metric: options.metric }),
    ...(options.texts === undefined ? {} : { texts: options.texts }),
    stageTypes: async (plugins, folder) => {
      const found = await typesOf(plugins, folder);
      types = found.types;
      return found;
    },
  });
  const { sources, diagnostics, located: read, partial } = await reader.load();
  const written = read ?? partial;
  if (written === undefined) return { sources, diagnostics, reader, stageTypes: types };
  const inspections = options.files === false ? new Map() : await inspectFiles(written, options.targets);
  const checked = checkPipeline(written, inspections);
  const isOpen = options.over !== undefined && written.pipeline.sweep?.metric === undefined;
  const metric = isOpen ? obviousMetric(written, checked) : undefined;
  const pipeline = metric === undefined ? written : withMetric(written, metric);
  const located = read === undefined ? undefined : pipeline;
  const overridden =
    options.trials === true ? checkOverrides(pipeline, options.sweeps === true ? 'error' : 'warning') : [];
  let all = inOrder(
    [...diagnostics, ...checked.diagnostics, ...checkSweep(pipeline, checked), ...overridden],
    sources,
  );
  let trials: readonly Trial[] | undefined;
  let search: (() => TrialSearch) | undefined;
  if (options.trials === true && located?.pipeline.sweep !== undefined && !all.some(isError)) {
    const listed = await listTrials(reader, located, sources);
    all = inOrder([...all, ...listed.diagnostics], sources);
    ({ trials, search } = listed);
  }
  return {
    sources,
    diagnostics: all,
    reader,
    ...(located !== undefined && !all.some(isError) ? { located } : {}),
    ...(trials !== undefined && !all.some(isError) ? { trials } : {}),
    ...(metric === undefined ? {} : { metric }),
    ...(search === undefined ? {} : { search }),
    stageTypes: types,
  };
}

/**
 * Prints why a command did nothing: in the JSON document, or on stderr.
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
