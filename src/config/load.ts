/** From a pipeline file to a valid pipeline, or to all that is wrong with it. */
import { dirname, resolve } from 'node:path';
import type { Diagnostic, SourceFile } from '../core/diagnostic.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { readMerged, type Reading } from './extends.ts';
import { interpolate } from './interpolate.ts';
import { locate, toJson, type LocatedDocument } from './located.ts';
import { applyOverrides, overrideSources } from './override.ts';
import type { LoadOptions, LoadResult, LocatedPipeline, Pipeline, StageSettings } from './pipeline.ts';
import { inOrder, type Report } from './report.ts';
import { validate, type KnownTypes } from './validate.ts';

/**
 * Loads a pipeline: file -> text -> located tree -> with what it extends -> with overrides -> with parameters in place ->
 * valid by the schemas, with defaults. Never throws for what a user may get wrong: that is in the result's diagnostics.
 *
 * References between stages, shapes, and what else the schemas cannot say, are checked later, by `plan/`.
 */
export async function loadPipeline(file: string, options: LoadOptions): Promise<LoadResult> {
  const sources: SourceFile[] = [];
  const diagnostics: Diagnostic[] = [];
  const report: Report = (diagnostic) => diagnostics.push(diagnostic);
  const { within } = options;
  const reading: Reading = {
    report,
    source: (source) => sources.push(source),
    ...(within === undefined ? {} : { within }),
  };
  const located = await locatePipeline(file, options, reading, sources);
  const failed = diagnostics.some(({ severity }) => severity === 'error');
  return {
    sources,
    diagnostics: inOrder(diagnostics, sources),
    ...(located === undefined ? {} : failed ? { partial: located } : { located }),
  };
}

/** @returns the pipeline, or what is valid of it; undefined if there is no document */
async function locatePipeline(
  file: string,
  options: LoadOptions,
  reading: Reading,
  sources: readonly SourceFile[],
): Promise<LocatedPipeline | undefined> {
  const { report } = reading;
  const merged = await readMerged(file, reading);
  const overrides = options.overrides ?? [];
  const given = overrideSources(overrides);
  given.forEach(reading.source);
  if (merged === undefined) return undefined;
  const document = interpolate(applyOverrides(merged, given, report), report);

  const folder = dirname(resolve(file));
  const known = await knownTypes(document, folder, options, report);
  const { data, invalid } = await validate(document, known, report);
  return {
    file,
    folder,
    text: sources[0]?.text ?? '',
    pipeline: pipelineOf(data, document, invalid),
    invalidStages: invalid,
    resolved: data,
    overrides,
    stageTypes: known.types,
    locate: (path, part) => locate(document.root, path, part),
  };
}

async function knownTypes(
  document: LocatedDocument<'interpolated'>,
  folder: string,
  options: LoadOptions,
  report: Report,
): Promise<KnownTypes> {
  const listed = document.root.entries.get('plugins')?.value;
  const plugins = listed === undefined ? [] : texts(toJson(listed, () => undefined));
  const { types, problems } = await options.stageTypes(plugins, folder);
  for (const { plugin, diagnostic } of problems) {
    report({ ...diagnostic, range: locate(document.root, ['plugins', plugin]) });
  }
  return { types, incomplete: problems.some(({ diagnostic }) => diagnostic.severity === 'error') };
}

/** The texts of a list; none if anything else is in it, which validation reports. */
function texts(value: Json | undefined): readonly string[] {
  const items: readonly Json[] = Array.isArray(value) ? value : [];
  const found = items.filter((item) => typeof item === 'string');
  return found.length === items.length ? found : [];
}

/** A document with its types; what is not valid of it is left out. */
function pipelineOf(
  data: JsonObject,
  { root }: LocatedDocument<'interpolated'>,
  invalid: ReadonlySet<string>,
): Pipeline {
  const { name, description, seed, threads, params, plugins } = data;
  const written = root.entries.get('stages')?.value;
  const stages = new Map<string, StageSettings>();
  for (const stage of written?.kind === 'map' ? written.entries.keys() : []) {
    const settings = isJsonObject(data['stages']) ? data['stages'][stage] : undefined;
    if (isStage(settings) && !invalid.has(stage)) stages.set(stage, settings);
  }
  return {
    name: typeof name === 'string' ? name : '',
    ...(typeof description === 'string' ? { description } : {}),
    seed: typeof seed === 'number' ? seed : 0,
    ...(typeof threads === 'number' ? { threads } : {}),
    params: isJsonObject(params) ? params : {},
    stages,
    plugins: texts(plugins),
  };
}

function isStage(settings: Json | undefined): settings is StageSettings {
  return isJsonObject(settings) && typeof settings['type'] === 'string';
}
