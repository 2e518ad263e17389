/**
 * `outputs/<name>/sweep.slurm/`: what was submitted, fixed for good, so that nothing that is edited later changes it.
 *
 * - `plan.json`: a `Submission`
 * - `job.sh`: what Slurm runs
 * - `events/<member>.jsonl`: what happened in each member of the array, a `SweepEvent` a line
 * - `logs/`: what the jobs printed
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sweep } from '../../schema/generated/settings.ts';
import type { TrialSetting } from '../../config/pipeline.ts';
import { isJsonObject, type JsonObject } from '../../core/json.ts';
import type { EngineChoice } from '../../engine/engine.ts';
import type { TrialOutcome } from '../event.ts';

export interface SubmittedTrial {
  readonly id: string;
  readonly parameters: JsonObject;
  readonly replicate: number;
  readonly seed: number;
  /** What it puts in place of values of the document. */
  readonly settings: readonly Pick<TrialSetting, 'path' | 'value' | 'writtenIn'>[];
  /** Hashes of the keys of its stages. */
  readonly stages: Readonly<Record<string, string>>;
}

/** Where a pipeline was read from, and what was read. */
export interface ReadPipeline {
  /** Absolute path: the document's paths are relative to its folder, or to where `elsewhere` says. */
  readonly file: string;
  readonly text: string;
  readonly document: JsonObject;
  /** Sources of texts that are written in another folder, by their path as JSON. */
  readonly elsewhere: Readonly<Record<string, string>>;
  readonly overrides: readonly string[];
  /** `--over` and `--metric` arguments; the document has what they say. */
  readonly over?: readonly string[] | undefined;
  readonly metric?: string | undefined;
  readonly allowPlugins: boolean;
}

export interface Submission extends ReadPipeline {
  /** Jobs are named by it. */
  readonly id: string;
  readonly pipeline: string;
  /** Absolute path of the outputs folder. */
  readonly outputs: string;
  readonly engine: EngineChoice;
  readonly sweep: Sweep;
  /** In the order of the sweep, those that were complete among them. */
  readonly trials: readonly SubmittedTrial[];
  /** Places of trials in the list, by member of the array. */
  readonly members: readonly (readonly number[])[];
  /** Stages that several trials share, each with one trial that has them; run before the array. */
  readonly shared: readonly { readonly trial: number; readonly stages: readonly string[] }[];
  /** Trials that an earlier start stopped early. */
  readonly stopped: readonly TrialOutcome[];
}

/** A member of the array, or the job that goes before it. */
export type MemberIndex = number | 'shared';

export function slurmFolder(workspace: string): string {
  return join(workspace, 'sweep.slurm');
}

/** Names of a submission's jobs: first the one that goes before the array. */
export function jobNames({ id }: Pick<Submission, 'id'>): {
  readonly shared: string;
  readonly array: string;
} {
  return { shared: `hourglass-${id}-shared`, array: `hourglass-${id}` };
}

export function eventsFile(folder: string, index: MemberIndex): string {
  return join(folder, 'events', `${index}.jsonl`);
}

/** The submission of a workspace; undefined if there is none that can be read. */
export async function readSubmission(workspace: string): Promise<Submission | undefined> {
  const text = await readFile(join(slurmFolder(workspace), 'plan.json'), 'utf8').catch(() => '');
  try {
    const value: unknown = JSON.parse(text);
    // Written by this program, whole or not at all.
    return isJsonObject(value) && typeof value['id'] === 'string' && Array.isArray(value['members'])
      ? (value as unknown as Submission)
      : undefined;
  } catch {
    return undefined;
  }
}
