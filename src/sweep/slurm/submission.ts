/**
 * `outputs/<name>/sweep.slurm/`: what was submitted, fixed for good, so that nothing that is edited later changes it.
 *
 * - `plan.json`: a `Submission`
 * - `job.sh`: what Slurm runs
 * - `events/<member>.jsonl`: what happened in each member of the array, a `SweepEvent` a line
 * - `cancelled`: `--cancel` was used
 * - `logs/`: what the jobs printed
 */
import { join } from 'node:path';
import type { Sweep } from '../../schema/generated/settings.ts';
import type { TrialSetting } from '../../config/pipeline.ts';
import type { SourceFile } from '../../core/diagnostic.ts';
import { isJsonObject, type JsonObject } from '../../core/json.ts';
import { readPresent } from '../../files/present.ts';
import type { EngineChoice } from '../../engine/engine.ts';
import type { TrialOutcome } from '../event.ts';

export interface SubmittedTrial {
  readonly id: string;
  readonly parameters: JsonObject;
  readonly replicate: number;
  readonly seed: number;
  /** What it puts in place of values of the document. */
  readonly settings: readonly TrialSetting[];
  /** Hashes of the keys of its stages. */
  readonly stages: Readonly<Record<string, string>>;
}

/** Where a pipeline was read from, and what was read. */
export interface ReadPipeline {
  /** Absolute path of the folder in which it was submitted: names of files, and paths of overrides, are relative to it. */
  readonly directory: string;
  /** As the user named it. */
  readonly file: string;
  /** Its text, and those of the files that it extends, by their names. */
  readonly sources: readonly SourceFile[];
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
  /** Whether a job that reaches its time limit asks to be started again. */
  readonly requeue: boolean;
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

/** Is there once the jobs were cancelled by `--cancel`: Slurm forgets. */
export function cancelledFile(folder: string): string {
  return join(folder, 'cancelled');
}

export function eventsFile(folder: string, index: MemberIndex): string {
  return join(folder, 'events', `${index}.jsonl`);
}

/**
 * The submission of a workspace; undefined if there is none, or if it is not one.
 *
 * @throws Failure `io-failed` or `system-limit` if there may be one that cannot be read
 */
export async function readSubmission(workspace: string): Promise<Submission | undefined> {
  const text = await readPresent(join(slurmFolder(workspace), 'plan.json'));
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    // Written by this program, whole or not at all.
    return isJsonObject(value) &&
      typeof value['id'] === 'string' &&
      Array.isArray(value['members']) &&
      Array.isArray(value['sources'])
      ? (value as unknown as Submission)
      : undefined;
  } catch {
    return undefined;
  }
}
