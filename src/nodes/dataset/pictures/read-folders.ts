/** Folders and archives of image files -> splits, with labels from folders or tables. */
import { resolve } from 'node:path';
import type { ImagesDatasetSettings } from '../../../schema/generated/settings.ts';
import { atSetting, failure } from '../../../core/diagnostic.ts';
import type { Split } from '../../../core/stage-type.ts';
import { areNumbers, shownName } from '../names.ts';
import { limitOf, type RawSplit, type RawSplits } from '../raw.ts';
import type { ReadContext } from '../sources/source.ts';
import {
  classesOf,
  compareClasses,
  toRaw,
  warnOfLookAlikes,
  warnOfSplits,
  warnOfTransparent,
  type ListedFiles,
} from './classes.ts';
import { collectImages, type Collected } from './collect.ts';
import type { PictureSettings } from './crop.ts';
import type { FolderOptions } from './folder.ts';
import type { NamedImage } from './image-file.ts';
import { byTable, readLabelTable, type Columns, type Matched } from './label-table.ts';
import { byFolder, listImages, withoutLabels, type Arranged } from './layout.ts';
import { bySkippedName, isLoss, lossFailure, nameSome, warnOfSkipped, type Remedies } from './skipped.ts';
import type { ImageTree } from './tree.ts';
import { inStretches, inTurn } from './turns.ts';

/** A table of labels, as a setting names it. */
export interface TableSetting extends Columns {
  /** As written in the setting. */
  readonly path: string;
  /** Absolute path. */
  readonly file: string;
}

/** The folder or archive of a split. */
export interface SplitFolder extends FolderOptions {
  readonly split: Split;
  /** The setting that names it. */
  readonly key: string;
  /** As written in the setting. */
  readonly path: string;
  /** Absolute path. */
  readonly folder: string;
  readonly labels: 'folder' | 'none' | TableSetting;
  /** The setting that names the labels. */
  readonly labelKey: string;
}

type Settings = PictureSettings & Pick<ImagesDatasetSettings, 'limit'>;

/** What is known about a split before its images are decoded, and after. */
interface ReadSplit {
  readonly folder: SplitFolder;
  readonly listed: ListedFiles;
  readonly collected: Collected;
  readonly folderNames: readonly string[];
  readonly absent: readonly string[];
}

/** Settings that would include skipped files. Links that are skipped although links are followed lead nowhere or in a circle. */
function remediesOf({ followLinks }: FolderOptions): Remedies {
  return {
    deep: '`recursive: true`',
    ...(followLinks === true ? {} : { link: '`follow_links: true`' }),
    loose: '`labels: none`',
    nested: '`labels: none`',
  };
}

/**
 * Reads the images of all splits. A class has the same label in all of them; a class without images has no label.
 *
 * @throws Failure `data-missing`, `data-corrupt`, `shape-mismatch` or `interrupted`
 */
export async function readFolders(
  context: ReadContext<Settings>,
  folders: readonly SplitFolder[],
): Promise<RawSplits> {
  const { settings, log } = context;
  const splits: ReadSplit[] = [];
  for (const folder of folders) splits.push(await readSplit(context, folder, splits[0]?.collected));
  checkAbsent(splits, context);
  const classes = classesOf(splits.map(({ listed }) => listed));
  const fromFolders = splits.filter(({ folder }) => folder.labels === 'folder');
  const empty = new Set(
    fromFolders.flatMap(({ collected, folderNames }) =>
      collected.classNames === undefined ? [] : folderNames,
    ),
  );
  for (const name of classes) empty.delete(name);
  if (empty.size > 0) {
    const names = nameSome([...empty].map((name) => ({ name })));
    log('warn', `folders without a usable image get no label: ${names}`);
  }
  const isNumbered = fromFolders.length === 0 && areNumbers(classes);
  if (!isNumbered) warnOfLookAlikes(classes, log);
  if (fromFolders.length > 0) warnOfSplits(classes, log);
  const found = Object.fromEntries(splits.map(({ folder, collected }) => [folder.split, collected]));
  compareClasses(found, log);
  if (settings.background === undefined)
    for (const { collected } of splits) warnOfTransparent(collected, log);
  return Object.fromEntries(
    splits.map(({ folder, listed, collected }): [Split, RawSplit] => [
      folder.split,
      toRaw(collected, {
        classes: isNumbered ? undefined : classes,
        listed: listed.files.map((file) => file.name),
        name: `the images of \`${shownName(folder.path)}\``,
      }),
    ]),
  );
}

