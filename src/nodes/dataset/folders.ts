/** The source `images`: a folder for each split. */
import type { ImagesDatasetSettings } from '../../schema/generated/settings.ts';
import { atSetting, failure } from '../../core/diagnostic.ts';
import type { Split } from '../../core/stage-type.ts';
import type { StageContext } from '../contract.ts';
import {
  checkClassNames,
  classesOf,
  compareClasses,
  toRaw,
  warnOfTransparent,
  type ListedFiles,
} from './classes.ts';
import { collectImages, type Collected } from './collect.ts';
import { listFolder, type FolderListing } from './folder.ts';
import type { ImageFile } from './image-file.ts';
import { shownName } from './names.ts';
import { limitOf, type RawSplit } from './raw.ts';
import { foldersOf } from './split-folders.ts';
import { inTurn } from './turns.ts';
import { bySkippedName, isLoss, lossFailure, nameSome, sumUp, type Skipped } from './skipped.ts';

/**
 * Reads the images of all splits. A class has the same label in each; one without images has none.
 *
 * @throws Failure `data-missing`, `data-corrupt`, `shape-mismatch` or `interrupted`
 */
export async function readFolders(
  context: StageContext<ImagesDatasetSettings>,
): Promise<Readonly<Partial<Record<Split, RawSplit>>>> {
  const { settings, log } = context;
  const found: Partial<Record<Split, Collected>> = {};
  const listed: Partial<Record<Split, ListedFiles>> = {};
  const folderNames = new Set<string>();
  const folders = foldersOf(settings, context.pipelineFolder);
  for (const { split, path, folder, without } of folders) {
    context.progress({ text: `listing ${split} images` });
    const { listing, files, skipped } = await atSetting(
      [split === 'train' ? 'path' : 'test_path'],
      async () => {
        const all = await listFolder(folder, without);
        const arranged = findImages(all, path);
        const lost = arranged.skipped.filter(isLoss);
        if (settings.on_error === 'fail' && lost.length > 0) throw lossFailure(lost);
        return { listing: all, ...arranged };
      },
    );
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
    warnOfTransparent(collected, log);
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

/** One line, whatever their number. */
export function warnOfSkipped(
  skipped: readonly Skipped[],
  total: number,
  where: string,
  log: StageContext['log'],
): void {
  if (skipped.length === 0) return;
  log(
    'warn',
    `${skipped.length} of ${total} files of ${where} are passed over: ${sumUp(skipped)}; \`summary.json\` names all`,
  );
}

/**
 * Whether folders are classes: where most images lie in folders. Images that lie otherwise are passed over.
 *
 * @throws Failure `data-missing` if there is no image
 */
export function findImages(
  { loose, sorted, skipped }: FolderListing,
  path: string,
): { readonly files: readonly ImageFile[]; readonly skipped: readonly Skipped[] } {
  if (loose.length + sorted.length === 0) throw nothingFailure(skipped, path);
  if (sorted.length >= loose.length) {
    const reason = 'is an image outside the class folders';
    return {
      files: sorted,
      skipped: [...skipped, ...loose.map(({ name }) => ({ name, kind: 'loose', reason }) as const)],
    };
  }
  const reason = 'is in a folder beside loose images, which are more';
  return {
    files: loose,
    skipped: [...skipped, ...sorted.map(({ name }) => ({ name, kind: 'nested', reason }) as const)],
  };
}

function nothingFailure(skipped: readonly Skipped[], path: string): Error {
  const deep = skipped.find(({ kind }) => kind === 'deep')?.name.split('/')[0];
  const others = skipped.some(({ kind }) => kind === 'format');
  return failure(
    'data-missing',
    `\`${shownName(path)}\` holds no PNG or JPEG files${skipped.length === 0 ? '' : `, but ${sumUp(skipped)}`}`,
    deep !== undefined
      ? `images lie in \`path\`, or in folders of it: name a folder such as \`${shownName(`${path.replace(/(?<!\/)\/+$/, '')}/${deep}`)}\``
      : others
        ? 'convert the images to PNG, for example with `mogrify -format png`'
        : 'hidden files and those of the system do not count',
  );
}
