/** Reads the outputs of a finished run, and compares them with the pipeline that should have made them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '../files/atomic.ts';
import { standingOf } from '../artifacts/standing.ts';
import type { RunRecord } from '../artifacts/run-record.ts';
import type { Workspace } from '../artifacts/workspace.ts';
import type { Entry } from '../artifacts/entry.ts';
import type { LocatedPipeline } from '../config/pipeline.ts';
import { Failure, failure } from '../core/diagnostic.ts';
import { canonicalJson, isJsonObject, sha256 } from '../core/json.ts';
import { shellWord } from '../core/shell.ts';
import type { PlannedStage } from '../plan/plan.ts';
import { planPipeline, storeOf, workspaceOf } from '../run/plan.ts';
import { renderPage } from '../report/page.ts';
import { readReport } from '../report/read.ts';
import { environmentOf } from './environment.ts';
import type { Environment, PackedStage } from './generated/types.ts';
import { artifactPath, METRICS, REPORT } from './manifest.ts';
import type { ZipEntry } from '../formats/zip.ts';
import { withoutSchemaPath } from './sources.ts';

export interface Outputs {
  readonly stages: readonly PackedStage[];
  readonly entries: readonly ZipEntry[];
  readonly environment: Environment;
  readonly threads: number;
}

/** Command lines for hints, with given `-S` arguments. */
export interface OutputCommands {
  /** @param engine kind of the engine that made the outputs */
  readonly run: (overrides: readonly string[], engine?: string) => string;
  readonly pack: (overrides: readonly string[]) => string;
}

/**
 * Reads the outputs of a pipeline.
 *
 * @param outputs absolute path of the outputs folder
 * @throws Failure `outputs-outdated` if the run is not finished, or the outputs are not those of this pipeline
 */
export async function collectOutputs(
  located: LocatedPipeline,
  outputs: string,
  commands: OutputCommands,
): Promise<Outputs> {
  const workspace = workspaceOf(located, outputs);
  const { name } = located.pipeline;
  const run = await workspace.readRun();
  const hint = adviceFor(located, run, commands);
  const outdated = (what: string): Failure =>
    failure('outputs-outdated', `the outputs of \`${name}\` ${what}`, hint);
  if (run === undefined) {
    if (await exists(join(workspace.folder, 'sweep.json'))) throw onlySwept(located, commands);
    throw outdated('do not exist: it was not run, or in another folder');
  }
  if (run.status !== 'done') throw outdated(`are not finished: its last run is \`${run.status}\``);
  const environment = environmentOf(run);
  if (environment === undefined) throw outdated('do not record which engine made them');

  const threads = recordedThreads(located, run);
  const planned = await planPipeline(
    withThreads(located, threads),
    { outputs, targets: [], force: false, engine: 'auto' },
    environment.engine,
  );
  if (planned.plan === undefined) throw new Failure(...planned.diagnostics);
  const store = storeOf(outputs);
  const stages = new Map<string, PackedStage>();
  const entries: ZipEntry[] = [];
  for (const stage of planned.plan.stages) {
    const standing = standingOf(run.stages[stage.name]?.hash, stage.hash);
    if (standing === 'missing') throw outdated(`are not complete: \`${stage.name}\` has no result`);
    if (standing === 'outdated') {
      const settings =
        canonicalJson(texts(run.overrides)) === canonicalJson(located.overrides)
          ? 'earlier settings, or an earlier state of its files'
          : `other settings (\`${overridesText(run.overrides)}\`)`;
      throw outdated(`are not those of this pipeline: \`${stage.name}\` has ${settings}`);
    }
    const entry = await store.lookup(stage.hash);
    if (entry === undefined) throw outdated(`are not in the cache: \`${stage.name}\` is missing`);
    const changed = await readStage({ located, workspace, stage, entry }, entries);
    if (changed !== undefined) throw outdated(`were changed: \`${changed}\` is not what the run wrote`);
    stages.set(stage.name, packedStage(stage, entry));
  }
  await checkMetrics(workspace, stages, outdated);
  entries.push({ path: METRICS, data: await readFile(join(workspace.folder, 'metrics.json')) });
  entries.push({ path: REPORT, data: Buffer.from(await reportWithoutTimes(workspace.folder)) });
  const inOrder = [...located.pipeline.stages.keys()].flatMap((stage) => stages.get(stage) ?? []);
  return { stages: inOrder, entries, environment, threads };
}

