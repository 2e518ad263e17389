/** `sweep.json` and `sweep.csv` of a workspace: the trials as fixed at the start of the sweep, and their outcomes. */
import { join } from 'node:path';
import { isError } from '../core/diagnostic.ts';
import { writeFileAtomic } from '../files/atomic.ts';
import { readPresent } from '../files/present.ts';
import type { Sweep } from '../schema/generated/settings.ts';
import { writeCsv } from '../formats/csv.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import type { SearchRecord } from './adaptive.ts';
import { csvValue, ParameterColumns } from './columns.ts';
import type { TrialOutcome, TrialState } from './event.ts';
import type { Failures } from './failures.ts';
import type { Metrics, PlannedTrial } from './plan.ts';

export interface TrialRecord {
  readonly id: string;
  readonly parameters: JsonObject;
  readonly replicate: number;
  readonly seed: number;
  /** `pending` until the sweep records an outcome; the trial's own `run.json` may be newer. */
  readonly state: Exclude<TrialState, 'left' | 'submitted'> | 'pending';
  readonly seconds: number;
  readonly metrics: Metrics;
  /** The value of the sweep's metric; null or absent if it was not measured. */
  readonly value?: number | null;
  /** For a stopped trial: its last epoch. */
  readonly epoch?: number;
  /** Why the trial failed. */
  readonly problem?: string;
  /** Hashes of the keys of its stages. */
  readonly stages: Readonly<Record<string, string>>;
}

export interface SweepRecord {
  readonly status: 'running' | 'submitted' | 'done' | 'failed' | 'interrupted';
  readonly pipeline: string;
  /** Path of the pipeline file relative to the workspace, with `/`. */
  readonly source?: string;
  /** What the pipeline is about, and its author's notes as Markdown. */
  readonly description?: string;
  readonly notes?: string;
  readonly seed: number;
  /** `-S` arguments. */
  readonly overrides: readonly string[];
  /** `--over` and `--metric` arguments. */
  readonly over?: readonly string[];
  readonly metricArgument?: string;
  readonly launcher: string;
  readonly engine?: JsonObject;
  /** The `sweep` block with its defaults. */
  readonly sweep: Sweep;
  /** Parameters whose numbers have no order, such as labels of classes. */
  readonly unordered?: readonly string[];
  /** The result in one sentence, once there are results. */
  readonly answer?: string;
  /** The progress of a search so far. */
  readonly search?: SearchRecord;
  readonly trials: readonly TrialRecord[];
  /** Failures that would repeat: these stages are not run again. */
  readonly failures?: Failures;
}

function sweepFile(workspace: string): string {
  return join(workspace, 'sweep.json');
}

/** The record of a trial that has not run yet. */
export function pendingRecord({ id, parameters, replicate, seed, plan }: PlannedTrial): TrialRecord {
  const stages = Object.fromEntries(plan.stages.map(({ name, hash }) => [name, hash]));
  return { id, parameters, replicate, seed, state: 'pending', seconds: 0, metrics: {}, stages };
}

export function trialRecord(trial: PlannedTrial, outcome: TrialOutcome): TrialRecord {
  return recordWith(pendingRecord(trial), outcome);
}

/** The record of a trial, updated with its outcome. */
export function recordWith(
  { id, parameters, replicate, seed, stages }: TrialRecord,
  outcome: TrialOutcome,
): TrialRecord {
  const { state, seconds, metrics, value, epoch, diagnostics } = outcome;
  const own = { id, parameters, replicate, seed };
  if (state === 'left' || state === 'submitted')
    return { ...own, state: 'pending', seconds: 0, metrics: {}, stages };
  const error = diagnostics.find(isError);
  return {
    ...own,
    state,
    seconds: Math.round(seconds * 1000) / 1000,
    metrics,
    ...(value === undefined ? {} : { value }),
    ...(epoch === undefined ? {} : { epoch }),
    ...(state === 'failed' && error !== undefined ? { problem: error.message } : {}),
    stages,
  };
}

