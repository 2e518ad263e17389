/** Runs a submission again, in part or whole, in a fresh folder with a cache of its own. */
import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LocatedPipeline } from '../config/pipeline.ts';
import { Failure, failure, type Diagnostic } from '../core/diagnostic.ts';
import type { JsonObject } from '../core/json.ts';
import { checkPipeline } from '../plan/check.ts';
import type { Plan, PlannedStage } from '../plan/plan.ts';
import { runPipeline } from '../run/execute.ts';
import { planPipeline, storeOf } from '../run/plan.ts';
import {
  comparisonFor,
  compareMetrics,
  type ComparedMetric,
  type Comparison,
  type RunLevel,
} from './compare.ts';
import { processor } from './environment.ts';
import type { Environment, Manifest } from './generated/types.ts';
import { artifactPath } from './manifest.ts';
import { withThreads } from './outputs.ts';

export interface RerunOptions {
  readonly located: LocatedPipeline;
  readonly manifest: Manifest;
  readonly environment: Environment;
  readonly level: RunLevel;
  /** Absolute path of the unpacked archive. */
  readonly folder: string;
  /** Absolute path of a folder that is not there yet. */
  readonly work: string;
}

export interface Rerun {
  readonly comparison: Comparison;
  readonly metrics: readonly ComparedMetric[];
  /** Artifacts whose bytes were compared, and those that differ. */
  readonly files: { readonly compared: number; readonly different: readonly string[] };
  /** What went wrong, stage by stage. */
  readonly diagnostics: readonly Diagnostic[];
}

/** @throws Failure if the run cannot even be planned */
export async function rerun(options: RerunOptions): Promise<Rerun> {
  const { manifest, environment, level } = options;
  const located = withThreads(options.located, manifest.pipeline.threads);
  const outputs = join(options.work, 'outputs');
  // Where the recorded engine cannot be had, another will do, with tolerances.
  const engine = environment.engine.kind === 'portable' ? 'portable' : 'auto';
  const targets = level === 'full' ? [] : measuredStages(located);
  const planned = await planPipeline(located, { outputs, targets, force: false, engine });
  if (planned.plan === undefined) throw new Failure(...planned.diagnostics);
  if (level === 'spot') await storeModels(options, planned.plan, outputs);
  const result = await runPipeline(located, {
    outputs,
    targets,
    force: false,
    engine,
    keepGoing: true,
    jobs: 1,
    signal: new AbortController().signal,
    emit: () => undefined,
  });
  const comparison = comparisonFor(environment, {
    engine: engineOf(planned.plan, environment),
    processor: processor(),
  });
  const ran = result.stages.filter(({ state, name }) => state !== 'skipped' && !isGiven(options, name));
  const metrics = ran
    .filter(({ state }) => state !== 'failed')
    .flatMap(({ name, metrics: found }) =>
      compareMetrics(name, stageOf(manifest, name)?.metrics ?? [], found, { comparison, level }),
    );
  const done = planned.plan.stages.filter(({ name }) =>
    ran.some((stage) => stage.name === name && stage.state !== 'failed'),
  );
  const files =
    comparison.kind === 'exact'
      ? await compareFiles(done, manifest, outputs)
      : { compared: 0, different: [] };
  const diagnostics = result.diagnostics.filter(({ severity }) => severity === 'error');
  return { comparison, metrics, files, diagnostics };
}

const stageOf = (manifest: Manifest, name: string): Manifest['stages'][number] | undefined =>
  manifest.stages.find((stage) => stage.name === name);

const kindOf = (located: LocatedPipeline, name: string): string | undefined =>
  located.stageTypes.get(located.pipeline.stages.get(name)?.type ?? '')?.outputs;

/** Whether a stage's result is the archive's own, so that there is nothing to compare. */
function isGiven({ located, level }: RerunOptions, name: string): boolean {
  return level === 'spot' && kindOf(located, name) === 'trained-model';
}

/** Stages that need a trained model, or are one. */
export function stagesOfModels(located: LocatedPipeline): ReadonlySet<string> {
  const found = new Set<string>();
  // Each comes after everything it needs.
  for (const { name, type, inputs } of checkPipeline(located).stages) {
    if (type.outputs === 'trained-model' || Object.values(inputs).some((input) => found.has(input)))
      found.add(name);
  }
  return found;
}

/** The stages that measure trained models. */
export function measuredStages(located: LocatedPipeline): readonly string[] {
  return [...stagesOfModels(located)].filter((name) => kindOf(located, name) === 'metrics');
}

/** Puts the archive's trained models where training would have left them. */
async function storeModels(
  { located, manifest, folder }: RerunOptions,
  plan: Plan,
  outputs: string,
): Promise<void> {
  const store = storeOf(outputs);
  for (const stage of plan.stages) {
    if (kindOf(located, stage.name) !== 'trained-model') continue;
    const packed = stageOf(manifest, stage.name);
    if (packed === undefined) throw missing(stage.name);
    const inArchive = new Set(manifest.files.map(({ path }) => path));
    const draft = await store.draft(stage.hash, { replace: false });
    for (const { path } of packed.files) {
      const source = artifactPath(stage.name, path);
      if (!inArchive.has(source)) {
        await draft.discard();
        throw missing(stage.name);
      }
      const target = join(draft.folder, path);
      await mkdir(dirname(target), { recursive: true });
      await copyFile(join(folder, source), target);
    }
    const key = stage.key as unknown as JsonObject;
    await draft.commit({ key, metrics: {}, highlights: [], seconds: 0 });
  }
}

function missing(stage: string): Failure {
  return failure(
    'archive-damaged',
    `the archive lacks the trained model of \`${stage}\``,
    'pack and hand in again',
  );
}

/** The engine of the stages that compute, or, if none does, that of the archive. */
function engineOf(
  plan: Plan,
  environment: Environment,
): Environment['engine'] | NonNullable<PlannedStage['key']['engine']> {
  return plan.stages.find(({ key }) => key.engine !== undefined)?.key.engine ?? environment.engine;
}

async function compareFiles(
  stages: readonly PlannedStage[],
  manifest: Manifest,
  outputs: string,
): Promise<Rerun['files']> {
  const store = storeOf(outputs);
  let compared = 0;
  const different: string[] = [];
  for (const { name, hash } of stages) {
    const entry = await store.lookup(hash);
    const found = new Map(entry?.record.files.map(({ path, sha256 }) => [path, sha256]));
    const claimed = new Map(stageOf(manifest, name)?.files.map(({ path, sha256 }) => [path, sha256]));
    for (const path of new Set([...found.keys(), ...claimed.keys()])) {
      compared += 1;
      if (found.get(path) !== claimed.get(path)) different.push(`${name}/${path}`);
    }
  }
  return { compared, different };
}
