/** The checks that need more than one stage's schema: references, cycles, shapes, losses. */
import { isDeepStrictEqual } from 'node:util';
import { asWritten } from '../config/paths.ts';
import type { DocumentPath, LocatedPipeline } from '../config/pipeline.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import type { Finding, Inspection, OutputDescription } from '../core/stage-type.ts';
import { yamlText } from '../core/yaml-text.ts';
import { canonicalJson } from '../core/json.ts';
import { buildGraph, neededFor, type GraphStage } from './graph.ts';
import { checkPairing } from './pairs.ts';

export interface CheckResult {
  /** All stages in the order in which they can run; complete if no diagnostic is an error. */
  readonly stages: readonly GraphStage[];
  /** The output of each stage; undefined if it could not be determined. */
  readonly outputs: ReadonlyMap<string, OutputDescription | undefined>;
  readonly diagnostics: readonly Diagnostic[];
}

/** What the files of each stage reveal. */
export type Inspections = ReadonlyMap<string, Inspection>;

/**
 * Looks for the files of stages, and reads those that describe them.
 *
 * @param targets the stages to run. Only their files and those of the stages that they need matter. Empty: all stages
 */
export async function inspectFiles(
  located: LocatedPipeline,
  targets: readonly string[] = [],
): Promise<Inspections> {
  const { pipeline, stageTypes, folder, inspected: known = new Map() } = located;
  const found = new Map<string, Inspection>();
  const needed = targets.length === 0 ? undefined : neededFor(buildGraph(located).stages, targets);
  for (const [name, settings] of pipeline.stages) {
    if (needed?.has(name) === false) continue;
    const type = stageTypes.get(settings.type);
    if (type?.inspect === undefined) continue;
    const key = canonicalJson(settings);
    const inspection = known.get(key) ?? type.inspect(settings, folder);
    known.set(key, inspection);
    const inspected = await inspection;
    if (inspected !== undefined) found.set(name, inspected);
  }
  return found;
}

/**
 * Checks a pipeline that is valid by its schemas. Reports everything that is wrong, in the order of the file.
 *
 * @param inspections omitted if files must not be read, as for an untrusted pipeline
 */
export function checkPipeline(located: LocatedPipeline, inspections: Inspections = new Map()): CheckResult {
  const graph = buildGraph(located);
  const diagnostics = [...graph.diagnostics];
  const outputs = new Map<string, OutputDescription | undefined>();
  for (const stage of graph.stages) {
    const settings = located.pipeline.stages.get(stage.name);
    if (settings === undefined) continue;
    const inputs = Object.fromEntries(
      Object.entries(stage.inputs).map(([key, target]) => [key, outputs.get(target)]),
    );
    const mismatches = (stage.type.pairings?.(settings) ?? []).flatMap(
      (pairing) => checkPairing(pairing, inputs, stage.inputs) ?? [],
    );
    const report = (finding: Finding): void => {
      // A certain mismatch needs no guess beside it.
      const isSaid = mismatches.some(
        (mismatch) => mismatch !== finding && mismatch.at.join() === finding.at.join(),
      );
      if (finding.severity === 'warning' && isSaid) return;
      const places = finding.ifWritten === undefined ? undefined : [finding.at, ...finding.ifWritten];
      const at = places?.find((place) => isWritten(located, ['stages', stage.name, ...place]));
      if (places === undefined) diagnostics.push(toDiagnostic(located, stage.name, finding));
      else if (at !== undefined) diagnostics.push(toDiagnostic(located, stage.name, { ...finding, at }));
    };
    mismatches.forEach(report);
    const inspected = inspections.get(stage.name);
    const context = { stage: stage.name, settings, inputs, references: stage.inputs, report };
    outputs.set(
      stage.name,
      stage.type.analyze({ ...context, ...(inspected === undefined ? {} : { inspected }) }),
    );
  }
  return { stages: graph.stages, outputs, diagnostics: diagnostics.sort(byPlace) };
}

/** Whether a value is written in a file or an override; a default is not. */
function isWritten({ locate }: LocatedPipeline, path: DocumentPath): boolean {
  // A value that is not written is located at its parent.
  return !isDeepStrictEqual(locate(path, 'key'), locate(path.slice(0, -1), 'key'));
}

function toDiagnostic(located: LocatedPipeline, stage: string, found: Finding): Diagnostic {
  const finding = asWritten(located, ['stages', stage, ...found.at], found);
  const { related } = finding;
  // A finding about the stage as a whole points at its name, not at the whole block. A problem of a path is reported where it
  // is written.
  const part = finding.at.length === 0 ? 'key' : finding.code === 'data-missing' ? 'origin' : 'value';
  const range = located.locate(['stages', stage, ...finding.at], part);
  return {
    code: finding.code,
    severity: finding.severity ?? 'error',
    message: finding.message,
    range,
    ...(finding.replacement === undefined ? {} : { edits: [{ range, text: yamlText(finding.replacement) }] }),
    ...(finding.hint === undefined ? {} : { hint: finding.hint }),
    ...(related === undefined
      ? {}
      : {
          related: [
            {
              message: related.message,
              range: located.locate(
                ['stages', related.stage ?? stage, ...related.at],
                related.at.length === 0 ? 'key' : 'value',
              ),
            },
          ],
        }),
  };
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  if (a.range === undefined || b.range === undefined) return 0;
  return a.range.start.line - b.range.start.line || a.range.start.column - b.range.start.column;
}
