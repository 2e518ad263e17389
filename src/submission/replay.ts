/** Runs a submission again as the level requires, and compares everything that can be compared. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject } from '../core/json.ts';
import type { WorkerPool } from '../run/workers.ts';
import type { BasisRecord } from './basis.ts';
import { toleranceOf, within, type FoundBy } from './compare.ts';
import { inspectionOf } from './inspection.ts';
import { Judgement } from './judge.ts';
import type { Level } from './levels.ts';
import { artifactPath, mismatch } from './manifest.ts';
import { comparisonOf, rerun, type Rerun, type RerunStage, type Submission } from './rerun.ts';
import { parseJson } from './json-text.ts';
import { columnsOf, compareTrained } from './training.ts';

export interface ReplayOptions {
  readonly level: Exclude<Level, 'hashes'>;
  /** Absolute path of a folder that does not exist yet. */
  readonly work: string;
  /** Records what is compared, and what is not. */
  readonly basis: BasisRecord;
  /** The workers that run the stages. */
  readonly pool: WorkerPool;
}

/**
 * At `spot`, everything except training is recomputed, with the submitted models. At `full`, training is repeated, too. If that
 * cannot give the same bits, the submitted models are still measured, and compared with those trained here.
 *
 * @throws Failure if a run cannot be planned
 */
export async function replay(
  submission: Submission,
  { level, work, basis, pool }: ReplayOptions,
): Promise<Judgement> {
  const comparison = await comparisonOf(submission, join(work, 'plan'));
  const judgement = new Judgement(submission, comparison, basis);
  if (level === 'full' && comparison.kind === 'exact') {
    const options = { useModels: false, inspect: false, work: join(work, 'full'), pool };
    await compareTrained(judgement, await rerun(submission, options));
    return judgement;
  }
  const measured = await rerun(submission, {
    useModels: true,
    inspect: true,
    work: join(work, 'spot'),
    pool,
  });
  await judgement.compareMeasured(measured);
  await compareInspections(judgement, measured);
  if (level === 'full') {
    const trained = await rerun(submission, {
      useModels: false,
      inspect: true,
      work: join(work, 'full'),
      pool,
    });
    await compareTrained(judgement, trained);
    compareModels(judgement, measured, trained);
  }
  return judgement;
}

const find = ({ stages }: Rerun, name: string): RerunStage | undefined =>
  stages.find(({ planned }) => planned.name === name);

const trainStages = ({ submission: { located } }: Judgement): readonly string[] =>
  [...located.pipeline.stages].flatMap(([name, { type }]) => (type === 'train' ? [name] : []));

/** Compares the results of the submitted models on the validation images with the submitted history and previews. */
async function compareInspections(judgement: Judgement, measured: Rerun): Promise<void> {
  for (const name of trainStages(judgement)) {
    const inspection = find(measured, inspectionOf(name));
    if (inspection === undefined) continue;
    const read = (file: string): Promise<Buffer | undefined> =>
      readFile(join(judgement.submission.folder, artifactPath(name, file))).catch(() => undefined);
    const history = columnsOf(await read('history.json')) ?? {};
    const record = parseJson((await read('training.json')) ?? Buffer.alloc(0));
    const training = isJsonObject(record) ? record : {};
    for (const [metric, found] of Object.entries(inspection.metrics)) {
      const isBest = metric.startsWith('best_');
      const column = history[isBest ? metric.slice('best_'.length) : metric];
      if (column === undefined) continue;
      const epoch = Number(training[isBest ? 'epoch_of_best' : 'epoch_of_model']);
      const claimed = column[epoch - 1] ?? NaN;
      addNumber(judgement, { stage: name, metric, by: 'measuring', claimed, found });
    }
    await comparePreviews(judgement, name, inspection);
    compareOrigin(judgement, name, inspection);
  }
}

async function comparePreviews(judgement: Judgement, name: string, inspection: RerunStage): Promise<void> {
  const claimed = new Map(judgement.submission.manifest.files.map(({ path, sha256 }) => [path, sha256]));
  const drawings = new Set<string>();
  for (const path of [...inspection.files.keys()].sort().reverse()) {
    const same = claimed.get(artifactPath(name, path)) === inspection.files.get(path);
    if (same && path.endsWith('.svg')) drawings.add(path);
    const similar =
      same || (await judgement.similarTo(name, path, inspection, 'measuring', drawings)) === true;
    judgement.file(name, path, similar, same ? 'exact' : 'measured');
  }
}

/** Minimum correlation with the seed's initial weights: unrelated weights have about 0, trained ones 0.2 and more. */
const LEAST_ORIGIN = 0.05;

/** Warns of weights that are uncorrelated with the seed's initial weights. This is no proof, since training may go far. */
function compareOrigin({ diagnostics }: Judgement, name: string, { metrics }: RerunStage): void {
  const similarity = metrics['initial_similarity'] ?? 1;
  if (similarity >= LEAST_ORIGIN) return;
  diagnostics.push({
    ...mismatch(
      `the weights of \`${name}\` are unrelated to the initial weights of this seed (correlation ${similarity.toFixed(3)}): they may come from another seed or person`,
    ),
    severity: 'warning',
    hint: 'verify with `--level full`',
  });
}

/** Compares the results of the submitted models with those of the models trained here. */
function compareModels(judgement: Judgement, measured: Rerun, trained: Rerun): void {
  for (const name of trainStages(judgement)) {
    const found = find(trained, inspectionOf(name))?.metrics ?? {};
    for (const [metric, claimed] of Object.entries(find(measured, inspectionOf(name))?.metrics ?? {})) {
      if (metric === 'initial_similarity') continue;
      addNumber(judgement, { stage: name, metric, by: 'training', claimed, found: found[metric] ?? NaN });
    }
  }
}

function addNumber(
  judgement: Judgement,
  number: { stage: string; metric: string; by: FoundBy; claimed: number; found: number },
): void {
  const tolerance = toleranceOf(number.metric.replace(/^best_/, ''), number.by);
  const agrees = within(number.claimed, number.found, tolerance);
  judgement.number({ ...number, tolerance, agrees }, number.by === 'training');
}
