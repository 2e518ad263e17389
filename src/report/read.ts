/** From `outputs/<name>` to what its report shows. Everything in it may have been damaged, or come from somebody else. */
import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMap, isScalar, LineCounter, parseDocument, type Document, type YAMLMap } from 'yaml';
import { Workspace, type RunRecord, type StageRecord } from '../artifacts/workspace.ts';
import { failure } from '../core/diagnostic.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { filesOf, readExhibits } from './exhibits.ts';
import { readLog } from './log.ts';
import type { Report, ReportStage } from './report.ts';

/** A pipeline file has at most a quarter of this; what it becomes may be longer. */
const MOST_YAML_BYTES = 1024 * 1024;

/**
 * Reads what a run left.
 *
 * @param folder absolute path of `outputs/<name>`
 * @throws Failure `no-run` if no run left anything there
 */
export async function readReport(folder: string): Promise<Report> {
  const workspace = new Workspace(folder);
  const run = await workspace.readRun();
  if (run === undefined) {
    throw failure('no-run', `\`${folder}\` holds no run`, 'run the pipeline first: `hourglass run FILE`');
  }
  const source = await readYaml(join(folder, 'pipeline.yaml'));
  const written = new WrittenPipeline(source);
  const resolved = asObject(
    parse(await readYaml(join(folder, 'resolved.yaml'))).toJS({ maxAliasCount: 100 }),
  );
  const metrics = await workspace.readMetrics();
  const log = await readLog(join(folder, 'log.jsonl'));
  const settings = asObject(resolved['stages']);
  const names = [...new Set([...Object.keys(settings), ...Object.keys(run.stages)])].filter(isStageName);
  const ports = new Set(Object.values(run.stages).flatMap(({ inputs }) => Object.keys(asObject(inputs))));
  const stages: ReportStage[] = [];
  for (const name of names) {
    const resolvedSettings = asObject(settings[name]);
    stages.push(
      await readStage(folder, name, {
        record: run.stages[name],
        settings: written.written(name, resolvedSettings, texts(run.overrides)),
        inputs: inputsOf(resolvedSettings, ports, names),
        metrics: metrics[name] ?? {},
        ...written.linesOf(name),
      }),
    );
  }
  const { started, seconds, problems } = log;
  return {
    name: run.pipeline,
    file: typeof run.file === 'string' ? run.file : 'pipeline.yaml',
    ...(typeof resolved['description'] === 'string' ? { description: resolved['description'] } : {}),
    status: run.status,
    ...(started === undefined ? {} : { started }),
    ...(seconds === undefined ? {} : { seconds }),
    seed: run.seed,
    overrides: texts(run.overrides),
    versions: asObject(run.versions) as Report['versions'],
    ...(isJsonObject(run.engine) ? { engine: run.engine } : {}),
    threads: threadsOf(run),
    stages,
    problems: run.status === 'done' ? problems.filter(({ severity }) => severity === 'warning') : problems,
    source,
    extendsOther: written.has('extends'),
    hasPlugins: written.has('plugins'),
  };
}

interface StageSources {
  readonly record: StageRecord | undefined;
  readonly settings: JsonObject;
  readonly inputs: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, number>>;
  readonly lines?: readonly [number, number];
}

async function readStage(
  folder: string,
  name: string,
  { record, settings, inputs, metrics, lines }: StageSources,
): Promise<ReportStage> {
  const own = join(folder, name);
  const isFolder = (await lstat(own).catch(() => undefined))?.isDirectory() === true;
  const hasResult = record?.hash !== undefined && isFolder;
  const files = hasResult ? await filesOf(own) : [];
  const state = record?.state ?? 'waiting';
  const finished = state === 'ran' || state === 'cached';
  return {
    name,
    type: record?.type ?? (typeof settings['type'] === 'string' ? settings['type'] : ''),
    state,
    ...(finished && record !== undefined ? { seconds: record.seconds } : {}),
    inputs: record === undefined ? inputs : (asObject(record.inputs) as Record<string, string>),
    settings,
    ...(lines === undefined ? {} : { lines }),
    metrics,
    ...(typeof record?.hash === 'string' ? { hash: record.hash } : {}),
    outdated: hasResult && !finished,
    exhibits: await readExhibits(own, files, name, texts(record?.highlights)),
    files,
  };
}

