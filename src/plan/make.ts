/** Graph + the record of the last run + the cache -> a plan. */
import { availableParallelism } from 'node:os';
import { asWritten } from '../config/paths.ts';
import type { DocumentPath, LocatedPipeline } from '../config/pipeline.ts';
import { Failure, failure, type Diagnostic } from '../core/diagnostic.ts';
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { declared } from '../core/stage-type.ts';
import { suggest } from '../core/suggest.ts';
import { locateChange, withMaker } from './changes.ts';
import { differences } from '../core/json-diff.ts';
import { neededFor, type GraphStage } from './graph.ts';
import { hashKey, lineageOf, type StageKey } from './key.ts';
import type { Plan, PlannedStage, Reason, Resume, WantedStage } from './plan.ts';

/** The identity of the engine that would be used, as it is written in keys. */
export interface KeyEngine {
  readonly kind: string;
  readonly version: string;
  readonly platform: string;
}

/** What is known about the last run of a stage. */
export interface PreviousStage {
  readonly hash: string;
  readonly key: JsonObject;
  /** The version of Hourglass that made it, if it is known and another one. */
  readonly madeBy?: string;
}

export interface PlanInputs {
  readonly located: LocatedPipeline;
  /** All stages, in an order in which they can run. */
  readonly stages: readonly GraphStage[];
  /** Names of the requested stages; empty: all. */
  readonly targets: readonly string[];
  readonly force: boolean;
  readonly engine: KeyEngine;
  readonly previous: ReadonlyMap<string, PreviousStage>;
  /** Known identities of files outside the pipeline, for several plans in a row. */
  readonly fingerprints?: Map<string, Promise<Json>>;
  /** Whether the cache has an entry. Only reads. */
  readonly inCache: (hash: string) => Promise<boolean>;
  /** The newest epoch, up to a limit, for which there is a checkpoint. */
  readonly checkpointOf: (lineage: string, limit: number) => Promise<number | undefined>;
}

/** Problems with the stage names on the command line. */
export function checkTargets(located: LocatedPipeline, targets: readonly string[]): readonly Diagnostic[] {
  const names = [...located.pipeline.stages.keys()];
  return targets
    .filter((target) => !names.includes(target))
    .map((target) => {
      const near = suggest(target, names);
      return {
        code: 'unknown-stage',
        severity: 'error',
        message: `the pipeline has no stage \`${target}\``,
        hint: near === undefined ? `its stages: ${names.join(', ')}` : `did you mean \`${near}\`?`,
      };
    });
}

export async function makePlan(inputs: PlanInputs): Promise<Plan> {
  const selected = neededFor(inputs.stages, inputs.targets);
  const all = new Map<string, WantedStage>();
  const stages: PlannedStage[] = [];
  for (const stage of inputs.stages) {
    if (!selected.has(stage.name)) {
      all.set(stage.name, await wantedStage(inputs, stage, all));
      continue;
    }
    const planned = await planStage(inputs, stage, all);
    all.set(stage.name, planned);
    stages.push(planned);
  }
  return { located: inputs.located, stages, all: [...all.values()] };
}

/** The expected result of a stage that was not selected. Problems with its files are ignored: the run does not need them. */
async function wantedStage(
  inputs: PlanInputs,
  stage: GraphStage,
  before: ReadonlyMap<string, WantedStage>,
): Promise<WantedStage> {
  const known = { name: stage.name, type: stage.type.type, inputs: stage.inputs };
  if (Object.values(stage.inputs).some((input) => before.get(input)?.hash === undefined)) return known;
  try {
    const key = await stageKey(inputs, stage, before);
    const hash = hashKey(key);
    const resume = await resumeOf(inputs, stage, key, { restarts: await inputs.inCache(hash) });
    return { ...known, key, hash, ...(resume === undefined ? {} : { resume }) };
  } catch {
    return known;
  }
}

async function planStage(
  inputs: PlanInputs,
  stage: GraphStage,
  before: ReadonlyMap<string, WantedStage>,
): Promise<PlannedStage> {
  const key = await stageKey(inputs, stage, before);
  const hash = hashKey(key);
  const cached = await inputs.inCache(hash);
  const forced = inputs.force && (inputs.targets.length === 0 || inputs.targets.includes(stage.name));
  const previous = inputs.previous.get(stage.name);
  const resume = await resumeOf(inputs, stage, key, { restarts: cached || forced });
  return {
    name: stage.name,
    type: stage.type.type,
    inputs: stage.inputs,
    key,
    hash,
    action: cached && !forced ? 'cached' : 'run',
    ...(resume === undefined ? {} : { resume }),
    reason: forced ? { kind: 'forced' } : reasonOf(inputs.located, stage, { key, hash, cached, previous }),
  };
}

async function resumeOf(
  inputs: PlanInputs,
  { type }: GraphStage,
  key: StageKey,
  { restarts }: { readonly restarts: boolean },
): Promise<Resume | undefined> {
  if (type.resumesBy === undefined) return undefined;
  const lineage = lineageOf(key, type.resumesBy);
  const limit = key.settings[type.resumesBy];
  if (typeof limit !== 'number')
    throw new TypeError(`${type.type} resumes by ${type.resumesBy}, which is not a number`);
  const epoch = restarts ? undefined : await inputs.checkpointOf(lineage, limit);
  return { lineage, limit, ...(epoch === undefined ? {} : { epoch }) };
}

