/** From a pipeline file to a valid pipeline, or to all its problems. */
import { dirname, relative, resolve } from 'node:path';
import { withSlashes } from '../core/path.ts';
import { isError, type Diagnostic, type SourceFile } from '../core/diagnostic.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { settingsCalled } from './advice/stray.ts';
import { readMerged } from './extends.ts';
import type { Sweep } from '../schema/generated/settings.ts';
import { interpolate } from './interpolate.ts';
import { InterpolatedStages } from './interpolated-stages.ts';
import { isArgument, locate, toJson, type LocatedDocument, type LocatedMap } from './located.ts';
import { applyOver, overSources } from './over.ts';
import { applyOverrides, applySettings, overrideSources, settingText } from './override.ts';
import type {
  LoadOptions,
  LoadResult,
  LocatedPipeline,
  PathSetting,
  Pipeline,
  StageSettings,
  StageTypes,
  TrialSetting,
} from './pipeline.ts';
import { pathAt, placePaths, replaceAt, type Folders } from './paths.ts';
import { inOrder, type ReportDiagnostic } from './diagnostics/report.ts';
import { pathWarnings } from './file-names.ts';
import type { KnownTypes, ValidStages } from './pass.ts';
import { validate, type Validated } from './validate.ts';
import { Validator } from './validator.ts';

/**
 * Loads a pipeline: file -> text -> located tree -> merged with the files it extends -> with overrides -> with parameters
 * inserted -> valid by the schemas, with defaults. Does not throw for mistakes of users: these are in the result's diagnostics.
 *
 * References between stages, shapes, and other things that schemas cannot express are checked later, by `plan/`.
 */
export async function loadPipeline(file: string, options: LoadOptions): Promise<LoadResult> {
  return (await readPipeline(file, options)).load();
}

/** A pipeline whose files have been read: later changes of the files have no effect. */
export interface PipelineReader {
  /** The content of the files, with overrides, as data; undefined if it could not be read. */
  readonly document: JsonObject | undefined;
  /**
   * The pipeline, or a trial of its sweep: without the sweep, and with values that replace those of the file and its overrides.
   */
  load(settings?: readonly TrialSetting[]): Promise<LoadResult>;
}

/** Reads a pipeline file, the files it extends, and the overrides of the command line. */
export async function readPipeline(file: string, options: LoadOptions): Promise<PipelineReader> {
  const sources: SourceFile[] = [];
  const diagnostics: Diagnostic[] = [];
  const report: ReportDiagnostic = (diagnostic) => diagnostics.push(diagnostic);
  const { within, texts } = options;
  const merged = await readMerged(file, {
    report,
    source: (source) => sources.push(source),
    ...(within === undefined ? {} : { within }),
    ...(texts === undefined ? {} : { texts: new Map(texts.map((each) => [resolve(each.name), each.text])) }),
  });
  const text = sources[0]?.text ?? '';
  const swept = overSources(options.over ?? [], options.metric);
  const given = overrideSources(options.overrides ?? []);
  sources.push(...swept.over, ...(swept.metric === undefined ? [] : [swept.metric]), ...given);
  const document =
    merged === undefined ? undefined : applyOverrides(applyOver(merged, swept, report), given, report);
  const loader = new Loader({ file, text, options, sources });
  return {
    document: document === undefined ? undefined : asObject(toJson(document.root, () => undefined)),
    load: (settings) => loader.load(document, settings, diagnostics),
  };
}

interface Read {
  readonly file: string;
  readonly text: string;
  readonly options: LoadOptions;
  readonly sources: readonly SourceFile[];
}

/** From a document to pipelines, one for each choice of settings. Schemas are compiled once for all of them. */
class Loader {
  readonly #read: Read;
  readonly #inspected: NonNullable<LocatedPipeline['inspected']> = new Map();
  readonly #validator = Validator.shared();
  readonly #interpolated = new InterpolatedStages();
  readonly #valid: ValidStages = new WeakMap();
  /** By list of plugins: trials mostly have the same. */
  readonly #types = new Map<string, Promise<StageTypes>>();

  constructor(read: Read) {
    this.#read = read;
  }

  async load(
    document: LocatedDocument<'overridden'> | undefined,
    settings: readonly TrialSetting[] | undefined,
    earlier: readonly Diagnostic[],
  ): Promise<LoadResult> {
    const diagnostics = [...earlier];
    const report: ReportDiagnostic = (diagnostic) => diagnostics.push(diagnostic);
    const { sources } = this.#read;
    const located = document === undefined ? undefined : await this.#locate(document, settings, report);
    const failed = diagnostics.some(isError);
    return {
      sources,
      diagnostics: inOrder(diagnostics, sources),
      ...(located === undefined ? {} : failed ? { partial: located } : { located }),
    };
  }