export async function writeSweep(workspace: string, record: SweepRecord): Promise<void> {
  const listed = { ...record, trials: listedTrials(record) };
  await writeFileAtomic(sweepFile(workspace), `${JSON.stringify(listed, null, 2)}\n`);
  await writeFileAtomic(join(workspace, 'sweep.csv'), sweepCsv(record.trials));
}

/** Numbers of trials by their names: their places in the list, from 1. */
export function trialNumbers(trials: readonly { readonly id: string }[]): ReadonlyMap<string, number> {
  return new Map(trials.map(({ id }, place) => [id, place + 1]));
}

/** Trials for JSON output, with their numbers and with labels that distinguish them. */
export function numbered<T extends { readonly parameters: JsonObject }>(
  trials: readonly T[],
): readonly ({ readonly number: number; readonly label: string } & T)[] {
  const columns = new ParameterColumns(trials);
  return trials.map((trial, place) => {
    const own = { number: place + 1, label: columns.describe(trial.parameters) };
    // `trial` may contain an older number.
    return { ...own, ...trial, ...own };
  });
}

/** The trials of a record for JSON output. Each has its `value` if the sweep has a metric. */
export function listedTrials({ sweep, trials }: SweepRecord): ReturnType<typeof numbered<TrialRecord>> {
  const valued = sweep.metric === undefined ? trials : trials.map((trial) => ({ value: null, ...trial }));
  return numbered(valued);
}

/**
 * The record in a workspace; undefined if there is none, or if the file is not a valid record.
 *
 * @throws Failure `io-failed` or `system-limit` if a record may exist but cannot be read
 */
export async function readSweep(workspace: string): Promise<SweepRecord | undefined> {
  const text = await readPresent(sweepFile(workspace));
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isSweepRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** One line per trial. The columns have unique names: those of parameters and of metrics (`stage.metric`). */
export function sweepCsv(trials: readonly TrialRecord[]): string {
  const metrics = [...new Set(trials.flatMap((trial) => metricNames(trial.metrics)))];
  const columns = new ParameterColumns(trials, metrics);
  const head = [
    ...['trial', 'folder', 'label', 'replicate', 'seed'],
    ...columns.names.map((name) => columns.fileTitle(name)),
    ...['state', 'reason', 'seconds'],
    ...metrics,
  ];
  const rows = trials.map((trial, place) => [
    place + 1,
    trial.id,
    columns.describe(trial.parameters),
    trial.replicate,
    trial.seed,
    ...columns.names.map((name) => csvValue(trial.parameters[name])),
    trial.state,
    trial.problem,
    trial.seconds,
    ...metrics.map((name) => metricOf(trial.metrics, name)),
  ]);
  return writeCsv([head, ...rows], '\n');
}

/** Names of all metrics, as `stage.metric`. */
export function metricNames(metrics: Metrics): readonly string[] {
  return Object.entries(metrics).flatMap(([stage, own]) =>
    Object.keys(own).map((name) => `${stage}.${name}`),
  );
}

/**
 * @param name `stage.metric`
 * @returns undefined if it was not measured or is not finite, since JSON has no such numbers
 */
export function metricOf(metrics: Metrics, name: string): number | undefined {
  const dot = name.indexOf('.');
  const value: unknown = metrics[name.slice(0, dot)]?.[name.slice(dot + 1)];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function isSweepRecord(value: unknown): value is SweepRecord {
  return (
    isJsonObject(value) &&
    typeof value['status'] === 'string' &&
    typeof value['pipeline'] === 'string' &&
    isJsonObject(value['sweep']) &&
    Array.isArray(value['trials']) &&
    value['trials'].every(isTrialRecord)
  );
}

function isTrialRecord(value: unknown): value is TrialRecord {
  return (
    isJsonObject(value) &&
    typeof value['id'] === 'string' &&
    /^[0-9a-f]+$/.test(value['id']) &&
    isJsonObject(value['parameters']) &&
    isJsonObject(value['metrics']) &&
    isJsonObject(value['stages']) &&
    typeof value['state'] === 'string' &&
    typeof value['replicate'] === 'number'
  );
}