async function stageKey(
  inputs: PlanInputs,
  stage: GraphStage,
  before: ReadonlyMap<string, WantedStage>,
): Promise<StageKey> {
  const { located } = inputs;
  const { type } = stage;
  const settings = located.pipeline.stages.get(stage.name);
  if (settings === undefined)
    throw new Error(`the graph has a stage \`${stage.name}\` that the pipeline lacks`);
  const left = new Set(['type', 'threads', ...Object.keys(type.inputs), ...(type.cosmetic ?? [])]);
  const needsEngine = usesEngine(type, settings);
  const files = await fingerprint(inputs, stage, settings);
  return {
    type: type.type,
    version: type.version,
    ...(type.code === undefined ? {} : { code: type.code }),
    settings: withoutPaths(
      Object.fromEntries(Object.entries(settings).filter(([name]) => !left.has(name))),
      // The contents of the files count, not their paths.
      type.fingerprint === undefined ? [] : pathsIn(located, stage.name),
    ),
    inputs: Object.fromEntries(
      Object.entries(stage.inputs)
        .filter(([name, target]) => stage.inputs[type.inputs[name]?.default ?? ''] !== target)
        .map(([name, target]) => [name, hashOf(before, target)]),
    ),
    ...(declared(type.draws, settings)
      ? { seed: { pipeline: located.pipeline.seed, stage: stage.name } }
      : {}),
    ...(needsEngine ? { engine: engineKey(inputs, stage.name) } : {}),
    ...(files === undefined ? {} : { files }),
  };
}

/** The portable engine computes the same bits with any number of threads. */
function engineKey({ engine, located }: PlanInputs, stage: string): StageKey['engine'] {
  return engine.kind === 'portable' ? engine : { ...engine, threads: stageThreads(located, stage) };
}

/** The paths of the settings that name files. */
function pathsIn({ paths }: LocatedPipeline, stage: string): readonly DocumentPath[] {
  return paths.flatMap(({ at: [first, name, ...rest] }) =>
    first === 'stages' && name === stage ? [rest] : [],
  );
}

/** Settings without some values; the items of a list keep their positions. */
function withoutPaths<Value extends Json>(value: Value, paths: readonly DocumentPath[]): Value;
function withoutPaths(value: Json, paths: readonly DocumentPath[]): Json {
  if (paths.length === 0) return value;
  const below = (key: string | number): readonly DocumentPath[] =>
    paths.filter(([first]) => first === key).map((path) => path.slice(1));
  const member = (item: Json, key: string | number): Json =>
    below(key).some((path) => path.length === 0) ? null : withoutPaths(item, below(key));
  if (Array.isArray(value)) return value.map(member);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !below(key).some((path) => path.length === 0))
      .map(([key, item]) => [key, member(item, key)]),
  );
}

/** @throws Failure, with its place in the pipeline, if a file disappeared after it was checked */
async function fingerprint(
  { located, fingerprints = new Map() }: PlanInputs,
  { name: stage, type }: GraphStage,
  settings: JsonObject,
): Promise<Json | undefined> {
  if (type.fingerprint === undefined) return undefined;
  const name = canonicalJson([type.type, settings, located.folder]);
  const found = fingerprints.get(name) ?? type.fingerprint(settings, located.folder);
  fingerprints.set(name, found);
  try {
    return await found;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(
      ...error.diagnostics.map(({ at = [], ...diagnostic }) => ({
        ...asWritten(located, ['stages', stage, ...at], diagnostic),
        stage,
        range: located.locate(['stages', stage, ...at], at.length === 0 ? 'key' : 'origin'),
      })),
    );
  }
}

function usesEngine(type: GraphStage['type'], settings: JsonObject): boolean {
  return declared(type.engine, settings);
}

/** The threads of a stage: its own setting, the pipeline's setting, or the number of cores. */
export function stageThreads(located: LocatedPipeline, stage: string): number {
  const own = located.pipeline.stages.get(stage)?.['threads'];
  return typeof own === 'number' ? own : (located.pipeline.threads ?? availableParallelism());
}

function hashOf(stages: ReadonlyMap<string, WantedStage>, name: string): string {
  const hash = stages.get(name)?.hash;
  if (hash === undefined) throw failure('internal-error', `stage \`${name}\` is used before it is planned`);
  return hash;
}

function reasonOf(
  located: LocatedPipeline,
  stage: GraphStage,
  now: {
    readonly key: StageKey;
    readonly hash: string;
    readonly cached: boolean;
    readonly previous: PreviousStage | undefined;
  },
): Reason {
  const { previous } = now;
  if (previous?.hash === now.hash) return { kind: now.cached ? 'unchanged' : 'not-in-cache' };
  if (previous === undefined) return now.cached ? { kind: 'restored', changes: [] } : { kind: 'never-ran' };
  const all = differences(previous.key, now.key as unknown as JsonObject);
  const changes = all
    .filter(({ path }) => path[0] !== 'inputs')
    .map((item) => locateChange(located, stage, item))
    .map((change) => withMaker(change, previous.madeBy));
  if (now.cached) return { kind: 'restored', changes };
  if (changes.length > 0) return { kind: 'changed', changes };
  const changedInputs = all.flatMap(({ path }) => (typeof path[1] === 'string' ? [path[1]] : []));
  return {
    kind: 'inputs-changed',
    stages: [...new Set(changedInputs.map((name) => stage.inputs[name] ?? name))],
  };
}
