import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SPLITS, writeImageSet, type ImageSet } from '../../formats/images.ts';
import { Spool } from '../../formats/spool.ts';
import type { DatasetSettings } from '../../schema/generated/settings.ts';
import type { JsonObject } from '../../core/json.ts';
import { lostClasses } from '../class-loss.ts';
import type { StageContext, StageResult } from '../contract.ts';
import { CLEAN_FOLDER } from './clean-folder.ts';
import { toImageSet } from './pixels.ts';
import { limitOf, type RawSplits } from './raw.ts';
import { sourceOf } from './sources/sources.ts';
import { summarize } from './summary.ts';

export async function runDataset(context: StageContext<DatasetSettings>): Promise<StageResult> {
  const spool = new Spool(join(context.folder, 'decoded'));
  try {
    return await load(context, spool);
  } finally {
    spool.dispose();
  }
}

async function load(context: StageContext<DatasetSettings>, spool: Spool): Promise<StageResult> {
  const { settings, pipelineFolder } = context;
  const source = sourceOf(settings);
  const raws = await source.read({ ...context, spool });
  for (const split of SPLITS) {
    const raw = raws[split];
    if (raw === undefined) continue;
    const lost = lostClasses(raw.labels?.data, limitOf(settings, split), raw.images.name);
    if (lost !== undefined)
      context.log('warn', `${lost}: use a \`subset\` stage with \`choose: random\` in place of \`limit\``);
  }
  const { notices, ...set } = toImageSet(raws, settings);
  const clean = cleanOf(raws);
  const partners = clean === undefined ? undefined : toImageSet(clean, settings);
  // `check` has already shown these warnings.
  const level = (await source.inspectsImages?.(settings, pipelineFolder)) === true ? 'info' : 'warn';
  for (const { message, hint } of [...notices, ...(partners?.notices ?? [])])
    context.log(level, `${message}: ${hint}`);
  await writeImageSet(context.folder, set, context.signal);
  if (partners !== undefined) {
    const folder = join(context.folder, CLEAN_FOLDER);
    await mkdir(folder);
    await writeImageSet(folder, partners, context.signal);
  }
  await writeFile(
    join(context.folder, 'summary.json'),
    `${JSON.stringify(summaries(raws, set.splits), null, 2)}\n`,
  );
  return {
    metrics: Object.fromEntries(
      Object.entries(set.splits).map(([split, images]) => [`${split}_images`, images.count]),
    ),
    highlights: ['summary.json'],
  };
}

/** The clean images of the pairs, as separate splits. */
function cleanOf(raws: RawSplits): RawSplits | undefined {
  const found = SPLITS.flatMap((split) => {
    const raw = raws[split];
    return raw?.clean === undefined ? [] : [[split, { ...raw, images: raw.clean }] as const];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

function summaries(raws: RawSplits, splits: ImageSet['splits']): JsonObject {
  return Object.fromEntries(
    SPLITS.flatMap((split) => {
      const [raw, images] = [raws[split], splits[split]];
      if (raw === undefined || images === undefined) return [];
      const { skipped = [] } = raw;
      const { images_per_class: counts, ...values } = summarize(images, raw.images.dtype);
      const summary: JsonObject = {
        ...values,
        ...(skipped.length === 0 ? {} : { skipped: skipped.map(({ name, reason }) => ({ name, reason })) }),
        // Last, since there may be thousands.
        ...(counts === undefined ? {} : { images_per_class: counts }),
      };
      return [[split, summary]];
    }),
  );
}
