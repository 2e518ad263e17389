/**
 * `outputs/<name>/sweep.slurm/`: a submission, stored so that later edits of the pipeline do not change it.
 *
 * - `plan.json`: a `Submission`
 * - `job.sh`: the script that Slurm runs
 * - `events/<member>.jsonl`: the events of each array member, one `SweepEvent` per line
 * - `cancelled`: exists if `--cancel` was used
 * - `logs/`: the output of the jobs
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
  /** Its overrides of values in the document. */
  readonly settings: readonly TrialSetting[];
  /** Hashes of the keys of its stages. */
  readonly stages: Readonly<Record<string, string>>;
}

/** Where a pipeline was read from, and its text. */
export interface ReadPipeline {
  /** Absolute path of the folder in which it was submitted. File names, and paths in overrides, are relative to it. */
  readonly directory: string;
  /** As the user named it. */
  readonly file: string;
  /** Its text, and the texts of the files that it extends, by file name. */
  readonly sources: readonly SourceFile[];
  readonly overrides: readonly string[];
  /** `--over` and `--metric` arguments, which are already applied to the document. */
  readonly over?: readonly string[] | undefined;
  readonly metric?: string | undefined;
  readonly allowPlugins: boolean;
}

export interface Submission extends ReadPipeline {
  /** The submission's id, used in job names. */
  readonly id: string;
  readonly pipeline: string;
  /** Absolute path of the outputs folder. */
  readonly outputs: string;
  readonly engine: EngineChoice;
  readonly sweep: Sweep;
  /** Whether a job is requeued when it reaches its time limit. */
  readonly requeue: boolean;
  /** All trials, including complete ones, in the order of the sweep. */
  readonly trials: readonly SubmittedTrial[];
  /** Places of trials in the list, by member of the array. */
  readonly members: readonly (readonly number[])[];
  /** Stages that several trials share, each with one trial that has it. They run before the array. */
  readonly shared: readonly { readonly trial: number; readonly stages: readonly string[] }[];
  /** Trials that an earlier start stopped early. */
  readonly stopped: readonly TrialOutcome[];
}

/** A member of the array, or the job before it. */
export type MemberIndex = number | 'shared';

export function slurmFolder(workspace: string): string {
  return join(workspace, 'sweep.slurm');
}

/** Names of a submission's jobs; the first is the job before the array. */
export function jobNames({ id }: Pick<Submission, 'id'>): {
  readonly shared: string;
  readonly array: string;
} {
  return { shared: `hourglass-${id}-shared`, array: `hourglass-${id}` };
}

/** Exists once the jobs were cancelled with `--cancel`, because Slurm forgets. */
export function cancelledFile(folder: string): string {
  return join(folder, 'cancelled');
}

export function eventsFile(folder: string, index: MemberIndex): string {
  return join(folder, 'events', `${index}.jsonl`);
}

/**
 * The submission of a workspace; undefined if there is none, or if the file is not a valid one.
 *
 * @throws Failure `io-failed` or `system-limit` if one may exist but cannot be read
 */
export async function readSubmission(workspace: string): Promise<Submission | undefined> {
  const text = await readPresent(join(slurmFolder(workspace), 'plan.json'));
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    // This program writes it atomically.
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