  /** The pipeline, or its valid part. */
  async #locate(
    overridden: LocatedDocument<'overridden'>,
    settings: readonly TrialSetting[] | undefined,
    report: ReportDiagnostic,
  ): Promise<LocatedPipeline> {
    const { file, text, options, sources } = this.#read;
    const applied =
      settings === undefined ? overridden : applySettings(withoutSweep(overridden), settings, report);
    const document = interpolate(applied, report, this.#interpolated);
    const folder = dirname(resolve(file));
    const known = await this.#knownTypes(document, folder, report);
    const bases = basesAmong(sources, folder);
    const validated = validate(document, known, this.#validator, this.#valid, report, bases.length > 0);
    const { data, invalid, removed } = validated;
    const { root } = validated.document;
    const folders = { pipeline: folder, overrides: options.overrideFolder ?? process.cwd() };
    const plugins = listPlugins(root, folders);
    const paths = [...placePaths(data, root, validated.marks, folders), ...plugins];
    for (const { at, path } of plugins) replaceAt(data, at, path);
    pathWarnings(paths, (path) => locate(root, path)).forEach(report);
    return {
      file,
      folder,
      text,
      bases,
      pipeline: pipelineOf(data, validated),
      paths,
      invalidStages: invalid,
      removedStages: removed,
      resolved: data,
      overrides: [...(options.overrides ?? []), ...(settings ?? []).map(settingText)],
      stageTypes: known.types,
      inspected: this.#inspected,
      locate: (path, part) => locate(root, path, part),
      settingsCalled: (name) => settingsCalled(root, name),
    };
  }

  async #knownTypes(
    document: LocatedDocument<'interpolated'>,
    folder: string,
    report: ReportDiagnostic,
  ): Promise<KnownTypes> {
    const overrides = this.#read.options.overrideFolder ?? process.cwd();
    const plugins = listPlugins(document.root, { pipeline: folder, overrides }).map(({ path }) => path);
    const name = JSON.stringify(plugins);
    const found = this.#types.get(name) ?? this.#read.options.stageTypes(plugins, folder);
    this.#types.set(name, found);
    const { types, problems } = await found;
    for (const { plugin, diagnostic } of problems) {
      report({ ...diagnostic, range: locate(document.root, ['plugins', plugin]) });
    }
    return { types, incomplete: problems.some(({ diagnostic }) => isError(diagnostic)) };
  }
}

/** The files after the first one; overrides are not files. */
function basesAmong(sources: readonly SourceFile[], folder: string): readonly SourceFile[] {
  return sources
    .slice(1)
    .filter(({ name }) => !isArgument(name))
    .map(({ name, text }) => ({ name: withSlashes(relative(folder, resolve(name))), text }));
}

/** A trial does not depend on the other trials. */
function withoutSweep({ state, root }: LocatedDocument<'overridden'>): LocatedDocument<'overridden'> {
  const entries = new Map(root.entries);
  entries.delete('sweep');
  return { state, root: { ...root, entries } };
}

function asObject(value: Json): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** The paths of the plugins; none if the list contains anything but texts, which validation reports. */
function listPlugins(root: LocatedMap, folders: Folders): readonly PathSetting[] {
  const listed = root.entries.get('plugins')?.value;
  const items = listed?.kind === 'list' ? listed.items : [];
  const found = items.flatMap((_item, index) => pathAt(root, ['plugins', index], folders) ?? []);
  return found.length === items.length ? found : [];
}

/** The texts of a list; none if it contains anything else, which validation reports. */
function texts(value: Json | undefined): readonly string[] {
  const items: readonly Json[] = Array.isArray(value) ? value : [];
  const found = items.filter((item) => typeof item === 'string');
  return found.length === items.length ? found : [];
}

/** A document with its types; invalid parts are omitted. */
function pipelineOf(data: JsonObject, { document: { root }, invalid, sweepIsValid }: Validated): Pipeline {
  const { name, description, seed, threads, params, plugins, sweep } = data;
  const written = root.entries.get('stages')?.value;
  const stages = new Map<string, StageSettings>();
  for (const stage of written?.kind === 'map' ? written.entries.keys() : []) {
    const settings = isJsonObject(data['stages']) ? data['stages'][stage] : undefined;
    if (!isStage(settings) || invalid.has(stage)) continue;
    const { notes, ...rest } = settings;
    stages.set(stage, notes === undefined ? settings : { ...rest, type: settings.type });
  }
  return {
    name: typeof name === 'string' ? name : '',
    ...(typeof description === 'string' ? { description } : {}),
    seed: typeof seed === 'number' ? seed : 0,
    ...(typeof threads === 'number' ? { threads } : {}),
    params: isJsonObject(params) ? params : {},
    stages,
    plugins: texts(plugins),
    // Its type is generated from the schema of the validation.
    ...(isJsonObject(sweep) && sweepIsValid ? { sweep: sweep as unknown as Sweep } : {}),
  };
}

function isStage(settings: Json | undefined): settings is StageSettings {
  return isJsonObject(settings) && typeof settings['type'] === 'string';
}