/** A submission is one run, and there may be many trials. */
function onlySwept({ pipeline, overrides }: LocatedPipeline, { run, pack }: OutputCommands): Failure {
  const parameters = Object.entries(pipeline.sweep?.parameters ?? {});
  const chosen = parameters.flatMap(([name, values]) =>
    Array.isArray(values)
      ? [`${name.includes('.') ? name : `params.${name}`}=${JSON.stringify(values[0])}`]
      : [],
  );
  const set = [...overrides, ...chosen];
  return failure(
    'outputs-outdated',
    `\`${pipeline.name}\` was swept, but not run, and a submission is one run`,
    `choose the values of a trial and run it, as in \`${run(set)}\`, then \`${pack(set)}\``,
  );
}

/** What to do if outputs cannot be packed. Suggests the settings of the last run, whatever settings are given now. */
function adviceFor(
  { overrides: given }: LocatedPipeline,
  run: RunRecord | undefined,
  { run: runCommand, pack }: OutputCommands,
): string {
  const overrides = run === undefined ? given : texts(run.overrides);
  const kind = run?.engine?.['kind'];
  const again = runCommand(overrides, typeof kind === 'string' ? kind : undefined);
  const isOther = canonicalJson(overrides) !== canonicalJson(given);
  const isWhole =
    run?.status === 'done' &&
    Object.values(run.stages).every(({ hash, wanted }) => standingOf(hash, wanted) === 'current');
  return isOther && isWhole
    ? `pack the settings that were run, \`${pack(overrides)}\`, or run the new ones first: \`${runCommand(given)}\``
    : `run \`${again}\`, then \`${pack(overrides)}\``;
}

function overridesText(overrides: readonly string[]): string {
  return overrides.length === 0 ? 'without `-S`' : overrides.map((text) => `-S ${shellWord(text)}`).join(' ');
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** The report of a run without times and warnings, so that it is the same for every run. */
async function reportWithoutTimes(folder: string): Promise<string> {
  const { started: _started, seconds: _seconds, stages, ...report } = await readReport(folder, 'small');
  return renderPage({
    ...report,
    sources: report.sources.map((source) => ({ ...source, text: withoutSchemaPath(source.text) })),
    stages: stages.map(({ seconds: _own, ...stage }) => stage),
    problems: [],
    otherVersions: [],
  });
}

/** The pipeline with a default number of threads for its stages, independent of the machine. */
export function withThreads(located: LocatedPipeline, threads: number): LocatedPipeline {
  return { ...located, pipeline: { ...located.pipeline, threads: located.pipeline.threads ?? threads } };
}

/** The number of threads with which stages without a `threads` setting ran. */
function recordedThreads(located: LocatedPipeline, run: RunRecord): number {
  const { pipeline } = located;
  if (pipeline.threads !== undefined) return pipeline.threads;
  for (const [name, settings] of pipeline.stages) {
    const engine = run.stages[name]?.key?.['engine'];
    const threads = isJsonObject(engine) ? engine['threads'] : undefined;
    if (typeof settings['threads'] !== 'number' && typeof threads === 'number') return threads;
  }
  return 1;
}

interface StageOutputs {
  readonly located: LocatedPipeline;
  readonly workspace: Workspace;
  readonly stage: PlannedStage;
  readonly entry: Entry;
}

/** Reads a stage's artifacts into `entries`; returns the first that differs from what the stage wrote, if any. */
async function readStage(
  { located, workspace, stage, entry }: StageOutputs,
  entries: ZipEntry[],
): Promise<string | undefined> {
  const isModel = located.stageTypes.get(stage.type)?.outputs === 'trained-model';
  for (const { path, sha256: expected } of entry.record.files) {
    const data = await readFile(join(workspace.folder, stage.name, path)).catch(() => undefined);
    if (data === undefined || sha256(data) !== expected) return `${stage.name}/${path}`;
    // Arrays are large, and can be recomputed from the pipeline and its models, so their hashes are enough.
    if (isModel || !path.endsWith('.npy')) entries.push({ path: artifactPath(stage.name, path), data });
  }
  return undefined;
}

function packedStage({ name, type, hash }: PlannedStage, { record }: Entry): PackedStage {
  return {
    name,
    type,
    hash,
    metrics: Object.entries(record.metrics).map(([metric, value]) => ({ name: metric, value })),
    files: record.files.map(({ path, bytes, sha256: hex }) => ({ path, bytes, sha256: hex })),
  };
}

/** Compares `metrics.json` with what the stages measured. */
async function checkMetrics(
  workspace: Workspace,
  stages: ReadonlyMap<string, PackedStage>,
  outdated: (what: string) => Failure,
): Promise<void> {
  const shown = await workspace.readMetrics();
  for (const { name, metrics } of stages.values()) {
    const measured = Object.fromEntries(metrics.map((metric) => [metric.name, metric.value]));
    if (canonicalJson(shown[name] ?? {}) !== canonicalJson(measured)) {
      throw outdated(`were changed: \`metrics.json\` has different numbers for \`${name}\``);
    }
  }
}
