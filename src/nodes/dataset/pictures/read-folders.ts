/** Folders of image files -> splits, with labels where folders are classes. */
import type { DatasetSettings } from '../../../schema/generated/settings.ts';
import { atSetting } from '../../../core/diagnostic.ts';
import type { Split } from '../../../core/stage-type.ts';
import { shownName } from '../names.ts';
import { limitOf, type RawSplit, type RawSplits } from '../raw.ts';
import type { ReadContext } from '../sources/source.ts';
import {
  checkClassNames,
  classesOf,
  compareClasses,
  toRaw,
  warnOfTransparent,
  type ListedFiles,
} from './classes.ts';
import { collectImages, type Collected } from './collect.ts';
import type { PictureSettings } from './crop.ts';
import { findImages, listFolder } from './folder.ts';
import { bySkippedName, isLoss, lossFailure, nameSome, warnOfSkipped } from './skipped.ts';
import { inTurn } from './turns.ts';

/** The folder of a split. */
export interface SplitFolder {
  readonly split: Split;
  /** The setting that names it. */
  readonly key: string;
  /** As the setting names it. */
  readonly path: string;
  /** Absolute path. */
  readonly folder: string;
  /** Absolute path of the other split's folder, which may lie in this one. */
  readonly without?: string;
}

/**
 * Reads the images of all splits. A class has the same label in each; one without images has none.
 *
 * @throws Failure `data-missing`, `data-corrupt`, `shape-mismatch` or `interrupted`
 */
export async function readFolders(
  context: ReadContext<PictureSettings & Pick<DatasetSettings, 'limit'>>,
  folders: readonly SplitFolder[],
): Promise<RawSplits> {
  const { settings, log } = context;
  const found: Partial<Record<Split, Collected>> = {};
  const listed: Partial<Record<Split, ListedFiles>> = {};
  const folderNames = new Set<string>();
  for (const { split, key, path, folder, without } of folders) {
    context.progress({ text: `listing ${split} images` });
    const { listing, files, skipped } = await atSetting([key], async () => {
      const all = await listFolder(folder, without);
      const arranged = findImages(all, path);
      const lost = arranged.skipped.filter(isLoss);
      if (settings.on_error === 'fail' && lost.length > 0) throw lossFailure(lost);
      return { listing: all, ...arranged };
    });
    const [, height, width, channels] = found.train?.shape ?? [];
    const limit = limitOf(settings, split);
    const tried = limit < files.length ? inTurn(files) : files;
    const collected = await collectImages(
      tried,
      {
        count: files.length,
        limit,
        ...(height === undefined || width === undefined || channels === undefined
          ? {}
          : { wanted: [height, width, channels] }),
      },
      context,
    );
    const all = [...skipped, ...collected.skipped].sort(bySkippedName);
    found[split] = { ...collected, skipped: all };
    listed[split] = { files, skipped: all };
    warnOfSkipped(all, files.length + skipped.length, `\`${shownName(path)}\``, log);
    if (settings.background === undefined) warnOfTransparent(collected, log);
    if (collected.classNames !== undefined) for (const name of listing.folders) folderNames.add(name);
  }
  const classes = classesOf(Object.values(listed));
  for (const name of classes) folderNames.delete(name);
  if (folderNames.size > 0) {
    const names = nameSome([...folderNames].map((name) => ({ name })));
    log('warn', `folders without an image that is used get no label: ${names}`);
  }
  checkClassNames(classes, log);
  compareClasses(found, log);
  const raw: Partial<Record<Split, RawSplit>> = {};
  for (const { split, path } of folders) {
    const collected = found[split];
    if (collected === undefined) continue;
    const name = `the images of \`${shownName(path)}\``;
    const names = (listed[split]?.files ?? []).map((file) => file.name);
    raw[split] = toRaw(collected, { classes, listed: names, name });
  }
  return raw;
}