async function readSplit(
  context: ReadContext<Settings>,
  folder: SplitFolder,
  train: Collected | undefined,
): Promise<ReadSplit> {
  const { settings, signal, log } = context;
  const { split, key, path } = folder;
  context.progress({ text: `listing ${split} images` });
  const tree = await atSetting([key], () => listImages(folder.folder, { ...folder, shown: path }, signal));
  try {
    const { files, skipped, absent = [] } = await arrange(tree, folder);
    const lost = skipped.filter(isLoss);
    if (settings.on_error === 'fail' && lost.length > 0) throw lossFailure(lost, remediesOf(folder), [key]);
    const [, height, width, channels] = train?.shape ?? [];
    const limit = limitOf(settings, split);
    const tried = limit < files.length ? inTurn(files) : files;
    const collected = await atSetting([key], () =>
      collectImages(
        inStretches(
          tried.map(({ name }) => name),
          limit,
          (names) => tree.read(names),
        ),
        {
          count: files.length,
          limit,
          classOf: classesByName(files),
          ...(height === undefined || width === undefined || channels === undefined
            ? {}
            : { wanted: [height, width, channels] }),
        },
        context,
      ),
    );
    const all = [...skipped, ...collected.skipped].sort(bySkippedName);
    const where = `\`${shownName(path)}\``;
    warnOfSkipped(all, { total: files.length + skipped.length, where, remedies: remediesOf(folder) }, log);
    return {
      folder,
      listed: { files, skipped: collected.skipped },
      collected: { ...collected, skipped: all },
      folderNames: tree.folders,
      absent,
    };
  } finally {
    tree.close();
  }
}

async function arrange(
  tree: ImageTree,
  { key, path, labels, labelKey, folder }: SplitFolder,
): Promise<Arranged & Partial<Matched>> {
  if (labels === 'folder') return atSetting([key], async () => byFolder(tree, path));
  if (labels === 'none') return atSetting([key], async () => withoutLabels(tree, path));
  if (tree.images.length === 0) return atSetting([key], async () => withoutLabels(tree, path));
  return atSetting([labelKey, 'file'], async () => {
    const table = await readLabelTable(labels.file, labels.path, labels);
    const { skipped, ...matched } = byTable(tree, table, path);
    // The table itself may be among the images.
    return { ...matched, skipped: skipped.filter(({ name }) => resolve(folder, name) !== labels.file) };
  });
}

/** Warns of rows without an image. If both splits use one table, of rows without an image in either. */
function checkAbsent(splits: readonly ReadSplit[], { settings, log }: ReadContext<Settings>): void {
  for (const { folder, absent } of splits) {
    const { labels, labelKey, split } = folder;
    if (typeof labels === 'string') continue;
    const others = splits.filter(
      (one) => typeof one.folder.labels === 'object' && one.folder.labels.file === labels.file,
    );
    if (others[0]?.folder.split !== split) continue;
    const names = absent.filter((name) => others.every((one) => one.absent.includes(name)));
    if (names.length === 0) continue;
    const shown = nameSome(names.map((name) => ({ name })));
    const rows = names.length === 1 ? '1 row names' : `${names.length} rows name`;
    const text = `in \`${shownName(labels.path)}\`, ${rows} no image: ${shown}`;
    if (settings.on_error === 'fail')
      throw failure('data-corrupt', text, 'remove the rows, or use `on_error: skip`', [labelKey, 'file']);
    log('warn', text);
  }
}

function classesByName(files: readonly NamedImage[]): ReadonlyMap<string, string> {
  return new Map(
    files.flatMap(({ name, className }) => (className === undefined ? [] : [[name, className]])),
  );
}
