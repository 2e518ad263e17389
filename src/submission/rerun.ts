/** Runs a submission again, partly or fully, in a new folder with its own cache. */
import { copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from '../files/atomic.ts';
import type { LocatedPipeline } from '../config/pipeline.ts';
import { errorsOf, Failure, failure, type Diagnostic } from '../core/diagnostic.ts';
import type { JsonObject } from '../core/json.ts';
import { checkPipeline } from '../plan/check.ts';
import type { Plan, PlannedStage } from '../plan/plan.ts';
import { runPipeline } from '../run/executor.ts';
import { planPipeline, storeOf } from '../run/plan.ts';
import type { WorkerPool } from '../run/workers.ts';
import { comparisonFor, type Comparison } from './compare.ts';
import { processor, softwareVersions } from './environment.ts';
import { packagesHash } from './packages.ts';
import type { Environment, Manifest, PackedStage } from './generated/types.ts';
import { withInspections } from './inspection.ts';
import { artifactPath } from './manifest.ts';
import { withThreads } from './outputs.ts';

export interface Submission {
  readonly located: LocatedPipeline;
  readonly manifest: Manifest;
  readonly environment: Environment;
  /** Absolute path of the unpacked archive. */
  readonly folder: string;
}

/** A run of a submission's pipeline. */
export interface Rerun {
  /** The stages that finished, each after everything it needs. */
  readonly stages: readonly RerunStage[];
  /** Problems, stage by stage. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface RerunStage {
  readonly planned: PlannedStage;
  readonly metrics: Readonly<Record<string, number>>;
  /** Absolute path of its artifacts, and their SHA-256 by their paths in it. */
  readonly folder: string;
  readonly files: ReadonlyMap<string, string>;
  /** Whether its result was taken from the archive, so that there is nothing to compare. */
  readonly isSubmitted: boolean;
}

export interface RerunOptions {
  /** Whether to use the archive's trained models instead of training again. */
  readonly useModels: boolean;
  /** Whether to inspect the models in addition to the pipeline's own stages. */
  readonly inspect: boolean;
  /** Absolute path of a folder that does not exist yet. */
  readonly work: string;
  /** The workers that run the stages. */
  readonly pool: WorkerPool;
}

/** How to compare a submission on this machine. */
export async function comparisonOf(submission: Submission, work: string): Promise<Comparison> {
  const { environment } = submission;
  const plan = await planOf(pipelineOf(submission), submission, join(work, 'outputs'));
  return comparisonFor(environment, {
    engine: engineOf(plan, environment),
    processor: processor(),
    packages: packagesHash(),
    ...softwareVersions(),
  });
}

/** @throws Failure if the run cannot be planned */
export async function rerun(submission: Submission, options: RerunOptions): Promise<Rerun> {
  const plain = pipelineOf(submission);
  const located = options.inspect ? withInspections(plain) : plain;
  const outputs = join(options.work, 'outputs');
  const plan = await planOf(located, submission, outputs);
  if (options.useModels) await storeModels(submission, plan, outputs);
  const result = await runPipeline(located, {
    outputs,
    targets: [],
    force: false,
    engine: engineChoice(submission),
    keepGoing: true,
    jobs: 1,
    signal: new AbortController().signal,
    emit: () => undefined,
    pool: options.pool,
  });
  const store = storeOf(outputs);
  const stages: RerunStage[] = [];
  for (const planned of plan.stages) {
    const outcome = result.stages.find(({ name }) => name === planned.name);
    const entry = await store.lookup(planned.hash);
    if (outcome === undefined || entry === undefined) continue;
    stages.push({
      planned,
      metrics: outcome.metrics,
      folder: entry.folder,
      files: new Map(entry.record.files.map(({ path, sha256 }) => [path, sha256])),
      isSubmitted: options.useModels && isTrained(located, planned.name),
    });
  }
  return { stages, diagnostics: errorsOf(result.diagnostics) };
}

const pipelineOf = ({ located, manifest }: Submission): LocatedPipeline =>
  withThreads(located, manifest.pipeline.threads);

/** If the recorded engine is not available, another one is used, with tolerances. */
const engineChoice = ({ environment }: Submission): 'portable' | 'auto' =>
  environment.engine.kind === 'portable' ? 'portable' : 'auto';

async function planOf(located: LocatedPipeline, submission: Submission, outputs: string): Promise<Plan> {
  const engine = engineChoice(submission);
  const { plan, diagnostics } = await planPipeline(located, { outputs, targets: [], force: false, engine });
  if (plan === undefined) throw new Failure(...diagnostics);
  return plan;
}

export const stageOf = (manifest: Manifest, name: string): PackedStage | undefined =>
  manifest.stages.find((stage) => stage.name === name);

function isTrained({ pipeline, stageTypes }: LocatedPipeline, name: string): boolean {
  return stageTypes.get(pipeline.stages.get(name)?.type ?? '')?.outputs === 'trained-model';
}

/** Training stages, and stages that need a trained model. */
export function stagesOfModels(located: LocatedPipeline): ReadonlySet<string> {
  const found = new Set<string>();
  // Each stage comes after everything it needs.
  for (const { name, type, inputs } of checkPipeline(located).stages) {
    if (type.outputs === 'trained-model' || Object.values(inputs).some((input) => found.has(input)))
      found.add(name);
  }
  return found;
}

/** Puts the archive's trained models where training would have stored them. */
async function storeModels(
  { located, manifest, folder }: Submission,
  plan: Plan,
  outputs: string,
): Promise<void> {
  const store = storeOf(outputs);
  const inArchive = new Set(manifest.files.map(({ path }) => path));
  for (const stage of plan.stages) {
    if (!isTrained(located, stage.name)) continue;
    const packed = stageOf(manifest, stage.name);
    if (packed === undefined) throw missing(stage.name);
    const draft = await store.draft(stage.hash, { replace: false });
    for (const { path } of packed.files) {
      const source = artifactPath(stage.name, path);
      if (!inArchive.has(source)) {
        await draft.discard();
        throw missing(stage.name);
      }
      const target = join(draft.folder, path);
      await makeFolder(dirname(target));
      await copyFile(join(folder, source), target);
    }
    const key = stage.key as unknown as JsonObject;
    await draft.commit({ key, metrics: {}, highlights: [], seconds: 0 });
  }
}

function missing(stage: string): Failure {
  return failure(
    'archive-damaged',
    `the trained model of \`${stage}\` is missing from the archive`,
    'pack and submit again',
  );
}

/** The engine of the stages that compute, or that of the archive if none does. */
function engineOf(
  plan: Plan,
  environment: Environment,
): Environment['engine'] | NonNullable<PlannedStage['key']['engine']> {
  return plan.stages.find(({ key }) => key.engine !== undefined)?.key.engine ?? environment.engine;
}
