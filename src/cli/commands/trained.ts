/** Finds the trained model that a user means by a run and perhaps a stage. */
import { standingOf } from '../../artifacts/standing.ts';
import { failure } from '../../core/diagnostic.ts';
import type { KnownRun, RunPlaces } from '../../history/find.ts';
import { readResult, type StageResult } from '../../history/results.ts';
import { callWords, commandLine } from '../program.ts';
import { isPipelineFile } from './outputs.ts';

export interface WantedModel {
  /** The pipeline file, or a run. */
  readonly run: string;
  /** The outputs folder, as the user named it. */
  readonly outputs: string;
  /** The words of the same command with a stage. */
  readonly withStage: (stage: string) => readonly string[];
}

/** The only stage that trains. @throws Failure `usage` if there are none or several */
export function onlyTraining({ label, record }: KnownRun, { withStage }: WantedModel): string {
  const training = trainingIn(record.stages);
  const [only, ...more] = training;
  if (only === undefined) throw failure('usage', `no stage of \`${label}\` trains a model`);
  if (more.length === 0) return only;
  throw failure(
    'usage',
    `several stages of \`${label}\` train a model: ${training.join(', ')}`,
    `name one: \`${commandLine(withStage(only))}\``,
  );
}

export function trainingIn(stages: KnownRun['record']['stages']): readonly string[] {
  return Object.entries(stages)
    .filter(([, { type }]) => type === 'train')
    .map(([name]) => name);
}

/**
 * The result of a stage that trains.
 *
 * @throws Failure `unknown-stage`; `no-run` if its model belongs to other settings or no longer exists
 */
export async function trainedResult(
  known: KnownRun,
  stage: string,
  { store }: RunPlaces,
  wanted: WantedModel,
): Promise<StageResult> {
  const { label, record } = known;
  const found = Object.hasOwn(record.stages, stage) ? record.stages[stage] : undefined;
  if (found?.type !== 'train')
    throw failure(
      'unknown-stage',
      found === undefined
        ? `\`${label}\` has no stage \`${stage}\``
        : `\`${stage}\` is a stage of type \`${found.type}\`, which trains no model`,
      `its stages that train: ${trainingIn(record.stages).join(', ') || 'none'}`,
    );
  const standing = standingOf(found.hash, found.wanted);
  const isCurrent = found.hash !== undefined && standing === 'current';
  const result = isCurrent ? await readResult(known, stage, found.hash, store) : undefined;
  if (result !== undefined) return result;
  throw failure(
    'no-run',
    standing === 'outdated'
      ? `the model of \`${stage}\` is one of earlier settings`
      : found.hash === undefined
        ? `\`${label}\` has no trained model of \`${stage}\``
        : `the model of \`${stage}\` is no longer in the cache, or was changed there`,
    runAgain(known, stage, wanted),
  );
}

/** How to compute a stage of a run again. */
export function runAgain({ record }: KnownRun, stage: string, { run, outputs }: WantedModel): string {
  // The user's path of the pipeline; its record has only the name.
  const pipeline = isPipelineFile(run) ? run : record.file;
  return `run it: \`${commandLine(callWords('run', { pipeline, stages: [stage], set: record.overrides, outputs }))}\``;
}
