/** From `outputs/<name>` to what its report shows. Everything in it may have been damaged, or come from somebody else. */
import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Workspace, type RunRecord, type StageRecord } from '../artifacts/workspace.ts';
import { failure } from '../core/diagnostic.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { withinBudget } from './budget.ts';
import { filesOf, readExhibits } from './exhibits.ts';
import { readLog } from './log.ts';
import type { Report, ReportStage } from './report.ts';
import { parsedObject, sourceFacts, WrittenPipeline } from './written.ts';

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
  const { started, seconds, problems } = await readLog(join(folder, 'log.jsonl'));
  const source = await readYaml(join(folder, 'pipeline.yaml'));
  const resolved = parsedObject(await readYaml(join(folder, 'resolved.yaml')));
  const overrides = texts(run.overrides);
  const stages: ReportStage[] = [];
  const all = describeStages(run, source, resolved, await workspace.readMetrics());
  for (const described of all) {
    const sources = sourcesOf(described.name, all).map((name) => join(folder, name));
    stages.push(
      await readStage(join(folder, described.name), described, run.stages[described.name], sources),
    );
  }
  return {
    name: run.pipeline,
    file: typeof run.file === 'string' ? run.file : 'pipeline.yaml',
    ...(typeof resolved['description'] === 'string' ? { description: resolved['description'] } : {}),
    status: run.status,
    ...(started === undefined ? {} : { started }),
    ...(seconds === undefined ? {} : { seconds }),
    seed: run.seed,
    overrides,
    versions: asObject(run.versions) as Report['versions'],
    ...(isJsonObject(run.engine) ? { engine: run.engine } : {}),
    threads: threadsOf(run),
    stages: withinBudget(stages),
    problems: run.status === 'done' ? problems.filter(({ severity }) => severity === 'warning') : problems,
    ...sourceFacts(source),
  };
}

/** What is known of a stage without its files. */
export type DescribedStage = Pick<ReportStage, 'name' | 'type' | 'inputs' | 'settings' | 'lines' | 'metrics'>;

function describeStages(
  run: RunRecord,
  source: string,
  resolved: JsonObject,
  metrics: Readonly<Record<string, Readonly<Record<string, number>>>>,
): readonly DescribedStage[] {
  const written = new WrittenPipeline(source);
  const settings = asObject(resolved['stages']);
  const names = [...new Set([...Object.keys(settings), ...Object.keys(run.stages)])].filter(isStageName);
  const ports = new Set(Object.values(run.stages).flatMap(({ inputs }) => Object.keys(asObject(inputs))));
  return names.map((name) => {
    const own = asObject(settings[name]);
    const record = run.stages[name];
    return {
      name,
      type: record?.type ?? (typeof own['type'] === 'string' ? own['type'] : ''),
      inputs:
        record === undefined
          ? inputsOf(own, ports, names)
          : (asObject(record.inputs) as Record<string, string>),
      settings: written.settingsOf(name, own, texts(run.overrides)),
      ...written.linesOf(name),
      metrics: metrics[name] ?? {},
    };
  });
}

async function readStage(
  folder: string,
  described: DescribedStage,
  record: StageRecord | undefined,
  sources: readonly string[],
): Promise<ReportStage> {
  const finished = record?.state === 'ran' || record?.state === 'cached';
  const hasResult = record?.hash !== undefined && (await isFolder(folder));
  const state = record === undefined ? 'waiting' : record.state === 'failed' ? 'failed' : 'skipped';
  return {
    ...described,
    state: finished ? 'done' : state,
    ...(finished ? { seconds: record.seconds } : {}),
    ...(typeof record?.hash === 'string' ? { hash: record.hash } : {}),
    outdated: hasResult && !finished,
    ...(hasResult ? await readFiles(folder, described.name, texts(record.highlights), sources) : NO_FILES),
  };
}

const NO_FILES = { exhibits: [], files: [] } as const;

/** Names of the stages that one builds upon, the nearest first. */
export function sourcesOf(
  stage: string,
  stages: readonly Pick<ReportStage, 'name' | 'inputs'>[],
): readonly string[] {
  const found = [stage];
  // It grows while it is gone through.
  for (const name of found) {
    const inputs = Object.values(stages.find((other) => other.name === name)?.inputs ?? {});
    found.push(...new Set(inputs.filter((input) => isStageName(input) && !found.includes(input))));
  }
  return found.slice(1);
}

/**
 * What lies in a stage's folder.
 *
 * @param sources folders of the stages that it builds upon, the nearest first
 */
export async function readFiles(
  folder: string,
  stage: string,
  highlights: readonly string[],
  sources: readonly string[],
): Promise<Pick<ReportStage, 'exhibits' | 'files'>> {
  if (!(await isFolder(folder))) return NO_FILES;
  const files = await filesOf(folder);
  return { exhibits: await readExhibits(folder, files, stage, highlights, sources), files };
}

async function isFolder(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isDirectory() === true;
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
