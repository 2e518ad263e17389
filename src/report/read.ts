/** From `outputs/<name>` to the content of its report. All files may be damaged or untrusted. */
import { lstat, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { standingOf, type StageChange, type Standing } from '../artifacts/standing.ts';
import { recordedVersion, type RunRecord, type StageRecord } from '../artifacts/run-record.ts';
import { Workspace } from '../artifacts/workspace.ts';
import { failure } from '../core/diagnostic.ts';
import { notesOf, withoutNotes, type Notes } from '../core/notes.ts';
import { isJsonObject, sha256, type JsonObject } from '../core/json.ts';
import { pageModels, type PageModels } from '../explorer/write/models.ts';
import { shellWord } from '../core/shell.ts';
import { bytesOf, withinBudget } from './budget.ts';
import { withBaselines } from './compared.ts';
import { filesOf, readExhibits } from './exhibits.ts';
import { readLog } from './log.ts';
import type { Report, ReportStage, StageState } from './report.ts';
import { parsedObject, sourceFacts, WrittenPipeline, type WrittenFile } from './written.ts';

/** A pipeline file has at most a quarter of this; the resolved file may be longer. */
const MOST_YAML_BYTES = 1024 * 1024;

/**
 * Reads the outputs of a run.
 *
 * @param folder absolute path of `outputs/<name>`
 * @param models which trained models are in the page to be tried there
 * @throws Failure `no-run` if there are no outputs of a run
 */
export async function readReport(folder: string, models: ModelsInPage = 'none'): Promise<Report> {
  const workspace = new Workspace(folder);
  const run = await workspace.readRun();
  if (run === undefined) {
    throw failure(
      'no-run',
      `\`${folder}\` contains no outputs of a run`,
      'run the pipeline first: `hourglass run FILE`',
    );
  }
  const { started, seconds, problems } = { ...timesOf(run), ...(await readLog(join(folder, 'log.jsonl'))) };
  const file = typeof run.file === 'string' ? run.file : 'pipeline.yaml';
  const sources = [
    { file, text: await readYaml(join(folder, 'pipeline.yaml')) },
    ...(await workspace.readBases()).filter(({ text }) => text.length <= MOST_YAML_BYTES),
  ];
  const settings = await readYaml(join(folder, 'resolved.yaml'));
  const resolved = parsedObject(settings);
  const notes = notesOf(resolved);
  const overrides = texts(run.overrides);
  const stages: ReportStage[] = [];
  const all = describeStages(run, sources, resolved, notes);
  const standings = await readStandings(workspace, run, settings);
  const metrics = await workspace.readMetrics();
  for (const described of all) {
    const { name } = described;
    const standing = standings.get(name) ?? 'missing';
    // The points of a map have the images that it was made from, or none.
    const inputs = sourcesOf(name, all).filter((each) => standings.get(each) === 'current');
    stages.push(
      await readStage(join(folder, name), {
        described,
        standing,
        record: run.stages[name],
        metrics: standing === 'current' ? (metrics[name] ?? {}) : {},
        sources: standing === 'current' ? inputs.map((each) => join(folder, each)) : [],
      }),
    );
  }
  const explorer = models === 'none' ? undefined : await explorerOf(folder, run, standings, models);
  const compared = await withBaselines(folder, stages, asObject(resolved['stages']));
  return {
    name: run.pipeline,
    file,
    ...(typeof resolved['description'] === 'string' ? { description: resolved['description'] } : {}),
    ...(notes.pipeline === undefined ? {} : { notes: notes.pipeline }),
    status: run.status,
    ...(started === undefined ? {} : { started }),
    ...(seconds === undefined ? {} : { seconds }),
    seed: run.seed,
    overrides,
    versions: asObject(run.versions) as Report['versions'],
    otherVersions: otherVersions(run),
    ...(isJsonObject(run.engine) ? { engine: run.engine } : {}),
    threads: threadsOf(run, standings),
    stages: withinBudget(compared, explorer === undefined ? 0 : bytesOf(explorer)),
    ...(explorer === undefined ? {} : { explorer }),
    problems: run.status === 'done' ? problems.filter(({ severity }) => severity === 'warning') : problems,
    ...sourceFacts(sources, overrides),
  };
}

/** The times of a restored run, which has no log. */
function timesOf({ started, seconds }: RunRecord): Pick<Report, 'started' | 'seconds'> {
  const time = typeof started === 'string' ? Date.parse(started) : Number.NaN;
  return {
    ...(Number.isFinite(time) ? { started: time } : {}),
    ...(typeof seconds === 'number' ? { seconds } : {}),
  };
}

/** `small`: those that fit into a page that can be mailed; `all`: also larger ones. */
export type ModelsInPage = 'none' | 'small' | 'all';

function explorerOf(
  folder: string,
  run: RunRecord,
  standings: ReadonlyMap<string, Standing>,
  models: ModelsInPage,
): Promise<PageModels | undefined> {
  const current = new Set(
    [...standings].flatMap(([name, standing]) => (standing === 'current' ? [name] : [])),
  );
  const command = `hourglass report ${shellWord(run.pipeline)} --all-models`;
  return pageModels(folder, run, { current, large: models === 'all', command });
}

/**
 * The content of each stage's folder, compared with the settings in `resolved.yaml`. If the record was written for other
 * settings, for example after a kill between two files, no result is known to belong to these settings.
 */
async function readStandings(
  { folder }: Workspace,
  run: RunRecord,
  settings: string,
): Promise<ReadonlyMap<string, Standing>> {
  const isRecorded = run.resolved === sha256(settings);
  const standings = new Map<string, Standing>();
  for (const [name, { hash, wanted }] of Object.entries(run.stages).filter(([each]) => isStageName(each))) {
    const shown = (await isFolder(join(folder, name))) ? hash : undefined;
    standings.set(name, standingOf(shown, isRecorded ? wanted : undefined));
  }
  return standings;
}

function otherVersions(run: RunRecord): Report['otherVersions'] {
  return Object.entries(run.stages).flatMap(([name, { madeBy }]) =>
    typeof madeBy !== 'string' || madeBy === recordedVersion(run) || !isStageName(name)
      ? []
      : [[name, madeBy]],
  );
}

/** What is known about a stage without its files. */
export type DescribedStage = Pick<ReportStage, 'name' | 'type' | 'notes' | 'inputs' | 'settings' | 'written'>;

function describeStages(
  run: RunRecord,
  sources: readonly WrittenFile[],
  resolved: JsonObject,
  notes: Notes,
): readonly DescribedStage[] {
  const written = new WrittenPipeline(sources.map(({ text }) => text));
  const settings = asObject(withoutNotes(resolved)['stages']);
  const names = [...new Set([...Object.keys(settings), ...Object.keys(run.stages)])].filter(isStageName);
  const ports = new Set(Object.values(run.stages).flatMap(({ inputs }) => Object.keys(asObject(inputs))));
  return names.map((name) => {
    const own = asObject(settings[name]);
    const record = run.stages[name];
    const told = notes.stages.get(name);
    return {
      name,
      ...(told === undefined ? {} : { notes: told }),
      type: record?.type ?? (typeof own['type'] === 'string' ? own['type'] : ''),
      inputs: record === undefined ? inputsOf(own, ports, names) : recordedInputs(record.inputs),
      settings: written.settingsOf(name, own, texts(run.overrides)),
      written: written.linesOf(name),
    };
  });
}

interface StageSources {
  readonly described: DescribedStage;
  readonly standing: Standing;
  readonly record: StageRecord | undefined;
  readonly metrics: ReportStage['metrics'];
  /** Folders of the stages that it depends on, the nearest first. */
  readonly sources: readonly string[];
}

async function readStage(
  folder: string,
  { described, standing, record, metrics, sources }: StageSources,
): Promise<ReportStage> {
  const state = stateOf(standing, record);
  const { hash, epochsKept } = record ?? {};
  return {
    ...described,
    state,
    metrics,
    ...(state === 'done' && record !== undefined ? { seconds: record.seconds } : {}),
    ...(standing === 'current' && typeof hash === 'string' ? { hash } : {}),
    ...(standing === 'outdated' ? { outdated: { changes: changesIn(record?.changes) } } : {}),
    ...(typeof epochsKept === 'number' ? { epochsKept } : {}),
    ...(standing === 'missing'
      ? NO_FILES
      : await readFiles(folder, described.name, texts(record?.highlights), sources)),
  };
}

function stateOf(standing: Standing, record: StageRecord | undefined): StageState {
  const state = record?.state;
  if (state === 'failed' || state === 'interrupted') return state;
  if (standing === 'current') return 'done';
  if (standing === 'outdated') return 'outdated';
  return state === 'skipped' ? 'skipped' : 'waiting';
}

function changesIn(value: unknown): readonly StageChange[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (change): change is StageChange =>
      isJsonObject(change) && typeof change['stage'] === 'string' && typeof change['path'] === 'string',
  );
}

