/** Compares a training repeated on another platform with the submitted one. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, isJsonObject, type Json } from '../core/json.ts';
import { correlation } from '../nodes/train/inspect.ts';
import { historyTolerance, within } from './compare.ts';
import { WHY, hashesOf, layoutsOf, type Judgement } from './judge.ts';
import { parseJson } from './json-text.ts';
import { floatsOf, similarJson } from './similar.ts';
import { stagesOfModels, type Rerun, type RerunStage } from './rerun.ts';

/**
 * Minimum correlation of submitted weights with those of a training with the same seed. Another seed gives 0.1 or less, another
 * platform 0.9 or more.
 */
const LEAST_SIMILARITY = 0.3;

/** Compares a run with retraining with the submitted numbers and files. */
export async function compareTrained(judgement: Judgement, { stages, diagnostics }: Rerun): Promise<void> {
  judgement.diagnostics.push(...diagnostics);
  const trained = stagesOfModels(judgement.submission.located);
  const layouts = layoutsOf(stages);
  for (const stage of judgement.ownStages(stages)) {
    const { name, type } = stage.planned;
    if (judgement.comparison.kind === 'exact') {
      await judgement.compareExactly(stage, {});
    } else if (trained.has(name) && !layouts.has(name)) {
      // Everything else was recomputed from the submitted models, and compared more closely.
      judgement.compareNumbers(stage, { exact: false, by: 'training' });
      if (type === 'train') await compareTraining(judgement, stage);
    }
  }
}

/** Compares the files of a `train` stage: history, weights, previews. */
async function compareTraining(judgement: Judgement, stage: RerunStage): Promise<void> {
  const { name, key } = stage.planned;
  const stopsEarly = isJsonObject(key.settings['early_stopping']);
  const drawings = new Set<string>();
  const history = await sameHistory(judgement, stage, stopsEarly);
  for (const [path, same] of [...hashesOf(stage, judgement.submission)].sort(([a], [b]) =>
    a < b ? 1 : -1,
  )) {
    if (same) {
      judgement.file(name, path, true, 'exact');
      if (path.endsWith('.svg')) drawings.add(path);
    } else if (/^(?:history\.|tensorboard\/)/.test(path)) {
      judgement.file(name, path, history, 'tolerance');
    } else if (path.startsWith('previews/') && stopsEarly && !stage.files.has(path)) {
      judgement.skip(name, path, WHY.unknown);
    } else {
      const similar = await sameFile(judgement, stage, path, { drawings, stopsEarly });
      if (similar === undefined) judgement.skip(name, path, WHY.unknown);
      else judgement.file(name, path, similar, 'tolerance');
    }
  }
}

async function sameFile(
  judgement: Judgement,
  stage: RerunStage,
  path: string,
  { drawings, stopsEarly }: { readonly drawings: Set<string>; readonly stopsEarly: boolean },
): Promise<boolean | undefined> {
  const { name } = stage.planned;
  if (path.startsWith('previews/')) return judgement.similarTo(name, path, stage, 'training', drawings);
  if (!stage.files.has(path)) return false;
  const ours = await readFile(join(stage.folder, path));
  const submitted = await judgement.submitted(name, path, ours.length);
  if (submitted === undefined) return false;
  if (path.endsWith('/weights.bin')) {
    return (
      submitted.length === ours.length && correlation(floatsOf(submitted), floatsOf(ours)) >= LEAST_SIMILARITY
    );
  }
  if (path.endsWith('/model.json')) {
    return canonicalJson(parseJson(submitted) ?? null) === canonicalJson(parseJson(ours) ?? null);
  }
  if (path === 'summary.txt') return submitted.equals(ours);
  if (path === 'training.json') return stopsEarly ? undefined : similarJson(submitted, ours, 'training');
  return undefined;
}

/** Whether the numbers of each epoch agree, closely in the first epochs. Early stopping may end one training before the other. */
async function sameHistory(judgement: Judgement, stage: RerunStage, stopsEarly: boolean): Promise<boolean> {
  const { name } = stage.planned;
  const ours = await readFile(join(stage.folder, 'history.json')).catch(() => Buffer.alloc(0));
  const submitted = await judgement.submitted(name, 'history.json', stopsEarly ? 2 ** 24 : ours.length);
  const [a, b] = [columnsOf(submitted), columnsOf(ours)];
  if (a === undefined || b === undefined || Object.keys(a).join() !== Object.keys(b).join()) return false;
  return Object.entries(b).every(([column, values]) => {
    const claimed = a[column];
    if (claimed === undefined || (claimed.length !== values.length && !stopsEarly)) return false;
    const epochs = Math.min(claimed.length, values.length);
    return values
      .slice(0, epochs)
      .every((value, index) => within(Number(claimed[index]), value, historyTolerance(column, index + 1)));
  });
}

/** A history as lists of numbers; undefined if it is invalid. Numbers that JSON cannot represent are NaN. */
export function columnsOf(text: Buffer | undefined): Readonly<Record<string, readonly number[]>> | undefined {
  const value = text === undefined ? undefined : parseJson(text);
  if (!isJsonObject(value)) return undefined;
  const columns: Record<string, readonly number[]> = {};
  for (const [name, list] of Object.entries(value)) {
    if (!Array.isArray(list)) return undefined;
    columns[name] = list.map((item: Json) => (typeof item === 'number' ? item : NaN));
  }
  return columns;
}
