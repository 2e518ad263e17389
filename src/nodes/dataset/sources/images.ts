/** The source `images`: a folder of image files for each split, in which folders are classes. */
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { kindOf } from '../../../files/nearby.ts';
import type { ImagesDatasetSettings } from '../../../schema/generated/settings.ts';
import { atSetting, failure } from '../../../core/diagnostic.ts';
import type { Finding, Split } from '../../../core/stage-type.ts';
import { missingFile, type NamedPath } from '../../own-files.ts';
import { failuresOf } from '../findings.ts';
import { identityAt } from '../identity.ts';
import { isSystemName, shownName } from '../names.ts';
import {
  checkClassNames,
  classesOf,
  compareClasses,
  toRaw,
  warnOfTransparent,
  type ListedFiles,
} from '../pictures/classes.ts';
import type { Collected } from '../pictures/collect.ts';
import { checkCrop, shapeOfPictures } from '../pictures/crop.ts';
import { listFolder, type FolderListing } from '../pictures/folder.ts';
import type { ImageFile } from '../pictures/image-file.ts';
import {
  bySkippedName,
  isLoss,
  lossFailure,
  nameSome,
  sumUp,
  warnOfSkipped,
  type Skipped,
} from '../pictures/skipped.ts';
import { inTurn } from '../pictures/turns.ts';
import { limitOf, type RawSplit, type RawSplits } from '../raw.ts';
import type { ReadContext, Source } from './source.ts';

export const images: Source<ImagesDatasetSettings> = {
  describe(settings) {
    const shape = shapeOfPictures(settings);
    return {
      ...(shape === undefined ? {} : { shape }),
      // Files of 8 and of 16 bits have other ranges, and masks a range of their own.
      ...(settings.normalize === 'minmax' ? { range: [0, 1] } : {}),
      splits: settings.test_path === undefined ? ['train'] : ['train', 'test'],
    };
  },

  check: (settings) => [...checkCrop(settings), ...checkFolders(settings)],

  files: ({ path, test_path }) => ({ path, test_path }),

  fingerprint: (settings, folder) =>
    Promise.all(
      foldersOf(settings, folder).map(({ key, folder: own, without }) => identityAt(key, own, without)),
    ),

  async inspect(settings, folder) {
    const findings = await Promise.all(
      foldersOf(settings, folder).map(({ key, path, without }) =>
        inspectFolder({ path, folder, key }, without),
      ),
    );
    return { findings: findings.flat() };
  },

  read: readFolders,
};

interface SplitFolder {
  readonly split: Split;
  /** The setting that names it. */
  readonly key: 'path' | 'test_path';
  /** As the setting names it. */
  readonly path: string;
  /** Absolute path. */
  readonly folder: string;
  /** Absolute path of the other split's folder, which may lie in this one. */
  readonly without?: string;
}

function foldersOf(
  { path, test_path: testPath }: ImagesDatasetSettings,
  pipelineFolder: string,
): readonly SplitFolder[] {
  const folder = resolve(pipelineFolder, path);
  if (testPath === undefined) return [{ split: 'train', key: 'path', path, folder }];
  const test = resolve(pipelineFolder, testPath);
  return [
    { split: 'train', key: 'path', path, folder, without: test },
    { split: 'test', key: 'test_path', path: testPath, folder: test, without: folder },
  ];
}

function checkFolders({ path, test_path: testPath }: ImagesDatasetSettings): readonly Finding[] {
  if (testPath === undefined || resolve(path) !== resolve(testPath)) return [];
  return [
    {
      code: 'bad-setting',
      severity: 'warning',
      message: '`test_path` is the folder of the training images: the test images are the same',
      hint: 'name another folder, or leave `test_path` out and add a `split` stage',
      at: ['test_path'],
    },
  ];
}

/** Whether a folder holds images. Reads little: names, and the first bytes of files without a telling name. */
async function inspectFolder(named: NamedPath, without: string | undefined): Promise<readonly Finding[]> {
  const path = resolve(named.folder, named.path);
  if ((await kindOf(path)) === undefined) {
    const problem = await missingFile(named, ['folder']);
    if (problem !== undefined) return [problem];
  }
  if (await hasImage(path)) return [];
  return failuresOf(named, async () => void findImages(await listFolder(path, without), named.path));
}

/** Whether a name in the folder, or in one of its folders, is that of an image: then it is not looked at more closely. */
async function hasImage(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const isImage = ({ name }: { readonly name: string }): boolean =>
    /\.(?:png|jpe?g)$/i.test(name) && !isSystemName(name);
  if (entries.some((entry) => entry.isFile() && isImage(entry))) return true;
  for (const entry of entries) {
    if (!entry.isDirectory() || isSystemName(entry.name)) continue;
    const inner = await readdir(join(folder, entry.name), { withFileTypes: true }).catch(() => []);
    if (inner.some((each) => each.isFile() && isImage(each))) return true;
  }
  return false;
}

/**
 * Reads the images of all splits. A class has the same label in each; one without images has none.
 *
 * @throws Failure `data-missing`, `data-corrupt`, `shape-mismatch` or `interrupted`
 */
async function readFolders(context: ReadContext<ImagesDatasetSettings>): Promise<RawSplits> {
  const { collectImages } = await import('../pictures/collect.ts');
  const { settings, log } = context;
  const found: Partial<Record<Split, Collected>> = {};
  const listed: Partial<Record<Split, ListedFiles>> = {};
  const folderNames = new Set<string>();
  const folders = foldersOf(settings, context.pipelineFolder);
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

/**
 * Whether folders are classes: where most images lie in folders. Images that lie otherwise are passed over.
 *
 * @throws Failure `data-missing` if there is no image
 */
function findImages(
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