/** The references of a stage that did not come to its turn: settings that other stages refer to stages with. */
function inputsOf(
  settings: JsonObject,
  ports: ReadonlySet<string>,
  names: readonly string[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([key, value]) =>
      ports.has(key) && typeof value === 'string' && names.includes(value) ? [[key, value]] : [],
    ),
  );
}

function threadsOf(run: RunRecord): readonly number[] {
  const numbers = Object.values(run.stages).flatMap(({ key }) => {
    const engine = key?.['engine'];
    return isJsonObject(engine) && typeof engine['threads'] === 'number' ? [engine['threads']] : [];
  });
  return [...new Set(numbers)].sort((one, other) => one - other);
}

/** `pipeline.yaml` as it was written: where stages stand in it, and which of their settings. */
class WrittenPipeline {
  readonly #document: Document.Parsed;
  readonly #counter = new LineCounter();

  constructor(text: string) {
    this.#document = parse(text, this.#counter);
  }

  has(key: string): boolean {
    return isMap(this.#document.contents) && this.#document.contents.has(key);
  }

  /** First and last line of a stage. */
  linesOf(stage: string): { readonly lines?: readonly [number, number] } {
    const pair = this.#pair(stage);
    const start = isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
    const value: unknown = pair?.value;
    const end = isMap(value) ? value.range?.[1] : undefined;
    if (start === undefined || end === undefined) return {};
    const last = this.#counter.linePos(Math.max(start, end - 1)).line;
    return { lines: [this.#counter.linePos(start).line, last] };
  }

  /** Of a stage's resolved settings, those that the file or an override names: no defaults. */
  written(stage: string, resolved: JsonObject, overrides: readonly string[]): JsonObject {
    const value: unknown = this.#pair(stage)?.value;
    if (!isMap(value)) return resolved;
    return namedIn(value, resolved, (path) =>
      overrides.some((text) => text.startsWith(`stages.${stage}.${path.join('.')}`)),
    );
  }

  #pair(stage: string) {
    const { contents } = this.#document;
    const stages: unknown = isMap(contents) ? contents.get('stages', true) : undefined;
    if (!isMap(stages)) return undefined;
    return stages.items.find(({ key }) => isScalar(key) && key.value === stage);
  }
}

/** Members of a map that the text names; of maps in them, the same. What is no map comes whole. */
function namedIn(
  written: YAMLMap,
  resolved: JsonObject,
  isOverridden: (path: readonly string[]) => boolean,
  path: readonly string[] = [],
): JsonObject {
  return Object.fromEntries(
    Object.entries(resolved).flatMap(([key, value]): [string, Json][] => {
      const own = [...path, key];
      const member: unknown = written.get(key, true);
      if (member === undefined || member === null) return isOverridden(own) ? [[key, value]] : [];
      if (!isMap(member) || !isJsonObject(value)) return [[key, value]];
      return [[key, namedIn(member, value, isOverridden, own)]];
    }),
  );
}

function parse(text: string, lineCounter?: LineCounter): Document.Parsed {
  return parseDocument(text, {
    version: '1.2',
    logLevel: 'silent',
    uniqueKeys: false,
    ...(lineCounter === undefined ? {} : { lineCounter }),
  });
}

async function readYaml(path: string): Promise<string> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isFile() !== true || found.size > MOST_YAML_BYTES) return '';
  return readFile(path, 'utf8').catch(() => '');
}

/** Names of stages that the language allows: none of them is a path. */
function isStageName(name: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(name);
}

function asObject(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