const NO_FILES = { exhibits: [], files: [] } as const;

/** Names of the stages that a stage depends on, the nearest first. */
export function sourcesOf(
  stage: string,
  stages: readonly Pick<ReportStage, 'name' | 'inputs'>[],
): readonly string[] {
  const found = [stage];
  // The list grows during the loop.
  for (const name of found) {
    const inputs = Object.values(stages.find((other) => other.name === name)?.inputs ?? {});
    found.push(...new Set(inputs.filter((input) => isStageName(input) && !found.includes(input))));
  }
  return found.slice(1);
}

/**
 * The artifacts in a stage's folder. The user's own files in it are left out; artifacts that were changed are only named.
 *
 * @param sources folders of the stages that it depends on, the nearest first
 */
export async function readFiles(
  folder: string,
  stage: string,
  highlights: readonly string[],
  sources: readonly string[],
): Promise<Pick<ReportStage, 'exhibits' | 'files'>> {
  if (!(await isFolder(folder))) return NO_FILES;
  const all = await filesOf(folder);
  const { added, changed } = await new Workspace(dirname(folder)).foreignAmong(
    stage,
    all.map(({ path }) => path),
  );
  const files = all.filter(({ path }) => !added.has(path) && !changed.has(path));
  const unshown = [...changed].map(
    (path) => ({ kind: 'unshown', path, reason: 'it was changed since the run' }) as const,
  );
  return {
    exhibits: [...(await readExhibits(folder, files, stage, highlights, sources)), ...unshown],
    files,
  };
}

async function isFolder(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isDirectory() === true;
}

/** The references of a stage that has not started: found by the keys with which other stages refer to stages. */
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

function threadsOf(run: RunRecord, standings: ReadonlyMap<string, Standing>): readonly number[] {
  const numbers = Object.entries(run.stages).flatMap(([name, { key }]) => {
    const engine = standings.get(name) === 'current' ? key?.['engine'] : undefined;
    return isJsonObject(engine) && typeof engine['threads'] === 'number' ? [engine['threads']] : [];
  });
  return [...new Set(numbers)].sort((one, other) => one - other);
}

async function readYaml(path: string): Promise<string> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isFile() !== true || found.size > MOST_YAML_BYTES) return '';
  return readFile(path, 'utf8').catch(() => '');
}

/** Valid names of stages: none of them is a path. */
function isStageName(name: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(name);
}

function asObject(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

function recordedInputs(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(asObject(value)).flatMap(([name, stage]) =>
      typeof stage === 'string' ? [[name, stage] as const] : [],
    ),
  );
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
