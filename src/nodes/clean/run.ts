import { join } from 'node:path';
import { openImages, readImageSet, SPLITS, writeImageSet, type StoredImages } from '../../formats/images.ts';
import type { CleanSettings } from '../../schema/generated/settings.ts';
import type { Split } from '../../core/stage-type.ts';
import type { StageContext, StageResult } from '../contract.ts';
import { CLEAN_FOLDER } from '../dataset/clean-folder.ts';

export async function runClean(context: StageContext<CleanSettings>): Promise<StageResult> {
  const source = context.inputs['data'];
  if (source === undefined) throw new Error('clean without data');
  const folder = join(source.folder, CLEAN_FOLDER);
  const { shape, range, splits: own } = await readImageSet(folder);
  const splits: Partial<Record<Split, StoredImages>> = {};
  for (const split of SPLITS) if (own[split] !== undefined) splits[split] = await openImages(folder, split);
  await writeImageSet(context.folder, { shape, range, splits }, context.signal);
  return {};
}
